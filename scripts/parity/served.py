"""
What sentence-transformers' models and transformers' heads give for texts: reads {"kind": "embed" | "rank" | "answer",
"model", "calls": [...]} on stdin, as JSON, and writes what each call gives. Offsets are Python's, in code points.
"""
import json
import sys
import warnings

import torch

warnings.filterwarnings("ignore")


def embed(folder, calls):
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(folder, device="cpu")
    for call in calls:
        model.max_seq_length = call.pop("maxLength", model.max_seq_length)
        if call.pop("tokens", False):
            yield [tokens.tolist() for tokens in model.encode(call["texts"], output_value="token_embeddings")]
        else:
            yield model.encode(call.pop("texts"), convert_to_numpy=True, **call).tolist()


def rank(folder, calls):
    from sentence_transformers import CrossEncoder

    model = CrossEncoder(folder, device="cpu")
    for call in calls:
        if "save" in call:
            model.save_pretrained(call["save"])
            yield None
            continue
        model.max_length = call.get("maxLength", model.max_length)
        found = model.rank(call["query"], call["texts"], top_k=call.get("topK"))
        yield [{"index": one["corpus_id"], "score": float(one["score"])} for one in found]


def answer(folder, calls):
    """The best stretches of a context over all windows, their scores a softmax over them: postprocess_qa_predictions."""
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    model = AutoModelForQuestionAnswering.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    for call in calls:
        context, most = call["context"], call.get("maxAnswerTokens", 30)
        encoded = tokenizer(call["question"], context, truncation="only_second", max_length=call["maxLength"],
                            stride=call["stride"], return_overflowing_tokens=True, return_offsets_mapping=True)
        scores, none = {}, float("inf")
        for w, ids in enumerate(encoded["input_ids"]):
            types = {"token_type_ids": torch.tensor([encoded["token_type_ids"][w]])} if "token_type_ids" in encoded else {}
            with torch.no_grad():
                out = model(input_ids=torch.tensor([ids]), **types)
            start, end = out.start_logits[0].tolist(), out.end_logits[0].tolist()
            none = min(none, start[0] + end[0])
            inside = [t for t, s in enumerate(encoded.sequence_ids(w)) if s == 1]
            best = lambda values: sorted(inside, key=lambda t: -values[t])[:20]
            offsets = encoded["offset_mapping"][w]
            for a in best(start):
                for b in best(end):
                    if a <= b < a + most:
                        place = (offsets[a][0], offsets[b][1])
                        scores[place] = max(scores.get(place, -float("inf")), start[a] + end[b])
        spans = sorted(scores.items(), key=lambda item: -item[1])[:20]
        if call.get("noAnswer"):
            empty = ((0, 0), none)
            spans = [empty, *spans] if none > spans[0][1] else [*spans, empty]
        weights = torch.softmax(torch.tensor([score for _, score in spans], dtype=torch.float64), 0).tolist()
        yield [{"start": a, "end": b, "score": weight} for ((a, b), _), weight in zip(spans, weights)]


def main():
    request = json.load(sys.stdin)
    torch.set_num_threads(1)
    run = {"embed": embed, "rank": rank, "answer": answer}[request["kind"]]
    json.dump(list(run(request["model"], request["calls"])), sys.stdout)


main()
