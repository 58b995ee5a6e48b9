"""OpenVINO's side of bench/inference.ts, at its default precision: reads requests on stdin, a JSON line each.

    python openvino_inference.py MODEL.onnx PAD_TOKEN_ID
"""
import json
import os
import sys
import time

import numpy as np
import openvino

model = openvino.Core().compile_model(sys.argv[1], 'CPU', {
    'PERFORMANCE_HINT': 'LATENCY', 'INFERENCE_NUM_THREADS': len(os.sched_getaffinity(0))})
pad = int(sys.argv[2])
print(json.dumps({'precision': str(model.get_property('INFERENCE_PRECISION_HINT'))}), flush=True)
for line in sys.stdin:
    batches = json.loads(line)['batches']
    began = time.perf_counter()
    logits = []
    for rows in batches:
        longest = max(map(len, rows))
        ids = np.array([row + [pad] * (longest - len(row)) for row in rows], dtype=np.int64)
        result = model({'input_ids': ids, 'attention_mask': (ids != pad).astype(np.int64)})
        logits += result[0].tolist()
    print(json.dumps({'milliseconds': 1000 * (time.perf_counter() - began), 'logits': logits}), flush=True)
