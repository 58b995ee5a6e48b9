import pytest
import torch
from helpers import assert_same, lora, relative, seed_of, tensor, tolerance, with_seed

# (in, [out_i], [R_i], dropout); R 0 is a segment without an adapter.
CASES = [
    (6, [4], [2], 0.0),
    (6, [4], [2], 0.4),
    (6, [4, 5, 3], [2, 0, 3], 0.0),
    (6, [4, 5, 3], [2, 0, 3], 0.4),
    (5, [7, 2], [0, 0], 0.3),
]


def arguments(tokens, fan_in, outs, ranks, dtype=torch.float64, bias=True):
    x = tensor(tokens, fan_in, dtype=dtype)
    weight = [tensor(out, fan_in, dtype=dtype) for out in outs]
    biases = [tensor(out, dtype=dtype) for out in outs] if bias else []
    a = [tensor(rank, fan_in, dtype=dtype) if rank else None for rank in ranks]
    b = [tensor(out, rank, dtype=dtype) if rank else None for out, rank in zip(outs, ranks)]
    scaling = [0.5 + i for i in range(len(outs))]
    return x, weight, biases, a, b, scaling


def leaves(x, weight, bias, a, b, scaling):
    return [x, *weight, *bias, *(t for t in a + b if t is not None)]


def rebuilt(flat, like):
    """The arguments again, from a flat list in the order of leaves()."""
    flat = iter(flat)
    x, weight, bias, a, b, scaling = like
    return (next(flat), [next(flat) for _ in weight], [next(flat) for _ in bias],
            [None if t is None else next(flat) for t in a], [None if t is None else next(flat) for t in b], scaling)


@pytest.mark.parametrize('op', ['linear', 'linear_gelu'])
@pytest.mark.parametrize('case', CASES, ids=str)
def test_gradcheck(op, case):
    fan_in, outs, ranks, p = case
    like = arguments(5, fan_in, outs, ranks)
    function = getattr(lora, op)
    assert torch.autograd.gradcheck(lambda *flat: with_seed(function, *rebuilt(flat, like), p), leaves(*like))


@pytest.mark.parametrize('op', ['linear', 'linear_gelu'])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('tokens,fan_in,outs,ranks', [
    (1, 32, [32], [8]),
    (0, 32, [32], [8]),
    (7, 768, [768, 768, 768], [8, 0, 8]),
    (131, 768, [3072], [16]),
    (300, 1100, [50, 7, 130], [4, 4, 1]),  # deeper than one pass, widths that fill no panel
    (33, 100, [64], [300]),                # a rank above the input size
])
@pytest.mark.parametrize('p', [0.0, 0.25])
def test_against_reference(op, dtype, tokens, fan_in, outs, ranks, p):
    like = arguments(tokens, fan_in, outs, ranks, dtype)
    y = with_seed(getattr(lora, op), *like, p)
    expected = getattr(lora, f'{op}_reference')(*like, p, seed_of())
    grad = torch.randn_like(y)
    flat = leaves(*like)
    assert_same([y, *torch.autograd.grad(y, flat, grad)], [expected, *torch.autograd.grad(expected, flat, grad)],
                10 * tolerance(dtype))


def test_without_adapters_bias_or_gradients():
    x, weight, *_ = arguments(9, 40, [24, 8], [0, 0], torch.float32)
    with torch.no_grad():
        y = lora.linear(x, weight, [], [], [], [])
        torch.testing.assert_close(y, torch.cat([x @ w.t() for w in weight], 1), rtol=1e-5, atol=1e-4)
    assert not y.requires_grad


def test_frozen_weights_get_no_gradient_and_keep_no_activation():
    x, weight, bias, a, b, scaling = arguments(9, 40, [24], [2], torch.float32)
    for t in (*weight, *bias):
        t.requires_grad_(False)
    saved = []

    def keep(t):
        saved.append(t)
        return t
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
        lora.linear(x, weight, bias, [], [], [])
        assert not any(t.shape == x.shape for t in saved), 'a frozen layer must not keep its input'
        saved.clear()
        y = lora.linear(x, weight, bias, a, b, scaling)
        assert sum(t.shape == x.shape for t in saved) == 1
    y.sum().backward()
    assert weight[0].grad is None and bias[0].grad is None
    assert x.grad is not None and a[0].grad is not None and b[0].grad is not None


def test_only_some_adapters_require_gradients():
    like = arguments(6, 8, [4, 4], [2, 2])
    x, weight, bias, a, b, scaling = like
    for t in (x, *weight, *bias, a[0], b[1]):
        t.requires_grad_(False)
    found = torch.autograd.grad(lora.linear(*like).square().sum(), [a[1], b[0]])
    expected = torch.autograd.grad(lora.linear_reference(*like).square().sum(), [a[1], b[0]])
    assert_same(found, expected, 1e-12)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_views_and_leading_dimensions(dtype):
    fused = torch.randn(3 * 16, 20, dtype=dtype)
    weight = [fused[:16], fused[16:32], fused.t().contiguous().t()[32:]]  # adjacent rows, and a transposed copy
    x = torch.randn(4, 3, 40, dtype=dtype)[:, :, ::2].requires_grad_()   # nothing contiguous
    a, b = [None, torch.randn(20, 2, dtype=dtype).t(), None], [None, torch.randn(2, 16, dtype=dtype).t(), None]
    y = lora.linear(x, weight, [], a, b, [0.0, 2.0, 0.0])
    expected = lora.linear_reference(x, weight, [], a, b, [0.0, 2.0, 0.0])
    assert y.shape == (4, 3, 48)
    grad = torch.randn(48, 3, 4, dtype=dtype).permute(2, 1, 0)
    assert_same([y, *torch.autograd.grad(y, x, grad)], [expected, *torch.autograd.grad(expected, x, grad)],
                tolerance(dtype))
    assert_same(torch.autograd.grad(lora.linear(x, weight, [], a, b, [0.0, 2.0, 0.0]).sum(), x),
                torch.autograd.grad(lora.linear_reference(x, weight, [], a, b, [0.0, 2.0, 0.0]).sum(), x),
                tolerance(dtype))


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_prepacked_weights(dtype):
    like = arguments(17, 50, [33, 48, 7], [2, 0, 3], dtype)
    weight = like[1]
    packed, packed_t = lora.prepack_linear(weight, False), lora.prepack_linear(weight, True)
    flat = leaves(*like)
    results = []
    for extra in ((), (packed, packed_t)):
        y = lora.linear(*like, 0.0, *extra)
        results.append([y, *torch.autograd.grad(y, flat, torch.ones_like(y))])
    for a, b in zip(*results):
        assert torch.equal(a, b)
    with pytest.raises(ValueError, match='another value of transpose|elements'):
        lora.linear(*like, 0.0, packed_t)
    with pytest.raises(ValueError, match='prepack_linear'):
        lora.linear(*like, 0.0, packed[:-1])


def test_half_precision_runs_as_a_composition():
    like = arguments(9, 32, [16], [4], torch.float16)
    y = with_seed(lora.linear, *like, 0.2)
    y.float().sum().backward()
    expected = lora.linear_reference(*like, 0.2, seed_of())
    assert relative(y.float(), expected.float()) < 0.05
    assert like[0].grad.dtype == torch.float16


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
@pytest.mark.parametrize('p', [0.0, 0.2])
def test_float32_adapter_under_half_precision(dtype, p):
    x, weight, bias, a, b, scaling = arguments(64, 32, [16, 24], [4, 0], torch.float32)
    narrow = [t.detach().to(dtype).requires_grad_() for t in (x, *weight, *bias)]
    like = (narrow[0], narrow[1:3], narrow[3:], a, b, scaling)
    y = with_seed(lora.linear, *like, p)
    assert y.dtype == dtype
    grad = torch.randn_like(y)
    flat = leaves(*like)
    found = torch.autograd.grad(y, flat, grad)
    assert [g.dtype for g in found] == [t.dtype for t in flat], 'a gradient has the type of its parameter'
    wide = arguments(64, 32, [16, 24], [4, 0], torch.float32)
    truth = rebuilt([t.detach().float().requires_grad_() for t in flat], wide)
    expected = lora.linear_reference(*truth[:5], scaling, p, seed_of())
    eps = torch.finfo(dtype).eps
    assert_same([t.float() for t in (y, *found)],
                [expected, *torch.autograd.grad(expected, leaves(*truth), grad.float())], 4 * eps)
    # PEFT's own order, which the reference follows, is no nearer to float32.
    theirs = lora.linear_reference(*like, p, seed_of())
    assert relative(y.float(), expected) <= 2 * relative(theirs.float(), expected) + eps


def test_adapter_of_another_type_is_refused():
    x, weight, bias, a, b, scaling = arguments(5, 6, [4], [2], torch.float32)
    with pytest.raises(TypeError, match='expected lora_A of Float'):
        lora.linear(x, weight, bias, [a[0].double()], b, scaling)
    with pytest.raises(TypeError, match='expected lora_B of BFloat16'):
        lora.linear(x.bfloat16(), [weight[0].bfloat16()], [bias[0].bfloat16()], a, [b[0].half()], scaling)


def test_one_seed_a_call():
    like = arguments(50, 64, [64], [8], torch.float32)
    assert torch.equal(with_seed(lora.linear, *like, 0.5), with_seed(lora.linear, *like, 0.5))
    assert not torch.equal(with_seed(lora.linear, *like, 0.5), with_seed(lora.linear, *like, 0.5, seed=4))
    torch.manual_seed(1)
    before = torch.get_rng_state()
    lora.linear(*like, 0.0)
    assert torch.equal(before, torch.get_rng_state()), 'without dropout the generator must not move'


@pytest.mark.parametrize('dtype', [torch.float32, torch.complex64], ids=['kernels', 'composition'])
def test_segments_drop_independently(dtype):
    """As the three modules do that query, key and value are in PEFT: with one adapter thrice, three other results."""
    x, weight, a, b = torch.ones(64, 32), torch.zeros(8, 32), torch.ones(1, 32), torch.ones(8, 1)
    x, weight, a, b = (t.to(dtype) for t in (x, weight, a, b))
    y = with_seed(lora.linear, x, [weight] * 3, [], [a] * 3, [b] * 3, [1.0] * 3, 0.5).real
    kept = y[:, ::8] - y[:, ::8].mean(0)  # how many of 32 elements each token keeps, for each segment
    correlation = torch.corrcoef(kept.t()) - torch.eye(3)
    assert correlation.abs().max() < 0.5, correlation


def test_second_derivative_is_refused():
    x, weight, bias, a, b, scaling = arguments(5, 6, [4], [2])
    grad, = torch.autograd.grad(lora.linear_gelu(x, weight, bias, a, b, scaling).square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match='not implemented'):
        grad.sum().backward()


@pytest.mark.parametrize('change,message', [
    (dict(weight=[]), 'at least one weight'),
    (dict(weight=[torch.zeros(4, 7)]), r'weight 0 \[out, 6\]'),
    (dict(bias=[torch.zeros(5)]), r'bias 0 \[4\]'),
    (dict(bias=[torch.zeros(4), torch.zeros(4)]), 'one a weight'),
    (dict(scaling=[]), 'all empty or to have one entry a weight'),
    (dict(lora_B=[None]), 'has lora_A but not lora_B'),
    (dict(lora_A=[torch.zeros(2, 5)]), r'lora_A 0 \[R, 6\]'),
    (dict(lora_B=[torch.zeros(4, 3)]), r'lora_B 0 \[4, 2\]'),
    (dict(dropout_p=1.5), 'from 0 to 1'),
])
def test_wrong_input(change, message):
    call = dict(x=torch.zeros(5, 6), weight=[torch.zeros(4, 6)], bias=[torch.zeros(4)], lora_A=[torch.zeros(2, 6)],
                lora_B=[torch.zeros(4, 2)], scaling=[1.0], dropout_p=0.0)
    with pytest.raises(ValueError, match=message):
        lora.linear(**{**call, **change})


def test_wrong_type():
    with pytest.raises(TypeError, match='expected weight of Float'):
        lora.linear(torch.zeros(5, 6), [torch.zeros(4, 6).double()], [], [], [], [])
