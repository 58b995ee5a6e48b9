"""Writes OpenVINO's int8 model of an ONNX one, as NNCF quantizes a transformer after its training: weights and
activations, with 32 random sequences to calibrate on. It is for measuring time: nobody asks what it answers.

    python openvino_int8.py MODEL.onnx OUT.xml VOCABULARY
"""
import sys

import nncf
import numpy as np
import openvino

model = openvino.Core().read_model(sys.argv[1])
rng = np.random.default_rng(0)
ids = [rng.integers(5, int(sys.argv[3]), (1, 64), dtype=np.int64) for _ in range(32)]
samples = [{'input_ids': row, 'attention_mask': np.ones_like(row)} for row in ids]
quantized = nncf.quantize(model, nncf.Dataset(samples), subset_size=32, model_type=nncf.ModelType.TRANSFORMER)
openvino.save_model(quantized, sys.argv[2])
