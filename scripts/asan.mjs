#!/usr/bin/env node
/**
 * Builds the operator library with AddressSanitizer and UndefinedBehaviorSanitizer into build/asan, and runs
 * test/python's tests of operators on it, wrong arguments included. One report ends the run. It needs g++ with its
 * sanitizers, CMake, and a Python with PyTorch and pytest: TORCH_LORA_PYTHON, else python3. Further arguments go to
 * pytest: `npm run test:asan -- -k linear`.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folder = join(root, 'build', 'asan')
const python = process.env.TORCH_LORA_PYTHON || 'python3'
const compiler = process.env.CXX || 'g++'

/** Compile kernels for the processor, with a compiler that must not run under the sanitizer; or need a GPU. */
const elsewhere = ['test_cuda.py', 'test_host_races.py', 'test_layer_norm_rows.py', 'test_*_tiles.py']

function run(command, args, env = {}) {
  const { status, signal, error } = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: 'inherit',
  })
  if (error) throw new Error(`${command} does not start: ${error.message}`)
  if (status !== 0) throw new Error(`${command} ended with ${signal ?? `exit code ${status}`}`)
}

function answer(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8' })
  if (error || status !== 0)
    throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`)
  return stdout.trim()
}

/** The compiler's own, which must be in the process before anything else is. */
function runtime(name) {
  const path = answer(compiler, [`-print-file-name=${name}`])
  if (!isAbsolute(path) || !existsSync(path))
    throw new Error(`${compiler} has no ${name}: install its sanitizers`)
  return path
}

try {
  // The very libtorch that the tests run on; a wheel of PyTorch has its headers.
  const libtorch = answer(python, ['-c', 'import torch; print(torch.__path__[0])'])
  const preload = [runtime('libasan.so'), runtime('libubsan.so')].join(' ')
  run('cmake', [
    ...['-S', root, '-B', folder, `-DTORCH_LORA_LIBTORCH=${libtorch}`],
    ...['-DTORCH_LORA_SANITIZE=ON', `-DCMAKE_CXX_COMPILER=${compiler}`],
  ])
  run('cmake', ['--build', folder, '--target', 'lora_ops', '--parallel', String(availableParallelism())])
  const ignored = elsewhere.map((name) => `--ignore-glob=*/${name}`)
  run(
    python,
    [
      ...['-m', 'pytest', 'test/python', '-q', '-p', 'no:cacheprovider'],
      '--capture=sys', // a report goes to the process's own standard error, and the process with it
      ...ignored,
      ...process.argv.slice(2),
    ],
    {
      LD_PRELOAD: preload,
      TORCH_LORA_OPS: join(folder, 'Release', 'liblora_ops.so'),
      // Python and libtorch free nothing at exit; an allocation that is too large is the caller's error, as without.
      ASAN_OPTIONS: 'detect_leaks=0:allocator_may_return_null=1',
      UBSAN_OPTIONS: 'print_stacktrace=1',
      PYTHONFAULTHANDLER: '1',
    },
  )
} catch (error) {
  console.error(`test:asan: ${error.message}`)
  process.exit(1)
}
