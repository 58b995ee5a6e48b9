"""lora::linear_int8 against the same arithmetic in float64 on codes that PyTorch rounds."""
import pytest
import torch
from helpers import lora, relative, seed_of, with_seed


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


def over_codes(x, weights, biases, a, b, scaling, p=0.0, op='linear'):
    packed, packed_t = lora.prepack_linear_int8(weights), lora.prepack_linear_int8(weights, True)
    return with_seed(getattr(lora, op), x, weights, biases, a, b, scaling, p, packed, packed_t)


@pytest.mark.parametrize('op', ['linear', 'linear_gelu'])
@pytest.mark.parametrize('p', [0.0, 0.25])
@pytest.mark.parametrize('tokens,fan_in,outs,ranks', [
    (40, 96, [96, 96, 96], [8, 0, 8]),
    (7, 33, [50], [3]),
    (0, 32, [32], [2]),
    (130, 64, [200, 16], [0, 0]),
])
def test_training_over_codes(op, p, tokens, fan_in, outs, ranks):
    """What lora::linear makes of codes: their product and what the adapter adds, and gradients by the same codes."""
    x = torch.randn(tokens, fan_in, requires_grad=True)
    weights, biases = [torch.randn(out, fan_in) * 0.1 for out in outs], [torch.randn(out) for out in outs]
    a = [torch.randn(r, fan_in, requires_grad=True) if r else None for r in ranks]
    b = [torch.randn(out, r, requires_grad=True) if r else None for out, r in zip(outs, ranks)]
    scaling = [0.5 + i for i in range(len(outs))]
    y = over_codes(x, weights, biases, a, b, scaling, p, op)

    # The adapter alone, in float64, by an operator whose weights are nothing.
    nothing = [torch.zeros_like(w).double() for w in weights]
    wide_x = x.detach().double().requires_grad_()
    wide = [[None if t is None else t.detach().double().requires_grad_() for t in side] for side in (a, b)]
    added = lora.linear_reference(wide_x, nothing, [], *wide, scaling, p, seed_of())
    before = (expected(x.detach(), weights, biases, False) + added).requires_grad_()
    value = torch.nn.functional.gelu(before) if op == 'linear_gelu' else before
    assert relative(y.double(), value) < 2e-5
    if tokens == 0:
        return

    grad = torch.randn_like(y)
    dy, = torch.autograd.grad(value, before, grad.double(), retain_graph=True)
    leaves, wide_leaves = ([t for t in ts if t is not None] for ts in ([x, *a, *b], [wide_x, *wide[0], *wide[1]]))
    found = torch.autograd.grad(y, leaves, grad)
    wanted = torch.autograd.grad(added, wide_leaves, dy, allow_unused=True) if any(ranks) else [None]
    codes = [weight_codes(w) for w in weights]
    u, zero, scale = row_codes((dy * torch.cat([s.flatten() for _, s in codes])).float())
    dx = (u - zero) @ torch.cat([q for q, _ in codes]) * scale
    by_weight = dy @ torch.cat([q * s for q, s in codes])
    added_dx = wanted[0] if wanted[0] is not None else 0
    # GELU's derivative in float32 may move a value to the next code.
    assert relative(found[0].double(), dx + added_dx) < (1e-4 if op == 'linear' else 5e-3)
    assert (dx - by_weight).norm() < 0.02 * by_weight.norm(), 'codes of gradients are near the gradients'
    for ours, theirs in zip(found[1:], wanted[1:]):
        assert relative(ours.double(), theirs) < 1e-4


def test_codes_for_another_product_are_refused():
    x, weights = torch.randn(5, 32, requires_grad=True), [torch.randn(16, 32)]
    codes, transposed = lora.prepack_linear_int8(weights), lora.prepack_linear_int8(weights, True)
    with pytest.raises(ValueError, match='prepack_linear_int8'):
        lora.linear(x, weights, [], [], [], [], 0.0, transposed)
    with pytest.raises(ValueError, match='transposed'):
        lora.linear(x, weights, [], [], [], [], 0.0, codes, codes).sum().backward()
    with pytest.raises(ValueError, match='prepack_linear'):
        lora.linear(x.double(), [weights[0].double()], [], [], [], [], 0.0, codes)
    with pytest.raises(ValueError, match='prepack_linear'):
        lora.linear(x.bfloat16(), [weights[0].bfloat16()], [], [], [], [], 0.0, codes)
