import pytest
import torch
from helpers import assert_same, lora, tensor, tolerance


def plain(x):
    value, gate = x.chunk(2, -1)
    return torch.nn.functional.gelu(value) * gate


def test_gradcheck():
    assert torch.autograd.gradcheck(lora.geglu, tensor(5, 6))


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('shape', [(300, 2304), (7, 2), (2, 5, 34), (10,), (0, 8), (3, 0)])
def test_against_the_plain_composition(dtype, shape):
    x = tensor(*shape, dtype=dtype)
    out, expected = lora.geglu(x), plain(x)
    grad = torch.randn_like(out)
    assert_same([out, *torch.autograd.grad(out, x, grad)], [expected, *torch.autograd.grad(expected, x, grad)],
                tolerance(dtype))


def test_views_and_gradients_of_one_value():
    x = tensor(6, 9)
    assert_same([lora.geglu(x.t())], [plain(x.t())], 1e-15)
    assert_same(torch.autograd.grad(lora.geglu(x.t()).sum(), x), torch.autograd.grad(plain(x.t()).sum(), x), 1e-14)


def test_half_precision_runs_as_a_composition():
    x = torch.randn(4, 6, dtype=torch.float16, requires_grad=True)
    out, expected = lora.geglu(x), plain(x)
    assert torch.equal(out, expected)
    grad = torch.randn_like(out)
    torch.testing.assert_close(torch.autograd.grad(out, x, grad), torch.autograd.grad(expected, x, grad))


@pytest.mark.parametrize('x,error', [(torch.zeros(2, 3), ValueError), (torch.tensor(1.0), ValueError),
                                     (torch.zeros(2, 4).int(), TypeError)])
def test_wrong_input(x, error):
    with pytest.raises(error, match='geglu: expected x'):
        lora.geglu(x)


def test_wrong_gradients():
    with pytest.raises(ValueError, match=r'expected grad \[2, 2\], received \[2, 4\]'):
        lora._geglu_backward(torch.zeros(2, 4), torch.zeros(2, 4))
    with pytest.raises(TypeError, match='expected grad of Float'):
        lora._geglu_backward(torch.zeros(2, 2).double(), torch.zeros(2, 4))
