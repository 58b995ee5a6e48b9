"""The peer's side of bench/deberta.ts and bench/modernbert.ts: transformers' forward with dynamic padding; a pass over the batches a request."""
import json
import sys
import time

import torch
from memory import peak_resident
from transformers import AutoModelForSequenceClassification
from transformers.utils import logging

logging.disable_progress_bar()

work = json.load(open(sys.argv[1]))
model = AutoModelForSequenceClassification.from_pretrained(work['model']).eval()
pad = model.config.pad_token_id


@torch.inference_mode()
def classify(batch):
    longest = max(len(row['ids']) for row in batch)
    ids = torch.full((len(batch), longest), pad)
    for i, row in enumerate(batch):
        ids[i, :len(row['ids'])] = torch.tensor(row['ids'])
    return model(input_ids=ids, attention_mask=(ids != pad).long()).logits.tolist()


classify(work['batches'][0])
print('{}', flush=True)
for _ in sys.stdin:
    began = time.perf_counter()
    logits = [row for batch in work['batches'] for row in classify(batch)]
    print(json.dumps({'seconds': time.perf_counter() - began, 'logits': logits, 'peakBytes': peak_resident()}), flush=True)
