"""The CUDA kernels of attention on tensor cores, run by threads of the processor, against the references."""
import pytest
from helpers import host_library
from test_disentangled import kernels_against_reference


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
    kernels_against_reference(
        lambda call: tiles.run_fragments_of(call, rows, size % 4 == 0), tables, lengths, heads, size, buckets,
        max_position, p)
