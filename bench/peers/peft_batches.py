"""transformers + PEFT on batches that bench/beside-peft.ts drew: peft_batches.py JOB.json"""
import json
import sys
import time
from pathlib import Path

import torch
from peft import PeftModel
from transformers import (AutoModelForQuestionAnswering, AutoModelForSequenceClassification,
                          AutoModelForTokenClassification, get_linear_schedule_with_warmup)

job = json.loads(Path(sys.argv[1]).read_text())
kind = job["kind"]
torch.manual_seed(0)
auto = {"tokens": AutoModelForTokenClassification, "questions": AutoModelForQuestionAnswering,
        "pairs": AutoModelForSequenceClassification}[kind]
base = auto.from_pretrained(job["base"], num_labels=job["width"])
model = PeftModel.from_pretrained(base, job["start"], is_trainable=True)
# PEFT's own forward for questions takes token types and drops them (0.21): the tuned model beneath it does not.
forward = model.base_model if kind == "questions" else model


def padded(rows, fill):
    longest = max(map(len, rows))
    return torch.tensor([row + [fill] * (longest - len(row)) for row in rows])


def inputs(rows):
    ids = [row["ids"] for row in rows]
    found = {"input_ids": padded(ids, base.config.pad_token_id or 0), "attention_mask": padded([[1] * len(row) for row in ids], 0)}
    if getattr(base.config, "type_vocab_size", 0) > 1:
        found["token_type_ids"] = padded([row["typeIds"] for row in rows], 0)
    return found


def loss_of(rows):
    labels = [row["labels"] for row in rows]
    if kind == "tokens":
        return forward(**inputs(rows), labels=padded(labels, -100)).loss
    if kind == "questions":
        starts, ends = torch.tensor(labels).unbind(1)
        return forward(**inputs(rows), start_positions=starts, end_positions=ends).loss
    return torch.nn.functional.binary_cross_entropy_with_logits(forward(**inputs(rows)).logits, torch.tensor(labels))


def outputs_of(rows):
    out = forward(**inputs(rows))
    if kind == "pairs":
        return out.logits.tolist()
    logits = torch.stack([out.start_logits, out.end_logits], -1) if kind == "questions" else out.logits
    return [one[:len(row["ids"])].flatten().tolist() for one, row in zip(logits, rows)]


decays = lambda name: not name.endswith("bias") and "LayerNorm" not in name
trained = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
groups = [{"params": [p for n, p in trained if decays(n)], "weight_decay": job["weightDecay"]},
          {"params": [p for n, p in trained if not decays(n)], "weight_decay": 0.0}]
optimizer = torch.optim.AdamW([g for g in groups if g["params"]], lr=job["learningRate"], fused=True)
steps = len(job["batches"])
warmup = -(-steps * round(job["warmupRatio"] * 1e6) // 1_000_000)
schedule = get_linear_schedule_with_warmup(optimizer, warmup, steps)
model.train()
began, examples = time.perf_counter(), 0
for batch in job["batches"]:
    rows = [job["train"][i] for i in batch]
    loss = loss_of(rows)
    loss.backward()
    torch.nn.utils.clip_grad_norm_([p for _, p in trained], 1.0)
    optimizer.step()
    schedule.step()
    optimizer.zero_grad(set_to_none=True)
    examples += len(rows)
seconds = time.perf_counter() - began
model.eval()
outputs = []
with torch.no_grad():
    for start in range(0, len(job["evaluate"]), 32):
        outputs += outputs_of(job["evaluate"][start:start + 32])
Path(job["out"]).write_text(json.dumps({"outputs": outputs, "examplesPerSecond": examples / seconds}))
