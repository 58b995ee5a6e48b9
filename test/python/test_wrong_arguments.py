"""Every operator, called with arguments that it cannot take, refuses them: it neither reads what is not there nor asks
for memory by sizes that were only claimed. Under AddressSanitizer (npm run test:asan) a read too far ends the run."""
import random

import pytest
import torch
from helpers import lora
from right_calls import RIGHT_CALLS

WRONG_CALLS = 300
REFUSALS = (ValueError, TypeError, IndexError, RuntimeError, NotImplementedError, OverflowError)
# An allocation that is small, or one that fails at once: none that a machine might just have the memory for.
SIZES = [0, -1, 1, 2, 3, 5, 7, 8, 64, (1 << 20) + 1, 1 << 45, (1 << 62) + 1, -(1 << 63), (1 << 63) - 1]
NUMBERS = [0.0, -1.0, 0.5, 1.0, 2.0, 1e308, float('nan'), float('inf')]
DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int8, torch.bool,
          torch.complex64]


def schemas():
    """Of the operators of this library, by name."""
    found = [schema for schema in torch._C._jit_get_all_schemas() if schema.name.startswith('lora::')]
    return {schema.name.removeprefix('lora::'): schema for schema in found}


def filled(t, value):
    return torch.full_like(t, value)


def wrong_tensor(t, chance):
    """Another rank, size, type, device, layout or value than `t` has."""
    huge = 1 << 45
    kinds = [
        lambda: t[:0] if t.dim() else t.new_empty(0),
        lambda: t.unsqueeze(0),
        lambda: t.unsqueeze(-1),
        lambda: t.flatten(),
        lambda: t.flatten()[:1].squeeze() if t.numel() else t.new_zeros(()),
        lambda: t.to(chance.choice(DTYPES)),
        lambda: t.to('meta'),
        lambda: t.to_sparse(),
        lambda: t.to_mkldnn(),
        lambda: t.transpose(0, -1) if t.dim() else t.reshape(1),
        lambda: torch.cat([t, t]) if t.dim() else torch.stack([t, t]),
        lambda: torch.cat([t, t], -1) if t.dim() else torch.stack([t, t, t]),
        lambda: t[..., :-1] if t.dim() else t.new_empty(0),
        lambda: t[1:] if t.dim() else t.new_empty(0),
        lambda: t[::2] if t.dim() else t,
        lambda: t.flip(0) if t.dim() else -t,
        lambda: t.flatten()[:1].expand(huge) if t.numel() else t,
        lambda: t[:1].expand(huge, *t.shape[1:]) if t.dim() and t.numel() else t,
        lambda: t[..., :1].expand(*t.shape[:-1], huge) if t.dim() and t.numel() else t,
        lambda: torch.empty_strided(t.shape, [0] * t.dim(), dtype=t.dtype),
        lambda: filled(t, chance.choice([-1, 1, 2, 100])),
        lambda: t * (1 << 20) if t.dtype in (torch.int64, torch.int32) else filled(t, float('nan')),
        lambda: filled(t, (1 << 62) + 1) if t.dtype == torch.int64 else t.clone(),
        lambda: torch.tensor(chance.choice(SIZES)),
        lambda: torch.randn(t.shape, requires_grad=True),
        lambda: None,
    ]
    return chance.choice(kinds)()


def wrong(value, chance):
    if isinstance(value, torch.Tensor):
        return wrong_tensor(value, chance)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return chance.choice(SIZES)
    if isinstance(value, float):
        return chance.choice(NUMBERS)
    if isinstance(value, list):
        kind = chance.randrange(4)
        if kind == 0 or not value:
            return value[1:] if chance.random() < 0.5 else []
        if kind == 1:
            return value + [value[0]]
        changed = list(value)
        i = chance.randrange(len(value))
        changed[i] = wrong(value[i], chance)
        return changed
    return torch.randn(chance.choice([0, 1, 6]), chance.choice([1, 6]))  # in place of None


def test_every_operator_has_a_right_call():
    assert set(schemas()) == set(RIGHT_CALLS)


@pytest.mark.parametrize('name', RIGHT_CALLS)
def test_right_call(name):
    arguments = RIGHT_CALLS[name]()
    assert len(arguments) == len(schemas()[name].arguments)
    getattr(lora, name).default(*arguments)


@pytest.mark.parametrize('name', [name for name in RIGHT_CALLS if name != 'draw_seed'])
def test_wrong_calls(name):
    chance = random.Random(name)
    operator = getattr(lora, name).default
    refused = 0
    for _ in range(WRONG_CALLS):
        arguments = list(RIGHT_CALLS[name]())
        for i in chance.sample(range(len(arguments)), min(len(arguments), chance.choice([1, 1, 1, 2, 3]))):
            try:
                arguments[i] = wrong(arguments[i], chance)
            except REFUSALS:  # ATen itself makes no such tensor
                continue
        try:
            operator(*arguments)
        except REFUSALS as error:
            refused += 1
            assert 'INTERNAL ASSERT' not in str(error), error
    assert refused > WRONG_CALLS / 10


@pytest.mark.parametrize('name,change,message', [
    ('relative_position_rows', {0: (1 << 62) + 1}, 'length from 1 to 1048576'),
    ('relative_position_rows', {2: 1 << 62}, 'at most 1048576'),
    ('linear_int8', {2: [1 << 40, 3]}, 'outputs from 1 to'),
    ('linear_int8', {2: [1 << 30, 3], 3: []}, 'what prepack_linear_int8 makes'),
    ('linear_int8', {2: [-1, 3]}, 'outputs from 1 to'),
    ('varlen_attention', {2: torch.tensor(2)}, 'more than max_seqlen 2'),
    ('varlen_attention', {2: torch.tensor(1 << 40)}, 'max_seqlen from 0 to 1048576'),
    ('varlen_attention_reference', {2: torch.tensor(-1)}, 'max_seqlen from 0'),
    ('_varlen_attention_backward', {0: torch.zeros(7, 2, 3)}, r'expected grad \[7, 2, 4\], received \[7, 2, 3\]'),
    ('_varlen_attention_backward', {3: torch.zeros(2, 6)}, r'expected logsumexp \[2, 7\]'),
    ('_disentangled_attention_backward', {13: [1]}, 'needs to hold 2 numbers'),
    ('_disentangled_attention_backward', {2: None}, '0 for a table that is not given'),
    ('_linear_backward', {11: [1]}, 'needs to hold 9 numbers for 2 weights'),
    ('_linear_backward', {3: []}, 'at least one weight'),
    ('_linear_backward', {1: None}, 'expected x for a gradient'),
    ('_linear_backward', {11: [0, 0, 0, 0, 0, 0, 1, 0, 0]}, 'segment 1 has none'),
    ('_dropout_add_layer_norm_backward', {6: []}, 'needs to hold 4 numbers'),
    ('_dropout_add_layer_norm_backward', {2: torch.zeros(4, 1)}, r'expected rstd \[5, 1\]'),
    ('_gelu_backward', {0: torch.zeros(4)}, r'expected grad \[4, 5\]'),
    ('_low_rank_update', {0: torch.zeros(5, 6)}, r'expected y \[5, 7\], received \[5, 6\]'),
    ('_low_rank_update', {0: torch.zeros(7, 5).t()}, 'y to be contiguous'),
    ('_low_rank_update', {8: True}, r'expected x \[T, 7\]'),
    ('_low_rank_gradients', {1: None}, 'expected low for a gradient'),
    ('_low_rank_gradients', {10: [0, 1, 0, 0]}, 'segment 1 has no adapter'),
    ('_dropout', {3: -1}, 'first_row from 0'),
    ('dropout_mask', {1: [1 << 40, 1 << 40]}, 'a number of elements'),
    ('unfold_sequences', {2: (1 << 62) + 1}, 'odd kernel_size below'),
    ('manual_seed', {0: torch.zeros(2)}, 'one number of int64'),
])
def test_says_what_was_expected(name, change, message):
    arguments = list(RIGHT_CALLS[name]())
    for i, value in change.items():
        arguments[i] = value
    with pytest.raises(ValueError, match=message):
        getattr(lora, name).default(*arguments)
