"""torch.library.opcheck: schemas tell the truth, autograd is registered right, fake tensors give the same shapes."""
import pytest
import torch
from helpers import cu_seqlens, lora, tensor


def linear(op, **options):
    x = tensor(5, 6, dtype=torch.float32)
    weight, bias = [tensor(4, 6, dtype=torch.float32), tensor(3, 6, dtype=torch.float32)], [torch.randn(4), torch.randn(3)]
    a, b = [tensor(2, 6, dtype=torch.float32), None], [tensor(4, 2, dtype=torch.float32), None]
    return op, (x, weight, bias, a, b, [0.5, 0.0]), options


QKV = (7, 3, 2, 4)
BATCH = (cu_seqlens([4, 3]), torch.tensor(4))
TABLES = tuple(torch.randn(8, 2, 4, requires_grad=True) for _ in range(2))
NORM = tuple(torch.randn(*shape, requires_grad=True) for shape in ((5, 6), (5, 6), (6,), (6,)))
SEED = torch.tensor(5)

DETERMINISTIC = {
    'linear': linear(lora.linear.default),
    'linear without adapters': (lora.linear.default, (torch.randn(2, 5, 6), [torch.randn(4, 6, requires_grad=True)], [],
                                                      [], [], []), {}),
    'linear_gelu': linear(lora.linear_gelu.default),
    'prepack_linear': (lora.prepack_linear.default, ([torch.randn(4, 6)], True), {}),
    'prepack_linear_int8': (lora.prepack_linear_int8.default, ([torch.randn(4, 6)],), {}),
    'linear_int8': (lora.linear_int8.default, (torch.randn(5, 6), lora.prepack_linear_int8([torch.randn(4, 6)]), [4],
                                               [torch.randn(4)], True), {}),
    'varlen_attention': (lora.varlen_attention.default, (torch.randn(QKV, requires_grad=True), *BATCH), {}),
    'varlen_attention in a window': (lora.varlen_attention.default,
                                     (torch.randn(QKV, requires_grad=True), *BATCH, 0.0, None, 1, 2), {}),
    'rotary': (lora.rotary.default, (torch.randn(QKV, requires_grad=True), torch.randn(7, 2), torch.randn(7, 2)), {}),
    'geglu': (lora.geglu.default, (torch.randn(5, 6, requires_grad=True),), {}),
    'first_token_attention': (lora.first_token_attention.default,
                              (torch.randn(7, 6), torch.randn(2, 2, 4), torch.randn(8, 6), torch.randn(8, 6), torch.randn(8),
                               *BATCH), {}),
    'disentangled_attention': (lora.disentangled_attention.default,
                               (torch.randn(QKV, requires_grad=True), *TABLES, *BATCH, 4, 8), {}),
    'disentangled_attention with one table': (lora.disentangled_attention.default,
                                              (torch.randn(QKV), None, TABLES[1], *BATCH, 4, 8), {}),
    'dropout_add_layer_norm': (lora.dropout_add_layer_norm.default, (*NORM, 0.0, 1e-5), {}),
    'gelu': (lora.gelu.default, (torch.randn(5, 6, requires_grad=True),), {}),
    'dropout_mask': (lora.dropout_mask.default, (SEED, [4, 5], 0.5, torch.empty(0)), {}),
    'dropout at 0': (lora.dropout.default, (torch.randn(5, 6, requires_grad=True), 0.0), {}),
}
RANDOM = {
    'linear': linear(lora.linear.default, dropout_p=0.5),
    'linear_gelu': linear(lora.linear_gelu.default, dropout_p=0.5),
    'varlen_attention': (lora.varlen_attention.default, (torch.randn(QKV, requires_grad=True), *BATCH, 0.5), {}),
    'disentangled_attention': (lora.disentangled_attention.default,
                               (torch.randn(QKV, requires_grad=True), *TABLES, *BATCH, 4, 8, 0.5), {}),
    'dropout_add_layer_norm': (lora.dropout_add_layer_norm.default, (*NORM, 0.5, 1e-5), {}),
    'dropout': (lora.dropout.default, (torch.randn(5, 6, requires_grad=True), 0.5), {}),
}


@pytest.mark.parametrize('name', DETERMINISTIC)
def test_deterministic(name):
    op, args, kwargs = DETERMINISTIC[name]
    result = torch.library.opcheck(op, args, kwargs)
    assert set(result.values()) == {'SUCCESS'}


# Tracing compares two runs value for value, which two draws from a generator cannot pass.
@pytest.mark.parametrize('name', RANDOM)
def test_random(name):
    op, args, kwargs = RANDOM[name]
    torch.library.opcheck(op, args, kwargs, test_utils=('test_schema', 'test_autograd_registration', 'test_faketensor'))


def test_random_operators_are_tagged():
    for name in ('draw_seed', 'dropout', 'linear', 'linear_gelu', 'varlen_attention', 'disentangled_attention',
                 'dropout_add_layer_norm'):
        assert torch.Tag.nondeterministic_seeded in getattr(lora, name).default.tags, name
