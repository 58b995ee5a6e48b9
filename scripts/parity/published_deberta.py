"""Writes a DeBERTa model as Microsoft publishes its own, and what transformers reads from it.

    python scripts/parity/published_deberta.py MODEL_FOLDER OUT

MODEL_FOLDER is a fixture of test/fixtures/models. OUT gets config.json with the published fields alone
("p2c|c2p" as one string, no labels), pytorch_model.bin in half precision with the keys of the pretraining heads, the
absolute positions of the mask decoder and no pooler, and expected.safetensors: input_ids and cu_seqlens, packed, and
`first`, the body's output for each first token.
"""

import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from safetensors.torch import load_file, save_file
from transformers import DebertaV2Model

source, out = sys.argv[1:]
os.makedirs(out, exist_ok=True)
with open(f"{source}/config.json") as handle:
    config = json.load(handle)
for key in ("architectures", "id2label", "label2id", "dtype", "transformers_version", "legacy", "tie_word_embeddings"):
    config.pop(key, None)
config["pos_att_type"] = "|".join(config["pos_att_type"])
with open(f"{out}/config.json", "w") as handle:
    json.dump(config, handle)

hidden, vocabulary = config["hidden_size"], config["vocab_size"]
state = load_file(f"{source}/model.safetensors")
state = {name: value for name, value in state.items() if name.startswith("deberta.")}
state["deberta.embeddings.position_ids"] = torch.arange(config["max_position_embeddings"])[None]
state["deberta.embeddings.position_embeddings.weight"] = torch.zeros(config["max_position_embeddings"], hidden)
for head in ("lm_predictions.lm_head", "mask_predictions"):
    state[f"{head}.dense.weight"] = torch.zeros(hidden, hidden)
    state[f"{head}.LayerNorm.weight"] = torch.zeros(hidden)
state["lm_predictions.lm_head.bias"] = torch.zeros(vocabulary)
state["mask_predictions.classifier.weight"] = torch.zeros(1, hidden)
torch.save(
    {name: value.half() if value.is_floating_point() else value for name, value in state.items()},
    f"{out}/pytorch_model.bin",
)

model = DebertaV2Model.from_pretrained(out, dtype=torch.float32, use_safetensors=False).double().eval()
draw = torch.Generator().manual_seed(7)
lengths = [6, 40, 1]
sequences = [torch.randint(5, vocabulary, (length,), generator=draw) for length in lengths]
with torch.no_grad():
    first = torch.cat([model(input_ids=ids[None]).last_hidden_state[:, 0] for ids in sequences])
save_file(
    {
        "input_ids": torch.cat(sequences).int(),
        "cu_seqlens": torch.tensor([0, *lengths]).cumsum(0).int(),
        "first": first.float(),
    },
    f"{out}/expected.safetensors",
)
