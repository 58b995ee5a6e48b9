"""What several test files need."""
import ctypes
import pathlib
import shutil
import subprocess

import pytest
import torch

lora = torch.ops.lora


def with_seed(function, *args, seed=3):
    """The operator from a fixed state of the generator."""
    torch.manual_seed(seed)
    return function(*args)


def seed_of(seed=3):
    """The seed that an operator draws from that state."""
    torch.manual_seed(seed)
    return lora.draw_seed()


def tensor(*shape, dtype=torch.float64, grad=True):
    return torch.randn(*shape, dtype=dtype).requires_grad_(grad)


def relative(a, b):
    """Largest difference, relative to the largest value."""
    scale = b.abs().max().item() if b.numel() else 0.0
    return ((a - b).abs().max().item() if b.numel() else 0.0) / max(scale, 1e-30)


def assert_same(values, expected, tolerance):
    assert len(values) == len(expected)
    for i, (a, b) in enumerate(zip(values, expected)):
        assert a.shape == b.shape
        assert relative(a, b) < tolerance, f'tensor {i} of shape {tuple(b.shape)}: {relative(a, b):.1e}'


def tolerance(dtype):
    return 3e-5 if dtype == torch.float32 else 1e-12


def cu_seqlens(lengths):
    return torch.tensor([0, *lengths]).cumsum(0).int()


def host_library(tmp_path_factory, source):
    """The bodies of CUDA kernels, compiled for the processor."""
    compiler = shutil.which('g++')
    if compiler is None:
        pytest.skip('needs g++')
    here = pathlib.Path(__file__).parent
    library = tmp_path_factory.mktemp('host') / 'host.so'
    subprocess.run([compiler, '-std=c++20', '-O2', '-pthread', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC',
                    f'-I{here.parents[1] / "native"}', str(here / source), '-o', str(library)], check=True)
    return ctypes.CDLL(str(library))


def pointer(t):
    """A tensor's data for ctypes."""
    return None if t is None else ctypes.c_void_p(t.data_ptr())
