"""lora::linear against the ATen, MKL and oneDNN forms of the same product, in one run.

    python bench/ops_linear.py LIBLORA_OPS.so [--threads N] [--cpu-time] [--rounds 9]

First table: GFLOP/s of a frozen linear layer, forward and gradient of the input, for the shapes of MiniLM and
roberta-base. `mkl` is torch.addmm, `onednn` is mkldnn::_linear_pointwise on a weight packed beforehand (a second copy
of the weight in memory), `ours` packs as it goes, `ours packed` takes prepack_linear's copy. Second table: the fused
query/key/value layer with LoRA on two of three, forward and backward in milliseconds, against its composition.
--cpu-time with --threads 1 measures processor time, which a busy machine distorts less.
"""
import argparse
import os
import time

import torch
from ops_timing import interleaved, keep_pages

SHAPES = [(384, 384), (384, 1536), (1536, 384), (768, 768), (768, 3072), (3072, 768)]
TOKENS = [1, 7, 16, 64, 230, 850, 2048]


def products(args, clock):
    lora, mkldnn = torch.ops.lora, torch.ops.mkldnn
    print(f'{"in x out":>10s} {"tokens":>6s} | forward: {"mkl":>6s} {"onednn":>6s} {"ours":>6s} {"packed":>6s} {"+gelu":>6s}'
          f' | input gradient: {"mkl":>6s} {"onednn":>6s} {"ours":>6s}  (GFLOP/s) | ours / mkl, ours / onednn')
    for fan_in, fan_out in SHAPES:
        for tokens in TOKENS:
            x, w, b = torch.randn(tokens, fan_in), torch.randn(fan_out, fan_in), torch.randn(fan_out)
            dy, wt = torch.randn(tokens, fan_out), w.t().contiguous()
            theirs, theirs_t = (mkldnn._reorder_linear_weight(m, tokens) for m in (w, wt))
            packed = lora.prepack_linear([w], False)
            none = [None]
            best = interleaved({
                'mkl': lambda: torch.addmm(b, x, w.t()),
                'onednn': lambda: mkldnn._linear_pointwise(x, theirs, b, 'none', [], ''),
                'ours': lambda: lora.linear(x, [w], [b], [], [], []),
                'packed': lambda: lora.linear(x, [w], [b], [], [], [], 0.0, packed),
                'gelu': lambda: lora.linear_gelu(x, [w], [b], [], [], []),
                'dx mkl': lambda: dy @ w,
                'dx onednn': lambda: mkldnn._linear_pointwise(dy, theirs_t, None, 'none', [], ''),
                'dx ours': lambda: lora._linear_backward(dy, None, None, [w], none, none, [0.0], 0.0, None, None, None,
                                                         [1, 0, 0, 0, 0]),
            }, args.rounds, clock)
            rate = {k: 2 * tokens * fan_in * fan_out / v / 1e9 for k, v in best.items()}
            print(f'{fan_in:4d} x{fan_out:4d} {tokens:6d} |          '
                  + ' '.join(f'{rate[k]:6.0f}' for k in ('mkl', 'onednn', 'ours', 'packed', 'gelu'))
                  + ' |                 ' + ' '.join(f'{rate[k]:6.0f}' for k in ('dx mkl', 'dx onednn', 'dx ours'))
                  + f'              | {rate["ours"] / rate["mkl"]:.2f} {rate["ours"] / rate["onednn"]:.2f}', flush=True)


def composition(x, weight, bias, a, b, scaling, p):
    parts = []
    for w, c, down, up, s in zip(weight, bias, a, b, scaling):
        y = torch.nn.functional.linear(x, w, c)
        if down is not None:
            y = y + torch.nn.functional.dropout(x, p) @ down.t() @ up.t() * s
        parts.append(y)
    return torch.cat(parts, 1)


def adapters(args, clock):
    print('\nquery, key and value with LoRA r=8 on query and value, forward and backward, ms')
    for hidden in (384, 768):
        for tokens in (64, 230, 850):
            for p in (0.0, 0.1):
                x = torch.randn(tokens, hidden, requires_grad=True)
                weight, bias = [torch.randn(hidden, hidden) for _ in range(3)], [torch.randn(hidden) for _ in range(3)]
                a = [torch.randn(8, hidden, requires_grad=True), None, torch.randn(8, hidden, requires_grad=True)]
                b = [torch.randn(hidden, 8, requires_grad=True), None, torch.randn(hidden, 8, requires_grad=True)]
                scaling, grad = [2.0, 0.0, 2.0], torch.randn(tokens, 3 * hidden)
                leaves = [x, a[0], a[2], b[0], b[2]]

                def run(op):
                    torch.autograd.grad(op(x, weight, bias, a, b, scaling, p), leaves, grad)
                best = interleaved({'composition': lambda: run(composition), 'ours': lambda: run(torch.ops.lora.linear)},
                                   args.rounds, clock)
                print(f'hidden {hidden} tokens {tokens:4d} dropout {p}:  composition {1e3 * best["composition"]:7.2f}  '
                      f'ours {1e3 * best["ours"]:7.2f}  {best["composition"] / best["ours"]:.2f}x', flush=True)


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
    with torch.no_grad():
        products(args, clock)
    adapters(args, clock)


if __name__ == '__main__':
    main()
