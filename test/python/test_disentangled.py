import ctypes

import pytest
import torch
from helpers import assert_same, cu_seqlens, lora, pointer, seed_of, tensor, tolerance, with_seed


def run(op, qkv, key, query, lengths, buckets, max_position, p=0.0, scale=None, *seed):
    return op(qkv, key, query, cu_seqlens(lengths), torch.tensor(max(lengths)), buckets, max_position, p, scale, *seed)


def arguments(lengths, heads, size, buckets, max_position, tables='both', dtype=torch.float64):
    rows = 2 * (buckets if buckets > 0 else max_position)
    table = lambda wanted: tensor(rows, heads, size, dtype=dtype) if tables in ('both', wanted) else None
    return tensor(sum(lengths), 3, heads, size, dtype=dtype), table('key'), table('query')


class AttentionCall(ctypes.Structure):
    """What kernels of attention take that run on the processor: attention_call.h has the same."""
    _fields_ = [(name, kind) for names, kind in [
        ('qkv pos_key pos_query row_of_distance cu_seqlens', ctypes.c_void_p),
        ('sequences tokens heads head_size', ctypes.c_int64),
        ('scale p', ctypes.c_double),
        ('seed', ctypes.c_int64),
        ('out logsumexp dout delta dqkv dkey dquery', ctypes.c_void_p),
    ] for name in names.split()]


def kernels_against_reference(call, tables, lengths, heads, size, buckets, max_position, p):
    """Kernels that run on the processor, against the reference: values, logarithms of sums, and all gradients.

    `call(arguments)` runs them on a reference to an AttentionCall.
    """
    qkv, key, query = arguments(lengths, heads, size, buckets, max_position, tables)
    leaves = [t for t in (qkv, key, query) if t is not None]
    scale = 1 / (size * len(leaves)) ** 0.5
    expected = run(lora.disentangled_attention_reference, qkv, key, query, lengths, buckets, max_position, p, scale,
                   seed_of() if p else None)
    grad = torch.randn_like(expected)
    gradients = torch.autograd.grad(expected, leaves, grad)

    bounds = cu_seqlens(lengths).to(torch.int32)
    distances = lora.relative_position_rows(max(lengths), buckets, max_position).contiguous()
    at_zero = ctypes.c_void_p(distances.data_ptr() + 4 * (distances.numel() // 2))
    out, dqkv = torch.full_like(expected, float('nan')), torch.full_like(qkv, float('nan'))
    logsumexp = torch.empty(heads, sum(lengths), dtype=torch.float64)
    delta = torch.empty(sum(lengths), heads, dtype=torch.float64)
    dkey, dquery = (None if t is None else torch.zeros_like(t) for t in (key, query))
    pointers = dict(qkv=qkv, pos_key=key, pos_query=query, cu_seqlens=bounds, out=out, logsumexp=logsumexp, dout=grad,
                    delta=delta, dqkv=dqkv, dkey=dkey, dquery=dquery)
    call(ctypes.byref(AttentionCall(
        sequences=len(lengths), tokens=sum(lengths), heads=heads, head_size=size, scale=scale, p=p,
        seed=seed_of().item() if p else 0, row_of_distance=at_zero,
        **{name: pointer(t) for name, t in pointers.items()})))
    torch.testing.assert_close(out, expected.detach(), rtol=1e-12, atol=1e-12)
    for ours, theirs in zip([t for t in (dqkv, dkey, dquery) if t is not None], gradients):
        torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-11)
    if p:
        return
    _, right = run(lora._disentangled_attention_forward, *(None if t is None else t.detach() for t in (qkv, key, query)),
                   lengths, buckets, max_position, 0.0, scale, None)
    torch.testing.assert_close(logsumexp, right, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize('tables', ['both', 'key', 'query', 'none'])
@pytest.mark.parametrize('buckets,max_position', [(4, 12), (8, 16), (-1, 3)])
@pytest.mark.parametrize('p', [0.0, 0.3])
def test_gradcheck(tables, buckets, max_position, p):
    lengths = [3, 0, 7, 1]
    qkv, key, query = arguments(lengths, 2, 3, buckets, max_position, tables)
    leaves = [t for t in (qkv, key, query) if t is not None]

    def function(*flat):
        flat = iter(flat)
        args = [None if t is None else next(flat) for t in (qkv, key, query)]
        return with_seed(run, lora.disentangled_attention, *args, lengths, buckets, max_position, p)
    assert torch.autograd.gradcheck(function, leaves)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('tables', ['both', 'key', 'query', 'none'])
@pytest.mark.parametrize('heads,size,lengths,buckets,max_position', [
    (3, 64, [53, 1, 0, 130, 64, 17], 256, 512),   # v2-xlarge's buckets, all distances but a few exact
    (2, 32, [70, 9, 200], 32, 128),               # most distances share buckets
    (1, 20, [40, 33], -1, 24),                    # no buckets, clamped
    (2, 64, [300], 256, 512),
])
@pytest.mark.parametrize('p,scale', [(0.0, None), (0.2, 0.07)])
def test_against_reference(dtype, tables, heads, size, lengths, buckets, max_position, p, scale):
    args = arguments(lengths, heads, size, buckets, max_position, tables, dtype)
    out = with_seed(run, lora.disentangled_attention, *args, lengths, buckets, max_position, p, scale)
    expected = run(lora.disentangled_attention_reference, *args, lengths, buckets, max_position, p, scale,
                   seed_of() if p else None)
    grad = torch.randn_like(out)
    leaves = [t for t in args if t is not None]
    assert_same([out, *torch.autograd.grad(out, leaves, grad)], [expected, *torch.autograd.grad(expected, leaves, grad)],
                3 * tolerance(dtype))


def test_without_tables_it_is_plain_attention():
    qkv = torch.randn(17, 3, 2, 16)
    torch.testing.assert_close(run(lora.disentangled_attention, qkv, None, None, [9, 8], 8, 16),
                               lora.varlen_attention(qkv, cu_seqlens([9, 8]), torch.tensor(9)))


def test_gradients_only_where_asked():
    lengths = [9, 30, 4]
    qkv, key, query = arguments(lengths, 2, 16, 8, 16)
    for frozen in ((qkv,), (key,), (query,), (key, query), (qkv, key)):
        asked = [t for t in (qkv, key, query) if not any(t is f for f in frozen)]
        for t in (qkv, key, query):
            t.requires_grad_(not any(t is f for f in frozen))
        found = torch.autograd.grad(run(lora.disentangled_attention, qkv, key, query, lengths, 8, 16).square().sum(), asked)
        expected = torch.autograd.grad(
            run(lora.disentangled_attention_reference, qkv, key, query, lengths, 8, 16).square().sum(), asked)
        assert_same(found, expected, 1e-12)


def test_strided_inputs():
    lengths, table = [6, 5], tensor(16, 2 * 3 * 8)  # pos_key and pos_query as one projection's columns
    qkv = tensor(11, 3 * 3 * 8 + 1)
    def values(op):
        key, query = table.view(16, 2, 3, 8).unbind(1)
        out = run(op, qkv[:, :-1].unflatten(1, (3, 3, 8)), key, query, lengths, 8, 16)
        return [out, *torch.autograd.grad(out.square().sum(), [qkv, table])]
    assert_same(values(lora.disentangled_attention), values(lora.disentangled_attention_reference), 1e-12)


@pytest.mark.parametrize('buckets,max_position', [(256, 512), (8, 16), (-1, 24)])
@pytest.mark.parametrize('lengths', [[1], [3, 1], [5, 9, 2], [40, 33]], ids=str)
def test_reachable_positions_are_all_that_matters(lengths, buckets, max_position):
    args = arguments(lengths, 2, 8, buckets, max_position)
    longest = torch.tensor(max(lengths))

    def values(op, cut):
        qkv, *tables = args
        rows = [lora.reachable_positions(t, longest, buckets, max_position) if cut else t for t in tables]
        assert not cut or rows[0].shape[0] <= min(2 * max(lengths) - 1, tables[0].shape[0])
        out = run(op, qkv, *rows, lengths, buckets, max_position)
        return [out, *torch.autograd.grad(out.square().sum(), args)]
    expected = values(lora.disentangled_attention, False)
    for op in (lora.disentangled_attention, lora.disentangled_attention_reference):
        assert_same(values(op, True), expected, 1e-12)


@pytest.mark.parametrize('kernel_size', [1, 3, 5])
def test_unfold_sequences_is_conv1d_on_each_sequence(kernel_size):
    lengths = [4, 1, 0, 7, 2]
    x, weight, bias = tensor(sum(lengths), 6), tensor(5, 6, kernel_size), tensor(5)

    def ours():
        return lora.unfold_sequences(x, cu_seqlens(lengths), kernel_size) @ weight.flatten(1).t() + bias

    def theirs():
        conv = lambda part: torch.nn.functional.conv1d(part.t()[None], weight, bias, padding=kernel_size // 2)[0].t()
        return torch.cat([conv(part) for part in x.split(lengths) if len(part)])
    leaves = [x, weight, bias]
    values = [[y, *torch.autograd.grad(y.square().sum(), leaves)] for y in (ours(), theirs())]
    assert_same(*values, 1e-12)


def test_unfold_sequences_of_more_tokens_than_a_sequence_may_have():
    tokens = (1 << 20) + 5
    x = torch.arange(tokens, dtype=torch.float64)[:, None]
    y = lora.unfold_sequences(x, cu_seqlens([3, tokens - 3]), 3)
    assert y.shape == (tokens, 3)
    assert y[[0, 2, 3, 1 << 20, -1]].tolist() == [[0, 0, 1], [1, 2, 0], [0, 3, 4], [(1 << 20) - 1, 1 << 20, (1 << 20) + 1],
                                                  [tokens - 2, tokens - 1, 0]]


@pytest.mark.parametrize('call,message', [
    (lambda: lora.unfold_sequences(torch.zeros(4, 3), cu_seqlens([4]), 2), 'odd kernel_size below 1048576, received 2'),
    (lambda: lora.unfold_sequences(torch.zeros(4), cu_seqlens([4]), 3), r'x \[T, H\]'),
    (lambda: lora.unfold_sequences(torch.zeros(4, 3), cu_seqlens([5]), 3), 'cu_seqlens to end at the number of tokens 4, received 5'),
    (lambda: lora.reachable_positions(torch.zeros(15, 3), torch.tensor(4), 8, 16), 'table of 16 rows'),
])
def test_wrong_input_of_the_small_operators(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize('threads', [2, 5])
def test_number_of_threads(threads):
    lengths = [37, 5, 1, 90, 64, 12, 3]
    args = arguments(lengths, 3, 32, 16, 64, dtype=torch.float32)
    before = torch.get_num_threads()

    def values():
        out = with_seed(run, lora.disentangled_attention, *args, lengths, 16, 64, 0.1)
        return [out, *torch.autograd.grad(out.square().sum(), args)]
    try:
        torch.set_num_threads(1)
        expected = values()
        torch.set_num_threads(threads)
        assert all(torch.equal(a, b) for a, b in zip(values(), expected))
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize('buckets,max_position', [(256, 512), (256, 1024), (32, 128), (4, 12), (64, 512), (-1, 40)])
def test_rows_equal_transformers(buckets, max_position):
    module = pytest.importorskip('transformers.models.deberta_v2.modeling_deberta_v2')
    length = max_position + 7
    layer = torch.empty(1, length, 1)
    theirs = module.build_relative_position(layer, layer, bucket_size=buckets, max_position=max_position)[0]
    span = buckets if buckets > 0 else max_position
    rows = lora.relative_position_rows(length, buckets, max_position).long()
    index = torch.arange(length)[:, None] - torch.arange(length)[None, :] + length - 1
    assert torch.equal(rows[index], (theirs + span).clamp(0, 2 * span - 1))


@pytest.mark.parametrize('share', [True, False])
@pytest.mark.parametrize('kinds', [['c2p', 'p2c'], ['c2p'], ['p2c']], ids='|'.join)
def test_equals_transformers_layer(share, kinds):
    module = pytest.importorskip('transformers.models.deberta_v2.modeling_deberta_v2')
    from transformers import DebertaV2Config
    config = DebertaV2Config(hidden_size=64, num_attention_heads=4, relative_attention=True, share_att_key=share,
                             pos_att_type=kinds, position_buckets=16, max_relative_positions=-1,
                             max_position_embeddings=64, attention_probs_dropout_prob=0.0, hidden_dropout_prob=0.0)
    layer = module.DisentangledSelfAttention(config).double()
    lengths, tables = [40, 13, 1], tensor(32, 64)
    x = tensor(sum(lengths), 64)
    parts, mask = torch.nn.utils.rnn.pad_sequence(x.split(lengths), batch_first=True), torch.zeros(3, 40)
    for row, length in enumerate(lengths):
        mask[row, :length] = 1
    mask = mask[:, None, None, :] * mask[:, None, :, None]
    relative = module.build_relative_position(parts, parts, bucket_size=16, max_position=64)
    theirs = torch.cat([row[:n] for row, n in zip(layer(parts, mask, relative_pos=relative, rel_embeddings=tables)[0],
                                                  lengths)])
    split = lambda projection, t: projection(t).view(t.shape[0], 4, 16)
    qkv = torch.stack([split(p, x) for p in (layer.query_proj, layer.key_proj, layer.value_proj)], 1)
    key = split(layer.key_proj if share else layer.pos_key_proj, tables) if 'c2p' in kinds else None
    query = split(layer.query_proj if share else layer.pos_query_proj, tables) if 'p2c' in kinds else None
    ours = run(lora.disentangled_attention, qkv, key, query, lengths, 16, 64).flatten(1)
    leaves = [x, tables, *layer.parameters()]
    grad = torch.randn_like(ours)
    gradients = [torch.autograd.grad(y, leaves, grad, allow_unused=True, retain_graph=True) for y in (ours, theirs)]
    # transformers divides by a float32 square root, even in float64.
    assert_same([ours], [theirs], 1e-6)
    # The key's bias is invisible to softmax but for its position term: compare to the scale of all gradients.
    top = max(g.abs().max().item() for g in gradients[1] if g is not None)
    for a, b in zip(*gradients):
        assert (a is None) == (b is None)
        assert a is None or (a - b).abs().max().item() < 1e-6 * top


def test_half_precision_runs_as_a_composition():
    args = arguments([9, 4], 2, 16, 8, 16, dtype=torch.float16)
    with_seed(run, lora.disentangled_attention, *args, [9, 4], 8, 16, 0.1).float().sum().backward()
    assert all(t.grad.isfinite().all() for t in args)


@pytest.mark.parametrize('change,message', [
    (dict(pos_key=torch.zeros(17, 2, 4), pos_query=torch.zeros(17, 2, 4)), r'\[16, 2, 4\]'),
    (dict(pos_key=torch.zeros(15, 2, 4)), 'as many rows in pos_key as in pos_query'),
    (dict(pos_key=torch.zeros(12, 2, 4), pos_query=torch.zeros(12, 2, 4)), '16 rows, or of the 11 that max_seqlen'),
    (dict(pos_query=torch.zeros(16, 1, 4)), r'\[16, 2, 4\]'),
    (dict(qkv=torch.zeros(7, 3, 8)), r'qkv \[T, 3, N, D\]'),
    (dict(max_position=4), 'above half of them'),
    (dict(cu_seqlens=torch.tensor([0, 6]).int()), 'end at the number of tokens'),
    (dict(dropout_p=2.0), 'from 0 to 1'),
])
def test_wrong_input(change, message):
    call = dict(qkv=torch.zeros(7, 3, 2, 4), pos_key=torch.zeros(16, 2, 4), pos_query=torch.zeros(16, 2, 4),
                cu_seqlens=torch.tensor([0, 7]).int(), max_seqlen=torch.tensor(7), position_buckets=8, max_position=16)
    with pytest.raises(ValueError, match=message):
        lora.disentangled_attention(**{**call, **change})
