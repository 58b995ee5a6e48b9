"""The other side of test/parity/methods.test.ts: peft's methods on models that are drawn at random.

    python scripts/parity/methods.py make DIR     # reads DIR/spec.json
    python scripts/parity/methods.py check DIR

spec.json is a list of cases as reference.py reads them, with "peft": {"type": a class of peft, ...its arguments} in the
place of "lora", and "updates", "lr".

make writes DIR/NAME/: model/ and adapter/ as save_pretrained writes them, and adapter.safetensors: packed inputs,
logits, loss and gradients in float64, the loss of each of `updates` steps of AdamW, what they have made of every tensor
that trains ("after.KEY"), and logits of the adapter before, merged. Of a case that is "fresh", fresh.safetensors alone:
packed inputs, the losses from where the method starts, and the logits after the last update.

check loads what this package wrote to DIR/NAME/ours/adapter and writes the logits it gives to check.safetensors.
"""

import json
import os
import sys

import reference as _reference  # settles PYTHONHASHSEED, quiets transformers
import peft
import torch
from golden import adapter_key, generator, packed_logits, randomise, reference, save, seed_of
from peft import PeftModel, get_peft_model
from peft.optimizers import create_loraplus_optimizer, lorafa
from reference import AUTO, PEFT_TYPE, expect_same_keys, inputs_of, load
from transformers import AutoConfig

assert _reference


def randomise_adapter(parameters, draw):
    """Values of order one half; what scales stays near one."""
    parameters = list(parameters)
    scales = [(n, p) for n, p in parameters if "ia3_l" in n]
    randomise([(n, p) for n, p in parameters if "ia3_l" not in n], draw)
    with torch.no_grad():
        for _, parameter in scales:
            parameter.copy_(1 + 0.3 * torch.randn(parameter.shape, generator=draw))


def train(model, padded, case):
    """The loss of each update, and every tensor that trains after the last."""
    adalora = case["peft"]["type"] == "AdaLoraConfig"
    trainable = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    if case["optimizer"] == "loraplus":
        optimizer = create_loraplus_optimizer(model, torch.optim.AdamW, lr=case["lr"], loraplus_lr_ratio=8)
    elif case["optimizer"] == "lorafa":
        lorafa.is_bf16_available = lambda: False  # else it multiplies in bfloat16
        optimizer = lorafa.create_lorafa_optimizer(model, r=3, lora_alpha=5, lr=case["lr"])
        trainable = [(n, p) for n, p in trainable if p.requires_grad]
    else:
        optimizer = torch.optim.AdamW([p for _, p in trainable], lr=case["lr"], weight_decay=0)
    losses = []
    model.train()
    for step in range(case["updates"]):
        optimizer.zero_grad()
        loss = model(**padded).loss
        loss.backward()
        optimizer.step()
        if adalora:
            model.base_model.update_and_allocate(step)
        losses.append(loss.detach())
    after = {"after." + adapter_key(n): p.detach().float().contiguous() for n, p in trainable}
    return {"losses": torch.stack(losses).float(), **after}


def make(folder, case):
    name, task = case["name"], case["task"]
    torch.manual_seed(seed_of(name))
    config = AutoConfig.for_model(case["family"], **case["config"])
    model = AUTO[task].from_config(config, attn_implementation="eager")
    randomise(model.named_parameters(), generator("weights of " + name))
    model.save_pretrained(f"{folder}/model")
    packed, padded = inputs_of(model, case)
    arguments = dict(case["peft"])
    Config = getattr(peft, arguments.pop("type"))
    model = get_peft_model(load(f"{folder}/model", case), Config(task_type=PEFT_TYPE[task], **arguments))
    if case["fresh"]:
        values = train(model.double(), padded, case)
        with torch.no_grad():
            values["trained_logits"] = packed_logits(model.eval()(**padded).logits, padded).float().contiguous()
        values = {key: value for key, value in values.items() if not key.startswith("after.")}
        save(f"{folder}/fresh.safetensors", {**packed, **values})
        return
    trainable = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    randomise_adapter(trainable, generator("adapter of " + name))
    model.save_pretrained(f"{folder}/adapter")

    def again():
        return PeftModel.from_pretrained(load(f"{folder}/model", case), f"{folder}/adapter", is_trainable=True)

    values = reference(again(), padded, adapter_key)
    merged = again().double().eval()
    merged.merge_adapter()
    with torch.no_grad():
        values["merged_logits"] = packed_logits(merged(**padded).logits, padded).float().contiguous()
    values |= train(again().double(), padded, case)
    save(f"{folder}/adapter.safetensors", {**packed, **values})


def check(folder, case):
    ours = f"{folder}/ours/adapter"
    if not os.path.isdir(ours):
        return
    model = PeftModel.from_pretrained(load(f"{folder}/model", case), ours)
    expect_same_keys(model, f"{ours}/adapter_model.safetensors")
    _, padded = inputs_of(model, case)
    del padded["labels"]  # of an AdaLoRA that does not train, peft's loss fails
    with torch.no_grad():
        logits = packed_logits(model.double().eval()(**padded).logits, padded)
    save(f"{folder}/check.safetensors", {"logits": logits.float().contiguous()})


def main():
    action, root = {"make": make, "check": check}[sys.argv[1]], sys.argv[2]
    with open(f"{root}/spec.json") as handle:
        cases = json.load(handle)
    for case in cases:
        os.makedirs(f"{root}/{case['name']}", exist_ok=True)
        action(f"{root}/{case['name']}", case)


if __name__ == "__main__":
    main()
