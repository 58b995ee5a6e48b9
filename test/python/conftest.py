"""Loads the operator library into PyTorch.

    python -m pytest test/python          (with TORCH_LORA_OPS=path/to/liblora_ops.so unless it is in build/Release)
"""
import os
import pathlib

import pytest

torch = pytest.importorskip('torch', reason='these tests need PyTorch')

ROOT = pathlib.Path(__file__).resolve().parents[2]


def library_path():
    return os.environ.get('TORCH_LORA_OPS') or str(ROOT / 'build' / 'Release' / 'liblora_ops.so')


def pytest_configure(config):
    if os.path.exists(library_path()):
        torch.ops.load_library(library_path())
        kernels = pathlib.Path(library_path()).with_name('liblora_ops_cuda.so')
        if kernels.exists() and torch.cuda.is_available():
            torch.ops.load_library(str(kernels))
        elif os.environ.get('TORCH_LORA_REQUIRE_CUDA'):  # scripts/gpu/run.sh: else compositions would be what is tested
            raise pytest.UsageError(f'TORCH_LORA_REQUIRE_CUDA is set, and there is no GPU or no {kernels}')


def pytest_collection_modifyitems(items):
    if not os.path.exists(library_path()):
        skip = pytest.mark.skip(reason=f'no operator library at {library_path()}: build it or set TORCH_LORA_OPS')
        for item in items:
            item.add_marker(skip)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.fixture
def library():
    return library_path()
