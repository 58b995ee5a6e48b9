"""No thread of a CUDA kernel reads what another wrote without a barrier: ThreadSanitizer watches them on the processor."""
import pathlib
import shutil
import subprocess

import pytest


def test_host_races(tmp_path):
    here, program = pathlib.Path(__file__).parent, tmp_path / 'races'
    if shutil.which('g++') is None:
        pytest.skip('needs g++')
    built = subprocess.run(['g++', '-std=c++20', '-O1', '-g', '-pthread', '-fsanitize=thread',
                            f'-I{here.parents[1] / "native"}', str(here / 'host_races.cpp'), '-o', str(program)],
                           capture_output=True, text=True)
    if 'tsan' in built.stderr:
        pytest.skip('needs libtsan')
    assert built.returncode == 0, built.stderr
    ran = subprocess.run([str(program)], capture_output=True, text=True)
    if 'unexpected memory mapping' in ran.stderr:
        pytest.skip('ThreadSanitizer does not run on this kernel')
    assert ran.returncode == 0 and ran.stdout == 'no race\n', ran.stderr
