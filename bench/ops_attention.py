"""lora::varlen_attention and the element-wise operators against their PyTorch forms, in one run.

    python bench/ops_attention.py LIBLORA_OPS.so [--threads N] [--cpu-time] [--rounds 9]

Attention, forward and backward in milliseconds: `padded` is scaled_dot_product_attention on the batch padded to its
longest row with a mask (what transformers does), `loop` the same without a mask, sequence by sequence, and `ours` one
call on the packed batch. Dropout 0.1 acts on the attention weights where it says so.
"""
import argparse
import os
import time

import torch
from ops_roberta_step import LENGTHS
from ops_timing import interleaved, keep_pages
from torch.nn import functional


def attention_sides(heads, size, lengths, p):
    tokens, longest = sum(lengths), max(lengths)
    bounds = torch.tensor([0, *lengths]).cumsum(0).int()
    packed = torch.randn(tokens, 3, heads, size, requires_grad=True)
    grad = torch.randn(tokens, heads, size)
    padded = torch.randn(3, len(lengths), heads, longest, size, requires_grad=True)
    grad_padded = torch.randn(len(lengths), heads, longest, size)
    mask = (torch.arange(longest) < torch.tensor(lengths)[:, None])[:, None, None, :]
    limit = torch.tensor(longest)

    def with_padding(training):
        out = functional.scaled_dot_product_attention(*padded, attn_mask=mask, dropout_p=p)
        if training:
            torch.autograd.grad(out, padded, grad_padded)

    def one_by_one(training):
        parts = [functional.scaled_dot_product_attention(*part.permute(1, 2, 0, 3).unsqueeze(1), dropout_p=p)
                 for part in packed.split(lengths)]
        out = torch.cat([part[0].transpose(0, 1) for part in parts])
        if training:
            torch.autograd.grad(out, packed, grad)

    def ours(training):
        out = torch.ops.lora.varlen_attention(packed, bounds, limit, p)
        if training:
            torch.autograd.grad(out, packed, grad)
    return {'padded': with_padding, 'loop': one_by_one, 'ours': ours}


def attention(args, clock):
    cases = {'one sequence of 16': [16], 'one of 128': [128], **{task: batches[0] for task, batches in LENGTHS.items()},
             '2 of 512': [512, 512], '16 of 1..512': [1, 512, 3, 400, 40, 7, 90, 260, 16, 33, 128, 64, 5, 200, 2, 77]}
    for heads, size in ((12, 64), (12, 32)):
        for name, lengths in cases.items():
            for p in (0.0, 0.1):
                sides = attention_sides(heads, size, lengths, p)
                with torch.no_grad():
                    forward = interleaved({k: lambda f=f: f(False) for k, f in sides.items()}, args.rounds, clock)
                both = interleaved({k: lambda f=f: f(True) for k, f in sides.items()}, args.rounds, clock)
                print(f'N {heads} D {size} {name:18s} dropout {p}:  '
                      + '   '.join(f'{label} ' + ' '.join(f'{k} {1e3 * v:.2f}' for k, v in best.items())
                                   + f' ms, {best["padded"] / best["ours"]:.1f}x {best["loop"] / best["ours"]:.1f}x'
                                   for label, best in (('forward', forward), ('with backward', both))), flush=True)


def element_wise(args, clock):
    lora = torch.ops.lora
    for tokens, hidden in ((230, 384), (850, 768)):
        x, residual = (torch.randn(tokens, hidden, requires_grad=True) for _ in range(2))
        weight, bias, wide = torch.randn(hidden), torch.randn(hidden), torch.randn(tokens, 4 * hidden, requires_grad=True)

        def run(function, leaves):
            out = function()
            torch.autograd.grad(out, leaves, torch.ones_like(out))
        pairs = {
            'dropout + add + layer norm': (
                lambda: run(lambda: functional.layer_norm(functional.dropout(x, 0.1) + residual, (hidden,), weight, bias),
                            (x, residual)),
                lambda: run(lambda: lora.dropout_add_layer_norm(x, residual, weight, bias, 0.1, 1e-5), (x, residual))),
            'dropout': (lambda: run(lambda: functional.dropout(x, 0.1), (x,)), lambda: run(lambda: lora.dropout(x, 0.1), (x,))),
            'gelu': (lambda: run(lambda: functional.gelu(wide), (wide,)), lambda: run(lambda: lora.gelu(wide), (wide,))),
        }
        for name, (theirs, ours) in pairs.items():
            best = interleaved({'torch': theirs, 'ours': ours}, args.rounds, clock)
            print(f'{tokens} x {hidden}: {name:27s} torch {1e3 * best["torch"]:.2f} ms, ours {1e3 * best["ours"]:.2f} ms, '
                  f'{best["torch"] / best["ours"]:.1f}x', flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('library')
    parser.add_argument('--threads', type=int, default=os.cpu_count())
    parser.add_argument('--rounds', type=int, default=9)
    parser.add_argument('--cpu-time', action='store_true')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.ops.load_library(args.library)
    keep_pages()
    clock = time.process_time if args.cpu_time else time.perf_counter
    attention(args, clock)
    element_wise(args, clock)


if __name__ == '__main__':
    main()
