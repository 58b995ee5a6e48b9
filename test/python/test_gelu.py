import pytest
import torch
from helpers import lora, tensor


def test_gradcheck():
    assert torch.autograd.gradcheck(lora.gelu, tensor(5, 7))


@pytest.mark.parametrize('dtype,limit', [(torch.float32, 4e-7), (torch.float64, 1e-15)])
def test_against_the_error_function(dtype, limit):
    x = torch.linspace(-14, 14, 200_001, dtype=dtype)
    exact = x.double()
    normal = 0.5 * torch.special.erfc(-exact / 2 ** 0.5)
    bell = torch.exp(-exact.square() / 2) / (2 * torch.pi) ** 0.5
    value, derivative = lora.gelu(x).double(), torch.ops.lora._gelu_backward(torch.ones_like(x), x).double()
    # Relative where the value is large, absolute below one.
    assert ((value - exact * normal).abs() / (exact * normal).abs().clamp_min(1)).max() < limit
    assert (derivative - normal - exact * bell).abs().max() < limit
    # The left tail keeps relative accuracy: erf-based forms lose it to 1 - erf.
    left = (exact < -1) & (exact > -9)
    assert ((value - exact * normal) / (exact * normal))[left].abs().max() < (3e-5 if dtype == torch.float32 else 1e-12)


@pytest.mark.parametrize('value,expected', [(float('inf'), float('inf')), (0.0, 0.0), (-100.0, 0.0), (100.0, 100.0)])
def test_extremes(value, expected):
    assert lora.gelu(torch.full((17,), value)).tolist() == [expected] * 17


def test_other_types_and_views():
    x = torch.randn(6, 9)
    torch.testing.assert_close(lora.gelu(x.half()), torch.nn.functional.gelu(x.half()))
    torch.testing.assert_close(lora.gelu(x.t()), torch.nn.functional.gelu(x.t()))
