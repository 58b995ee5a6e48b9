"""One LoRA training step of roberta-base on the lora:: operators, against transformers + PEFT, in one run.

    python bench/ops_roberta_step.py LIBLORA_OPS.so [--hidden 768 --layers 12 --heads 12] [--rounds 3] [--memory]

Random weights of the real shapes, r=8 on query and value, batches of 16, dropout 0.1, fp32. PEFT pads each batch to
its longest row; ours packs. Prints milliseconds a step (best of the rounds, sides interleaved) and ratios; with
--memory each side runs in a process of its own and the peak of resident memory is printed instead. Losses and LoRA
gradients of both sides are compared first, without dropout.
"""
import argparse
import json
import os
import resource
import subprocess
import sys
import time

import torch

# Three random batches of 16 rows of each training set of GLUE: tokens a row, roberta-base tokenizer.
LENGTHS = {
    'mrpc': [[47, 42, 74, 47, 66, 67, 55, 63, 53, 59, 65, 44, 60, 63, 62, 62],
             [43, 60, 58, 44, 64, 74, 56, 47, 45, 34, 62, 57, 38, 58, 54, 45],
             [36, 53, 44, 41, 50, 51, 62, 65, 67, 62, 37, 39, 66, 66, 64, 55]],
    'rte': [[41, 122, 41, 46, 40, 194, 154, 41, 28, 23, 28, 140, 52, 35, 59, 32],
            [60, 55, 56, 172, 52, 64, 23, 63, 47, 60, 81, 37, 84, 64, 89, 55],
            [58, 43, 36, 97, 27, 52, 123, 138, 57, 64, 109, 37, 50, 116, 52, 80]],
    'sst2': [[10, 10, 6, 6, 5, 15, 6, 12, 24, 6, 15, 8, 14, 13, 13, 5],
             [10, 13, 11, 35, 8, 7, 5, 7, 8, 12, 5, 5, 19, 24, 33, 9],
             [6, 17, 22, 10, 16, 7, 12, 6, 48, 6, 9, 10, 25, 13, 16, 5]],
}


def peft_model(args):
    from peft import LoraConfig, get_peft_model
    from transformers import RobertaConfig, RobertaForSequenceClassification
    torch.manual_seed(0)
    config = RobertaConfig(vocab_size=50265, hidden_size=args.hidden, num_hidden_layers=args.layers,
                           num_attention_heads=args.heads, intermediate_size=4 * args.hidden,
                           max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5,
                           hidden_dropout_prob=args.dropout, attention_probs_dropout_prob=args.dropout, pad_token_id=1)
    lora = LoraConfig(task_type='SEQ_CLS', r=8, lora_alpha=16, target_modules=['query', 'value'],
                      lora_dropout=args.lora_dropout, init_lora_weights=False)
    return get_peft_model(RobertaForSequenceClassification(config), lora).train()


def padded_batch(lengths, vocab=50265):
    generator = torch.Generator().manual_seed(1)
    ids = torch.full((len(lengths), max(lengths)), 1)
    for row, length in enumerate(lengths):
        ids[row, :length] = torch.randint(5, vocab, (length,), generator=generator)
    return ids, (ids != 1).long(), torch.arange(len(lengths)) % 2


class Packed:
    """The same weights driven through the lora:: operators; parameters are shared with the PEFT model."""

    def __init__(self, model, heads, dropout, lora_dropout):
        base = model.base_model.model
        self.embeddings, self.layers, self.head = base.roberta.embeddings, base.roberta.encoder.layer, base.classifier
        self.heads, self.dropout, self.lora_dropout = heads, dropout, lora_dropout
        self.eps = 1e-5

    def __call__(self, ids, positions, cu_seqlens, max_seqlen, labels):
        lora, p = torch.ops.lora, self.dropout
        e = self.embeddings
        words = torch.embedding(e.word_embeddings.weight, ids)
        rest = torch.embedding(e.position_embeddings.weight, positions) + e.token_type_embeddings.weight[0]
        h = lora.dropout_add_layer_norm(words, rest, e.LayerNorm.weight, e.LayerNorm.bias, 0.0, self.eps)
        if p:
            h = lora.dropout(h, p)
        for layer in self.layers:
            s, out = layer.attention.self, layer.attention.output
            q, k, v = s.query, s.key, s.value
            qkv = lora.linear(h, [q.base_layer.weight, k.weight, v.base_layer.weight],
                              [q.base_layer.bias, k.bias, v.base_layer.bias],
                              [q.lora_A.default.weight, None, v.lora_A.default.weight],
                              [q.lora_B.default.weight, None, v.lora_B.default.weight], [2.0, 0.0, 2.0],
                              self.lora_dropout)
            a = lora.varlen_attention(qkv.view(qkv.size(0), 3, self.heads, -1), cu_seqlens, max_seqlen, p)
            a = lora.linear(a.flatten(1), [out.dense.weight], [out.dense.bias], [], [], [])
            h = lora.dropout_add_layer_norm(a, h, out.LayerNorm.weight, out.LayerNorm.bias, p, self.eps)
            del qkv, a
            g = lora.linear_gelu(h, [layer.intermediate.dense.weight], [layer.intermediate.dense.bias], [], [], [])
            f = lora.linear(g, [layer.output.dense.weight], [layer.output.dense.bias], [], [], [])
            del g
            h = lora.dropout_add_layer_norm(f, h, layer.output.LayerNorm.weight, layer.output.LayerNorm.bias, p,
                                            self.eps)
            del f
        head = self.head.modules_to_save.default if hasattr(self.head, 'modules_to_save') else self.head
        x = h[cu_seqlens[:-1].long()]
        x = torch.tanh(torch.nn.functional.linear(lora.dropout(x, p), head.dense.weight, head.dense.bias))
        logits = torch.nn.functional.linear(lora.dropout(x, p), head.out_proj.weight, head.out_proj.bias)
        return torch.nn.functional.cross_entropy(logits, labels)


def packed_batch(ids, mask, labels):
    lengths = mask.sum(1)
    flat = ids[mask.bool()]
    positions = torch.cat([torch.arange(n) + 2 for n in lengths.tolist()])
    cu_seqlens = torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)]).int()
    return flat, positions, cu_seqlens, lengths.max(), labels


def stepper(losses, parameters):
    """One optimizer step a batch."""
    optimizer = torch.optim.AdamW(parameters, lr=1e-4, fused=True)

    def step():
        for loss_of in losses:
            loss = loss_of()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
    return step


def sides(args, model, task):
    """For each side: a list of functions that compute the loss of one batch, and the trained parameters."""
    packed = Packed(model, args.heads, args.dropout, args.lora_dropout)
    parameters = [p for p in model.parameters() if p.requires_grad]
    theirs, ours = [], []
    for lengths in LENGTHS[task]:
        ids, mask, labels = padded_batch(lengths)
        batch = packed_batch(ids, mask, labels)
        theirs.append(lambda ids=ids, mask=mask, labels=labels:
                      model(input_ids=ids, attention_mask=mask, labels=labels).loss)
        ours.append(lambda batch=batch: packed(*batch))
    return {'peft': (theirs, parameters), 'ours': (ours, parameters)}


def check(args):
    plain = argparse.Namespace(**{**vars(args), 'dropout': 0.0, 'lora_dropout': 0.0})
    model = peft_model(plain)
    results = {}
    for side, (losses, parameters) in sides(plain, model, 'mrpc').items():
        loss = losses[0]()
        results[side] = (loss, torch.autograd.grad(loss, parameters))
    (loss_a, grads_a), (loss_b, grads_b) = results['peft'], results['ours']
    worst = max(((a - b).norm() / a.norm().clamp_min(1e-12)).item() for a, b in zip(grads_a, grads_b))
    print(f'loss {loss_a.item():.6f} (PEFT) {loss_b.item():.6f} (ours), largest relative gradient difference {worst:.1e}')


def time_sides(args):
    model = peft_model(args)
    for task, batches in LENGTHS.items():
        steps = {side: stepper(*pair) for side, pair in sides(args, model, task).items()}
        wall, used = ({side: [] for side in steps} for _ in range(2))
        for round_ in range(args.rounds + 1):
            for side, step in steps.items():
                start, cpu = time.perf_counter(), time.process_time()
                step()
                if round_:  # the first round warms both up
                    wall[side].append((time.perf_counter() - start) / len(batches))
                    used[side].append((time.process_time() - cpu) / len(batches))
        a, b, c, d = (1e3 * min(times[side]) for times in (wall, used) for side in ('peft', 'ours'))
        print(f'{task:5s} {sum(map(sum, batches)) // len(batches):5d} tokens  PEFT {a:7.1f} ms  ours {b:7.1f} ms a step  '
              f'{a / b:.2f}x  (processor time {c:.0f} and {d:.0f} ms, {c / d:.2f}x)', flush=True)


def one_side(args):
    model = peft_model(args)
    step = stepper(*sides(args, model, args.task)[args.side])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(2):
        step()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({'loaded': before / 1024, 'peak': peak / 1024}))


def memory(args):
    for task in LENGTHS:
        peaks = {}
        for side in ('peft', 'ours'):
            command = [sys.executable, __file__, *sys.argv[1:], '--side', side, '--task', task]
            peaks[side] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        print(f'{task:5s} peak resident  PEFT {peaks["peft"]["peak"]:.0f} MiB  ours {peaks["ours"]["peak"]:.0f} MiB  '
              f'({peaks["ours"]["peak"] / peaks["peft"]["peak"]:.0%}; loaded, before the first step: '
              f'{peaks["peft"]["loaded"]:.0f} and {peaks["ours"]["loaded"]:.0f})', flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('library')
    parser.add_argument('--hidden', type=int, default=768)
    parser.add_argument('--layers', type=int, default=12)
    parser.add_argument('--heads', type=int, default=12)
    parser.add_argument('--dropout', type=float, default=0.1)
    parser.add_argument('--lora-dropout', type=float, default=0.1)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--threads', type=int, default=os.cpu_count())
    parser.add_argument('--memory', action='store_true')
    parser.add_argument('--side', choices=['peft', 'ours'], help=argparse.SUPPRESS)
    parser.add_argument('--task', help=argparse.SUPPRESS)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.ops.load_library(args.library)
    if args.side:
        one_side(args)
    elif args.memory:
        memory(args)
    else:
        check(args)
        time_sides(args)


if __name__ == '__main__':
    main()
