"""The peer's side of bench/accuracy.ts: one fine-tuning by transformers + PEFT.

Prints what `torch-lora train` writes to metrics.jsonl, and what it cost as a last line.
"""
import json
import math
import pathlib
import random
import sys
import time

import torch
from peft import LoraConfig, get_peft_model, set_peft_model_state_dict
from safetensors.torch import load_file
from tqdm import tqdm
from transformers import AutoModelForSequenceClassification, get_linear_schedule_with_warmup
from transformers.utils import logging

sys.path.append(str(pathlib.Path(__file__).parents[2] / 'scripts' / 'parity'))
from our_dropout import OurDropout  # noqa: E402

logging.disable_progress_bar()
logging.set_verbosity_error()

work = json.load(open(sys.argv[1]))
settings = work['settings']
random.seed(settings['seed'])
torch.manual_seed(settings['seed'])
if work['threads']:
    torch.set_num_threads(work['threads'])
model = AutoModelForSequenceClassification.from_pretrained(work['model'], num_labels=work['labels'])
model = get_peft_model(model, LoraConfig(task_type='SEQ_CLS', r=settings['r'], lora_alpha=settings['alpha'],
                                         lora_dropout=settings['dropout'], target_modules=settings['target']))
start = load_file(work['start'] + '/adapter_model.safetensors')
loaded = set_peft_model_state_dict(model, start)
assert not loaded.unexpected_keys, loaded.unexpected_keys
dropout = OurDropout(model, work['operators']) if work['operators'] else None
trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
assert len(start) == len(trained), (len(start), len(trained))
decayed = [p for name, p in trained if 'bias' not in name and 'LayerNorm' not in name]
others = [p for name, p in trained if 'bias' in name or 'LayerNorm' in name]
optimizer = torch.optim.AdamW([{'params': decayed, 'weight_decay': settings['weightDecay']},
                               {'params': others, 'weight_decay': 0.0}], lr=settings['lr'], fused=True)
batch_size = settings['batchSize']
updates = math.ceil(len(work['train']) / batch_size) * settings['epochs']
schedule = get_linear_schedule_with_warmup(optimizer, math.ceil(settings['warmup'] * updates), updates)


def batches(rows, epoch):
    """Ours, each with the seed of its dropout; with groupByLength shuffled batches of like length, as transformers' group_by_length makes them."""
    if not settings['groupByLength']:
        count = len(work['batches']) // settings['epochs']
        ours = work['batches'][(epoch - 1) * count:epoch * count]
        return [(batch['seed'], [rows[row] for row in batch['indices']]) for batch in ours]
    order = random.sample(range(len(rows)), len(rows))
    span = 50 * batch_size
    mega = [sorted(order[i:i + span], key=lambda row: -len(rows[row]['ids'])) for i in range(0, len(order), span)]
    order = [row for part in mega for row in part]
    grouped = [(None, [rows[row] for row in order[i:i + batch_size]]) for i in range(0, len(order), batch_size)]
    return random.sample(grouped, len(grouped))


def parts_of(batch):
    """The places of the batch's rows in `peerParts` parts of like length: less padding than in one."""
    order = list(range(len(batch)))
    if settings['peerParts'] > 1:
        order.sort(key=lambda i: len(batch[i]['ids']))
    size = math.ceil(len(batch) / settings['peerParts'])
    return [order[i:i + size] for i in range(0, len(batch), size)]


def padded(batch):
    longest = max(len(row['ids']) for row in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    types, mask = torch.zeros_like(ids), torch.zeros_like(ids)
    for i, row in enumerate(batch):
        n = len(row['ids'])
        ids[i, :n], types[i, :n], mask[i, :n] = torch.tensor(row['ids']), torch.tensor(row['types']), 1
    return {'input_ids': ids, 'token_type_ids': types, 'attention_mask': mask}


@torch.no_grad()
def accuracy():
    model.eval()
    rows = sorted(work['dev'], key=lambda row: len(row['ids']))
    right = 0
    for start in range(0, len(rows), 64):
        part = rows[start:start + 64]
        predicted = model(**padded(part)).logits.argmax(1)
        right += (predicted == torch.tensor([row['label'] for row in part])).sum().item()
    return right / len(rows)


def peak_resident_bytes():
    with open('/proc/self/status') as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith('VmHWM'))


def show(**event):
    print(json.dumps(event), flush=True)


torch.manual_seed(settings['seed'])
started, started_cpu = time.perf_counter(), time.process_time()
spent, step = 0.0, 0
for epoch in range(1, settings['epochs'] + 1):
    model.train()
    began = time.perf_counter()
    for seed, batch in tqdm(batches(work['train'], epoch), desc=f'PEFT, epoch {epoch}', mininterval=2):
        total = 0.0
        if dropout:
            if seed is not None:
                torch.manual_seed(seed)
            dropout.begin([len(row['ids']) for row in batch])
        for places in parts_of(batch):
            part = [batch[i] for i in places]
            if dropout:
                dropout.take(places)
            loss = model(**padded(part), labels=torch.tensor([row['label'] for row in part])).loss
            loss = loss * (len(part) / len(batch))
            loss.backward()
            total += loss.item()
        torch.nn.utils.clip_grad_norm_([p for _, p in trained], 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        step += 1
        passed = step * settings['epochs'] / updates
        if step % 10 == 0:
            show(type='step', step=step, epoch=passed, loss=total)
        if step % settings['evalEvery'] == 0 or step == updates:
            spent += time.perf_counter() - began
            show(type='evaluation', step=step, epoch=passed, accuracy=accuracy())
            model.train()
            began = time.perf_counter()
    spent += time.perf_counter() - began

state = [value for values in optimizer.state.values() for value in values.values() if value.dim() > 0]
show(type='end', trainableParameters=sum(p.numel() for _, p in trained),
     optimizerStateBytes=sum(value.numel() * value.element_size() for value in state),
     wallSeconds=time.perf_counter() - started, cpuSeconds=time.process_time() - started_cpu, trainSeconds=spent,
     examplesPerSecond=settings['epochs'] * len(work['train']) / spent, peakResidentBytes=peak_resident_bytes())
