"""lora::linear_int8 against the same arithmetic in float64 on codes that PyTorch rounds."""
import pytest
import torch
from helpers import lora, relative


def weight_codes(weight):
    scale = weight.abs().amax(1, keepdim=True) / 127
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))
    return torch.round(weight / scale).double(), scale.double()


def row_codes(x):
    """Codes in 0..255 with a scale and a zero a row, and the range of a row always holds 0."""
    low, high = x.amin(1, keepdim=True).clamp(max=0), x.amax(1, keepdim=True).clamp(min=0)
    span = high - low
    inverse = torch.where(span > 0, torch.tensor(255.0) / span, torch.zeros_like(span))  # 255 / span is a reciprocal
    zero = torch.round(-low * inverse)
    return (torch.round(x * inverse) + zero).clamp(0, 255).double(), zero.double(), (span / 255).double()


def expected(x, weights, biases, gelu):
    u, zero, x_scale = row_codes(x)
    parts = []
    for i, weight in enumerate(weights):
        q, scale = weight_codes(weight)
        y = (u - zero) @ q.t() * x_scale * scale.t()
        parts.append(y + biases[i].double() if biases else y)
    y = torch.cat(parts, 1)
    return torch.nn.functional.gelu(y) if gelu else y


def run(x, weights, biases, gelu=False):
    return lora.linear_int8(x, lora.prepack_linear_int8(weights), [w.shape[0] for w in weights], biases, gelu)


@pytest.mark.parametrize('gelu', [False, True])
@pytest.mark.parametrize('bias', [False, True])
@pytest.mark.parametrize('tokens,fan_in,outs', [
    (1, 32, [32]),
    (0, 32, [32]),
    (16, 768, [768, 768, 768]),
    (131, 768, [3072]),
    (7, 3073, [50, 7, 130]),  # k that fills no group, widths that fill no panel
    (5, 3, [1]),
])
def test_values(tokens, fan_in, outs, bias, gelu):
    x = torch.randn(tokens, fan_in) * torch.rand(tokens, 1) * 10 + torch.randn(tokens, 1)
    weights = [torch.randn(out, fan_in) for out in outs]
    biases = [torch.randn(out) for out in outs] if bias else []
    y = run(x, weights, biases, gelu)
    assert y.shape == (tokens, sum(outs)) and y.dtype == torch.float32
    assert relative(y.double(), expected(x, weights, biases, gelu)) < 2e-6


def test_extreme_codes_do_not_saturate():
    """Neighbouring products of 255 * 127, all of one sign: what 16-bit sums of pairs cannot hold."""
    x, weight = torch.ones(3, 4096), torch.ones(9, 4096)
    assert torch.allclose(run(x, [weight], []), torch.full((3, 9), 4096.0), rtol=1e-6)
    assert torch.allclose(run(x, [-weight], []), torch.full((3, 9), -4096.0), rtol=1e-6)


def test_a_row_does_not_depend_on_its_neighbours():
    x, weight = torch.randn(40, 768), torch.randn(100, 768)
    x[7] *= 1000
    packed = lora.prepack_linear_int8([weight])
    whole = lora.linear_int8(x, packed, [100], [])
    for row in range(40):
        assert torch.equal(lora.linear_int8(x[row:row + 1], packed, [100], []), whole[row:row + 1])


def test_close_to_float():
    x, weight = torch.randn(64, 768), torch.randn(768, 768) * 0.02
    assert relative(run(x, [weight], []), x @ weight.t()) < 0.02


def test_zeros_and_what_is_not_finite():
    weight = torch.randn(8, 16)
    weight[3] = 0
    x = torch.randn(4, 16)
    x[0] = 0
    x[1, 5] = float('nan')
    x[2, 5] = float('inf')
    y = run(x, [weight], [])
    assert torch.equal(y[0], torch.zeros(8)) and y[1].isnan().all() and y[2].isnan().all()
    assert y[3].isfinite().all() and y[3, 3] == 0


@pytest.mark.parametrize('call,message', [
    (lambda: lora.prepack_linear_int8([torch.randn(3, 4).double()]), 'expected float weights'),
    (lambda: lora.prepack_linear_int8([torch.randn(3, 4), torch.randn(3, 5)]), 'one in'),
    (lambda: lora.prepack_linear_int8([torch.randn(0, 4)]), 'none of them empty'),
    (lambda: run(torch.randn(2, 4).double(), [torch.randn(3, 4)], []), 'expected float x'),
    (lambda: run(torch.randn(2, 2, 4), [torch.randn(3, 4)], []), r'expected x \[T, in\]'),
    (lambda: run(torch.randn(2, 5), [torch.randn(3, 4)], []), 'prepack_linear_int8'),
    (lambda: run(torch.randn(2, 4), [torch.randn(3, 4)], [torch.randn(2)]), r'expected bias \[3\], received \[2\]'),
    (lambda: run(torch.randn(2, 4), [torch.randn(3, 4)], [torch.randn(3)] * 2), 'a bias a weight'),
    (lambda: lora.linear_int8(torch.randn(2, 4), torch.zeros(10, dtype=torch.int8), [3], []), 'prepack_linear_int8'),
    (lambda: lora.linear_int8(torch.randn(2, 4), lora.prepack_linear_int8([torch.randn(3, 4)]), [2], []), 'other weights'),
    (lambda: lora.linear_int8(torch.randn(2, 4), lora.prepack_linear_int8([torch.randn(3, 4)]), [], []), 'prepack_linear_int8'),
])
def test_refuses(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_gradients_are_refused():
    x = torch.randn(2, 4, requires_grad=True)
    y = run(x, [torch.randn(3, 4)], [])
    with pytest.raises(RuntimeError, match='linear_int8'):
        y.sum().backward()
