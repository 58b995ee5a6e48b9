import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { TorchLoraError } from '../../lib/errors.ts'
import { findLibtorch } from '../../lib/libtorch/find.ts'
import { inspectLibtorch, librariesOf } from '../../lib/libtorch/inspect.ts'
import { isSupported, newestFirst } from '../../lib/libtorch/versions.ts'
import { fakeLibtorch, temporaryFolder } from './fakes.ts'

function failure(body: () => unknown): TorchLoraError {
  try {
    body()
  } catch (error) {
    expect(error).toBeInstanceOf(TorchLoraError)
    return error as TorchLoraError
  }
  throw new Error('expected a TorchLoraError')
}

/** A PATH whose only program is a `python3` that says where its torch is. */
function pathWithPython(torch: string): string {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'python3'), `#!/bin/sh\necho '${torch}'\n`)
  chmodSync(join(folder, 'python3'), 0o755)
  return folder
}

const empty = () => ({ cache: temporaryFolder(), driver: false })

describe('supported versions', () => {
  it('takes 2.11 to 2.14, whatever the patch and build', () => {
    const taken = ['2.11.0', '2.13.0+cpu', '2.14.1+cu130', '2.14.9.dev20260101', '2.13.0a0+git1234', '2.11']
    const refused = ['2.10.9', '2.15.0', '1.13.0', '3.12.0', 'master', '', '2.13.0/../x']
    expect(taken.map(isSupported)).toEqual(taken.map(() => true))
    expect(refused.map(isSupported)).toEqual(refused.map(() => false))
  })

  it('orders by number', () => {
    expect(['2.9.1', '2.14.0', 'x', '2.13.0+cpu'].sort(newestFirst)).toEqual([
      '2.14.0',
      '2.13.0+cpu',
      '2.9.1',
      'x',
    ])
  })
})

describe('inspectLibtorch', () => {
  it('reads a wheel layout, a zip layout, and the folder above either', () => {
    const folder = temporaryFolder()
    const torch = fakeLibtorch(folder, { version: '2.12.1+cu126', cuda: true })
    expect(inspectLibtorch(torch)).toEqual({
      path: torch,
      version: '2.12.1+cu126',
      cuda: true,
      headers: true,
    })
    expect(inspectLibtorch(folder).path).toBe(torch)
    const zip = fakeLibtorch(temporaryFolder(), { layout: 'zip' })
    expect(inspectLibtorch(zip)).toMatchObject({ path: zip, version: '2.13.0+cpu', cuda: false })
  })

  it('names what a damaged one lacks', () => {
    const torch = fakeLibtorch(temporaryFolder(), { without: ['libc10.so', 'libtorch.so'] })
    truncateSync(join(torch, 'lib', 'libtorch_cpu.so'))
    const { code, message, file } = failure(() => inspectLibtorch(torch))
    expect(code).toBe('LIBTORCH_NOT_FOUND')
    expect(file).toBe(torch)
    for (const part of ['libc10.so is missing', 'libtorch.so is missing', 'libtorch_cpu.so is empty']) {
      expect(message).toContain(part)
    }
  })

  it('opens the CUDA libraries only where a driver is', () => {
    const names = (driver: boolean) => {
      const libtorch = inspectLibtorch(fakeLibtorch(temporaryFolder(), { cuda: true }))
      return librariesOf(libtorch, { driver }).map((path) => path.split('/').at(-1))
    }
    expect(names(false)).toEqual(['libc10.so', 'libtorch_cpu.so'])
    expect(names(true)).toEqual(['libc10.so', 'libtorch_cpu.so', 'libc10_cuda.so', 'libtorch_cuda.so'])
  })
})

describe('findLibtorch', () => {
  it('takes TORCH_LORA_LIBTORCH before the cache, and the cache before python3', () => {
    const named = fakeLibtorch(temporaryFolder())
    const cache = temporaryFolder()
    const cached = fakeLibtorch(join(cache, '2.13.0+cpu'))
    const python = fakeLibtorch(temporaryFolder())
    const environment = { PATH: pathWithPython(python) }
    const find = (more: object, where = cache) =>
      findLibtorch({ environment: { ...environment, ...more }, cache: where, driver: false })
    expect(find({ TORCH_LORA_LIBTORCH: named })).toMatchObject({ path: named, source: 'TORCH_LORA_LIBTORCH' })
    expect(find({})).toMatchObject({ path: cached, source: 'cache' })
    expect(find({}, temporaryFolder())).toMatchObject({ path: python, source: 'python' })
  })

  it('finds the cache through XDG_CACHE_HOME', () => {
    const home = temporaryFolder()
    const cached = fakeLibtorch(join(home, 'torch-lora', 'libtorch', '2.13.0+cpu'))
    expect(findLibtorch({ environment: { XDG_CACHE_HOME: home }, driver: false }).path).toBe(cached)
  })

  it('treats TORCH_LORA_LIBTORCH as a decision: a wrong one is an error, not a reason to look further', () => {
    const cache = temporaryFolder()
    fakeLibtorch(join(cache, '2.13.0+cpu'))
    const missing = failure(() => findLibtorch({ environment: { TORCH_LORA_LIBTORCH: '/nowhere' }, cache }))
    expect(missing.code).toBe('LIBTORCH_NOT_FOUND')
    expect(missing.message).toContain('TORCH_LORA_LIBTORCH')
    expect(missing.message).toContain('/nowhere')
    const old = fakeLibtorch(temporaryFolder(), { version: '2.4.1' })
    const wrong = failure(() => findLibtorch({ environment: { TORCH_LORA_LIBTORCH: old }, cache }))
    expect(wrong.code).toBe('LIBTORCH_VERSION')
    for (const part of ['2.4.1', old, '2.11 to 2.14', 'torch-lora libtorch install']) {
      expect(wrong.message).toContain(part)
    }
  })

  it('chooses the build that suits the machine, then the newest, and passes over the broken', () => {
    const cache = temporaryFolder()
    fakeLibtorch(join(cache, '2.12.0+cpu'), { version: '2.12.0+cpu' })
    fakeLibtorch(join(cache, '2.13.0+cpu'), { version: '2.13.0+cpu' })
    fakeLibtorch(join(cache, '2.11.0+cu128'), { version: '2.11.0+cu128', cuda: true })
    fakeLibtorch(join(cache, '2.14.0+cpu'), { version: '2.14.0+cpu', without: ['libc10.so'] })
    fakeLibtorch(join(cache, '2.15.0+cpu'), { version: '2.15.0+cpu' })
    mkdirSync(join(cache, '.staging-1', 'torch'), { recursive: true })
    const version = (driver: boolean) => findLibtorch({ environment: {}, cache, driver }).version
    expect(version(false)).toBe('2.13.0+cpu')
    expect(version(true)).toBe('2.11.0+cu128')
  })

  it('says that nothing was found, where it looked, and what mends it', () => {
    const options = empty()
    const { code, message } = failure(() => findLibtorch({ ...options, environment: { PATH: '/nowhere' } }))
    expect(code).toBe('LIBTORCH_NOT_FOUND')
    for (const part of ['TORCH_LORA_LIBTORCH', options.cache, 'python3', 'torch-lora libtorch install']) {
      expect(message).toContain(part)
    }
  })

  it('says when the only one found is outside the range, or incomplete', () => {
    const old = fakeLibtorch(temporaryFolder(), { version: '2.9.1+cu128' })
    const wrong = failure(() => findLibtorch({ ...empty(), environment: { PATH: pathWithPython(old) } }))
    expect(wrong.code).toBe('LIBTORCH_VERSION')
    for (const part of ['2.9.1+cu128', old, '2.11 to 2.14']) expect(wrong.message).toContain(part)
    const broken = fakeLibtorch(temporaryFolder(), { without: ['libc10.so'] })
    const half = failure(() => findLibtorch({ ...empty(), environment: { PATH: pathWithPython(broken) } }))
    expect(half.code).toBe('LIBTORCH_NOT_FOUND')
    expect(half.message).toContain('libc10.so is missing')
  })

  const python = spawnSync('python3', ['--version']).status === 0
  it.skipIf(!python)('does not import torch to find it', () => {
    const site = temporaryFolder()
    const torch = fakeLibtorch(site)
    writeFileSync(join(torch, '__init__.py'), `open('${site}/imported', 'w')\n`)
    const found = findLibtorch({ ...empty(), environment: { PATH: process.env.PATH, PYTHONPATH: site } })
    expect(found.path).toBe(torch)
    expect(() => readFileSync(join(site, 'imported'))).toThrow()
  })
})
