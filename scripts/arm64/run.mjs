#!/usr/bin/env node
/**
 * `npm run test:arm64`: the package on arm64, under qemu's emulation. Builds for arm64 from here, packs, installs the
 * tarball as npm does on arm64, and runs there what scripts/arm64/smoke.ts does; the same on this machine gives what must
 * come of it. Then the 8-bit products with SDOT and without, and `doctor`. What emulation says is whether it is right;
 * nothing of its speed.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { arm64, arm64Libtorch } from '../cross/linux-arm64.mjs'
import { releasePack } from '../release-pack.mjs'
import { arm64Node, emulated, requireEmulator } from './emulated.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = dirname(dirname(here))
const tsx = join(root, 'node_modules', '.bin', 'tsx')

/** How far machines may be apart: rounding in other orders. */
const tolerances = { float32: 1e-4, bfloat16: 0.03, float16: 5e-3, int8: 0.03 }

const started = performance.now()
const say = (text) =>
  console.log(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${text}`)

function run(command, args, { cwd = root, environment = {} } = {}) {
  const env = { ...process.env, ...environment }
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: 'utf8' })
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? signal ?? ''}\n${stdout}${stderr}`)
  return stdout
}
const lastLine = (stdout) => JSON.parse(stdout.trim().split('\n').at(-1))

function close(what, there, here, tolerance) {
  const apart = Math.max(...here.map((value, at) => Math.abs(value - there[at])))
  if (!(apart <= tolerance))
    throw new Error(
      `${what}: expected ${JSON.stringify(here)} within ${tolerance}, arm64 gave ${JSON.stringify(there)}`,
    )
  say(`${what}: ${apart.toExponential(1)} apart`)
}

function same(what, there, here) {
  if (JSON.stringify(there) !== JSON.stringify(here))
    throw new Error(`${what}: expected ${JSON.stringify(here)}, arm64 gave ${JSON.stringify(there)}`)
  say(`${what}: the same`)
}

/** An empty project with the package in it, as npm installs it on arm64, and what is run there. */
function project(folder, tarball) {
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  const platform = ['--cpu', 'arm64', '--os', 'linux', '--libc', 'glibc']
  const quiet = ['--no-audit', '--no-fund', '--loglevel', 'error']
  run('npm', ['install', '--ignore-scripts', '--prefer-offline', ...platform, ...quiet, tarball], {
    cwd: folder,
  })
  for (const name of ['smoke.ts', 'int8.ts']) copyFileSync(join(here, name), join(folder, name))
}

async function test(folder) {
  requireEmulator(arm64.compiler)
  const { defaultLibtorch } = await import('../../dist/libtorch/versions.js')
  const libtorch = await arm64Libtorch(defaultLibtorch)
  say(`libtorch for arm64 in ${libtorch}`)
  const { tarball } = await releasePack(folder, { libtorch: [libtorch], cpu: true })
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'torch-lora', 'arm64-node')
  const node = emulated(folder, arm64Node(cache, '22'))
  const cwd = join(folder, 'project')
  project(cwd, tarball)
  say('installed')
  const model = run(tsx, [join(root, 'scripts', 'everywhere', 'model.ts')]).trim()
  const there = (script, args = [], environment = {}) =>
    lastLine(
      run(node, [script, ...args], { cwd, environment: { ...environment, TORCH_LORA_LIBTORCH: libtorch } }),
    )
  try {
    const expected = lastLine(run(tsx, [join(here, 'smoke.ts'), model]))
    const found = there('smoke.ts', [model])
    if (found.arch !== 'arm64') throw new Error(`this was run on ${found.arch}`)
    for (const [dtype, tolerance] of Object.entries(tolerances))
      close(`one text in ${dtype}`, found.logits[dtype], expected.logits[dtype], tolerance)
    close('a training step: loss', [found.step.loss], [expected.step.loss], 1e-3)
    close('its gradients: norm', [found.step.gradNorm], [expected.step.gradNorm], 1e-2)
    same('a served request: status', found.served.status, 200)
    const scores = (answer) => answer.map(({ score }) => score)
    close('its scores', scores(found.served.answer), scores(expected.served.answer), 1e-4)
    const products = there('int8.ts')
    same(
      '8-bit products with SDOT and without',
      products,
      there('int8.ts', [], { ATEN_CPU_CAPABILITY: 'default' }),
    )
    const ours = lastLine(run(tsx, [join(here, 'int8.ts')]))
    for (const [at, sums] of ours.entries())
      close(`8-bit products, ${at + 1} of ${ours.length}`, products[at], sums, 1e-3)
  } finally {
    rmSync(model, { recursive: true, force: true })
  }
  const cli = join('node_modules', 'torch-lora', 'dist', 'cli', 'main.js')
  const doctor = JSON.parse(
    run(node, [cli, 'doctor', '--json'], { cwd, environment: { TORCH_LORA_LIBTORCH: libtorch } }),
  )
  if (!doctor.ok || doctor.platform !== arm64.platform) throw new Error(`doctor: ${JSON.stringify(doctor)}`)
  say('doctor: ready')
}

const folder = mkdtempSync(join(tmpdir(), 'torch-lora-arm64-'))
try {
  await test(folder)
  say('passed')
} catch (error) {
  console.error(`test:arm64: ${error.message}`)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
