"""The transformers side of bench/inference.ts: reads requests on stdin, a JSON line each, and answers likewise.

    python transformers_inference.py MODEL_FOLDER [DTYPE [DEVICE [compile]]]
"""
import json
import sys
import time

import torch
from transformers import AutoModelForSequenceClassification

folder, dtype, device, mode = (*sys.argv[1:], *('float32', 'cpu', 'eager')[len(sys.argv) - 2:])
model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=getattr(torch, dtype)).to(device).eval()
forward = torch.compile(model, dynamic=True) if mode == 'compile' else model
pad = model.config.pad_token_id
print(json.dumps({'threads': torch.get_num_threads()}), flush=True)
for line in sys.stdin:
    batches = json.loads(line)['batches']
    began = time.perf_counter()
    logits = []
    with torch.inference_mode():
        for rows in batches:
            longest = max(map(len, rows))
            ids = torch.tensor([row + [pad] * (longest - len(row)) for row in rows])
            mask = (ids != pad).long()
            logits += forward(input_ids=ids.to(device), attention_mask=mask.to(device)).logits.tolist()
    print(json.dumps({'milliseconds': 1000 * (time.perf_counter() - began), 'logits': logits}), flush=True)
