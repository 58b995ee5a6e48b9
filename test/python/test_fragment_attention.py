"""The CUDA kernels of attention on tensor cores, run by threads of the processor, against the references."""
import ctypes

import pytest
import torch
from helpers import cu_seqlens, host_library, lora, pointer, seed_of, tensor
from test_disentangled import run


@pytest.fixture(scope='module')
def tiles(tmp_path_factory):
    return host_library(tmp_path_factory, 'fragment_attention_host.cpp')


# A row, whole fragments, and neither; sequences that fill a square and one that is empty; several squares each way.
@pytest.mark.parametrize('rows,lengths', [(16, [1, 16, 0, 7]), (32, [32, 17, 3]), (64, [64, 33, 50, 1]), (16, [37, 5]),
                                          (64, [130, 64])])
@pytest.mark.parametrize('heads,size,buckets,max_position', [(2, 32, 256, 512), (1, 64, 16, 64), (3, 20, -1, 24)])
@pytest.mark.parametrize('tables', ['both', 'key', 'query', 'none'])
@pytest.mark.parametrize('p', [0.0, 0.3])
def test_against_reference(tiles, rows, lengths, heads, size, buckets, max_position, tables, p):
    places = 2 * (buckets if buckets > 0 else max_position)
    table = lambda wanted: tensor(places, heads, size) if tables in ('both', wanted) else None
    qkv, key, query = tensor(sum(lengths), 3, heads, size), table('key'), table('query')
    terms = 1 + (key is not None) + (query is not None)
    scale = 1 / (size * terms) ** 0.5
    expected = run(lora.disentangled_attention_reference, qkv, key, query, lengths, buckets, max_position, p, scale,
                   seed_of() if p else None)
    grad = torch.randn_like(expected)
    leaves = [t for t in (qkv, key, query) if t is not None]
    gradients = torch.autograd.grad(expected, leaves, grad)

    bounds = cu_seqlens(lengths).to(torch.int32)
    distances = lora.relative_position_rows(max(lengths), buckets, max_position).contiguous()
    at_zero = ctypes.c_void_p(distances.data_ptr() + 4 * (distances.numel() // 2))
    out, dqkv = torch.full_like(expected, float('nan')), torch.full_like(qkv, float('nan'))
    logsumexp = torch.empty(heads, sum(lengths), dtype=torch.float64)
    delta = torch.empty(sum(lengths), heads, dtype=torch.float64)
    dkey, dquery = (None if t is None else torch.zeros_like(t) for t in (key, query))
    seed = seed_of().item() if p else 0
    tiles.run_fragments_of(
        rows, pointer(qkv), pointer(key), pointer(query), at_zero, pointer(bounds), len(lengths),
        ctypes.c_int64(sum(lengths)), heads, size, ctypes.c_double(scale), ctypes.c_double(p), ctypes.c_int64(seed),
        size % 4 == 0, pointer(out), pointer(logsumexp), pointer(grad), pointer(delta), pointer(dqkv), pointer(dkey),
        pointer(dquery))
    torch.testing.assert_close(out, expected.detach(), rtol=1e-12, atol=1e-12)
    for ours, theirs in zip([t for t in (dqkv, dkey, dquery) if t is not None], gradients):
        torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-11)
    if p:
        return
    _, right = lora._disentangled_attention_forward(qkv.detach(), *(None if t is None else t.detach() for t in (key, query)),
                                                    cu_seqlens(lengths), torch.tensor(max(lengths)), buckets, max_position,
                                                    0.0, scale, None)
    torch.testing.assert_close(logsumexp, right, rtol=1e-12, atol=1e-12)
