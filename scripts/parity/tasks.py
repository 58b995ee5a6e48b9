"""Reference values of heads and of sentence losses: tasks.py FOLDER writes a model a family and task, with logits, loss
and every gradient in float64; tasks.py sentences FOLDER those of sentence-transformers."""
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForMaskedLM, AutoModelForQuestionAnswering, AutoModel

COMMON = dict(vocab_size=60, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
              max_position_embeddings=40, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
              initializer_range=0.3)
FAMILIES = {
    "bert": {},
    "roberta": dict(pad_token_id=1, bos_token_id=0, eos_token_id=2, type_vocab_size=1),
    "distilbert": dict(dim=16, n_layers=2, n_heads=2, hidden_dim=24, dropout=0.0, attention_dropout=0.0, qa_dropout=0.0),
    "electra": dict(embedding_size=8),
    "deberta-v2": dict(relative_attention=True, pos_att_type=["p2c", "c2p"], position_buckets=8, max_relative_positions=-1,
                       type_vocab_size=0, position_biased_input=False, pooler_hidden_size=16, share_att_key=True,
                       norm_rel_ebd="layer_norm"),
    "mpnet": dict(pad_token_id=1, bos_token_id=0, eos_token_id=2),
    "albert": dict(embedding_size=8),
    "deberta": dict(relative_attention=True, pos_att_type=["c2p", "p2c"], max_relative_positions=-1, type_vocab_size=0,
                    position_biased_input=False, pooler_hidden_size=16),
    "modernbert": dict(local_attention=4, global_attn_every_n_layers=2, pad_token_id=0, bos_token_id=1, eos_token_id=2,
                       cls_token_id=1, sep_token_id=2, embedding_dropout=0.0, attention_dropout=0.0, mlp_dropout=0.0,
                       classifier_bias=True, norm_bias=True),
}


def gradients(model):
    return {f"grad.{name}": p.grad.detach().float().contiguous() for name, p in model.named_parameters() if p.grad is not None}


def heads(root):
    for n, (family, own) in enumerate(FAMILIES.items()):
        config = AutoConfig.for_model(family, **{**COMMON, **own})
        for task, cls in (("question", AutoModelForQuestionAnswering), ("masked", AutoModelForMaskedLM)):
            torch.manual_seed(n)
            model = cls.from_config(config).eval()
            for name, p in model.named_parameters():
                if p.dim() == 1:
                    torch.nn.init.normal_(p, 1.0 if "norm" in name.lower() and name.endswith("weight") else 0.2, 0.3)
            folder = root / f"{family}-{task}"
            model.save_pretrained(folder)
            model = cls.from_pretrained(folder).double().eval()
            ids = torch.randint(5, 60, (3, 9))
            if task == "question":
                starts, ends = torch.tensor([1, 0, 4]), torch.tensor([2, 0, 8])
                out = model(input_ids=ids, start_positions=starts, end_positions=ends)
                logits = torch.stack([out.start_logits, out.end_logits], -1)
                labels = torch.stack([starts, ends], 1)
            else:
                labels = torch.full((3, 9), -100)
                for b, t in ((0, 1), (0, 7), (2, 3)):
                    labels[b, t] = int(torch.randint(5, 60, ()))
                out = model(input_ids=ids, labels=labels)
                logits = out.logits
            out.loss.backward()
            values = {"input_ids": ids.int(), "labels": labels.int(), "logits": logits.detach().float().contiguous(),
                      "loss": out.loss.detach().float(), **gradients(model)}
            save_file(values, folder / "values.safetensors")


def check(root):
    """What torch-lora wrote under FOLDER/ours loads, with every parameter there, and gives the same logits."""
    for folder in sorted((root / "ours").iterdir()):
        task = folder.name.rsplit("-", 1)[1]
        cls = AutoModelForQuestionAnswering if task == "question" else AutoModelForMaskedLM
        model, info = cls.from_pretrained(folder, output_loading_info=True)
        assert not info["missing_keys"], info["missing_keys"]
        ids = torch.tensor(json.loads((folder / "ids.json").read_text()))
        with torch.no_grad():
            out = model.eval()(input_ids=ids)
        logits = torch.stack([out.start_logits, out.end_logits], -1) if task == "question" else out.logits
        save_file({"logits": logits.contiguous()}, folder / "check.safetensors")


def sentences(root):
    from sentence_transformers import SentenceTransformer, losses
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling, Transformer

    tokenizer = root / "tokenizer"
    for n, (pooling, dense) in enumerate((("mean", False), ("cls", True), ("max", False), ("mean_sqrt_len_tokens", False),
                                          ("weightedmean", False), ("lasttoken", False))):
        torch.manual_seed(n)
        size = json.loads((tokenizer / "size.json").read_text())
        config = AutoConfig.for_model("bert", **{**COMMON, "vocab_size": size, "max_position_embeddings": 64})
        base = root / f"base-{pooling}"
        AutoModel.from_config(config).save_pretrained(base)
        for file in tokenizer.iterdir():
            if file.name != "size.json":
                (base / file.name).write_bytes(file.read_bytes())
        parts = [Transformer(str(base), max_seq_length=32), Pooling(16, pooling)]
        if dense:
            parts.append(Dense(16, 12))
        if pooling in ("mean", "cls"):
            parts.append(Normalize())
        model = SentenceTransformer(modules=parts, device="cpu", prompts={"query": "ask: "})
        folder = root / pooling
        model.save(str(folder))
        texts = json.loads((root / "texts.json").read_text())
        values = {"vectors": torch.tensor(model.encode(texts, convert_to_numpy=True))}
        model.eval()
        features = lambda column: model.tokenize(column)
        for name, loss, columns, labels in (
            ("multiple-negatives-ranking", losses.MultipleNegativesRankingLoss(model), (0, 1, 2), None),
            ("triplet", losses.TripletLoss(model), (0, 1, 2), None),
            ("cosent", losses.CoSENTLoss(model), (0, 1), torch.tensor([0.1, 0.8, 0.3])),
            ("cosine", losses.CosineSimilarityLoss(model), (0, 1), torch.tensor([0.1, 0.8, 0.3])),
            ("matryoshka", losses.MatryoshkaLoss(model, losses.MultipleNegativesRankingLoss(model), [8, 4]), (0, 1, 2), None),
        ):
            model.zero_grad()
            value = loss([features([texts[3 * i + c] for i in range(3)]) for c in columns], labels)
            value.backward()
            values[f"{name}.loss"] = value.detach()
            for key, p in model.named_parameters():
                if p.grad is not None:
                    values[f"{name}.grad.{key}"] = p.grad.detach().clone()
        save_file(values, root / f"{pooling}.safetensors")


def check_sentences(root):
    from sentence_transformers import SentenceTransformer

    texts = json.loads((root / "texts.json").read_text())
    for folder in sorted((root / "ours").iterdir()):
        vectors = SentenceTransformer(str(folder), device="cpu").encode(texts, convert_to_numpy=True)
        save_file({"vectors": torch.tensor(vectors)}, folder / "check.safetensors")


if __name__ == "__main__":
    {"heads": heads, "check": check, "sentences": sentences, "check-sentences": check_sentences}[sys.argv[1]](Path(sys.argv[2]))
