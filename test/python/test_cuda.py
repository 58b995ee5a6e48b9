"""Every lora:: operator on CUDA against float64 on the CPU: values, gradients, every dtype, packed mixed lengths.

TORCH_LORA_TEST_DEVICE=cpu runs the same tests on the processor, to try the tests themselves where there is no GPU.
"""
import os

import pytest
import torch
from helpers import cu_seqlens, lora, relative

DEVICE = os.environ.get('TORCH_LORA_TEST_DEVICE', 'cuda')
if DEVICE == 'cuda' and not torch.cuda.is_available():
    pytest.skip('no CUDA device', allow_module_level=True)

needs_gpu = pytest.mark.skipif(DEVICE == 'cpu', reason='of the CUDA kernels alone')
HALF = [torch.bfloat16, torch.float16]
DTYPES = [torch.float64, torch.float32, *HALF]
# Lengths of 1, of whole tiles, and of neither; all but the first list run under compute-sanitizer too (-k sanitized).
LENGTHS = [[1, 7, 64, 3, 129, 16], [5], [16, 1, 33]]


@pytest.fixture(autouse=True)
def exact_products():
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision('highest')
    yield
    torch.set_float32_matmul_precision(before)


def tolerance(dtype):
    return {torch.float64: 1e-11, torch.float32: 5e-5, torch.bfloat16: 4e-2, torch.float16: 6e-3}[dtype]


def random(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def compare(function, tensors, dtype, fixed=()):
    """The operator's value and gradients on the device in `dtype` against float64 on the CPU, from the same numbers."""
    rounded = [None if t is None else t.to(dtype) for t in tensors]
    results = []
    for device, kind in ((DEVICE, dtype), ('cpu', torch.float64)):
        leaves = [None if t is None else t.to(device, kind).requires_grad_(i not in fixed) for i, t in enumerate(rounded)]
        y = function(device, *leaves)
        torch.manual_seed(1)
        grad = torch.randn(y.shape, dtype=torch.float64).to(dtype).to(device, kind)
        wanted = [t for t in leaves if t is not None and t.requires_grad]
        results.append([y.detach(), *torch.autograd.grad(y, wanted, grad)])
    for i, (found, expected) in enumerate(zip(*results)):
        error = relative(found.cpu().double(), expected)
        assert error < tolerance(dtype), f'{"value" if i == 0 else f"gradient {i - 1}"}: {error:.1e}'


@pytest.mark.parametrize('dtype', DTYPES, ids=str)
@pytest.mark.parametrize('gelu', [False, True])
@pytest.mark.parametrize('tokens,fan_in,outs,ranks', [
    (1, 32, [32], [8]), (7, 96, [96, 96, 96], [8, 0, 8]), (131, 768, [3072], [16]), (300, 1100, [50, 7, 130], [4, 4, 1]),
    (900, 64, [64, 64, 64], [8, 0, 8]), (33, 40, [24], [70]), (260, 13, [9, 5], [3, 0]), (50, 24, [16, 16], [0, 0])])
def test_linear(dtype, gelu, tokens, fan_in, outs, ranks):
    linear(dtype, tokens, fan_in, outs, ranks, gelu=gelu)


@pytest.mark.parametrize('dtype', DTYPES, ids=str)
@pytest.mark.parametrize('tokens,fan_in,outs,ranks', [
    (5, 24, [16, 16], [8, 0]), (200, 16, [24, 24], [4, 5]), (19, 13, [7], [3])])
def test_sanitized_linear(dtype, tokens, fan_in, outs, ranks):
    linear(dtype, tokens, fan_in, outs, ranks, p=0.3)


def linear(dtype, tokens, fan_in, outs, ranks, gelu=False, p=0.0):
    count = len(outs)
    weights = [random(out, fan_in) / fan_in**0.5 for out in outs]
    biases = [random(out) for out in outs]
    a = [random(rank, fan_in) / fan_in**0.5 if rank else None for rank in ranks]
    b = [random(out, rank) / rank**0.5 if rank else None for out, rank in zip(outs, ranks)]

    def call(_, x, *rest):
        torch.manual_seed(11)  # the mask comes from the CPU's generator: the same numbers drop wherever it runs
        parts = [list(rest[i * count:(i + 1) * count]) for i in range(4)]
        return (lora.linear_gelu if gelu else lora.linear)(x, *parts, [0.5 + i for i in range(count)], p)
    compare(call, [random(tokens, fan_in), *weights, *biases, *a, *b], dtype)


@pytest.mark.parametrize('dtype', HALF, ids=str)
@pytest.mark.parametrize('tokens', [40, 400])
def test_float32_adapter_under_half_precision(dtype, tokens):
    x, w, bias = (t.to(DEVICE, dtype) for t in (random(tokens, 64), random(48, 64) / 8, random(48)))
    a, b = ((random(8, 64) / 8).to(DEVICE, torch.float32), (random(48, 8) / 3).to(DEVICE, torch.float32))
    a.requires_grad_(), b.requires_grad_()
    y = lora.linear(x, [w], [bias], [a], [b], [2.0])
    assert y.dtype == dtype
    y.float().square().mean().backward()
    assert a.grad.dtype == b.grad.dtype == torch.float32
    wide = [t.detach().double().cpu() for t in (x, w, bias, a, b)]
    wide[3].requires_grad_(), wide[4].requires_grad_()
    expected = lora.linear(wide[0], [wide[1]], [wide[2]], [wide[3]], [wide[4]], [2.0])
    expected.square().mean().backward()
    for found, right in ((y, expected), (a.grad, wide[3].grad), (b.grad, wide[4].grad)):
        assert relative(found.detach().double().cpu(), right.detach()) < tolerance(dtype)


@pytest.mark.parametrize('dtype', DTYPES, ids=str)
@pytest.mark.parametrize('lengths', LENGTHS, ids=str)
@pytest.mark.parametrize('head', [32, 64])
def test_varlen_attention(dtype, lengths, head):
    bounds, longest = cu_seqlens(lengths), torch.tensor(max(lengths), dtype=torch.int32)
    compare(lambda device, qkv: lora.varlen_attention(qkv, bounds.to(device), longest),
            [random(sum(lengths), 3, 4, head)], dtype)


# What a block takes whole drops by the masks of every other kernel, where libtorch's flash attention draws its own.
@pytest.mark.parametrize('dtype', HALF, ids=str)
@pytest.mark.parametrize('lengths', [[5, 16, 1], [16, 1, 33], [64, 3]], ids=str)
@pytest.mark.parametrize('head', [24, 64])
def test_sanitized_short_attention_drops_what_the_cpu_drops(dtype, lengths, head):
    bounds, longest = cu_seqlens(lengths), torch.tensor(max(lengths), dtype=torch.int32)

    def call(device, qkv):
        torch.manual_seed(11)
        return lora.varlen_attention(qkv, bounds.to(device), longest, 0.3)
    compare(call, [random(sum(lengths), 3, 4, head)], dtype)


@pytest.mark.parametrize('dtype', HALF, ids=str)
def test_short_attention_is_the_same_in_every_run(dtype):
    bounds, longest = cu_seqlens([33, 5, 17]).to(DEVICE), torch.tensor(33, dtype=torch.int32)
    qkv = random(55, 3, 4, 64).to(DEVICE, dtype).requires_grad_()
    runs = []
    for _ in range(5):
        out = lora.varlen_attention(qkv, bounds, longest)
        runs.append([out, *torch.autograd.grad(out.float().square().sum(), qkv)])
    for other in runs[1:]:
        assert all(torch.equal(a, b) for a, b in zip(runs[0], other))


# Sides that 32 bits do not hold are as good as all.
@pytest.mark.parametrize('dtype', DTYPES, ids=str)
@pytest.mark.parametrize('window', [(8, 8), (1, 40), (-1, 3), (0, 0), (1 << 40, 1 << 33), (3, (1 << 32) + 1)], ids=str)
def test_varlen_attention_in_a_window(dtype, window):
    lengths = LENGTHS[0]
    bounds, longest = cu_seqlens(lengths), torch.tensor(max(lengths), dtype=torch.int32)
    compare(lambda device, qkv: lora.varlen_attention(qkv, bounds.to(device), longest, 0.0, None, *window),
            [random(sum(lengths), 3, 2, 32)], dtype)


@pytest.mark.parametrize('dtype', DTYPES, ids=str)
@pytest.mark.parametrize('head', [32, 20, 272])
@pytest.mark.parametrize('window', [(-2, 3), (3, -7)])
def test_wrong_windows(dtype, head, window):
    qkv = random(7, 3, 2, head).to(DEVICE, dtype)
    with pytest.raises(ValueError, match='window of -1'):
        lora.varlen_attention(qkv, cu_seqlens([7]).to(DEVICE), torch.tensor(7), 0.0, None, *window)


def test_attention_of_a_sequence_does_not_see_its_neighbours():
    dtype = torch.bfloat16 if DEVICE == 'cuda' else torch.float32
    lengths = [9, 31, 4]
    qkv = random(sum(lengths), 3, 2, 32).to(DEVICE, dtype)
    longest = torch.tensor(max(lengths), dtype=torch.int32)
    together = lora.varlen_attention(qkv, cu_seqlens(lengths).to(DEVICE), longest)
    changed = qkv.clone()
    changed[:9] = 5
    changed[40:] = -5
    again = lora.varlen_attention(changed, cu_seqlens(lengths).to(DEVICE), longest)
    assert torch.equal(together[9:40], again[9:40])


def disentangled(dtype, lengths, head=32, key=True, query=True):
    bounds, longest = cu_seqlens(lengths), torch.tensor(max(lengths), dtype=torch.int32)
    table = lambda there: random(2 * 16, 2, head) if there else None
    compare(lambda device, qkv, k, q: lora.disentangled_attention(qkv, k, q, bounds.to(device), longest, 16, 512),
            [random(sum(lengths), 3, 2, head), table(key), table(query)], dtype)


@pytest.mark.parametrize('dtype', DTYPES, ids=str)
@pytest.mark.parametrize('lengths', LENGTHS, ids=str)
@pytest.mark.parametrize('key,query', [(True, True), (True, False), (False, True)])
def test_disentangled_attention(dtype, lengths, key, query):
    disentangled(dtype, lengths, key=key, query=query)


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize('lengths', [*LENGTHS[1:], [64, 9], [70, 3]], ids=str)
def test_sanitized_disentangled_attention(dtype, lengths):
    disentangled(dtype, lengths, head=64)


@pytest.mark.parametrize('dtype', DTYPES, ids=str)
def test_gelu_and_layer_norm(dtype):
    compare(lambda _, x: lora.gelu(x), [random(33, 70)], dtype)
    # A warp a row, several, rows of no whole vectors, and rows longer than a block holds.
    for shape in ((33, 70), (300, 768), (3, 1536), (2, 33), (4, 5, 24), (2, 40000)):
        layer_norm(dtype, shape, p=0.0)


@pytest.mark.parametrize('dtype', DTYPES, ids=str)
@pytest.mark.parametrize('shape', [(7, 64), (3, 2050), (5, 33), (0, 16)], ids=str)
def test_sanitized_layer_norm(dtype, shape):
    layer_norm(dtype, shape, p=0.3)


def layer_norm(dtype, shape, p):
    def call(_, x, residual, weight, bias):
        torch.manual_seed(11)
        return lora.dropout_add_layer_norm(x, residual, weight, bias, p, 1e-5)
    compare(call, [random(*shape), random(*shape), random(shape[-1]), random(shape[-1])], dtype)
    compare(call, [random(*shape), random(*shape), random(shape[-1]), random(shape[-1])], dtype, fixed=(2, 3))


@pytest.mark.parametrize('dtype', DTYPES, ids=str)
@pytest.mark.parametrize('p', [0.1, 0.5])
def test_dropout(dtype, p):
    x = torch.ones(512, 768, device=DEVICE, dtype=dtype, requires_grad=True)
    torch.manual_seed(5)
    y = lora.dropout(x, p)
    torch.manual_seed(5)
    assert torch.equal(y, lora.dropout(x, p)), 'one seed, one mask'
    dropped = (y == 0).double().mean().item()
    assert abs(dropped - p) < 6 * (p * (1 - p) / y.numel()) ** 0.5
    y.sum().backward()
    assert torch.equal(x.grad, y.detach()), 'backward drops what forward dropped'


@pytest.mark.parametrize('dtype', DTYPES, ids=str)
def test_sanitized_dropout_mask_is_the_cpus(dtype):
    for size in ([7, 300], [3, 5, 17], [1], []):
        seed = torch.tensor(0x1234_5678_9abc)
        like = torch.empty(0, dtype=dtype, device=DEVICE)
        found = lora.dropout_mask(seed, size, 0.3, like)
        expected = lora.dropout_mask(seed, size, 0.3, torch.empty(0, dtype=torch.float64))
        assert torch.equal(found.cpu() == 0, expected == 0)
        assert relative(found.cpu().double(), expected) < tolerance(dtype)


def seeded_operators(dtype):
    """The operators that take a seed, as functions of it."""
    on = lambda *shape: random(*shape).to(DEVICE, dtype)
    x, rows, matrix, weight = on(9, 40), on(8, 40), on(40, 24), on(40)
    qkv, table = on(12, 3, 2, 16), on(32, 2, 16)
    bounds, longest = cu_seqlens([5, 7]).to(DEVICE), torch.tensor(7, dtype=torch.int32)
    _, normalized, rstd = lora._dropout_add_layer_norm_forward(x, x, weight, weight, 0.3, 1e-5, None, True)
    attention = (qkv, table, table)
    layer, adapter = ([on(24, 40)], [on(24)]), ([rows], [on(24, 8)], [2.0], 0.3)

    def updated(y, x, seed, backward, fresh):
        lora._low_rank_update(y, x, layer[0], *adapter, seed, backward, fresh)
        return y
    out, logsumexp = lora._disentangled_attention_forward(*attention, bounds, longest, 16, 512, 0.0, 0.25, None)
    return [
        lambda seed: lora.dropout_mask(seed, [9, 40], 0.3, x),
        lambda seed: lora._dropout(x, seed, 0.3, 5),
        lambda seed: updated(on(0, 24).new_ones(9, 24), x, seed, False, False),
        lambda seed: updated(on(0, 24).new_ones(9, 40), matrix[:9], seed, True, False),
        lambda seed: updated(on(0, 24).new_full((9, 40), float('nan')), matrix[:9], seed, True, True),
        lambda seed: lora._low_rank_gradients(x, x[:, :8], None, None, layer[0], *adapter, seed, [1, 0])[0],
        lambda seed: lora._linear_forward(x, *layer, *adapter, seed, None, False, True)[0],
        lambda seed: lora._linear_backward(matrix[:9], x, None, layer[0], *adapter, seed, None, None,
                                           [1, 0, 0, 1, 0])[0],
        lambda seed: lora._dropout_add_layer_norm_forward(x, x, weight, weight, 0.3, 1e-5, seed, True)[0],
        lambda seed: lora._dropout_add_layer_norm_backward(x, normalized, rstd, weight, 0.3, seed, [1, 1, 0, 0])[0],
        lambda seed: lora._disentangled_attention_forward(*attention, bounds, longest, 16, 512, 0.3, 0.25, seed)[0],
        lambda seed: lora._disentangled_attention_backward(out, *attention, out, logsumexp, bounds, longest, 16, 512, 0.3,
                                                           0.25, seed, [0, 0])[0],
    ]


@needs_gpu
@pytest.mark.parametrize('dtype', DTYPES, ids=str)
def test_sanitized_seed_on_the_device(dtype):
    seed = torch.tensor(-0x1234_5678_9abc)
    for operator in seeded_operators(dtype):
        assert torch.equal(operator(seed), operator(seed.to(DEVICE)))


@needs_gpu
def test_captured_graph_drops_anew_at_each_replay():
    for operator in seeded_operators(torch.bfloat16):
        seed = torch.tensor(1, device=DEVICE)
        operator(seed)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            y = operator(seed)
        for value in (2, 3):
            seed.fill_(value)
            graph.replay()
            assert relative(y.float(), operator(torch.tensor(value)).float()) < tolerance(torch.bfloat16)


def test_wrong_input_on_the_device():
    x = torch.zeros(5, 6, device=DEVICE)
    with pytest.raises(ValueError, match=r'weight 0 \[out, 6\]'):
        lora.linear(x, [torch.zeros(4, 7, device=DEVICE)], [], [], [], [])
    if DEVICE == 'cuda':
        with pytest.raises(TypeError, match='on cuda:0 like x, received Float on cpu'):
            lora.linear(x, [torch.zeros(4, 6)], [], [], [], [])
