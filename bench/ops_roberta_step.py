"""One LoRA training step of roberta-base on the lora:: operators, against transformers + PEFT, in one run.

    python bench/ops_roberta_step.py LIBLORA_OPS.so [--hidden 768 --layers 12 --heads 12] [--rounds 3] [--memory]

Random weights of the real shapes, r=8 on query and value, batches of 16, dropout 0.1, fp32. PEFT pads each batch to
its longest row; ours packs. Sequence lengths are those of real batches (tokens a row, roberta-base tokenizer).
Prints milliseconds a step and ratios; with --memory each side runs in a process of its own and peak resident memory
is printed as well. Losses and LoRA gradients of both sides are compared first, without dropout.
"""
import argparse
import json
import os
import resource
import subprocess
import sys
import time

import torch

LENGTHS = {  # one batch of 16 each, drawn from the training sets of GLUE
    'mrpc': [47, 61, 52, 39, 66, 58, 45, 71, 50, 34, 63, 55, 49, 68, 42, 53],
    'rte': [41, 88, 63, 240, 35, 72, 58, 91, 47, 66, 126, 52, 39, 84, 29, 61],
    'sst2': [7, 12, 31, 9, 5, 22, 14, 8, 40, 11, 6, 17, 13, 10, 19, 6],
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


def stepper(loss_of, parameters):
    optimizer = torch.optim.AdamW(parameters, lr=1e-4, fused=True)

    def step():
        loss = loss_of()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.item()
    return step


def sides(args, model, task):
    ids, mask, labels = padded_batch(LENGTHS[task])
    batch = packed_batch(ids, mask, labels)
    packed = Packed(model, args.heads, args.dropout, args.lora_dropout)
    parameters = [p for p in model.parameters() if p.requires_grad]
    return {'peft': (lambda: model(input_ids=ids, attention_mask=mask, labels=labels).loss, parameters),
            'ours': (lambda: packed(*batch), parameters)}


def check(args):
    plain = argparse.Namespace(**{**vars(args), 'dropout': 0.0, 'lora_dropout': 0.0})
    model = peft_model(plain)
    results = {}
    for side, (loss_of, parameters) in sides(plain, model, 'mrpc').items():
        loss = loss_of()
        results[side] = (loss, torch.autograd.grad(loss, parameters))
    (loss_a, grads_a), (loss_b, grads_b) = results['peft'], results['ours']
    worst = max(((a - b).norm() / a.norm().clamp_min(1e-12)).item() for a, b in zip(grads_a, grads_b))
    print(f'loss {loss_a.item():.6f} (PEFT) {loss_b.item():.6f} (ours), largest relative gradient difference {worst:.1e}')


def time_sides(args):
    model = peft_model(args)
    for task in LENGTHS:
        steps = {side: stepper(*pair) for side, pair in sides(args, model, task).items()}
        best = dict.fromkeys(steps, float('inf'))
        used = dict.fromkeys(steps, float('inf'))
        for round_ in range(args.rounds + 1):
            for side, step in steps.items():
                wall, cpu = time.perf_counter(), time.process_time()
                step()
                if round_:
                    best[side] = min(best[side], time.perf_counter() - wall)
                    used[side] = min(used[side], time.process_time() - cpu)
        tokens = sum(LENGTHS[task])
        print(f'{task:5s} T={tokens:5d}  PEFT {1e3 * best["peft"]:7.1f} ms  ours {1e3 * best["ours"]:7.1f} ms  '
              f'{best["peft"] / best["ours"]:.2f}x  (CPU time {1e3 * used["peft"]:.0f} and {1e3 * used["ours"]:.0f} ms, '
              f'{used["peft"] / used["ours"]:.2f}x)', flush=True)


def one_side(args):
    model = peft_model(args)
    loss_of, parameters = sides(args, model, args.task)[args.side]
    step = stepper(loss_of, parameters)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(4):
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
