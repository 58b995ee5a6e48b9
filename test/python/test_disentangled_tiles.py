"""The code of the CUDA kernels of disentangled attention, run by the processor, against the reference composition.

Indices, masks, online softmax and gradients are the very functions of native/cuda/disentangled_tiles.h; what only a GPU
can show (races between threads, launches) is not in here.
"""
import pytest
from helpers import host_library
from test_disentangled import kernels_against_reference


@pytest.fixture(scope='module')
def tiles(tmp_path_factory):
    return host_library(tmp_path_factory, 'disentangled_tiles_host.cpp')


@pytest.mark.parametrize('tables', ['both', 'key', 'query', 'none'])
@pytest.mark.parametrize('lengths,heads,size,buckets,max_position', [
    ([1, 16, 0, 53, 17], 2, 8, 256, 512),
    ([70, 9, 130], 1, 32, 16, 64),
    ([40, 33], 3, 5, -1, 24),
])
@pytest.mark.parametrize('p', [0.0, 0.3])
def test_against_reference(tiles, tables, lengths, heads, size, buckets, max_position, p):
    kernels_against_reference(tiles.run_tiles, tables, lengths, heads, size, buckets, max_position, p)
