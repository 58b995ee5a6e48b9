"""The code of the CUDA kernels of lora::linear's adapters, run by threads of the processor, against the compositions.

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


def random(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def nothing(*shape):
    return torch.full(shape, float('nan'), dtype=torch.float64)


def dropout(p):
    return REAL(p), LONG(seed_of().item() if p else 0)


def close(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def adapters(fan_in, outs, ranks):
    return ([random(out, fan_in) for out in outs], [random(rank, fan_in) if rank else None for rank in ranks],
            [random(out, rank) if rank else None for out, rank in zip(outs, ranks)], [0.5 + i for i in range(len(outs))])


def table(tensors):
    return (ctypes.c_void_p * len(tensors))(*[None if t is None else t.data_ptr() for t in tensors])


def numbers(kind, values):
    return (kind * len(values))(*values)


# Tokens of a block and more; depths that no warp shares evenly; eight ranks of two segments; more ranks than a thread
# sums up at a time; columns whose last eight belong to two segments.
SHAPES = [(1, 6, [3], [2]), (19, 40, [24], [8]), (16, 37, [8, 12, 4], [4, 0, 9]), (5, 72, [40, 8], [16, 16]),
          (21, 13, [9, 5, 7], [3, 17, 1]), (3, 20, [12, 16], [0, 40]), (17, 8, [4, 4], [33, 31])]


@pytest.mark.parametrize('tokens,fan_in,outs,ranks', SHAPES)
@pytest.mark.parametrize('p', [0.0, 0.3])
@pytest.mark.parametrize('backward', [False, True])
@pytest.mark.parametrize('strip,fresh', [(8, False), (24, False), (24, True)])
def test_update(tiles, tokens, fan_in, outs, ranks, p, backward, strip, fresh):
    weight, a, b, scaling = adapters(fan_in, outs, ranks)
    x = random(tokens, sum(outs) if backward else fan_in)
    y = (nothing if fresh else random)(tokens, fan_in if backward else sum(outs))
    vectors = fan_in % 4 == 0 and all(out % 4 == 0 for out in outs)
    expected_y = y.clone()
    seed = seed_of() if p else None
    expected_low = lora._low_rank_update(expected_y, x, weight, a, b, scaling, p, seed, backward, fresh)
    run = lambda low, y: tiles.run_update(
        len(outs), table(a), table(b), numbers(LONG, outs), numbers(LONG, ranks), numbers(REAL, scaling), LONG(fan_in),
        pointer(x), LONG(tokens), LONG(strip), vectors, backward, fresh, *dropout(p), pointer(low), pointer(y))
    low = nothing(tokens, sum(ranks))
    run(low, y)
    close(low, expected_low)
    close(y, expected_y)
    alone = nothing(tokens, sum(ranks))
    run(alone, None)
    close(alone, expected_low)


@pytest.mark.parametrize('tokens,fan_in,outs,ranks', [*SHAPES, (70, 44, [36], [20])])
@pytest.mark.parametrize('p', [0.0, 0.3])
@pytest.mark.parametrize('of_a,of_b', [(True, True), (True, False), (False, True)])
def test_gradients(tiles, tokens, fan_in, outs, ranks, p, of_a, of_b):
    weight, a, b, scaling = adapters(fan_in, outs, ranks)
    count, rank = len(outs), sum(ranks)
    x, low, dy, skinny = random(tokens, fan_in), random(tokens, rank), random(tokens, sum(outs)), random(tokens, rank)
    # Of the last segment that has an adapter, both or one; of the others both.
    asked = [bool(r) for r in ranks] * 2
    last = max(i for i, r in enumerate(ranks) if r)
    asked[last], asked[count + last] = of_a, of_b
    expected = lora._low_rank_gradients(x, low, dy, skinny, weight, a, b, scaling, p, seed_of() if p else None,
                                        [int(one) for one in asked])
    found = [nothing(*t.shape) if wanted else None for t, wanted in zip(a + b, asked)]
    vectors = fan_in % 4 == 0 and all(out % 4 == 0 for out in outs)
    tiles.run_gradients(count, table(found[:count]), table(found[count:]), numbers(LONG, outs), numbers(LONG, ranks),
                        numbers(REAL, scaling), LONG(fan_in), pointer(x), pointer(low), pointer(dy), pointer(skinny),
                        LONG(tokens), vectors, *dropout(p))
    for ours, right in zip([t for t in found if t is not None], expected, strict=True):
        close(ours, right)
