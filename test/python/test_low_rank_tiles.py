"""The code of the CUDA kernels of lora::linear, run by threads of the processor, against the compositions.

The compositions in their turn are what test_linear_composed.py compares with lora::linear_reference.
"""
import ctypes

import pytest
import torch
from helpers import host_library, lora, pointer, seed_of

LONG, REAL = ctypes.c_int64, ctypes.c_double


@pytest.fixture(scope='module')
def tiles(tmp_path_factory):
    return host_library(tmp_path_factory, 'low_rank_tiles_host.cpp')


def random(*shape, dtype=torch.float64):
    return torch.randn(*shape, dtype=dtype)


def nothing(*shape, dtype=torch.float64):
    return torch.full(shape, float('nan'), dtype=dtype)


def dropout(p):
    return REAL(p), LONG(seed_of().item() if p else 0)


def parts(ranks, pad, p):
    """The ends of the segments' ranks, as the kernels take them: one part of all where nothing drops."""
    ends = [sum(ranks[:i + 1]) for i in range(len(ranks))] if p else [pad]
    ends[-1] = pad
    return len(ends), (LONG * len(ends))(*ends)


@pytest.mark.parametrize('name,dtype,tokens,fan_in,ranks,pad', [
    ('run_project', torch.float64, 1, 6, [2], 2),
    ('run_project', torch.float64, 11, 13, [11], 11),  # a tile and a half of tokens, two of ranks, an odd depth
    ('run_project', torch.float64, 11, 13, [0, 5, 6, 0], 13),  # segments that share a tile, none, and the padding
    ('run_project', torch.float64, 8, 16, [8], 8),
    ('run_project', torch.float64, 9, 16, [8, 12, 3], 24),
    ('run_project_fragments', torch.float32, 1, 8, [8], 8),
    ('run_project_fragments', torch.float32, 19, 72, [16], 16),  # a second block of tokens; a depth no warp shares evenly
    ('run_project_fragments', torch.float32, 19, 72, [4, 0, 9], 16),  # eight ranks of two segments
    ('run_project_fragments', torch.float32, 5, 40, [80], 80),   # more ranks than a thread sums up at a time
    ('run_project_fragments', torch.float32, 5, 40, [8, 70, 2], 80),
])
@pytest.mark.parametrize('joined', [False, True])
@pytest.mark.parametrize('p', [0.0, 0.3, 1.0])
def test_project(tiles, name, dtype, tokens, fan_in, ranks, pad, joined, p):
    x, rows = random(tokens, fan_in, dtype=dtype), random(pad, fan_in, dtype=dtype)
    rows[sum(ranks):] = 0
    low, both = nothing(tokens, pad, dtype=dtype), nothing(tokens, fan_in + pad, dtype=dtype) if joined else None
    getattr(tiles, name)(pointer(x), pointer(rows), LONG(tokens), LONG(fan_in), LONG(pad), *parts(ranks, pad, p),
                         *dropout(p), pointer(low), pointer(both))
    expected = lora._low_rank_project(x, rows, ranks, p, seed_of() if p else None, joined)
    close = dict(rtol=1e-12, atol=1e-12) if dtype == torch.float64 else dict(rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(low, expected[1], **close)
    if joined:
        torch.testing.assert_close(both, expected[0], **close)


@pytest.mark.parametrize('tokens,out,ranks,pad', [
    (1, 3, [8], 8), (9, 16, [5], 5), (8, 20, [40], 40), (17, 33, [8], 8), (9, 16, [3, 0, 4], 8), (8, 20, [30, 9, 1], 40)])
@pytest.mark.parametrize('p', [0.0, 0.3])
@pytest.mark.parametrize('transposed', [False, True])
def test_expand(tiles, tokens, out, ranks, pad, p, transposed):
    low, bias = random(tokens, pad), None if p else random(out)
    low[:, sum(ranks):] = 0
    matrix = random(out, 3 + pad)[:, 3:].t() if transposed else random(pad, out)
    y = nothing(tokens, out)
    tiles.run_expand(pointer(low), pointer(matrix), LONG(matrix.stride(0)), LONG(matrix.stride(1)), pointer(bias),
                     LONG(tokens), LONG(out), LONG(pad), *parts(ranks, pad, p), *dropout(p), pointer(y))
    expected = lora._low_rank_expand(low, matrix, bias, ranks, p, seed_of() if p else None)
    torch.testing.assert_close(y, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize('fan_in,outs,ranks', [
    (8, [4], [3]), (6, [4, 5, 3], [2, 0, 3]), (5, [2, 7], [0, 1]), (4, [3, 3], [0, 0])])
@pytest.mark.parametrize('joined', [False, True])
@pytest.mark.parametrize('vectors', [False, True])
def test_blocks(tiles, fan_in, outs, ranks, joined, vectors):
    weight = [random(out, fan_in) for out in outs]
    a = [random(rank, fan_in, dtype=torch.float32) if rank else None for rank in ranks]
    b = [random(out, rank, dtype=torch.float32) if rank else None for out, rank in zip(outs, ranks)]
    scaling = [0.5 + i for i in range(len(outs))]
    wide = lambda tensors: [None if t is None else t.double() for t in tensors]
    expected = lora._low_rank_blocks(weight, wide(a), wide(b), scaling, joined)
    pad, width = expected[0].shape[0], expected[1].shape[1]
    if vectors and (fan_in % 2 or pad % 2):
        return
    pointers = lambda tensors: (ctypes.c_void_p * len(outs))(*[None if t is None else t.data_ptr() for t in tensors])
    numbers = lambda kind, values: (kind * len(values))(*values)
    rows, columns = nothing(pad, fan_in), nothing(sum(outs), width)
    tiles.run_blocks(len(outs), pointers(weight), pointers(a), pointers(b), numbers(LONG, outs), numbers(LONG, ranks),
                     numbers(REAL, scaling), LONG(fan_in), LONG(pad), joined, vectors, pointer(rows), pointer(columns))
    assert torch.equal(rows, expected[0])
    torch.testing.assert_close(columns, expected[1], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize('fan_in,outs,ranks,asked', [
    (7, [5], [2], [1, 1]),
    (6, [4, 3, 5], [2, 0, 3], [1, 0, 1, 1, 0, 1]),
    (6, [4, 3, 5], [2, 1, 3], [0, 1, 0, 1, 0, 0]),  # some of A, some of B
    (6, [4, 9], [2, 1], [0, 0, 1, 1]),              # B alone
])
def test_gradients(tiles, fan_in, outs, ranks, asked):
    count, pad, total = len(outs), sum(ranks) + 3, sum(outs)
    weight = [random(out, fan_in, dtype=torch.float32) for out in outs]
    a = [random(rank, fan_in) if rank else None for rank in ranks]
    b = [random(out, rank) if rank else None for out, rank in zip(outs, ranks)]
    scaling = [0.5 + i for i in range(count)]
    all_a = random(pad, fan_in, dtype=torch.float32) if any(asked[:count]) else None
    all_b = random(total, sum(ranks) + 2, dtype=torch.float32)[:, :sum(ranks)] if any(asked[count:]) else None
    # The kernel casts float32 sums to the adapters' type; the operator takes one type, or adapters wider than a half.
    wide = lambda t: None if t is None else t.double()
    expected = lora._low_rank_gradients(wide(all_a), wide(all_b), [w.double() for w in weight], a, b, scaling, asked)
    found = [nothing(*t.shape) if t is not None and wanted else None for t, wanted in zip(a + b, asked)]
    pointers = lambda tensors: (ctypes.c_void_p * count)(*[None if t is None else t.data_ptr() for t in tensors])
    numbers = lambda kind, values: (kind * len(values))(*values)
    tiles.run_gradients(count, pointers(found[:count]), pointers(found[count:]), numbers(LONG, outs), numbers(LONG, ranks),
                        numbers(REAL, scaling), LONG(fan_in), pointer(all_a), pointer(all_b), LONG(sum(ranks) + 2))
    made = [t for t in found if t is not None]
    assert [t.dtype for t in expected] == [torch.float64] * len(made)
    for ours, right in zip(made, expected, strict=True):
        torch.testing.assert_close(ours, right, rtol=1e-12, atol=1e-12)
