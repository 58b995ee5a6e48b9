"""
What transformers' pipelines give: reads {"task", "model", "calls": [{"inputs", "options"}]} on stdin, as JSON, and
writes what each call gives. Offsets are Python's, in code points.
"""

import json
import sys
import warnings

import torch
from transformers import AutoTokenizer, pipeline

warnings.filterwarnings("ignore")


def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value.item() if hasattr(value, "item") else value


def main():
    request = json.load(sys.stdin)
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(request["model"], **request.get("tokenizer", {}))
    if "maxLength" in request:
        tokenizer.model_max_length = request["maxLength"]
    run = pipeline(request["task"], model=request["model"], tokenizer=tokenizer, device="cpu")
    json.dump([plain(run(call["inputs"], **call["options"])) for call in request["calls"]], sys.stdout)


main()
