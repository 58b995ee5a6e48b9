"""Attributions by captum, of a folder's classifier, by the outputs of its embeddings.

stdin: {model, texts: [[text, pair or null], ...], output, steps}; stdout: a list of {integrated, times}, [T] each.
"""

import json
import sys

import torch
from captum.attr import LayerGradientXActivation, LayerIntegratedGradients
from transformers import AutoModelForSequenceClassification, AutoTokenizer

asked = json.load(sys.stdin)
model = AutoModelForSequenceClassification.from_pretrained(asked["model"], attn_implementation="eager").eval()
tokenizer = AutoTokenizer.from_pretrained(asked["model"])
embeddings = model.base_model.embeddings


def logits(ids, kinds, mask):
    return model(input_ids=ids, token_type_ids=kinds, attention_mask=mask).logits


found = []
for text, pair in asked["texts"]:
    encoded = tokenizer(text, pair, return_tensors="pt", return_special_tokens_mask=True)
    ids, kinds, mask = encoded["input_ids"], encoded["token_type_ids"], encoded["attention_mask"]
    special = encoded["special_tokens_mask"].bool()
    baseline = torch.where(special, ids, torch.full_like(ids, tokenizer.pad_token_id))
    more = {"target": asked["output"], "additional_forward_args": (kinds, mask)}
    integrated = LayerIntegratedGradients(logits, embeddings).attribute(
        ids, baselines=baseline, n_steps=asked["steps"], method="gausslegendre", **more
    )
    times = LayerGradientXActivation(logits, embeddings).attribute(ids, **more)
    found.append({"integrated": integrated.sum(-1)[0].tolist(), "times": times.sum(-1)[0].tolist()})
json.dump(found, sys.stdout)
