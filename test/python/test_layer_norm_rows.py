"""The code of the CUDA kernels of dropout_add_layer_norm, run by threads of the processor, against the reference."""
import ctypes

import pytest
import torch
from helpers import host_library, lora, pointer, seed_of, tensor


@pytest.fixture(scope='module')
def rows(tmp_path_factory):
    return host_library(tmp_path_factory, 'layer_norm_rows_host.cpp')


@pytest.mark.parametrize('held', [True, False])
@pytest.mark.parametrize('shape', [(1, 2), (5, 62), (3, 64), (4, 7), (2, 200)], ids=str)
@pytest.mark.parametrize('p', [0.0, 0.3])
def test_against_reference(rows, held, shape, p):
    x, residual, weight, bias = tensor(*shape), tensor(*shape), tensor(shape[1]), tensor(shape[1])
    expected = lora.dropout_add_layer_norm_reference(x, residual, weight, bias, p, 1e-3, seed_of() if p else None)
    dy = torch.randn_like(expected)
    dx, dresidual, dweight, dbias = torch.autograd.grad(expected, (x, residual, weight, bias), dy)

    count, hidden = (ctypes.c_int64(n) for n in shape)
    empty = lambda *size: torch.full(size, float('nan'), dtype=torch.float64)
    y, normalized, found_x, found_residual = (empty(*shape) for _ in range(4))
    ran = rows.run_rows(*map(pointer, (x, residual, weight, bias)), count, hidden, ctypes.c_double(1e-3),
                        ctypes.c_double(p), ctypes.c_int64(seed_of().item()), held, 8, pointer(y), pointer(normalized),
                        pointer(rstd := empty(shape[0])), *map(pointer, (dy, found_x, found_residual)))
    if not ran:
        pytest.skip('a row that is not held in registers')
    parts = -(-shape[0] // 2)
    sums = [empty(parts, shape[1]) for _ in range(2)]
    rows.run_parameters(pointer(dy), pointer(normalized), count, hidden, ctypes.c_int64(2), *map(pointer, sums))
    assert rstd.isfinite().all()
    for ours, theirs in ((y, expected.detach()), (found_x, dx), (found_residual, dresidual), (sums[0].sum(0), dweight),
                         (sums[1].sum(0), dbias)):
        torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-11)
