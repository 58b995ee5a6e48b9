"""The transformers side of bench/inference.ts: reads requests on stdin, a JSON line each, and answers likewise.

    python transformers_inference.py MODEL_FOLDER
"""
import json
import sys
import time

import torch
from transformers import AutoModelForSequenceClassification

model = AutoModelForSequenceClassification.from_pretrained(sys.argv[1]).eval()
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
            logits += model(input_ids=ids, attention_mask=(ids != pad).long()).logits.tolist()
    print(json.dumps({'milliseconds': 1000 * (time.perf_counter() - began), 'logits': logits}), flush=True)
