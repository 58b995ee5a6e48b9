"""The result must not depend on the number of threads, and every instruction set must compute the same thing."""
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from helpers import cu_seqlens, lora, relative, with_seed

LENGTHS = [37, 5, 1, 90, 64, 12, 3]


def everything(dtype=torch.float32):
    """One run through every kernel; what it returns must be a function of the seed alone."""
    torch.manual_seed(7)
    tokens, hidden = sum(LENGTHS), 96
    # Uniform numbers: torch.randn itself differs between instruction sets.
    p = lambda *shape: ((torch.rand(*shape) - 0.5) * (12 / shape[-1]) ** 0.5).to(dtype).requires_grad_()
    x, weight, bias = p(tokens, hidden), [p(hidden, hidden) for _ in range(3)], [p(hidden) for _ in range(3)]
    a, b = [p(4, hidden), None, p(4, hidden)], [p(hidden, 4), None, p(hidden, 4)]
    gain, shift, up, down = p(hidden), p(hidden), p(4 * hidden, hidden), p(hidden, 4 * hidden)
    qkv = lora.linear(x, weight, bias, a, b, [2.0, 0.0, 2.0], 0.1)
    out = lora.varlen_attention(qkv.view(tokens, 3, 3, 32), cu_seqlens(LENGTHS), torch.tensor(90), 0.1).flatten(1)
    h = lora.dropout_add_layer_norm(out, x, gain, shift, 0.1, 1e-5)
    y = lora.linear(lora.linear_gelu(h, [up], [], [], [], []), [down], [], [], [], [])
    y = lora.dropout(y, 0.1) + lora.gelu(h)
    codes = lora.linear_int8(x.float(), lora.prepack_linear_int8([up.float(), down.float().t().contiguous()]),
                             [4 * hidden, 4 * hidden], [])
    # The key's bias is left out: softmax does not see it, so its gradient is rounding noise around zero.
    leaves = [x, *weight, bias[0], bias[2], a[0], a[2], b[0], b[2], gain, shift, up, down]
    return [t.detach() for t in (codes, y, *torch.autograd.grad(y.square().sum(), leaves))]


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize('threads', [2, 3, 7])
def test_number_of_threads(threads, dtype):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        expected = everything(dtype)
        torch.set_num_threads(threads)
        for a, b in zip(everything(dtype), expected):
            assert torch.equal(a, b)
    finally:
        torch.set_num_threads(before)


def products(rows):
    """Products that are shared among threads, of a kernel without anything of ATen's."""
    torch.manual_seed(rows)
    x, weight = torch.rand(rows, 192), torch.rand(768, 192)
    return lambda: lora.linear_int8(x, lora.prepack_linear_int8([weight]), [768], [])


def test_callers_at_once():
    """More of them than there are places for: those work alone, and each has its own result."""
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        calls = [products(64 + i) for i in range(40)]
        expected = [call() for call in calls]
        with ThreadPoolExecutor(40) as callers:
            for _ in range(5):
                for found, wanted in zip(callers.map(lambda call: call(), calls), expected):
                    assert torch.equal(found, wanted)
    finally:
        torch.set_num_threads(before)


def test_a_forked_process_works_alone():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        x, weight = torch.rand(100, 192), torch.rand(768, 192)
        packed = lora.prepack_linear_int8([weight])
        expected = lora.linear_int8(x, packed, [768], []).tolist()
        child = os.fork()
        if child == 0:  # without a comparison of ATen's, which would wait for threads that are not there
            os._exit(0 if lora.linear_int8(x, packed, [768], []).tolist() == expected else 1)
        assert os.waitpid(child, 0)[1] == 0
    finally:
        torch.set_num_threads(before)


def test_repeated_runs_are_identical():
    for a, b in zip(everything(torch.bfloat16), everything(torch.bfloat16)):
        assert torch.equal(a, b)
    for a, b in zip(everything(), everything()):
        assert torch.equal(a, b)


def elsewhere(library, tmp_path, dtype, **environment):
    """What `everything` comes to in a process with other instructions, and PyTorch's name for them."""
    result = tmp_path / 'result.pt'
    script = (f'import sys, torch; sys.path.insert(0, {os.path.dirname(__file__)!r}); '
              f'torch.ops.load_library({library!r}); from test_machines import everything; '
              f'torch.save((torch.backends.cpu.get_cpu_capability(), everything({dtype})), {str(result)!r})')
    subprocess.run([sys.executable, '-c', script], check=True, env={**os.environ, **environment})
    return torch.load(result)


@pytest.mark.parametrize('dtype,tolerance', [(torch.float32, 1e-4), (torch.bfloat16, 2e-2)], ids=str)
@pytest.mark.parametrize('capability', ['default', 'avx2', 'avx512'])
def test_instruction_sets(capability, library, tmp_path, dtype, tolerance):
    # PyTorch believes ATEN_CPU_CAPABILITY: asked for what the processor lacks, it dies of an illegal instruction.
    here = torch.backends.cpu.get_cpu_capability().lower()
    if capability == 'avx512' and here != 'avx512':
        pytest.skip(f'this machine has no {capability}: it runs {here}')
    used, values = elsewhere(library, tmp_path, dtype, ATEN_CPU_CAPABILITY=capability)
    if used.lower() != capability:
        pytest.skip(f'this machine has no {capability}: it runs {used}')
    for a, b in zip(values, everything(dtype)):
        assert relative(a.float(), b.float()) < tolerance


def needs_avx512():
    if torch.backends.cpu.get_cpu_capability() != 'AVX512':
        pytest.skip('AMX is emulated on AVX-512')


def test_amx_finds_the_products(library, tmp_path):
    """8-bit products are exact, so that they keep their bits; sums of bfloat16 have another order."""
    needs_avx512()
    _, (codes, *values) = elsewhere(library, tmp_path, torch.bfloat16, TORCH_LORA_AMX='emulated')
    expected_codes, *expected = everything(torch.bfloat16)
    assert torch.equal(codes, expected_codes)
    assert not all(torch.equal(a, b) for a, b in zip(values, expected)), 'the emulated products were not used'
    for a, b in zip(values, expected):
        assert relative(a.float(), b.float()) < 2e-2


@pytest.mark.parametrize('file', ['test_bf16.py', 'test_linear_int8.py'])
def test_amx_passes_the_tests_of_its_products(file):
    needs_avx512()
    command = [sys.executable, '-m', 'pytest', '-q', '-x', os.path.join(os.path.dirname(__file__), file)]
    run = subprocess.run(command, capture_output=True, text=True, env={**os.environ, 'TORCH_LORA_AMX': 'emulated'})
    assert run.returncode == 0, run.stdout[-2000:]
