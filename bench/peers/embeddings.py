"""The peers of bench/embeddings.ts: reads requests on stdin, a JSON line each, and answers likewise.

    python embeddings.py SIDE DTYPE EMBEDDER CROSS_ENCODER NLI

DTYPE is `float32` or, but for onnxruntime, `bfloat16`. SIDE is `sentence-transformers` (its `encode` and CrossEncoder, which sort by length; zero-shot by transformers' pipeline),
`transformers` (batches padded in the order of the texts) or `onnxruntime` (the same batches; EMBEDDER is exported first).
"""
import json
import os
import sys
import tempfile
import time
import warnings
from importlib.metadata import version

import torch

warnings.filterwarnings("ignore")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


class SentenceTransformers:
    def __init__(self, dtype, embedder, cross_encoder, nli):
        from sentence_transformers import CrossEncoder, SentenceTransformer
        from transformers import pipeline

        self.embedder = SentenceTransformer(embedder, device="cpu", model_kwargs={"dtype": dtype})
        self.cross_encoder = CrossEncoder(cross_encoder, device="cpu", model_kwargs={"dtype": dtype})
        self.sorter = pipeline("zero-shot-classification", model=nli, device="cpu", dtype=dtype)

    def embed(self, texts, size):
        return self.embedder.encode(texts, batch_size=size, convert_to_numpy=True, normalize_embeddings=True)

    def rank(self, query, texts, size):
        return [self.cross_encoder.predict([(query, text) for text in texts], batch_size=size).tolist()]

    def sort(self, texts, labels, size):
        found = self.sorter(texts, labels, batch_size=size)
        return [[dict(zip(one["labels"], one["scores"]))[label] for label in labels] for one in found]


class Transformers:
    """Batches padded to their longest row; subclasses say how a batch runs."""

    def __init__(self, dtype, embedder, cross_encoder, nli):
        from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

        self.tokenizer = AutoTokenizer.from_pretrained(embedder)
        self.encoder = AutoModel.from_pretrained(embedder, dtype=dtype).eval()
        self.scorer = AutoModelForSequenceClassification.from_pretrained(cross_encoder, dtype=dtype).eval()

    def batches(self, *columns, size, length):
        for start in range(0, len(columns[0]), size):
            part = [column[start:start + size] for column in columns]
            yield self.tokenizer(*part, padding=True, truncation=True, max_length=length, return_tensors="pt")

    def hidden(self, batch):
        return self.encoder(**batch).last_hidden_state

    def embed(self, texts, size):
        rows = []
        for batch in self.batches(texts, size=size, length=256):
            hidden, mask = self.hidden(batch).float(), batch["attention_mask"].unsqueeze(-1).float()
            pooled = (hidden * mask).sum(1) / mask.sum(1)
            rows += torch.nn.functional.normalize(pooled)
        return rows

    def rank(self, query, texts, size):
        rows = []
        for batch in self.batches([query] * len(texts), texts, size=size, length=512):
            rows += torch.sigmoid(self.scorer(**batch).logits[:, 0].float()).tolist()
        return [rows]


class OnnxRuntime(Transformers):
    def __init__(self, dtype, embedder, *rest):
        import onnxruntime

        super().__init__(dtype, embedder, *rest)

        class Hidden(torch.nn.Module):
            def __init__(self, model):
                super().__init__()
                self.model = model

            def forward(self, input_ids, attention_mask, token_type_ids):
                return self.model(input_ids=input_ids, attention_mask=attention_mask,
                                  token_type_ids=token_type_ids).last_hidden_state

        from transformers import AutoModel

        model = AutoModel.from_pretrained(embedder, attn_implementation="eager").eval()
        ids = torch.randint(5, 100, (2, 16))
        names = ["input_ids", "attention_mask", "token_type_ids"]
        axes = {name: {0: "batch", 1: "tokens"} for name in [*names, "hidden"]}
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "model.onnx")
            torch.onnx.export(Hidden(model), (ids, torch.ones_like(ids), torch.zeros_like(ids)), file, input_names=names,
                              output_names=["hidden"], opset_version=17, dynamo=False, dynamic_axes=axes)
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = torch.get_num_threads()
            self.session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])

    def hidden(self, batch):
        return torch.from_numpy(self.session.run(None, {name: value.numpy() for name, value in batch.items()})[0])


side, dtype, *folders = sys.argv[1:]
sides = {"sentence-transformers": SentenceTransformers, "transformers": Transformers, "onnxruntime": OnnxRuntime}
peer = sides[side](getattr(torch, dtype), *folders)
packages = ["torch", "transformers", *([side] if side != "transformers" else [])]
print(json.dumps({"versions": [f"{name} {version(name)}" for name in packages]}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    size = request["size"]
    began = time.perf_counter()
    with torch.inference_mode():
        if "embed" in request:
            values = peer.embed(request["embed"], size)
        elif "rank" in request:
            values = peer.rank(request["query"], request["rank"], size)
        else:
            values = peer.sort(request["sort"], request["labels"], size)
    milliseconds = 1000 * (time.perf_counter() - began)
    numbers = [row if isinstance(row, list) else row.tolist() for row in values]
    print(json.dumps({"milliseconds": milliseconds, "values": numbers}), flush=True)
