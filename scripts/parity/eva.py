"""Where peft's EVA starts an adapter: the other side of test/parity/eva.test.ts.

    python scripts/parity/eva.py DIR

DIR/model is a model folder, DIR/spec.json {"config": arguments of LoraConfig, "eva": of EvaConfig, "batches": lists of
lists of token ids}. Writes DIR/factors.safetensors: lora_A of every adapted module by its path, and DIR/patterns.json
{"rank_pattern", "alpha_pattern"}.
"""

import json
import sys
from pathlib import Path

import torch
from peft import EvaConfig, LoraConfig, get_peft_model, initialize_lora_eva_weights
from safetensors.torch import save_file
from transformers import AutoModelForSequenceClassification

folder = Path(sys.argv[1])
spec = json.loads((folder / "spec.json").read_text())
model = AutoModelForSequenceClassification.from_pretrained(folder / "model", attn_implementation="eager")
config = LoraConfig(
    task_type="SEQ_CLS", init_lora_weights="eva", eva_config=EvaConfig(**spec["eva"]), **spec["config"]
)


def padded(batch):
    longest = max(map(len, batch))
    return {
        "input_ids": torch.tensor([ids + [0] * (longest - len(ids)) for ids in batch]),
        "attention_mask": torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids in batch]),
    }


adapted = get_peft_model(model, config)
initialize_lora_eva_weights(adapted, [padded(batch) for batch in spec["batches"]], show_progress_bar=False)
prefix = "base_model.model."
factors = {
    name[len(prefix) :]: module.lora_A["default"].weight.detach().contiguous()
    for name, module in adapted.named_modules()
    if hasattr(module, "lora_A") and "default" in module.lora_A
}
scales = {
    name[len(prefix) :]: module.scaling["default"]
    for name, module in adapted.named_modules()
    if hasattr(module, "lora_A") and "default" in module.lora_A
}
save_file(factors, folder / "factors.safetensors")
(folder / "scales.json").write_text(json.dumps(scales))
