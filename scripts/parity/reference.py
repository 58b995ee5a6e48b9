"""The other side of test/parity: what transformers and peft say about models that are drawn at random.

    python scripts/parity/reference.py make DIR    # reads DIR/spec.json
    python scripts/parity/reference.py check DIR

spec.json is a list of cases: {"name", "family": a model_type of transformers, "config": {...},
"task": "sequence" | "token" | "question" | "masked" | "reranking" | "sentence", "lengths": [...],
"lora": {LoraConfig arguments} | null}; of "sentence" also "pooling" and "normalize". Weights and inputs follow from the name alone.

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
from golden import adapter_key, generator, head_outputs, make_inputs, packed_logits, randomise, reference, save, seed_of
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors import safe_open
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
)

torch.set_num_threads(1)
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
warnings.filterwarnings("ignore")


AUTO = {
    "sequence": AutoModelForSequenceClassification,
    "token": AutoModelForTokenClassification,
    "question": AutoModelForQuestionAnswering,
    "masked": AutoModelForMaskedLM,
    "reranking": AutoModelForSequenceClassification,
    "sentence": AutoModel,
}
PEFT_TYPE = {
    "sequence": "SEQ_CLS",
    "token": "TOKEN_CLS",
    "question": "QUESTION_ANS",
    "masked": None,
    "reranking": "SEQ_CLS",
    "sentence": "FEATURE_EXTRACTION",
}
"""Encoders that have a pooler unless they are asked not to."""
POOLED = ("bert", "roberta", "xlm-roberta", "camembert", "mpnet", "albert")


def construction(case):
    """What a case's model is made with."""
    options = {"attn_implementation": "eager"}
    if case["task"] == "sentence" and case["family"] in POOLED:
        options["add_pooling_layer"] = False
    return options


def inputs_of(model, case):
    draw, task = generator("inputs of " + case["name"]), case["task"]
    packed, padded = make_inputs(model.config, case["lengths"], draw, per_token=task in ("token", "masked"))
    count = len(case["lengths"])
    if task == "masked":
        labels = torch.randint(5, model.config.vocab_size, packed["labels"].shape, generator=draw)
        packed["labels"] = torch.where(packed["labels"] == -100, packed["labels"], labels.int())
        padded["labels"][padded["attention_mask"].bool()] = packed["labels"].long()
    elif task == "question":
        places = [torch.randint(0, length, (2,), generator=draw) for length in case["lengths"]]
        padded["labels"] = torch.stack(places)
        packed["labels"] = padded["labels"].int()
    elif task in ("reranking", "sentence"):
        labels = torch.rand(count if task == "reranking" else count // 2, generator=draw)
        packed["labels"], padded["labels"] = labels, labels.double()
    return packed, padded


def outputs_of(case):
    """Outputs and loss of a case's model, where a model of transformers does not form them itself."""

    def question(model, padded):
        # transformers lets padding take part in the softmax of a batch; nothing is padded in ours.
        labels = padded.pop("labels")
        # PEFT's own forward for questions drops token types.
        output = (model.base_model if isinstance(model, PeftModel) else model)(**padded)
        logits = torch.stack([output.start_logits, output.end_logits], -1)
        own = logits.masked_fill(~padded["attention_mask"].bool().unsqueeze(-1), float("-inf"))
        return logits, sum(torch.nn.functional.cross_entropy(own[:, :, n], labels[:, n]) for n in (0, 1)) / 2

    def reranking(model, padded):
        labels = padded.pop("labels")
        logits = model(**padded).logits
        return logits, torch.nn.functional.binary_cross_entropy_with_logits(logits[:, 0], labels)

    def sentence(model, padded):
        from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss
        from sentence_transformers.sentence_transformer.modules import Normalize, Pooling

        labels = padded.pop("labels")
        hidden = model(**padded).last_hidden_state
        features = {"token_embeddings": hidden, "attention_mask": padded["attention_mask"]}
        features = Pooling(hidden.shape[-1], case["pooling"])(features)
        if case["normalize"]:
            features = Normalize()(features)
        vectors = features["sentence_embedding"]
        loss = CosineSimilarityLoss(torch.nn.Identity())
        return vectors, loss.compute_loss_from_embeddings([vectors[::2], vectors[1::2]], labels)

    return {"question": question, "reranking": reranking, "sentence": sentence}.get(case["task"], head_outputs)


def base_key(model, case):
    """What this package calls a parameter: that of a plain encoder too begins with the family's name, and a decoder
    that is the table of words is the table."""
    prefix = model.base_model_prefix
    if case["task"] == "sentence":
        return lambda name: f"{prefix}.{name}"
    table = f"{prefix}.embeddings.word_embeddings.weight"
    return lambda name: table if case["task"] == "masked" and name == "lm_head.decoder.weight" else name


def load(folder, case):
    """A model whose file fits it exactly."""
    model, report = AUTO[case["task"]].from_pretrained(
        folder, dtype=torch.float32, output_loading_info=True, **construction(case)
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
    model = AUTO[task].from_config(config, **construction(case))
    randomise(model.named_parameters(), generator("weights of " + name))
    model.save_pretrained(f"{folder}/model")
    packed, padded = inputs_of(model, case)
    outputs = outputs_of(case)
    save(f"{folder}/model.safetensors", {**packed, **reference(model, padded, base_key(model, case), outputs=outputs)})
    if case["lora"] is None:
        return

    model = get_peft_model(load(f"{folder}/model", case), LoraConfig(task_type=PEFT_TYPE[task], **case["lora"]))
    trainable = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    randomise(trainable, generator("adapter of " + name))
    model.save_pretrained(f"{folder}/adapter")
    model = PeftModel.from_pretrained(load(f"{folder}/model", case), f"{folder}/adapter", is_trainable=True)
    values = reference(model, padded, adapter_key, outputs=outputs)
    merged = model.merge_and_unload().double().eval()
    with torch.no_grad():
        values["merged_logits"] = packed_logits(outputs(merged, dict(padded))[0], padded).float().contiguous()
    save(f"{folder}/adapter.safetensors", {**packed, **values})


def expect_same_keys(model, file):
    """peft loads what it finds and says little: compare with what it would have saved itself."""
    state = get_peft_model_state_dict(model)
    theirs = {k for k in state if not re.search(r"\.(modules_to_save|original_module)\.", k)}
    with safe_open(file, "pt") as handle:
        ours = set(handle.keys())
    # A decoder's bias has two names there, of which one is enough.
    there = {state[k].data_ptr() for k in ours & theirs}
    missing = {k for k in theirs - ours if state[k].data_ptr() not in there}
    if missing or ours - theirs:
        raise SystemExit(f"{file}: missing {sorted(missing)}, left over {sorted(ours - theirs)}")


def check(folder, case):
    ours = f"{folder}/ours"
    values = {}
    for kind in ("model", "merged", "adapter"):
        if not os.path.isdir(f"{ours}/{kind}"):
            continue
        if kind == "adapter":
            model = PeftModel.from_pretrained(load(f"{folder}/model", case), f"{ours}/adapter")
            expect_same_keys(model, f"{ours}/adapter/adapter_model.safetensors")
        else:
            model = load(f"{ours}/{kind}", case)
        _, padded = inputs_of(model, case)
        with torch.no_grad():
            logits, _ = outputs_of(case)(model.double().eval(), dict(padded))
            values[kind] = packed_logits(logits, padded).float().contiguous()
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
