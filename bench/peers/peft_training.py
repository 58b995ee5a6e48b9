"""The peer's side of bench/training.ts, bench/deberta.ts and bench/modernbert.ts: transformers + PEFT with dynamic padding; a pass of steps a request."""
import json
import sys
import time

import torch
from memory import peak_resident
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForSequenceClassification
from transformers.utils import logging

logging.disable_progress_bar()

work = json.load(open(sys.argv[1]))
torch.manual_seed(0)
device = work.get('device', 'cpu')
model = AutoModelForSequenceClassification.from_pretrained(
    work['model'], dtype=getattr(torch, work.get('dtype', 'float32'))).to(device)
model = get_peft_model(model, LoraConfig(task_type='SEQ_CLS', r=8, lora_alpha=16, lora_dropout=work['loraDropout'],
                                         target_modules=work.get('targets'))).train()
parameters = [p for p in model.parameters() if p.requires_grad]
pad = model.config.pad_token_id
optimizer = torch.optim.AdamW(parameters, lr=4e-4, weight_decay=0.0, fused=True)
forward = torch.compile(model, dynamic=True, mode=work.get('mode')) if work.get('compile') else model


def train(batch):
    longest = max(len(row['ids']) for row in batch)
    ids = torch.full((len(batch), longest), pad)
    for i, row in enumerate(batch):
        ids[i, :len(row['ids'])] = torch.tensor(row['ids'])
    ids = ids.to(device, non_blocking=True)
    labels = torch.tensor([row['label'] for row in batch]).to(device, non_blocking=True)
    with torch.autocast(device.split(':')[0], torch.bfloat16, enabled=work.get('autocast', False)):
        loss = forward(input_ids=ids, attention_mask=(ids != pad).long(), labels=labels).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.item()


def peak_bytes():
    return torch.cuda.max_memory_allocated() if device.startswith('cuda') else peak_resident()


def reserved_bytes():
    return torch.cuda.max_memory_reserved() if device.startswith('cuda') else None


train(work['batches'][0])
if work.get('compile'):
    for batch in work['batches'][1:]:  # every shape is met before the clock starts
        train(batch)
print('{}', flush=True)
for _ in sys.stdin:
    began = time.perf_counter()
    losses = [train(batch) for batch in work['batches']]
    seconds = time.perf_counter() - began
    print(json.dumps({'seconds': seconds, 'losses': losses, 'peakBytes': peak_bytes(), 'reservedBytes': reserved_bytes()}),
          flush=True)
