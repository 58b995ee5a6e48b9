import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { addonPath, missingKernels } from '../../lib/addon.ts'
import { findLibtorch } from '../../lib/libtorch/find.ts'
import { minorOf } from '../../lib/libtorch/versions.ts'
import { tinyClassifier } from '../inference/models.ts'
import { fakeLibtorch, temporaryFolder } from './fakes.ts'

/** Of the libtorch that the addon under test was built for: one that the loader takes. */
const { version } = findLibtorch()

const module = new URL('../../lib/addon.ts', import.meta.url).href

/** Runs a script in a process of its own, since what a process has opened it keeps; gives its stdout as JSON. */
function run(script: string, environment: NodeJS.ProcessEnv = {}): unknown {
  const source = `const { loadNative, loadedFrom } = await import(${JSON.stringify(module)})\n${script}`
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', source],
    { env: { ...process.env, ...environment }, encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`exit ${status}: ${stderr}`)
  return JSON.parse(stdout)
}

const attempt = `let failure = {}
  try { loadNative() } catch (error) { failure = { name: error.name, code: error.code, message: error.message, cause: error.cause?.message } }
  console.log(JSON.stringify(failure))`

/** A folder as node-gyp-build finds it, with the real addon and whatever stands beside it. */
function packageWith(core: string): string {
  const folder = join(temporaryFolder(), 'build', 'Release')
  mkdirSync(folder, { recursive: true })
  const real = dirname(addonPath())
  copyFileSync(addonPath(), join(folder, 'torch_lora.node'))
  copyFileSync(join(real, 'liblora_ops.so'), join(folder, 'liblora_ops.so'))
  if (core === 'text') writeFileSync(join(folder, 'libtorch_lora_core.so'), 'no library')
  else copyFileSync(core, join(folder, 'libtorch_lora_core.so'))
  return dirname(dirname(folder))
}

/** The libtorch at hand, as a CUDA build of it lies there: with libraries of CUDA that open and hold nothing. */
function cudaLibtorch(): string {
  const { path } = findLibtorch()
  const folder = temporaryFolder()
  const lib = join(folder, 'torch', 'lib')
  mkdirSync(lib, { recursive: true })
  for (const name of readdirSync(dirname(path)).filter((entry) => entry !== basename(path)))
    symlinkSync(join(dirname(path), name), join(folder, name)) // where its libraries look for others
  for (const name of readdirSync(join(path, 'lib'))) symlinkSync(join(path, 'lib', name), join(lib, name))
  for (const name of ['libc10_cuda.so', 'libtorch_cuda.so']) {
    rmSync(join(lib, name), { force: true })
    symlinkSync(join(path, 'lib', 'libtorch.so'), join(lib, name))
  }
  writeFileSync(join(folder, 'torch', 'version.py'), `__version__ = '${minorOf(version)}.0+cu130'\n`)
  return join(folder, 'torch')
}

describe('loadNative', () => {
  it('opens libtorch and the core without LD_LIBRARY_PATH, once', () => {
    const result = run(
      `const first = loadNative()
      console.log(JSON.stringify({ same: first === loadNative(), libtorch: loadedFrom().libtorch.path, ops: first.opNames().length, lora: first.opNames().filter((name) => name.startsWith('lora::')).length }))`,
      { LD_LIBRARY_PATH: '' },
    ) as { same: boolean; libtorch: string; ops: number; lora: number }
    expect(result.same).toBe(true)
    expect(result.libtorch).toBe(findLibtorch().path)
    expect(result.ops).toBeGreaterThan(2000)
    expect(result.lora).toBeGreaterThan(0)
  })

  it('gives the same object to a second copy of this module, and one of its own to each worker thread', () => {
    const result = run(`const { Worker } = await import('node:worker_threads')
      const here = loadNative()
      const again = await import(${JSON.stringify(`${module}?copy`)})
      // A worker does not inherit the hooks of --import tsx.
      const body = \`import { parentPort } from 'node:worker_threads'
        import { register } from '\${import.meta.resolve('tsx/esm/api')}'
        register()
        const native = (await import(${JSON.stringify(module)})).loadNative()
        native.fromBytes(new Uint8Array(16), 'float32', [4])
        parentPort.postMessage(native.memory().tensors)\`
      const url = new URL('data:text/javascript,' + encodeURIComponent(body))
      const workers = await Promise.all([1, 2, 3].map(() => new Promise((resolve, reject) => {
        new Worker(url).on('message', resolve).on('error', reject)
      })))
      console.log(JSON.stringify({ same: again.loadNative() === here, workers, here: here.memory().tensors }))`)
    expect(result).toEqual({ same: true, workers: [1, 1, 1], here: 0 })
  })

  it('says which libtorch does not open, and keeps the dynamic linker’s words', () => {
    const torch = fakeLibtorch(temporaryFolder(), { version })
    const failure = run(attempt, { TORCH_LORA_LIBTORCH: torch })
    expect(failure).toMatchObject({ name: 'TorchLoraError', code: 'LIBTORCH_NOT_FOUND' })
    const { message, cause } = failure as { message: string; cause: string }
    for (const part of [torch, version, 'libtorch install']) expect(message).toContain(part)
    expect(cause).toMatch(/libc10\.so: (invalid ELF header|file too short)/)
  })

  it('says when there is no addon, or a core that is none', () => {
    const nothing = run(attempt, { TORCH_LORA_PREBUILD: temporaryFolder() })
    expect(nothing).toMatchObject({
      code: 'ADDON_NOT_FOUND',
      message: expect.stringContaining('build-native.mjs'),
    })
    const text = run(attempt, { TORCH_LORA_PREBUILD: packageWith('text') })
    expect(text).toMatchObject({
      code: 'ADDON_NOT_FOUND',
      cause: expect.stringContaining('libtorch_lora_core.so'),
    })
    const other = run(attempt, { TORCH_LORA_PREBUILD: packageWith(addonPath()) })
    expect(other).toMatchObject({
      code: 'ADDON_NOT_FOUND',
      message: expect.stringContaining('torch_lora_core_init'),
    })
  })

  it('takes only a libtorch that it was built for, of those that are there', () => {
    const built = packageWith(join(dirname(addonPath()), 'libtorch_lora_core.so'))
    const release = join(built, 'build', 'Release')
    writeFileSync(join(release, 'torch_lora.build.json'), '{ "version": "2.13.0+cpu" }')
    const script = `const { addonPath, findLibtorchFor } = await import(${JSON.stringify(module)})
      let result
      try { result = findLibtorchFor(addonPath()).version } catch (error) { result = error.code + ' ' + error.message }
      console.log(JSON.stringify(result))`
    const home = temporaryFolder()
    const cache = join(home, 'torch-lora', 'libtorch')
    for (const version of ['2.12.1+cpu', '2.13.1+cpu', '2.14.1+cpu'])
      fakeLibtorch(join(cache, version), { version })
    const environment = { TORCH_LORA_PREBUILD: built, TORCH_LORA_LIBTORCH: '', XDG_CACHE_HOME: home }
    expect(run(script, environment)).toBe('2.13.1+cpu')
    const newer = { ...environment, TORCH_LORA_LIBTORCH: join(cache, '2.14.1+cpu') }
    expect(run(script, newer)).toMatch(
      /^LIBTORCH_VERSION .*2\.14\.1.*needs 2\.13, which its addon was built for.*build the addon for it: `node \S*scripts\/build-native\.mjs`\.$/,
    )
    // A build for another release in a folder of its own.
    mkdirSync(join(release, 'torch-2.14'))
    writeFileSync(join(release, 'torch-2.14', 'libtorch_lora_core.so'), '')
    expect(run(script, newer)).toBe('2.14.1+cpu')
    expect(run(script, environment)).toBe('2.14.1+cpu')
  })

  it('names the library for CUDA that is missing: of kernels beside the addon, of operators beside the core', () => {
    const beside = join(packageWith('text'), 'build', 'Release')
    const own = join(beside, 'torch-2.14')
    mkdirSync(own)
    writeFileSync(join(own, 'libtorch_lora_core.so'), '')
    const addon = join(beside, 'torch_lora.node')
    const missing = () => missingKernels(addon, { version: '2.14.1+cu130', cuda: true })
    for (const file of [join(beside, 'liblora_cuda_kernels.so'), join(own, 'liblora_ops_cuda.so')]) {
      expect(missing()).toBe(file)
      writeFileSync(file, '')
    }
    expect(missing()).toBe(null)
    expect(missingKernels(addon, { version: '2.13.0+cpu', cuda: false })).toBe(null)
  })

  it('warns of CUDA kernels that are missing, by name: at load, in /info and in doctor', async () => {
    const built = packageWith(join(dirname(addonPath()), 'libtorch_lora_core.so'))
    const of = (path: string) => JSON.stringify(new URL(`../../lib/${path}`, import.meta.url).href)
    const found = run(
      `const { once } = await import('node:events')
      const { default: fs } = await import('node:fs')
      const { syncBuiltinESMExports } = await import('node:module')
      const { existsSync } = fs
      fs.existsSync = (path) => path === '/dev/nvidiactl' || existsSync(path) // a machine with a driver
      syncBuiltinESMExports()
      const warned = once(process, 'warning')
      loadNative()
      const [{ code, message }] = await warned
      const { createServer } = await import(${of('serve/app.ts')})
      const app = await createServer(${JSON.stringify(await tinyClassifier())}, { device: 'cpu', logLevel: 'silent' })
      const { warnings } = (await app.inject('/info')).json()
      await app.close()
      const { diagnose } = await import(${of('cli/diagnose.ts')})
      const doctor = diagnose().problems.map(({ message }) => message)
      console.log(JSON.stringify({ code, message, warnings, doctor }))`,
      { TORCH_LORA_PREBUILD: built, TORCH_LORA_LIBTORCH: cudaLibtorch() },
    ) as { code: string; message: string; warnings: string[]; doctor: string[] }
    expect(found.code).toBe('TORCH_LORA_NO_CUDA_KERNELS')
    expect(found.message).toContain(join(built, 'build', 'Release', 'liblora_cuda_kernels.so'))
    expect(found.warnings).toEqual([found.message])
    expect(found.doctor).toContain(found.message)
  }, 120_000)

  const compiler = spawnSync('cc', ['--version']).status === 0
  it.skipIf(!compiler)('says when libtorch lacks what the addon calls', () => {
    const torch = fakeLibtorch(temporaryFolder(), { version })
    for (const name of ['libc10.so', 'libtorch_cpu.so']) {
      const args = ['-shared', '-x', 'c', '/dev/null', '-o', join(torch, 'lib', name), `-Wl,-soname,${name}`]
      expect(spawnSync('cc', args).status).toBe(0)
    }
    const failure = run(attempt, { TORCH_LORA_LIBTORCH: torch })
    expect(failure).toMatchObject({
      code: 'LIBTORCH_VERSION',
      cause: expect.stringContaining('undefined symbol'),
    })
    expect((failure as Error).message).toContain(torch)
  })
})
