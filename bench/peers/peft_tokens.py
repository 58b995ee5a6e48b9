"""Token classification by transformers + PEFT on batches that bench/wnut17.ts drew: peft_tokens.py JOB.json"""
import json
import sys
import time
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForTokenClassification, get_linear_schedule_with_warmup

job = json.loads(Path(sys.argv[1]).read_text())
torch.manual_seed(0)
base = AutoModelForTokenClassification.from_pretrained(job["base"], num_labels=len(job["labels"]))
model = PeftModel.from_pretrained(base, job["start"], is_trainable=True)


def padded(rows, fill):
    longest = max(map(len, rows))
    return torch.tensor([row + [fill] * (longest - len(row)) for row in rows])


def inputs(rows):
    ids = padded(rows, base.config.pad_token_id or 0)
    return {"input_ids": ids, "attention_mask": padded([[1] * len(row) for row in rows], 0)}


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
    loss = model(**inputs([row["ids"] for row in rows]), labels=padded([row["labels"] for row in rows], -100)).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_([p for _, p in trained], 1.0)
    optimizer.step()
    schedule.step()
    optimizer.zero_grad(set_to_none=True)
    examples += len(rows)
seconds = time.perf_counter() - began
model.eval()
predictions = []
with torch.no_grad():
    for start in range(0, len(job["dev"]), 32):
        rows = job["dev"][start:start + 32]
        best = model(**inputs(rows)).logits.argmax(-1).tolist()
        predictions += [line[:len(row)] for line, row in zip(best, rows)]
Path(job["out"]).write_text(json.dumps({"predictions": predictions, "examplesPerSecond": examples / seconds}))
