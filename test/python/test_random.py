import math

import pytest
import torch
from helpers import assert_same, lora, seed_of, tensor, with_seed


def mask(shape, p, dtype=torch.float32, seed=3):
    return lora.dropout_mask(seed_of(seed), shape, p, torch.empty(0, dtype=dtype))


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('shape', [[850, 768], [7], [3, 5, 19], [], [4, 1], [0, 8]], ids=str)
@pytest.mark.parametrize('p', [0.0, 0.1, 0.5, 1.0])
def test_kernel_equals_composition(shape, p, dtype):
    like = torch.empty(0, dtype=dtype)
    assert torch.equal(mask(shape, p, dtype), lora.dropout_mask_reference(seed_of(), shape, p, like))


@pytest.mark.parametrize('p', [0.1, 0.5])
def test_statistics(p):
    kept = (mask([4096, 768], p) != 0).double()
    n = kept.numel()
    assert abs(kept.mean() - (1 - p)) < 5 * math.sqrt(p * (1 - p) / n)
    # Rows, columns, neighbours and seeds must look independent: each correlation is about normal(0, 1/n).
    centred = kept - (1 - p)
    pairs = {'next column': (centred[:, 1:], centred[:, :-1]), 'next row': (centred[1:], centred[:-1]),
             'next seed': (centred, (mask([4096, 768], p, seed=4) != 0).double() - (1 - p))}
    for name, (a, b) in pairs.items():
        correlation = (a * b).mean() / (p * (1 - p))
        assert abs(correlation) < 5 / math.sqrt(a.numel()), name
    for dim, count in ((0, 4096), (1, 768)):
        z = centred.mean(dim) / math.sqrt(p * (1 - p) / count)
        assert abs(z.square().mean() - 1) < 0.2 and z.abs().max() < 6


@pytest.mark.parametrize('dtype', [torch.float64, torch.complex128], ids=['kernel', 'composition'])
def test_first_row(dtype):
    x = torch.ones(4, 9, dtype=dtype)
    assert torch.equal(lora._dropout(x, seed_of(), 0.4, 3), mask([7, 9], 0.4, torch.float64)[3:].to(dtype))


def test_scale_keeps_the_mean():
    values = mask([1000, 100], 0.2).unique().tolist()
    assert values == [0.0, pytest.approx(1.25)]


@pytest.mark.parametrize('p', [0.0, 0.4, 1.0])
def test_dropout(p):
    x = tensor(6, 9)
    assert torch.autograd.gradcheck(lambda t: with_seed(lora.dropout, t, p), x)
    y, expected = with_seed(lora.dropout, x, p), lora.dropout_reference(x, p, seed_of())
    assert_same([y, *torch.autograd.grad(y.sum(), x)], [expected, *torch.autograd.grad(expected.sum(), x)], 1e-12)


def test_dropout_of_a_view_and_of_half():
    x = torch.randn(8, 6).t()
    assert torch.equal(with_seed(lora.dropout, x, 0.5), with_seed(lora.dropout, x.contiguous(), 0.5))
    half = torch.randn(50, 16, dtype=torch.bfloat16, requires_grad=True)
    with_seed(lora.dropout, half, 0.5).float().sum().backward()
    assert torch.equal(half.grad, mask([50, 16], 0.5).bfloat16())


def test_seed_follows_manual_seed():
    assert seed_of(5) == seed_of(5) and seed_of(5) != seed_of(6)
    torch.manual_seed(5)
    first, second = lora.draw_seed(), lora.draw_seed()
    assert first.dtype == torch.int64 and first.shape == () and first != second


def test_wrong_input():
    with pytest.raises(ValueError, match='from 0 to 1, received 1.5'):
        lora.dropout(torch.zeros(3), 1.5)
    with pytest.raises(ValueError, match='from 0 to 1'):
        lora.dropout_mask(seed_of(), [3], -1.0, torch.zeros(1))
