"""What transformers and peft give in half precision on the golden fixtures: the peer of test/lora/half.test.ts.

    python scripts/parity/half.py FIXTURES OUT bert-single:bfloat16 roberta-single:float16 ...

The base model in half precision, its adapter qv-r4 in float32, as peft loads it. Writes OUT/MODEL-DTYPE.safetensors:
the logits and the adapter's gradients, by the keys of the golden file, in float32.
"""

import pathlib
import sys

import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification

fixtures, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
torch.set_num_threads(1)


def padded(values, pad):
    ends = values["cu_seqlens"].tolist()
    longest = max(b - a for a, b in zip(ends, ends[1:]))
    names = ("input_ids", "token_type_ids", "attention_mask")
    rows = {name: torch.zeros(len(ends) - 1, longest, dtype=torch.long) for name in names}
    rows["input_ids"] += pad
    for row, (a, b) in enumerate(zip(ends, ends[1:])):
        rows["input_ids"][row, : b - a] = values["input_ids"][a:b]
        rows["token_type_ids"][row, : b - a] = values["token_type_ids"][a:b]
        rows["attention_mask"][row, : b - a] = 1
    return rows


def logits_and_gradients(name, dtype):
    values = load_file(fixtures / "golden" / f"{name}--qv-r4.safetensors")
    base = AutoModelForSequenceClassification.from_pretrained(
        fixtures / "models" / name, dtype=getattr(torch, dtype), attn_implementation="eager"
    )
    model = PeftModel.from_pretrained(base, fixtures / "adapters" / f"{name}--qv-r4", is_trainable=True).eval()
    logits = model(**padded(values, base.config.pad_token_id)).logits
    torch.nn.functional.cross_entropy(logits.float(), values["labels"].long()).backward()
    result = {"logits": logits.detach().float().contiguous()}
    for key, parameter in model.named_parameters():
        if ".lora_" in key and parameter.grad is not None:
            result["grad." + key.replace(".default", "")] = parameter.grad.float().contiguous()
    return result


for case in sys.argv[3:]:
    name, dtype = case.split(":")
    save_file(logits_and_gradients(name, dtype), out / f"{name}-{dtype}.safetensors")
