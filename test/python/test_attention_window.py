"""Attention in a window, against a masked softmax and against the library's own composition."""
import pytest
import torch
from helpers import assert_same, cu_seqlens, lora, seed_of, tensor, tolerance, with_seed


def attention(qkv, lengths, p=0.0, window=(-1, -1)):
    return with_seed(lora.varlen_attention, qkv, cu_seqlens(lengths), torch.tensor(max(lengths)), p, None, *window)


def masked(qkv, lengths, window):
    """torch's own attention, a sequence at a time, with the window as a mask."""
    left, right = (10 ** 6 if side < 0 else side for side in window)
    parts = []
    for part in qkv.split(lengths):
        q, k, v = part.permute(1, 2, 0, 3).unsqueeze(1)
        distance = torch.arange(len(part)) - torch.arange(len(part))[:, None]
        seen = (distance >= -left) & (distance <= right)
        parts.append(torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=seen)[0].transpose(0, 1))
    return torch.cat(parts)


@pytest.mark.parametrize('p', [0.0, 0.3])
@pytest.mark.parametrize('window', [(1, 1), (0, 0), (-1, 1), (2, 0)])
def test_gradcheck(window, p):
    qkv = tensor(9, 3, 2, 3)
    assert torch.autograd.gradcheck(lambda x: attention(x, [6, 1, 2], p, window), qkv)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('heads,size,lengths', [
    (3, 64, [3, 50, 1, 128, 200]),
    (2, 20, [33, 17, 65]),
    (1, 64, [700, 1, 259]),
    (2, 5, [513]),
])
@pytest.mark.parametrize('window', [(64, 64), (5, 0), (-1, 3), (0, 0), (200, 31), (1000, 1000)])
def test_against_a_masked_softmax(dtype, heads, size, lengths, window):
    qkv = tensor(sum(lengths), 3, heads, size, dtype=dtype)
    out, expected = attention(qkv, lengths, 0.0, window), masked(qkv, lengths, window)
    grad = torch.randn_like(out)
    assert_same([out, *torch.autograd.grad(out, qkv, grad)], [expected, *torch.autograd.grad(expected, qkv, grad)],
                tolerance(dtype))


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('lengths', [[300, 20], [700]], ids=str)
@pytest.mark.parametrize('window', [(64, 64), (-1, 10), (-1, -1)])
def test_dropout_against_the_composition(dtype, lengths, window):
    qkv = tensor(sum(lengths), 3, 2, 32, dtype=dtype)
    out = attention(qkv, lengths, 0.2, window)
    expected = lora.varlen_attention_reference(qkv, cu_seqlens(lengths), torch.tensor(max(lengths)), 0.2, None,
                                               seed_of(), *window)
    grad = torch.randn_like(out)
    assert_same([out, *torch.autograd.grad(out, qkv, grad)], [expected, *torch.autograd.grad(expected, qkv, grad)],
                tolerance(dtype))


@pytest.mark.parametrize('window', [(64, 64), (-1, 3), (0, 0)])
def test_the_composition_against_a_masked_softmax(window):
    lengths = [300, 1, 20]
    qkv = tensor(sum(lengths), 3, 2, 8)
    out = lora.varlen_attention_reference(qkv, cu_seqlens(lengths), torch.tensor(300), 0.0, None, None, *window)
    expected = masked(qkv, lengths, window)
    grad = torch.randn_like(out)
    assert_same([out, *torch.autograd.grad(out, qkv, grad)], [expected, *torch.autograd.grad(expected, qkv, grad)], 1e-12)


def test_what_lies_outside_is_not_read():
    qkv = torch.randn(400, 3, 2, 16)
    near = attention(qkv, [400], 0.0, (10, 10))
    qkv[200:] = 1e6
    assert torch.equal(attention(qkv, [400], 0.0, (10, 10))[:190], near[:190])


def test_half_precision_runs_as_a_composition():
    qkv = torch.randn(300, 3, 2, 16, dtype=torch.float16)
    torch.testing.assert_close(attention(qkv, [300], 0.0, (8, 8)).float(), masked(qkv.float(), [300], (8, 8)),
                               rtol=3e-2, atol=3e-2)


@pytest.mark.parametrize('window', [(-2, 3), (3, -7)])
def test_wrong_windows(window):
    with pytest.raises(ValueError, match=f'window of -1 .* received {window[0]} and {window[1]}'):
        attention(torch.zeros(7, 3, 2, 4), [7], 0.0, window)
