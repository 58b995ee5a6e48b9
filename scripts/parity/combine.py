"""The other side of test/parity/combine.test.ts: what peft's add_weighted_adapter makes of three adapters.

    python scripts/parity/combine.py DIR

DIR/spec.json: {"combinations": [{"name", "adapters": [...], "weights": [...], ...arguments}]}. Writes DIR/model/, the
adapters a, b and c (of another rank) in folders of their names, and a file a combination, NAME.safetensors: the factors
of each layer, by their keys.
"""

import json
import sys
import warnings

import reference as _reference  # settles PYTHONHASHSEED, quiets transformers
from golden import generator, randomise
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from reference import load
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForSequenceClassification

assert _reference
warnings.filterwarnings("ignore")

CONFIG = {
    "hidden_size": 24,
    "num_attention_heads": 2,
    "intermediate_size": 40,
    "num_hidden_layers": 2,
    "vocab_size": 50,
    "max_position_embeddings": 32,
    "num_labels": 3,
}
ADAPTERS = {
    "a": {"r": 4, "lora_alpha": 8, "target_modules": ["query", "value"]},
    "b": {"r": 4, "lora_alpha": 2, "target_modules": ["query", "intermediate.dense"]},
    "c": {"r": 6, "lora_alpha": 3, "target_modules": ["value"], "rank_pattern": {"layer.0.attention.self.value": 2}},
}


def main():
    root = sys.argv[1]
    config = AutoConfig.for_model("bert", **CONFIG)
    model = AutoModelForSequenceClassification.from_config(config, attn_implementation="eager")
    randomise(model.named_parameters(), generator("combined"))
    model.save_pretrained(f"{root}/model")
    for name, arguments in ADAPTERS.items():
        own = get_peft_model(load(f"{root}/model", {"task": "sequence"}), LoraConfig(**arguments))
        randomise([(n, p) for n, p in own.named_parameters() if p.requires_grad], generator(f"adapter {name}"))
        own.save_pretrained(f"{root}/{name}")
    with open(f"{root}/spec.json") as handle:
        combinations = json.load(handle)["combinations"]
    for combination in combinations:
        name = combination.pop("name")
        model = load(f"{root}/model", {"task": "sequence"})
        first, *others = combination["adapters"]
        model = PeftModel.from_pretrained(model, f"{root}/{first}", adapter_name=first)
        for other in others:
            model.load_adapter(f"{root}/{other}", other)
        model.add_weighted_adapter(adapter_name="sum", **combination)
        tensors = get_peft_model_state_dict(model, adapter_name="sum")
        save_file({key: value.contiguous() for key, value in tensors.items()}, f"{root}/{name}.safetensors")


if __name__ == "__main__":
    main()
