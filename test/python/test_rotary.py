import pytest
import torch
from helpers import assert_same, lora, tensor, tolerance


def tables(positions, size, theta=10_000.0, dtype=torch.float64):
    """cos and sin of the angles, as transformers makes them."""
    frequencies = 1.0 / theta ** (torch.arange(0, size, 2, dtype=torch.float64) / size)
    angles = positions.double()[:, None] * frequencies
    return angles.cos().to(dtype), angles.sin().to(dtype)


def rotate_half(x):
    first, second = x.chunk(2, -1)
    return torch.cat([-second, first], -1)


def plain(qkv, cos, sin):
    """apply_rotary_pos_emb of transformers."""
    c, s = (torch.cat([table, table], -1)[:, None] for table in (cos, sin))
    q, k, v = qkv.unbind(1)
    return torch.stack([q * c + rotate_half(q) * s, k * c + rotate_half(k) * s, v], 1)


@pytest.mark.parametrize('size', [2, 6])
def test_gradcheck(size):
    cos, sin = tables(torch.tensor([0, 1, 2, 0, 1]), size)
    qkv = tensor(5, 3, 2, size)
    assert torch.autograd.gradcheck(lambda x: lora.rotary(x, cos, sin), qkv)
    assert torch.autograd.gradgradcheck(lambda x: lora.rotary(x, cos, sin), qkv)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('heads,size', [(12, 64), (3, 20), (1, 2), (2, 128)])
def test_against_the_plain_composition(dtype, heads, size):
    tokens = 300
    cos, sin = tables(torch.arange(tokens) % 70, size, dtype=dtype)
    qkv = tensor(tokens, 3, heads, size, dtype=dtype)
    out, expected = lora.rotary(qkv, cos, sin), plain(qkv, cos, sin)
    grad = torch.randn_like(out)
    assert_same([out, *torch.autograd.grad(out, qkv, grad)], [expected, *torch.autograd.grad(expected, qkv, grad)],
                tolerance(dtype))


def test_strided_and_empty():
    cos, sin = tables(torch.arange(11), 16)
    flat = tensor(11, 3 * 4 * 16 + 5)
    view = flat[:, 2:-3].unflatten(1, (3, 4, 16))
    by_head = tensor(11, 4, 16, 3).permute(0, 3, 1, 2)
    assert_same([lora.rotary(x, cos, sin) for x in (view, by_head)], [plain(x, cos, sin) for x in (view, by_head)], 1e-14)
    assert lora.rotary(torch.zeros(0, 3, 4, 16), torch.zeros(0, 8), torch.zeros(0, 8)).shape == (0, 3, 4, 16)


def test_half_precision_turns_in_single():
    cos, sin = tables(torch.arange(9), 16, dtype=torch.float16)
    qkv = torch.randn(9, 3, 2, 16, dtype=torch.float16, requires_grad=True)
    out, expected = lora.rotary(qkv, cos, sin), plain(qkv.float(), cos.float(), sin.float()).half()
    assert torch.equal(out, expected)
    out.float().sum().backward()
    assert qkv.grad.isfinite().all()


@pytest.mark.parametrize('change,error,message', [
    (dict(qkv=torch.zeros(5, 2, 2, 4)), ValueError, r'qkv \[T, 3, N, D\]'),
    (dict(qkv=torch.zeros(5, 3, 2, 3)), ValueError, 'even D'),
    (dict(qkv=torch.zeros(5, 3, 2, 4).int()), TypeError, 'received Int'),
    (dict(cos=torch.zeros(4, 2)), ValueError, r'cos \[5, 2\], received \[4, 2\]'),
    (dict(sin=torch.zeros(5, 3)), ValueError, r'sin \[5, 2\], received \[5, 3\]'),
    (dict(sin=torch.zeros(5, 2).double()), TypeError, 'sin of Float on cpu like qkv, received Double'),
    (dict(cos=torch.zeros(5, 2).requires_grad_()), ValueError, 'need no gradient'),
])
def test_wrong_input(change, error, message):
    call = dict(qkv=torch.zeros(5, 3, 2, 4), cos=torch.zeros(5, 2), sin=torch.zeros(5, 2))
    with pytest.raises(error, match=message):
        lora.rotary(**{**call, **change})
