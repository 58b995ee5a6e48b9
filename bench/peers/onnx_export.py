"""Writes a sequence classifier as ONNX, the way optimum does: input_ids and attention_mask of any size, logits.

    python onnx_export.py MODEL_FOLDER OUT.onnx [--int8 OUT_INT8.onnx]

--int8 also writes onnxruntime's dynamic quantization of it (per channel).
"""
import argparse
import warnings

import torch
from transformers import AutoModelForSequenceClassification

warnings.filterwarnings('ignore')


class Logits(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask).logits


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('model')
    parser.add_argument('out')
    parser.add_argument('--int8')
    args = parser.parse_args()
    model = AutoModelForSequenceClassification.from_pretrained(args.model, attn_implementation='eager').eval()
    ids = torch.randint(5, 100, (2, 16))
    axes = {0: 'batch', 1: 'tokens'}
    torch.onnx.export(Logits(model), (ids, torch.ones_like(ids)), args.out, input_names=['input_ids', 'attention_mask'],
                      output_names=['logits'], opset_version=17, dynamo=False,
                      dynamic_axes={'input_ids': axes, 'attention_mask': axes, 'logits': {0: 'batch'}})
    if args.int8:
        from onnxruntime.quantization import QuantType, quantize_dynamic
        quantize_dynamic(args.out, args.int8, per_channel=True, weight_type=QuantType.QInt8)


if __name__ == '__main__':
    main()
