import pytest
import torch
from helpers import assert_same, cu_seqlens, lora, seed_of, tensor, tolerance, with_seed


def attention(qkv, lengths, p=0.0, scale=None):
    return with_seed(lora.varlen_attention, qkv, cu_seqlens(lengths), torch.tensor(max(lengths, default=0)), p, scale)


@pytest.mark.parametrize('p', [0.0, 0.3])
@pytest.mark.parametrize('lengths', [[1], [4, 3], [2, 0, 5]], ids=str)
@pytest.mark.parametrize('size', [3, 4])
def test_gradcheck(lengths, size, p):
    qkv = tensor(sum(lengths), 3, 2, size)
    assert torch.autograd.gradcheck(lambda x: attention(x, lengths, p), qkv)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('heads,size,lengths', [
    (12, 64, [3, 50, 1, 0, 128, 200]),
    (12, 32, [60, 13, 5]),
    (2, 20, [33, 17, 65]),
    (3, 128, [100, 5]),
    (1, 100, [7]),
    (2, 64, [512, 1, 130]),
    (4, 1, [9, 3]),
])
@pytest.mark.parametrize('p,scale', [(0.0, None), (0.2, 0.3)])
def test_against_reference(dtype, heads, size, lengths, p, scale):
    qkv = tensor(sum(lengths), 3, heads, size, dtype=dtype)
    out = attention(qkv, lengths, p, scale)
    expected = lora.varlen_attention_reference(qkv, cu_seqlens(lengths), torch.tensor(max(lengths)), p, scale,
                                               seed_of() if p else None)
    grad = torch.randn_like(out)
    assert_same([out, *torch.autograd.grad(out, qkv, grad)], [expected, *torch.autograd.grad(expected, qkv, grad)],
                tolerance(dtype))


def test_equals_scaled_dot_product_attention():
    qkv = torch.randn(37, 3, 4, 32)
    q, k, v = qkv.permute(1, 2, 0, 3).unsqueeze(1)
    expected = torch.nn.functional.scaled_dot_product_attention(q, k, v)[0].transpose(0, 1)
    torch.testing.assert_close(attention(qkv, [37]), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_strided_qkv_and_gradient(dtype):
    flat = tensor(11, 3 * 4 * 16 + 5, dtype=dtype)  # rows longer than qkv
    def run(op):
        return op(flat[:, 2:-3].unflatten(1, (3, 4, 16)))
    grad = torch.randn(4, 11, 16, dtype=dtype).transpose(0, 1)
    out = run(lambda x: attention(x, [6, 5]))
    expected = run(lambda x: lora.varlen_attention_reference(x, cu_seqlens([6, 5]), torch.tensor(6)))
    assert_same([out, *torch.autograd.grad(out, flat, grad)], [expected, *torch.autograd.grad(expected, flat, grad)],
                tolerance(dtype))
    by_head = tensor(11, 4, 16, 3, dtype=dtype)  # the head dimension is not contiguous
    assert_same([attention(by_head.permute(0, 3, 1, 2), [11])],
                [lora.varlen_attention_reference(by_head.permute(0, 3, 1, 2), cu_seqlens([11]), torch.tensor(11))],
                tolerance(dtype))


def test_large_scores_stay_finite():
    qkv = torch.randn(20, 3, 2, 16) * 100
    out = attention(qkv.requires_grad_(), [20])
    out.sum().backward()
    assert out.isfinite().all() and qkv.grad.isfinite().all()


def test_no_tokens():
    qkv = torch.randn(0, 3, 2, 16, requires_grad=True)
    out = lora.varlen_attention(qkv, torch.zeros(1, dtype=torch.int32), torch.tensor(0))
    assert out.shape == (0, 2, 16)
    out.sum().backward()
    assert qkv.grad.shape == qkv.shape


def test_mask_does_not_depend_on_max_seqlen():
    qkv = torch.randn(9, 3, 2, 16)
    outs = [with_seed(lora.varlen_attention, qkv, cu_seqlens([4, 5]), torch.tensor(n), 0.5) for n in (5, 512)]
    assert torch.equal(*outs)


def test_half_precision_runs_as_a_composition():
    qkv = torch.randn(9, 3, 2, 16, dtype=torch.float16, requires_grad=True)
    attention(qkv, [4, 5], 0.1).float().sum().backward()
    assert qkv.grad.isfinite().all()


@pytest.mark.parametrize('change,message', [
    (dict(qkv=torch.zeros(7, 2, 2, 4)), r'qkv \[T, 3, N, D\]'),
    (dict(cu_seqlens=torch.tensor([0, 7])), 'int32'),
    (dict(cu_seqlens=torch.tensor([0, 6]).int()), 'end at the number of tokens 7, received 6'),
    (dict(cu_seqlens=torch.tensor([1, 7]).int()), 'start at 0, received 1'),
    (dict(cu_seqlens=torch.tensor([0, 5, 3, 7]).int()), 'never to decrease, received 5 then 3 at index 2'),
    (dict(cu_seqlens=torch.tensor([], dtype=torch.int32)), 'at least one number'),
    (dict(max_seqlen=torch.tensor(6)), 'sequence 0 has 7 tokens, more than max_seqlen 6'),
    (dict(max_seqlen=torch.tensor(7.0)), 'integer scalar'),
    (dict(max_seqlen=torch.tensor([7])), 'integer scalar'),
    (dict(dropout_p=-0.1), 'from 0 to 1'),
])
def test_wrong_input(change, message):
    call = dict(qkv=torch.zeros(7, 3, 2, 4), cu_seqlens=torch.tensor([0, 7]).int(), max_seqlen=torch.tensor(7),
                dropout_p=0.0)
    with pytest.raises(ValueError, match=message):
        lora.varlen_attention(**{**call, **change})
