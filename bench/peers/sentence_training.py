"""The sentence-transformers + PEFT side of bench/sentence-training.ts.

    python sentence_training.py MODEL PAIRS.json EPOCHS LR SEED

Prints JSON: Spearman's correlation on the dev pairs before the first epoch and after each, and the seconds of updates.
"""
import json
import sys
import time

import torch
from peft import LoraConfig
from scipy.stats import spearmanr
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import CoSENTLoss
from transformers import get_linear_schedule_with_warmup

folder, pairs, epochs, lr, seed = sys.argv[1], json.load(open(sys.argv[2])), int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5])
torch.manual_seed(seed)
model = SentenceTransformer(folder, device="cpu")


def measure():
    model.eval()
    with torch.inference_mode():
        a, b = (model.encode([row[side] for row in pairs["dev"]], convert_to_tensor=True) for side in (0, 1))
    cosines = torch.nn.functional.cosine_similarity(a, b)
    return float(spearmanr(cosines.numpy(), [row[2] for row in pairs["dev"]]).statistic)


found = [measure()]
model.add_adapter(LoraConfig(r=8, lora_alpha=16, lora_dropout=0.1, target_modules=["query", "value"]))
loss = CoSENTLoss(model)
parameters = [p for p in model.parameters() if p.requires_grad]
optimizer = torch.optim.AdamW(parameters, lr=lr, weight_decay=0)
train = pairs["train"]
steps = epochs * -(-len(train) // 32)
schedule = get_linear_schedule_with_warmup(optimizer, steps // 10, steps)
seconds = 0.0
for _ in range(epochs):
    model.train()
    began = time.perf_counter()
    order = torch.randperm(len(train)).tolist()
    for start in range(0, len(order), 32):
        rows = [train[i] for i in order[start:start + 32]]
        features = [model.tokenize([row[side] for row in rows]) for side in (0, 1)]
        value = loss(features, torch.tensor([row[2] for row in rows]))
        value.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    seconds += time.perf_counter() - began
    found.append(measure())
print(json.dumps({"spearman": found, "seconds": seconds}))
