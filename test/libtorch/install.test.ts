import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { TorchLoraError } from '../../lib/errors.ts'
import { findLibtorch } from '../../lib/libtorch/find.ts'
import { type InstallOptions, installLibtorch } from '../../lib/libtorch/install.ts'
import { nvidiaRequirements } from '../../lib/libtorch/pip-torch.ts'
import { fakeFiles, fakeLibtorch, fakeWheel, temporaryFolder, writeArchive } from './fakes.ts'

/** The visible names in a cache, and the hidden ones but the lock and what URLs may go on from. */
function contents(cache: string): string[] {
  if (!existsSync(cache)) return []
  return readdirSync(cache).filter((name) => !['.lock', '.downloads'].includes(name))
}

async function failure(options: InstallOptions): Promise<TorchLoraError> {
  const error = await installLibtorch(options).then(
    () => new Error('expected a TorchLoraError'),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(TorchLoraError)
  return error as TorchLoraError
}

const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')

describe('from a wheel, a zip or a folder', () => {
  it('unpacks what libtorch is, checks it, and finds it afterwards', async () => {
    const cache = temporaryFolder()
    const from = await fakeWheel(temporaryFolder())
    const steps = new Set<string>()
    const options = {
      cache,
      from,
      headers: true,
      onProgress: ({ step }: { step: string }) => void steps.add(step),
    }
    const result = await installLibtorch(options)
    expect(result).toMatchObject({ installed: true, version: '2.13.0+cpu', cuda: false, headers: true })
    expect(result.path).toBe(join(cache, '2.13.0+cpu', 'torch'))
    expect(contents(cache)).toEqual(['2.13.0+cpu'])
    expect(readdirSync(join(result.path, 'lib')).sort()).toEqual(
      ['libc10.so', 'libgomp.so.1', 'libtorch.so', 'libtorch_cpu.so'], // nothing of Python's
    )
    expect(existsSync(join(result.path, 'nn'))).toBe(false)
    expect(existsSync(join(cache, '2.13.0+cpu', 'torch-2.13.0+cpu.dist-info', 'licenses', 'LICENSE'))).toBe(
      true,
    )
    expect(steps.has('unpack')).toBe(true)
    expect(findLibtorch({ environment: {}, cache, driver: false }).path).toBe(result.path)
    expect(await installLibtorch(options)).toMatchObject({ installed: false, path: result.path })
  })

  it('takes a libtorch zip, a folder with a libtorch, and a folder of wheels', async () => {
    const files = fakeFiles({ layout: 'zip', version: '2.12.0+cpu' })
    const zip = await writeArchive(join(temporaryFolder(), 'libtorch.zip'), files)
    expect(await installLibtorch({ cache: temporaryFolder(), from: zip })).toMatchObject({
      version: '2.12.0+cpu',
    })

    const folder = fakeLibtorch(temporaryFolder())
    const copied = await installLibtorch({ cache: temporaryFolder(), from: folder, headers: true })
    expect(copied).toMatchObject({ installed: true, version: '2.13.0+cpu', headers: true })
    expect(readdirSync(join(copied.path, '..'))).toEqual(['torch'])

    const wheels = temporaryFolder()
    await fakeWheel(wheels, { version: '2.14.1+cu130', cuda: true })
    const nvidia = new Map([
      ['nvidia/cudnn/lib/libcudnn.so.9', 'cudnn'],
      ['nvidia/cu13/lib/libcudart.so.13', 'cudart'],
      ['nvidia/cudnn/include/cudnn.h', 'header'],
      ['nvidia/nccl/include/nccl.h', 'header'],
      ['nvidia/cu13/include/cusparse.h', 'header'],
      ['nvidia/cu13/include/cuda_runtime.h', 'header'],
    ])
    await writeArchive(join(wheels, 'nvidia_cudnn-9-py3-none-any.whl'), nvidia, { record: 'nvidia_cudnn-9' })
    const cuda = await installLibtorch({ cache: temporaryFolder(), from: wheels })
    expect(cuda).toMatchObject({ version: '2.14.1+cu130', cuda: true })
    const beside = join(cuda.path, '..', 'nvidia') // where libtorch's RUNPATH ($ORIGIN/../../nvidia/...) looks
    expect(readFileSync(join(beside, 'cudnn', 'lib', 'libcudnn.so.9'), 'utf8')).toBe('cudnn')
    expect(readdirSync(beside).sort()).toEqual(['cu13', 'cudnn'])
    expect(readdirSync(join(beside, 'cudnn'))).toEqual(['lib'])
    // What PyTorch's headers include, and NCCL's; the runtime's are the toolkit's.
    const withHeaders = await installLibtorch({ cache: temporaryFolder(), from: wheels, headers: true })
    const theirs = readdirSync(join(withHeaders.path, '..', 'nvidia'), { recursive: true })
    expect(theirs.filter((name) => String(name).endsWith('.h')).sort()).toEqual([
      join('cu13', 'include', 'cusparse.h'),
      join('nccl', 'include', 'nccl.h'),
    ])
  })

  it('replaces a damaged install of the same version, and a whole one only by force', async () => {
    const cache = temporaryFolder()
    const from = await fakeWheel(temporaryFolder())
    const { path } = await installLibtorch({ cache, from })
    truncateSync(join(path, 'lib', 'libtorch_cpu.so'))
    expect(await installLibtorch({ cache, from })).toMatchObject({ installed: true })
    expect((await stat(join(path, 'lib', 'libtorch_cpu.so'))).size).toBeGreaterThan(0)
    writeFileSync(join(path, 'mark'), '')
    expect(await installLibtorch({ cache, from, force: true })).toMatchObject({ installed: true })
    expect(existsSync(join(path, 'mark'))).toBe(false)
    expect(contents(cache)).toEqual(['2.13.0+cpu'])
  })

  it('refuses what is damaged, not a libtorch, or outside the range, and leaves nothing behind', async () => {
    const folder = temporaryFolder()
    const wrongHash = await fakeWheel(join(folder, 'a'), { wrongHash: 'torch/lib/libtorch_cpu.so' })
    const truncated = await fakeWheel(join(folder, 'b'))
    truncateSync(truncated, (await stat(truncated)).size - 400)
    const flipped = await writeArchive(join(folder, 'c', 'libtorch.zip'), fakeFiles({ layout: 'zip' }))
    const bytes = readFileSync(flipped)
    bytes[60]! ^= 0xff // in the compressed data of the first entry
    writeFileSync(flipped, bytes)
    const other = await writeArchive(join(folder, 'd', 'other.whl'), new Map([['numpy/version.py', '1']]))
    const old = await fakeWheel(join(folder, 'e'), { version: '2.8.0+cpu' })
    const partial = await fakeWheel(join(folder, 'f'), { without: ['libc10.so'] })
    const cases: [string, TorchLoraError['code'], RegExp][] = [
      [wrongHash, 'INVALID_FILE', /libtorch_cpu\.so .* damaged: its sha256/],
      [truncated, 'INVALID_FILE', /not a whole wheel/],
      [flipped, 'INVALID_FILE', /damaged/],
      [other, 'INVALID_FILE', /expected a PyTorch wheel/],
      [old, 'LIBTORCH_VERSION', /2\.8\.0\+cpu, and this package needs 2\.11 to 2\.14/],
      [partial, 'LIBTORCH_NOT_FOUND', /libc10\.so is missing/],
      [join(folder, 'nothing.whl'), 'INVALID_FILE', /there is no file or folder/],
      [folder, 'LIBTORCH_NOT_FOUND', /holds no libtorch/],
    ]
    for (const [from, code, message] of cases) {
      const cache = temporaryFolder()
      expect(await failure({ cache, from })).toMatchObject({ code, message: expect.stringMatching(message) })
      expect(contents(cache)).toEqual([])
    }
  })

  it('never writes outside its folder', async () => {
    const files = fakeFiles()
    files.set('torch/lib/..x/escaped.so', 'kept out by its name')
    const name = 'torch/lib/..x/escaped.so'
    const from = await writeArchive(join(temporaryFolder(), 'evil.whl'), files)
    const bytes = readFileSync(from)
    // yazl will not write a path with `..`; patch one in, of the same length, everywhere it stands.
    const evil = 'torch/lib/../../escaped.so'.padEnd(name.length, 'x').slice(0, name.length)
    for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name)) bytes.write(evil, at)
    writeFileSync(from, bytes)
    const cache = temporaryFolder()
    expect((await failure({ cache, from })).code).toBe('INVALID_FILE')
    expect(contents(cache)).toEqual([])
  })

  it('says which folder it may not write to', async () => {
    const file = join(temporaryFolder(), 'a-file')
    writeFileSync(file, '')
    const error = await failure({ cache: join(file, 'cache'), from: await fakeWheel(temporaryFolder()) })
    expect(error).toMatchObject({
      code: 'INVALID_FILE',
      message: expect.stringContaining('cannot be written'),
    })
  })

  it('checks a checksum that is given', async () => {
    const from = await fakeWheel(temporaryFolder())
    const wrong = await failure({ cache: temporaryFolder(), from, sha256: '0'.repeat(64) })
    expect(wrong.code).toBe('INVALID_FILE')
    expect(wrong.message).toContain(sha256(from))
    const right = await installLibtorch({
      cache: temporaryFolder(),
      from,
      sha256: sha256(from).toUpperCase(),
    })
    expect(right.installed).toBe(true)
  })
})

describe('interrupted and concurrent', () => {
  it('leaves nothing when stopped in the middle, and cleans up after a process that was killed', async () => {
    const cache = temporaryFolder()
    const from = await fakeWheel(temporaryFolder())
    const controller = new AbortController()
    const stopped = await installLibtorch({
      cache,
      from,
      signal: controller.signal,
      onProgress: ({ step, bytes }) => step === 'unpack' && bytes && controller.abort(),
    }).catch((error: Error) => error)
    expect(stopped).toMatchObject({ code: 'ABORTED' })
    expect(contents(cache)).toEqual([])

    mkdirSync(join(cache, '.staging-99999', 'torch', 'lib'), { recursive: true })
    await installLibtorch({ cache, from })
    expect(contents(cache)).toEqual(['2.13.0+cpu'])
  })

  it('lets the second of two installations wait and find the first one’s', async () => {
    const cache = temporaryFolder()
    const from = await fakeWheel(temporaryFolder())
    const results = await Promise.all([installLibtorch({ cache, from }), installLibtorch({ cache, from })])
    expect(results.map(({ installed }) => installed).sort()).toEqual([false, true])
    expect(contents(cache)).toEqual(['2.13.0+cpu'])
  })

  it('goes on after an installer that was killed with the lock in its hand', async () => {
    const cache = temporaryFolder()
    const from = await fakeWheel(temporaryFolder())
    const module = fileURLToPath(new URL('../../lib/libtorch/install.ts', import.meta.url))
    const script = `const { installLibtorch } = await import(${JSON.stringify(module)})
      await installLibtorch({ cache: ${JSON.stringify(cache)}, from: ${JSON.stringify(from)}, onProgress: (p) => {
        if (p.step === 'unpack') { process.stdout.write('unpacking'); process.kill(process.pid, 'SIGKILL') } } })`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script])
    await new Promise((resolve) => child.on('exit', resolve))
    expect(contents(cache).some((name) => name.startsWith('.staging-'))).toBe(true)
    expect(existsSync(join(cache, '.lock'))).toBe(true)
    expect(await installLibtorch({ cache, from })).toMatchObject({ installed: true })
    expect(contents(cache)).toEqual(['2.13.0+cpu'])
  }, 60_000)
})

describe('from a URL', () => {
  const servers: ReturnType<typeof createServer>[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })

  /** Serves a file with ranges; breaks the first `breaks` answers off in the middle. */
  async function serve(file: string, options: { breaks?: number; etag?: () => string } = {}) {
    const ranges: (string | undefined)[] = []
    let breaks = options.breaks ?? 0
    const body = readFileSync(file)
    const server = createServer((request, response) => {
      ranges.push(request.headers.range)
      if (basename(request.url!) !== encodeURIComponent(basename(file))) {
        response.writeHead(404).end()
        return
      }
      const etag = options.etag?.() ?? '"one"'
      const start =
        request.headers['if-range'] === etag
          ? Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
          : 0
      const rest = body.subarray(start)
      response.writeHead(start > 0 ? 206 : 200, { 'content-length': rest.length, etag })
      if (breaks-- > 0)
        response.write(rest.subarray(0, rest.length >> 1), () => setTimeout(() => response.destroy(), 50))
      else response.end(rest)
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${encodeURIComponent(basename(file))}`
    return { url, ranges }
  }

  it('downloads, checks the #sha256 of a package index, and installs', async () => {
    const wheel = await fakeWheel(temporaryFolder())
    const { url } = await serve(wheel)
    const cache = temporaryFolder()
    expect(await installLibtorch({ cache, from: `${url}#sha256=${sha256(wheel)}` })).toMatchObject({
      installed: true,
    })
    expect(readdirSync(join(cache, '.downloads'))).toEqual([])
    const wrong = await failure({ cache: temporaryFolder(), from: `${url}#sha256=${'f'.repeat(64)}` })
    expect(wrong.code).toBe('INVALID_FILE')
  })

  it('goes on where a broken download stopped, in the same run and in the next', async () => {
    const wheel = await fakeWheel(temporaryFolder())
    const { url, ranges } = await serve(wheel, { breaks: 1 })
    const options = { from: url, sha256: sha256(wheel) }
    expect(await installLibtorch({ ...options, cache: temporaryFolder() })).toMatchObject({ installed: true })
    expect(ranges[0]).toBeUndefined()
    expect(ranges[1]).toMatch(/^bytes=[1-9]\d*-$/)

    const again = await serve(wheel, { breaks: 1 })
    const cache = temporaryFolder()
    const controller = new AbortController()
    const onProgress = ({ bytes }: { bytes?: number }) => bytes && setTimeout(() => controller.abort(), 60)
    const stopped = { cache, from: again.url, sha256: sha256(wheel), onProgress, signal: controller.signal }
    expect(await failure(stopped)).toMatchObject({ code: 'ABORTED' })
    expect(contents(cache)).toEqual([])
    expect(await installLibtorch({ cache, from: again.url, sha256: sha256(wheel) })).toMatchObject({
      installed: true,
    })
    expect(again.ranges.at(-1)).toMatch(/^bytes=[1-9]\d*-$/)
  })

  it('starts over when the file behind the URL has changed meanwhile', async () => {
    const wheel = await fakeWheel(temporaryFolder())
    let version = 0
    const { url, ranges } = await serve(wheel, { breaks: 1, etag: () => `"${version++}"` })
    const options = { cache: temporaryFolder(), from: url, sha256: sha256(wheel) }
    expect(await installLibtorch(options)).toMatchObject({ installed: true })
    expect(ranges).toHaveLength(2)
  })

  it('says what the server answered, or that there is none', async () => {
    const { url } = await serve(await fakeWheel(temporaryFolder()))
    const missing = await failure({ cache: temporaryFolder(), from: url.replace('torch-', 'notorch-') })
    expect(missing).toMatchObject({ code: 'NETWORK', message: expect.stringContaining('404') })
    servers.splice(0).forEach((server) => {
      server.close()
      server.closeAllConnections()
    })
    const gone = await failure({ cache: temporaryFolder(), from: url })
    expect(gone).toMatchObject({ code: 'NETWORK', message: expect.stringContaining('cannot be reached') })
  })
})

describe('through pip', () => {
  it('refuses a version outside the range, or that is none, before asking anybody', async () => {
    expect(await failure({ cache: temporaryFolder(), version: '2.15.0' })).toMatchObject({
      code: 'LIBTORCH_VERSION',
    })
    expect(await failure({ cache: temporaryFolder(), version: 'newest' })).toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })

  it('says how to do without pip and without an index', async () => {
    const environment = { PATH: '/nowhere', PIP_NO_INDEX: '1', PIP_CONFIG_FILE: '/dev/null' }
    const error = await failure({ cache: temporaryFolder(), environment })
    expect(error.code).toBe('NETWORK')
    for (const part of ['--from', 'PIP_INDEX_URL', 'pip.conf']) expect(error.message).toContain(part)
  })

  it('asks for the NVIDIA libraries that the wheel names, and for no Python packages', () => {
    const metadata = `Name: torch
Requires-Dist: sympy>=1.13.3
Requires-Dist: cuda-toolkit[cublas,cudart]==13.0.3; platform_system == "Linux"
Requires-Dist: cuda-bindings<14,>=13.0.3; platform_system == "Linux"
Requires-Dist: nvidia-cudnn-cu13==9.24.0.43; platform_system == "Linux"
Requires-Dist: triton~=3.8.0; platform_system == "Linux"
Requires-Dist: nvidia-extra; extra == "more"
`
    expect(nvidiaRequirements(metadata)).toEqual([
      'cuda-toolkit[cublas,cudart]==13.0.3; platform_system == "Linux"',
      'nvidia-cudnn-cu13==9.24.0.43; platform_system == "Linux"',
    ])
  })
})
