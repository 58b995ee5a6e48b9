"""bfloat16 on the processor: every operator and its gradients against the same numbers in float64, no further apart than
what is rounded on the way in and out explains."""
import pytest
import torch
from helpers import cu_seqlens, lora, relative, seed_of, with_seed
from test_linear import arguments, leaves, rebuilt

EPS = torch.finfo(torch.bfloat16).eps  # twice the largest relative error of one rounding


def narrow(*tensors):
    return [t.detach().to(torch.bfloat16).requires_grad_() for t in tensors]


def check(function, reference, args, tolerance=EPS):
    """`function` of bfloat16 tensors against `reference` of the same ones in float64: values, and gradients of all."""
    wide = [t.detach().double().requires_grad_() for t in args]
    y, expected = with_seed(function, *args), reference(*wide)
    assert y.dtype == torch.bfloat16 and y.shape == expected.shape
    grad = torch.randn_like(y)
    found = torch.autograd.grad(y, args, grad)
    wanted = torch.autograd.grad(expected, wide, grad.double())
    assert [g.dtype for g in found] == [t.dtype for t in args]
    for i, (a, b) in enumerate(zip((y, *found), (expected, *wanted))):
        assert relative(a.double(), b) < tolerance, f'tensor {i} of shape {tuple(b.shape)}: {relative(a.double(), b):.1e}'


@pytest.mark.parametrize('op', ['linear', 'linear_gelu'])
@pytest.mark.parametrize('adapters', [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize('tokens,fan_in,outs,ranks', [
    (0, 8, [8], [2]),
    (1, 1, [9], [1]),
    (7, 33, [5], [3]),                 # an odd depth: half a pair at the end of each row
    (70, 50, [33, 48, 7], [2, 0, 3]),
    (300, 96, [96, 96, 96], [8, 0, 8]),
    (40, 768, [768, 768, 768], [8, 0, 8]),
    (90, 64, [200], [21]),             # a rank that is no tile
    (500, 3072, [40], [0]),            # rows that do not stay in the cache
    (20, 40, [8] * 20, [0] * 20),      # more terms of dx than a tile takes at once
])
@pytest.mark.parametrize('p', [0.0, 0.25])
def test_linear(op, adapters, tokens, fan_in, outs, ranks, p):
    like = arguments(tokens, fan_in, outs, ranks, torch.float32)
    flat = narrow(*leaves(*like))
    first = 1 + 2 * len(outs)
    flat[first:] = [t.detach().to(adapters).requires_grad_() for t in flat[first:]]
    check(lambda *args: getattr(lora, op)(*rebuilt(args, like), p),
          lambda *args: getattr(lora, f'{op}_reference')(*rebuilt(args, like), p, seed_of()), flat,
          2 * EPS if op == 'linear_gelu' else EPS)


@pytest.mark.parametrize('tokens', [1, 17, 400])
@pytest.mark.parametrize('fan_in,outs', [(50, [33, 48, 7]), (33, [5]), (768, [768, 96])])
def test_packed_weights_give_the_same_bits(tokens, fan_in, outs):
    like = arguments(tokens, fan_in, outs, [2] + [0] * (len(outs) - 1), torch.float32)
    flat = narrow(*leaves(*like))
    args = rebuilt(flat, like)
    weight = args[1]
    packed = lora.prepack_linear(weight, False), lora.prepack_linear(weight, True)
    assert packed[0].dtype == torch.bfloat16
    results = []
    for extra in ((), packed):
        y = lora.linear(*args, 0.0, *extra)
        results.append([y, *torch.autograd.grad(y, flat, torch.ones_like(y))])
    for a, b in zip(*results):
        assert torch.equal(a, b)
    with pytest.raises(ValueError, match='another value of transpose|elements'):
        lora.linear(*args, 0.0, packed[1])
    with pytest.raises(ValueError, match='received .* of Float'):
        lora.linear(*args, 0.0, packed[0].float())


def test_views_of_linear():
    weight = torch.randn(3 * 16, 20).bfloat16()
    weights = [weight[:16], weight[16:32], weight.t().contiguous().t()[32:]]  # adjacent rows, and a transposed copy
    x = torch.randn(4, 3, 40).bfloat16()[:, :, ::2].requires_grad_()          # nothing contiguous
    y = lora.linear(x, weights, [], [], [], [])
    grad = torch.randn(48, 3, 4).permute(2, 1, 0).bfloat16()
    found, = torch.autograd.grad(y, x, grad)
    wide = weight.double()
    assert relative(y.double(), x.double() @ wide.t()) < EPS
    assert relative(found.double(), grad.double() @ wide) < EPS


def test_frozen_weights_keep_no_activation():
    x = torch.randn(9, 40).bfloat16().requires_grad_()
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: saved.append(t) or t, lambda t: t):
        lora.linear(x, [torch.randn(24, 40).bfloat16()], [], [], [], [])
    assert not any(t.shape == x.shape for t in saved)


LENGTHS = [3, 50, 1, 0, 128, 200]
BATCH = (cu_seqlens(LENGTHS), torch.tensor(200))


@pytest.mark.parametrize('heads,size', [(2, 64), (3, 20), (1, 1)])
@pytest.mark.parametrize('p', [0.0, 0.2])
@pytest.mark.parametrize('window', [(-1, -1), (10, 10), (0, 70)], ids=str)
def test_attention(heads, size, p, window):
    qkv, = narrow(torch.randn(sum(LENGTHS), 3, heads, size))
    check(lambda x: lora.varlen_attention(x, *BATCH, p, None, *window),
          lambda x: lora.varlen_attention_reference(x, *BATCH, p, None, seed_of() if p else None, *window), [qkv])


def test_attention_of_strided_rows():
    flat = torch.randn(11, 3 * 4 * 16 + 5).bfloat16()
    x = flat[:, 2:-3].unflatten(1, (3, 4, 16)).requires_grad_()
    batch = cu_seqlens([6, 5]), torch.tensor(6)
    grad = torch.randn(4, 11, 16).transpose(0, 1).bfloat16()
    out, wide = lora.varlen_attention(x, *batch), x.detach().double().requires_grad_()
    expected = lora.varlen_attention_reference(wide, *batch)
    assert relative(out.double(), expected) < EPS
    found, = torch.autograd.grad(out, x, grad)
    assert relative(found.double(), torch.autograd.grad(expected, wide, grad.double())[0]) < EPS


@pytest.mark.parametrize('tables', ['both', 'key', 'query', 'none'])
@pytest.mark.parametrize('heads,size,buckets,max_position', [(2, 64, 256, 512), (1, 20, -1, 24)])
@pytest.mark.parametrize('p', [0.0, 0.2])
def test_disentangled_attention(tables, heads, size, buckets, max_position, p):
    rows = 2 * (buckets if buckets > 0 else max_position)
    given = [tables in ('both', 'key'), tables in ('both', 'query')]
    flat = narrow(torch.randn(sum(LENGTHS), 3, heads, size), *(torch.randn(rows, heads, size) for g in given if g))

    def call(op, *seed):
        def run(qkv, *own):
            own = iter(own)
            key, query = (next(own) if g else None for g in given)
            return op(qkv, key, query, *BATCH, buckets, max_position, p, None, *seed)
        return run
    check(call(lora.disentangled_attention),
          lambda *args: call(lora.disentangled_attention_reference, seed_of() if p else None)(*args), flat)


@pytest.mark.parametrize('shape', [(850, 768), (3, 5), (4, 7, 384), (1, 8), (0, 16)], ids=str)
@pytest.mark.parametrize('p', [0.0, 0.1])
def test_layer_norm(shape, p):
    args = narrow(torch.randn(shape), torch.randn(shape), torch.randn(shape[-1]), torch.randn(shape[-1]))
    check(lambda *a: lora.dropout_add_layer_norm(*a, p, 1e-5),
          lambda *a: lora.dropout_add_layer_norm_reference(*a, p, 1e-5, seed_of() if p else None), args, 3 * EPS)


@pytest.mark.parametrize('shape', [(5, 6), (3, 16), (40, 130)], ids=str)
def test_elementwise(shape):
    x, = narrow(torch.randn(shape) * 3)
    check(lora.gelu, torch.nn.functional.gelu, [x])
    plain = lambda t: torch.nn.functional.gelu(t.chunk(2, -1)[0]) * t.chunk(2, -1)[1]
    check(lora.geglu, plain, [x])
    check(lambda t: lora.dropout(t, 0.3), lambda t: lora.dropout_reference(t, 0.3, seed_of()), [x])
    mask = lora.dropout_mask(seed_of(), shape, 0.3, x)
    assert torch.equal(mask, lora.dropout_mask_reference(seed_of(), shape, 0.3, x))


def test_rotary():
    angles = torch.arange(37.0).unsqueeze(1) / 10000 ** (torch.arange(8.0) / 8)
    cos, sin = angles.cos().bfloat16(), angles.sin().bfloat16()
    qkv, = narrow(torch.randn(37, 3, 2, 16))
    check(lambda x: lora.rotary(x, cos, sin), lambda x: lora.rotary(x, cos.double(), sin.double()), [qkv])


def test_rounding():
    """To the nearest, ties to even, and what is not a number stays so: as PyTorch rounds."""
    values = torch.cat([torch.randn(1000) * 10.0 ** torch.randint(-30, 30, (1000,)),
                        torch.tensor([0.0, -0.0, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 3.4e38, float('inf'), -float('inf')])])
    one, nothing = torch.ones(1, 1), torch.zeros(len(values), 1).bfloat16()
    y = lora.linear(one.bfloat16(), [nothing], [], [one], [values.unsqueeze(1)], [1.0])  # what the adapter adds
    assert torch.equal(y[0], values.bfloat16())
    broken = torch.full((1, 3), float('nan')).bfloat16()
    assert lora.linear(broken, [torch.ones(20, 3).bfloat16()], [], [], [], []).isnan().all()


def test_what_lies_behind_a_row_is_not_read():
    rows = torch.full((6, 8), float('nan')).bfloat16()
    rows[:, :5] = 1
    y = lora.linear(rows[:, :5], [torch.ones(3, 5).bfloat16()], [], [], [], [])
    assert torch.equal(y, torch.full((6, 3), 5.0).bfloat16())
