"""The peer's side of bench/load.ts: import, from_pretrained and the first logits in a fresh process."""
import json
import re
import sys
import time


def resident():
    with open('/proc/self/status') as status:
        return int(re.search(r'^VmRSS:\s+(\d+) kB$', status.read(), re.MULTILINE)[1]) * 1024


milliseconds = {}
began = time.perf_counter()


def lap(name):
    global began
    milliseconds[name] = 1000 * (time.perf_counter() - began)
    began = time.perf_counter()


import torch  # noqa: E402

lap('libtorch')
from transformers import AutoModelForSequenceClassification  # noqa: E402
from transformers.models.roberta import modeling_roberta  # noqa: E402, F401
from transformers.utils import logging  # noqa: E402

lap('import')
logging.disable_progress_bar()
baseline = resident()
began = time.perf_counter()
model = AutoModelForSequenceClassification.from_pretrained(sys.argv[1]).eval()
lap('load')
loaded = resident()
began = time.perf_counter()
with torch.inference_mode():
    model(input_ids=torch.tensor([[100 + 700 * i for i in range(64)]]))
lap('first')
print(json.dumps({'milliseconds': milliseconds, 'baseline': baseline, 'loaded': loaded - baseline, 'used': resident() - baseline}), flush=True)
