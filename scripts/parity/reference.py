"""The other side of test/parity: what transformers and peft say about models that are drawn at random.

    python scripts/parity/reference.py make DIR    # reads DIR/spec.json
    python scripts/parity/reference.py check DIR

spec.json is a list of cases: {"name", "family": "bert" | "roberta" | "deberta-v2", "config": {...},
"task": "sequence" | "token", "lengths": [...],
"lora": {LoraConfig arguments} | null}. Weights and inputs follow from the name alone.

make writes DIR/NAME/: model/ and adapter/ as save_pretrained writes them, model.safetensors and adapter.safetensors
with packed inputs, logits, loss, gradients and merged logits in float64 (keys as in the golden files of test/fixtures).

check reads what this package wrote into DIR/NAME/ours/: model/, adapter/, merged/, whichever are there, loads each
with transformers or peft, and writes the logits that they give on the same inputs to check.safetensors. It also
demands that each file loads without a key missing or left over.
"""

import json
import os
import re
import sys
import warnings

if os.environ.get("PYTHONHASHSEED") != "0":
    # peft keeps module names in sets: the order of parameters, and so their random values, must not vary.
    os.environ["PYTHONHASHSEED"] = "0"
    os.execv(sys.executable, [sys.executable, *sys.argv])

os.environ["HF_HUB_OFFLINE"] = "1"
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures"))

import torch
import transformers
from golden import adapter_key, generator, make_inputs, packed_logits, randomise, reference, save, seed_of
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors import safe_open
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoModelForTokenClassification

torch.set_num_threads(1)
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
warnings.filterwarnings("ignore")


AUTO = {"sequence": AutoModelForSequenceClassification, "token": AutoModelForTokenClassification}
PEFT_TYPE = {"sequence": "SEQ_CLS", "token": "TOKEN_CLS"}


def inputs_of(model, case):
    return make_inputs(
        model.config, case["lengths"], generator("inputs of " + case["name"]), per_token=case["task"] == "token"
    )


def load(folder, task):
    """A model whose file fits it exactly."""
    model, report = AUTO[task].from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )
    wrong = {key: sorted(value) for key, value in report.items() if value}
    if wrong:
        raise SystemExit(f"{folder}: {wrong}")
    return model


def make(folder, case):
    name = case["name"]
    torch.manual_seed(seed_of(name))
    config = AutoConfig.for_model(case["family"], **case["config"])
    task = case["task"]
    model = AUTO[task].from_config(config, attn_implementation="eager")
    randomise(model.named_parameters(), generator("weights of " + name))
    model.save_pretrained(f"{folder}/model")
    packed, padded = inputs_of(model, case)
    save(f"{folder}/model.safetensors", {**packed, **reference(model, padded)})
    if case["lora"] is None:
        return

    model = get_peft_model(load(f"{folder}/model", task), LoraConfig(task_type=PEFT_TYPE[task], **case["lora"]))
    trainable = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    randomise(trainable, generator("adapter of " + name))
    model.save_pretrained(f"{folder}/adapter")
    model = PeftModel.from_pretrained(load(f"{folder}/model", task), f"{folder}/adapter", is_trainable=True)
    values = reference(model, padded, adapter_key)
    merged = model.merge_and_unload().double().eval()
    with torch.no_grad():
        values["merged_logits"] = packed_logits(merged(**padded).logits, padded).float().contiguous()
    save(f"{folder}/adapter.safetensors", {**packed, **values})


def expect_same_keys(model, file):
    """peft loads what it finds and says little: compare with what it would have saved itself."""
    theirs = {k for k in get_peft_model_state_dict(model) if not re.search(r"\.(modules_to_save|original_module)\.", k)}
    with safe_open(file, "pt") as handle:
        ours = set(handle.keys())
    if ours != theirs:
        raise SystemExit(f"{file}: missing {sorted(theirs - ours)}, left over {sorted(ours - theirs)}")


def check(folder, case):
    ours = f"{folder}/ours"
    values = {}
    for kind in ("model", "merged", "adapter"):
        if not os.path.isdir(f"{ours}/{kind}"):
            continue
        if kind == "adapter":
            model = PeftModel.from_pretrained(load(f"{folder}/model", case["task"]), f"{ours}/adapter")
            expect_same_keys(model, f"{ours}/adapter/adapter_model.safetensors")
        else:
            model = load(f"{ours}/{kind}", case["task"])
        _, padded = inputs_of(model, case)
        with torch.no_grad():
            values[kind] = packed_logits(model.double().eval()(**padded).logits, padded).float().contiguous()
    save(f"{folder}/check.safetensors", values)


def main():
    action, root = {"make": make, "check": check}[sys.argv[1]], sys.argv[2]
    with open(f"{root}/spec.json") as handle:
        cases = json.load(handle)
    for case in cases:
        os.makedirs(f"{root}/{case['name']}", exist_ok=True)
        action(f"{root}/{case['name']}", case)


if __name__ == "__main__":
    main()
