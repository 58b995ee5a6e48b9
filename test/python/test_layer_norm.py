import pytest
import torch
from helpers import assert_same, lora, seed_of, tensor, tolerance, with_seed


def arguments(*shape, dtype=torch.float64):
    return (tensor(*shape, dtype=dtype), tensor(*shape, dtype=dtype), tensor(shape[-1], dtype=dtype),
            tensor(shape[-1], dtype=dtype))


@pytest.mark.parametrize('p', [0.0, 0.3, 1.0])
@pytest.mark.parametrize('shape', [(5, 6), (2, 3, 19), (1, 1)], ids=str)
def test_gradcheck(shape, p):
    function = lambda *args: with_seed(lora.dropout_add_layer_norm, *args, p, 1e-3)
    assert torch.autograd.gradcheck(function, arguments(*shape))


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('shape', [(850, 768), (3, 5), (130, 50), (4, 7, 384), (1, 8), (0, 16)], ids=str)
@pytest.mark.parametrize('p', [0.0, 0.1])
def test_against_reference(shape, dtype, p):
    args = arguments(*shape, dtype=dtype)
    y = with_seed(lora.dropout_add_layer_norm, *args, p, 1e-5)
    expected = lora.dropout_add_layer_norm_reference(*args, p, 1e-5, seed_of() if p else None)
    grad = torch.randn_like(y)
    assert_same([y, *torch.autograd.grad(y, args, grad)], [expected, *torch.autograd.grad(expected, args, grad)],
                10 * tolerance(dtype))


def test_a_weight_of_zero():
    x, residual, _, bias = arguments(5, 6)
    weight = torch.zeros(6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda *a: lora.dropout_add_layer_norm(*a, 0.0, 1e-5), (x, residual, weight, bias))


def test_gradients_only_where_asked():
    x, residual, weight, bias = arguments(9, 16, dtype=torch.float32)
    for t in (weight, bias, x):
        t.requires_grad_(False)
    with_seed(lora.dropout_add_layer_norm, x, residual, weight, bias, 0.2, 1e-5).sum().backward()
    assert residual.grad is not None and x.grad is None and weight.grad is None and bias.grad is None
    with torch.no_grad():
        assert not lora.dropout_add_layer_norm(x, residual, weight, bias, 0.0, 1e-5).requires_grad


def test_views():
    x, residual = tensor(16, 9).t(), tensor(9, 32)[:, ::2]
    weight, bias = tensor(16), tensor(32)[::2]
    y = lora.dropout_add_layer_norm(x, residual, weight, bias, 0.0, 1e-5)
    assert_same([y], [lora.dropout_add_layer_norm_reference(x, residual, weight, bias, 0.0, 1e-5)], 1e-12)


@pytest.mark.parametrize('change,message', [
    (dict(residual=torch.zeros(5, 7)), 'one shape'),
    (dict(weight=torch.zeros(5)), r'weight and bias \[6\]'),
    (dict(dropout_p=2.0), 'from 0 to 1'),
])
def test_wrong_input(change, message):
    call = dict(x=torch.zeros(5, 6), residual=torch.zeros(5, 6), weight=torch.zeros(6), bias=torch.zeros(6),
                dropout_p=0.0, eps=1e-5)
    with pytest.raises(ValueError, match=message):
        lora.dropout_add_layer_norm(**{**call, **change})


def test_wrong_type():
    with pytest.raises(TypeError, match='every tensor of Float'):
        lora.dropout_add_layer_norm(torch.zeros(5, 6), torch.zeros(5, 6).double(), torch.zeros(6), torch.zeros(6), 0, 1)
