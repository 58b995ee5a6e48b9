"""One right call of every operator of the library: arguments in the order of its schema, defaults included."""
import torch
from helpers import cu_seqlens, lora

SEED = torch.tensor(5)
LENGTHS = [4, 0, 3]
BATCH = (cu_seqlens(LENGTHS), torch.tensor(4))
TOKENS, HEADS, SIZE = sum(LENGTHS), 2, 4
BUCKETS, MAX_POSITION = 4, 8


def random(*shape):
    return torch.randn(*shape)


def linear_parts():
    """Two segments, the second without an adapter."""
    return [random(4, 6), random(3, 6)], [random(4), random(3)], [random(2, 6), None], [random(4, 2), None], [0.5, 0.0]


def adapters():
    """The same without biases."""
    return tuple(part for i, part in enumerate(linear_parts()) if i != 1)


def linear():
    return (random(5, 6), *linear_parts(), 0.5, None, None)


def linear_reference():
    return (random(5, 6), *linear_parts(), 0.5, SEED)


def linear_forward():
    return (random(5, 6), *linear_parts(), 0.5, SEED, None, True, True)


def linear_backward():
    x, weight, bias, a, b, scaling, p, seed, packed, gelu, training = linear_forward()
    y, skinny, pre_gelu = lora._linear_forward(x, weight, bias, a, b, scaling, p, seed, packed, gelu, training)
    packed_t = lora.prepack_linear(weight, True)
    return (random(*y.shape), x, skinny, weight, a, b, scaling, p, seed, packed_t, pre_gelu,
            [1, 1, 1, 1, 1, 1, 0, 1, 0])


def qkv():
    return random(TOKENS, 3, HEADS, SIZE)


def tables():
    return random(2 * BUCKETS, HEADS, SIZE), random(2 * BUCKETS, HEADS, SIZE)


def varlen_backward():
    x = qkv()
    out, logsumexp = lora._varlen_attention_forward(x, *BATCH, 0.5, 0.5, SEED, 1, 2)
    return random(*out.shape), x, out, logsumexp, *BATCH, 0.5, 0.5, SEED, 1, 2


def disentangled_backward():
    x, (key, query) = qkv(), tables()
    out, logsumexp = lora._disentangled_attention_forward(x, key, query, *BATCH, BUCKETS, MAX_POSITION, 0.5, 0.5, SEED)
    return (random(*out.shape), x, key, query, out, logsumexp, *BATCH, BUCKETS, MAX_POSITION, 0.5, 0.5, SEED, [1, 1])


def norm():
    return random(5, 6), random(5, 6), random(6), random(6)


def norm_backward():
    x, residual, weight, bias = norm()
    y, normalized, rstd = lora._dropout_add_layer_norm_forward(x, residual, weight, bias, 0.5, 1e-5, SEED, True)
    return random(*y.shape), normalized, rstd, weight, 0.5, SEED, [1, 1, 1, 1]


def first_token():
    return (random(TOKENS, 6), random(len(LENGTHS), HEADS, SIZE), random(8, 6), random(8, 6), random(8), *BATCH, 0.5)


def linear_int8():
    weights = [random(4, 6), random(3, 6)]
    return random(5, 6), lora.prepack_linear_int8(weights), [4, 3], [random(4), random(3)], True


RIGHT_CALLS = {
    'draw_seed': lambda: (),
    'manual_seed': lambda: (SEED,),
    'dropout_mask': lambda: (SEED, [4, 5], 0.5, random(0)),
    'dropout_mask_reference': lambda: (SEED, [4, 5], 0.5, random(0)),
    'dropout': lambda: (random(4, 5), 0.5),
    'dropout_reference': lambda: (random(4, 5), 0.5, SEED),
    '_dropout': lambda: (random(4, 5), SEED, 0.5, 3),
    'gelu': lambda: (random(4, 5),),
    '_gelu_backward': lambda: (random(4, 5), random(4, 5)),
    'rotary': lambda: (qkv(), random(TOKENS, SIZE // 2), random(TOKENS, SIZE // 2)),
    'geglu': lambda: (random(4, 6),),
    '_geglu_backward': lambda: (random(4, 3), random(4, 6)),
    'embedding': lambda: (random(7, 5), torch.tensor([[0, 6], [3, 3]])),
    'linear': linear,
    'linear_gelu': linear,
    'linear_reference': linear_reference,
    'linear_gelu_reference': linear_reference,
    '_linear_forward': linear_forward,
    '_linear_backward': linear_backward,
    'share_storage_': lambda: ([random(4, 6), random(3, 6)],),
    'prepack_linear': lambda: ([random(4, 6), random(3, 6)], True),
    'prepack_linear_nf4': lambda: ([random(4, 6), random(3, 6)],),
    'prepack_linear_int8': lambda: ([random(4, 6), random(3, 6)], True),
    'linear_int8': linear_int8,
    '_low_rank_update': lambda: (random(5, 7), random(5, 6), *adapters(), 0.5, SEED, False, False),
    '_low_rank_gradients': lambda: (random(5, 6), random(5, 2), random(5, 7), random(5, 2), *adapters(), 0.5, SEED,
                                    [1, 0, 1, 0]),
    'varlen_attention': lambda: (qkv(), *BATCH, 0.5, 0.5, 1, 2),
    'varlen_attention_reference': lambda: (qkv(), *BATCH, 0.5, 0.5, SEED, 1, 2),
    '_varlen_attention_forward': lambda: (qkv(), *BATCH, 0.5, 0.5, SEED, 1, 2),
    '_varlen_attention_backward': varlen_backward,
    'disentangled_attention': lambda: (qkv(), *tables(), *BATCH, BUCKETS, MAX_POSITION, 0.5, 0.5),
    'disentangled_attention_reference': lambda: (qkv(), *tables(), *BATCH, BUCKETS, MAX_POSITION, 0.5, 0.5, SEED),
    '_disentangled_attention_forward': lambda: (qkv(), *tables(), *BATCH, BUCKETS, MAX_POSITION, 0.5, 0.5, SEED),
    '_disentangled_attention_backward': disentangled_backward,
    'relative_position_rows': lambda: (5, BUCKETS, MAX_POSITION),
    'reachable_positions': lambda: (random(2 * BUCKETS, 6), BATCH[1], BUCKETS, MAX_POSITION),
    'first_token_attention': first_token,
    'unfold_sequences': lambda: (random(TOKENS, 3), BATCH[0], 3),
    'dropout_add_layer_norm': lambda: (*norm(), 0.5, 1e-5),
    'dropout_add_layer_norm_reference': lambda: (*norm(), 0.5, 1e-5, SEED),
    '_dropout_add_layer_norm_forward': lambda: (*norm(), 0.5, 1e-5, SEED, True),
    '_dropout_add_layer_norm_backward': norm_backward,
}
