import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { libtorchCache, wholeInstalls } from '../../lib/libtorch/cache.ts'
import { inspectLibtorch } from '../../lib/libtorch/inspect.ts'
import { minorOf } from '../../lib/libtorch/versions.ts'
import { tinyClassifier } from '../inference/models.ts'
import { temporaryFolder } from '../libtorch/fakes.ts'
import { EmptyProject, predictScript, root } from './installed.ts'

// The tarball of `npm run release:pack` under each libtorch at hand, CPU and CUDA builds:
//   TORCH_LORA_RELEASE=FILE.tgz [TORCH_LORA_LIBTORCHES=DIR:DIR] npx vitest run test/package/release.test.ts
// Without TORCH_LORA_LIBTORCHES those of `torch-lora libtorch install`.
const tarball = process.env.TORCH_LORA_RELEASE
const libtorches = (
  process.env.TORCH_LORA_LIBTORCHES?.split(':').filter(Boolean).map(inspectLibtorch) ??
  wholeInstalls(libtorchCache())
).map((libtorch) => ({ ...libtorch, minor: minorOf(libtorch.version) }))

describe.skipIf(!tarball)('the release, installed where there is no compiler, without scripts', () => {
  let project: EmptyProject
  let model: string
  const first: number[] = []
  const prebuilds = () =>
    join(project.folder, 'node_modules', 'torch-lora', 'prebuilds', `${process.platform}-${process.arch}`)

  beforeAll(async () => {
    project = new EmptyProject(temporaryFolder())
    model = await tinyClassifier({ labels: ['bad', 'good'] })
    expect(project.install(tarball!)).toMatchObject({ status: 0, stderr: '' })
    expect(project.run('g++', ['--version']).status).toBe(null)
  }, 240_000)

  it('has a libtorch to be tried with', () => expect(libtorches).not.toEqual([]))

  it.each(libtorches)('loads and predicts under libtorch $version in $path', ({ path, version, minor }) => {
    const environment = { TORCH_LORA_LIBTORCH: path }
    const doctor = project.run('npx', ['--no-install', 'torch-lora', 'doctor', '--json'], environment)
    expect(JSON.parse(doctor.stdout)).toMatchObject({
      ok: true,
      addon: { from: 'prebuilds' },
      libtorch: { version },
      system: { builtFor: expect.stringMatching(`^${minor.replace('.', '\\.')}\\.`) },
    })
    const script = project.write('use.mjs', predictScript.esm + predictScript.body)
    const { status, stdout, stderr } = project.run('node', [script, model], environment)
    expect(stderr).toBe('')
    expect(status).toBe(0)
    const { logits } = JSON.parse(stdout) as { logits: number[] }
    expect(logits).toHaveLength(2)
    if (first.length === 0) first.push(...logits)
    for (const [at, logit] of logits.entries()) expect(logit).toBeCloseTo(first[at]!, 4)
  })

  const readelf = spawnSync('readelf', ['--version']).status === 0
  it.skipIf(!readelf)('needs no glibc newer than libtorch’s own builds do, on any platform', () => {
    const all = dirname(prebuilds())
    const ours = readdirSync(all, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.(so|node)$/.test(name),
    )
    expect(ours.length).toBeGreaterThan(2)
    const newer = ours.flatMap((name) => {
      const symbols = execFileSync('readelf', ['-W', '--dyn-syms', join(all, name)], { encoding: 'utf8' })
      return [...symbols.matchAll(/ UND (\S+@GLIBC_2\.(\d+))/g)]
        .filter(([, , minor]) => Number(minor) > 28)
        .map(([, symbol]) => `${name}: ${symbol}`)
    })
    expect(newer).toEqual([])
  })

  // A CUDA runtime that launches nothing stands in for the card: what is tried is that all of it opens.
  const dry = existsSync(join(process.env.CUDA_HOME ?? '/usr/local/cuda', 'include', 'cuda_runtime_api.h'))
  it.skipIf(!dry).each(libtorches.filter(({ path }) => existsSync(join(path, 'lib', 'libtorch_cuda.so'))))(
    'opens its CUDA kernels under libtorch $version in $path',
    ({ path, minor }) => {
      expect(readdirSync(prebuilds())).toContain('liblora_cuda_kernels.so')
      expect(readdirSync(join(prebuilds(), `torch-${minor}`))).toContain('liblora_ops_cuda.so')
      const build = join(root, 'scripts', 'gpu', 'dry-cuda', 'build.mjs')
      const preload = execFileSync(process.execPath, [build, path], { encoding: 'utf8' }).trim()
      const cli = join('node_modules', 'torch-lora', 'dist', 'cli', 'main.js')
      const environment = { TORCH_LORA_LIBTORCH: path, LD_PRELOAD: preload }
      const { stdout, stderr } = project.run('node', [cli, 'doctor', '--json'], environment)
      expect(stderr).toBe('')
      // The kernels are opened with the rest where a driver is: what does not open is an error.
      expect(JSON.parse(stdout)).toMatchObject({ ok: true, problems: [], system: { cudaDevices: 1 } })
    },
  )
})
