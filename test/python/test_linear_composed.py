"""The composition of lora::linear that CUDA runs, on the processor against the reference, to float64's precision.

Complex tensors have no kernels of ours, so they take the composition; with real numbers in them they are float64.
"""
import pytest
import torch
from helpers import assert_same, lora, seed_of, with_seed
from test_linear import arguments, leaves, rebuilt

# Few tokens and many, around where one product for all segments begins to move fewer bytes, forward and backward.
TOKENS = [0, 1, 7, 60, 400]


@pytest.mark.parametrize('tokens', TOKENS)
@pytest.mark.parametrize('fan_in,outs,ranks', [
    (8, [8], [2]),
    (13, [5], [3]),              # no width is a multiple of anything
    (48, [12], [4]),             # narrow: the low-rank part is written first however many tokens there are
    (16, [16, 16, 16], [4, 0, 4]),
    (7, [9, 4, 11], [1, 3, 8]),
    (16, [16, 16], [0, 0]),
    (12, [20], [0]),
    (6, [5], [9]),               # a rank above the input size
])
@pytest.mark.parametrize('p', [0.0, 0.3])
@pytest.mark.parametrize('bias', [True, False])
def test_against_reference(tokens, fan_in, outs, ranks, p, bias):
    like = arguments(tokens, fan_in, outs, ranks, bias=bias)
    flat = leaves(*like)
    expected = lora.linear_reference(*like, p, seed_of())
    grad = torch.randn_like(expected)
    composed = [t.detach().to(torch.complex128).requires_grad_() for t in flat]
    y = with_seed(lora.linear, *rebuilt(composed, like), p)
    found = [y, *torch.autograd.grad(y, composed, grad.to(torch.complex128))]
    assert_same([t.real for t in found], [expected, *torch.autograd.grad(expected, flat, grad)], 1e-12)


@pytest.mark.parametrize('tokens', [7, 400])
def test_frozen_weights(tokens):
    """Only adapters and x: what LoRA asks for."""
    like = arguments(tokens, 16, [16, 16, 16], [4, 0, 4])
    flat = leaves(*like)
    trained = [i for i, t in enumerate(flat) if i == 0 or i > 6]
    expected = lora.linear_reference(*like, 0.2, seed_of())
    grad = torch.randn_like(expected)
    composed = [t.detach().to(torch.complex128).requires_grad_(i in trained) for i, t in enumerate(flat)]
    y = with_seed(lora.linear, *rebuilt(composed, like), 0.2)
    found = torch.autograd.grad(y, [composed[i] for i in trained], grad.to(torch.complex128))
    assert_same([t.real for t in found], torch.autograd.grad(expected, [flat[i] for i in trained], grad), 1e-12)
    with torch.no_grad():
        assert_same([with_seed(lora.linear, *rebuilt(composed, like), 0.2).real], [expected], 1e-12)


@pytest.mark.parametrize('tokens', [7, 400])
@pytest.mark.parametrize('ranks', [[4, 0, 4], [0, 0, 0]])
@pytest.mark.parametrize('bias', [True, False])
def test_weights_in_one_storage(tokens, ranks, bias):
    """Views of one storage, as lora::share_storage_ makes them, are one product; the values are those of three."""
    like = arguments(tokens, 16, [16, 12, 16], ranks, bias=bias)
    flat = leaves(*like)
    trained = [i for i, t in enumerate(flat) if i == 0 or i > (6 if bias else 3)]
    expected = lora.linear_reference(*like, 0.2, seed_of())
    grad = torch.randn_like(expected)
    composed = [t.detach().to(torch.complex128).requires_grad_(i in trained) for i, t in enumerate(flat)]
    lora.share_storage_(composed[1:4])
    if bias:
        lora.share_storage_(composed[4:7])
    assert composed[3].data_ptr() == composed[1].data_ptr() + 16 * 28 * 16
    y = with_seed(lora.linear, *rebuilt(composed, like), 0.2)
    found = torch.autograd.grad(y, [composed[i] for i in trained], grad.to(torch.complex128))
    assert_same([t.real for t in found], torch.autograd.grad(expected, [flat[i] for i in trained], grad), 1e-12)


def test_share_storage_keeps_values_and_refuses_what_differs():
    tensors = [torch.randn(3, 4), torch.randn(2, 4, requires_grad=True), torch.randn(4, 5).t()[:, :4]]
    before = [t.detach().clone() for t in tensors]
    lora.share_storage_(tensors)
    assert all(torch.equal(t, old) and t.is_contiguous() for t, old in zip(tensors, before))
    assert tensors[1].requires_grad and tensors[1].untyped_storage().data_ptr() == tensors[0].untyped_storage().data_ptr()
    with pytest.raises(ValueError, match=r'differ in their first size only'):
        lora.share_storage_([torch.randn(3, 4), torch.randn(3, 5)])
    with pytest.raises(ValueError, match=r'one type'):
        lora.share_storage_([torch.randn(3, 4), torch.randn(3, 4, dtype=torch.float64)])
