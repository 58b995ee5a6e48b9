import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type HubProgress, type ResolveModelOptions, resolveModel } from '../../lib/hub/index.ts'
import { FIXTURES, failure, temporaryFolder } from '../checkpoint/support.ts'
import { fail, HubServer } from './hub-server.ts'

const hub = new HubServer()
const home = await temporaryFolder()
let cacheDir: string
let count = 0

beforeAll(() => hub.start())
afterAll(() => hub.stop())
beforeEach(async () => {
  cacheDir = join(home, `cache-${count++}`)
  for (const name of [
    'HF_ENDPOINT',
    'HF_HUB_CACHE',
    'HF_HUB_OFFLINE',
    'HF_TOKEN',
    'HTTPS_PROXY',
    'HTTP_PROXY',
  ]) {
    vi.stubEnv(name, undefined)
    vi.stubEnv(name.toLowerCase(), undefined)
  }
  vi.stubEnv('HF_HOME', join(home, 'empty'))
  hub.requests.length = 0
  hub.repos.clear()
  hub.intercept = () => false
  hub.repos.set('acme/tiny', await repository('models/bert-multilabel', ['model.safetensors']))
  hub.repos.get('acme/tiny')?.set('README.md', { content: Buffer.from('not asked for') })
})
afterEach(() => vi.unstubAllEnvs())

async function repository(folder: string, large: string[]) {
  const root = join(FIXTURES, folder)
  const names = await readdir(root)
  const files = names.map(
    async (name) => [name, { content: await readFile(join(root, name)), lfs: large.includes(name) }] as const,
  )
  return new Map(await Promise.all(files))
}

const resolve = (id: string, options: ResolveModelOptions = {}) =>
  resolveModel(id, { endpoint: hub.endpoint, cacheDir, ...options })

async function expectModel(folder: string, fixture: string): Promise<void> {
  for (const name of await readdir(join(FIXTURES, fixture))) {
    expect(
      (await readFile(join(folder, name))).equals(await readFile(join(FIXTURES, fixture, name))),
      name,
    ).toBe(true)
  }
}

describe('resolveModel', () => {
  it('takes an existing folder as it is, asking nobody', async () => {
    expect(await resolve(FIXTURES)).toBe(FIXTURES)
    expect(hub.requests).toEqual([])
  })

  it('takes the model in a run’s folder', async () => {
    const run = await mkdtemp(join(home, 'run-'))
    await mkdir(join(run, 'model'))
    expect(await resolve(run)).toBe(run)
    await writeFile(join(run, 'model', 'config.json'), '{}')
    expect(await resolve(run)).toBe(join(run, 'model'))
    await writeFile(join(run, 'config.json'), '{}')
    expect(await resolve(run)).toBe(run)
  })

  it('downloads what is asked for, in the layout of the shared cache', async () => {
    const progress: HubProgress[] = []
    const folder = await resolve('acme/tiny', { onProgress: (event) => progress.push(event) })
    expect(folder).toBe(join(cacheDir, 'models--acme--tiny', 'snapshots', hub.commit))
    await expectModel(folder, 'models/bert-multilabel')
    expect((await readdir(folder)).sort()).toEqual(['config.json', 'model.safetensors'])
    expect(await readlink(join(folder, 'config.json'))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/)
    expect(await readlink(join(folder, 'model.safetensors'))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/)
    expect(await readFile(join(cacheDir, 'models--acme--tiny/refs/main'), 'utf8')).toBe(hub.commit)
    expect((await readdir(join(cacheDir, 'models--acme--tiny/blobs'))).length).toBe(2)

    const last = progress.at(-1)!
    expect(last.bytes).toBe(last.total)
    expect(last).toMatchObject({ file: 'model.safetensors', fileBytes: last.fileTotal })
    expect(progress.map(({ bytes }) => bytes)).toEqual(
      progress.map(({ bytes }) => bytes).sort((a, b) => a - b),
    )
  })

  it('downloads nothing twice', async () => {
    await resolve('acme/tiny')
    hub.requests.length = 0
    const onProgress = vi.fn()
    await resolve('acme/tiny', { onProgress })
    expect(hub.requests.some((line) => line.includes('/resolve/'))).toBe(false)
    expect(onProgress).not.toHaveBeenCalled()
  })

  it('brings every shard that an index names', async () => {
    hub.repos.set('acme/sharded', await repository('checkpoints/sharded', []))
    await expectModel(await resolve('acme/sharded'), 'checkpoints/sharded')
  })

  it('honours HF_ENDPOINT, HF_HUB_CACHE and HF_TOKEN', async () => {
    const cache = join(home, 'from-environment')
    vi.stubEnv('HF_ENDPOINT', `${hub.endpoint}/`)
    vi.stubEnv('HF_HUB_CACHE', cache)
    vi.stubEnv('HF_TOKEN', 'hf_secret')
    const seen = new Set<string | undefined>()
    hub.intercept = (request) => {
      seen.add(request.headers.authorization)
      return false
    }
    expect(await resolveModel('acme/tiny', { files: ['config.json'] })).toContain(cache)
    expect([...seen]).toEqual(['Bearer hf_secret'])
    await failure(resolveModel('acme/tiny', { token: 'nonsense' }), 'INVALID_ARGUMENT')
  })

  it('goes through the proxy of the environment', async () => {
    let tunnels = 0
    const proxy = createServer().on('connect', (request, socket) => {
      tunnels++
      const [host, port] = (request.url ?? '').split(':')
      const upstream = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        upstream.pipe(socket).pipe(upstream)
      })
      upstream.on('error', () => socket.destroy())
      socket.on('error', () => upstream.destroy())
    })
    await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done))
    vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`)
    await resolve('acme/tiny', { endpoint: hub.endpoint })
    expect(tunnels).toBeGreaterThan(0)
    proxy.close()
    proxy.closeAllConnections()
  })

  it('works offline from the cache, and says what is missing', async () => {
    const online = await resolve('acme/tiny')
    hub.requests.length = 0
    vi.stubEnv('HF_HUB_OFFLINE', '1')
    expect(await resolve('acme/tiny')).toBe(online)
    expect(await resolve('acme/tiny', { revision: hub.commit })).toBe(online)
    const error = await failure(resolve('acme/other'), 'NETWORK')
    expect(error.message).toMatch(/offline.*models--acme--other.*hf download acme\/other/)
    await failure(resolve('acme/tiny', { files: ['spm.model'] }), 'NETWORK')
    expect(hub.requests).toEqual([])
  })

  it('falls back to the cache when the hub cannot be reached, and otherwise says how to bring the files', async () => {
    const online = await resolve('acme/tiny')
    const gone = { endpoint: 'http://127.0.0.1:9' }
    expect(await resolve('acme/tiny', gone)).toBe(online)
    await rm(join(online, 'config.json'))
    const error = await failure(resolve('acme/tiny', gone), 'NETWORK')
    expect(error.message).toMatch(
      /cannot reach http:\/\/127\.0\.0\.1:9 \(\w+.*hf download acme\/tiny --local-dir/,
    )
  })

  it('takes a broken connection up again where it broke', async () => {
    let cuts = 0
    hub.intercept = (request, response) => {
      const whole = !request.headers.range || /bytes=[1-9]/.test(request.headers.range)
      if (!request.url?.endsWith('/model.safetensors') || !whole || cuts >= 2) return false
      cuts++
      const { content } = hub.repos.get('acme/tiny')!.get('model.safetensors')!
      const from = Number(/bytes=(\d+)/.exec(request.headers.range ?? '')?.[1] ?? 0)
      response.writeHead(from ? 206 : 200, { 'content-length': content.length - from })
      response.write(content.subarray(from, from + 10_000))
      setTimeout(() => response.destroy(), 50)
      return true
    }
    const progress: number[] = []
    const folder = await resolve('acme/tiny', { onProgress: ({ bytes }) => progress.push(bytes) })
    await expectModel(folder, 'models/bert-multilabel')
    expect(cuts).toBe(2)
    expect(hub.requests.filter((line) => /model\.safetensors bytes=[1-9]/.test(line)).length).toBeGreaterThan(
      0,
    )
  })

  it('refuses content that is not what was announced, and keeps nothing of it', async () => {
    hub.intercept = (request, response) => {
      if (!request.url?.endsWith('/config.json') || request.headers.range) return false
      response.end(Buffer.alloc(hub.repos.get('acme/tiny')!.get('config.json')!.content.length, 'x'))
      return true
    }
    const error = await failure(resolve('acme/tiny'), 'NETWORK')
    expect(error.message).toMatch(/config\.json came damaged/)
    expect(await readdir(join(cacheDir, 'models--acme--tiny/blobs'))).toEqual([])
    hub.intercept = () => false
    await expectModel(await resolve('acme/tiny'), 'models/bert-multilabel')
  })

  it('explains refusals of the hub', async () => {
    expect((await failure(resolve('acme/none'), 'NETWORK')).message).toContain(
      'no such repository or revision (404)',
    )
    expect((await failure(resolve('acme/tiny', { revision: 'v9' }), 'NETWORK')).message).toContain('404')
    hub.intercept = (_, response) => {
      fail(response, 401, 'GatedRepo')
      return true
    }
    expect((await failure(resolve('acme/tiny'), 'NETWORK')).message).toMatch(/401.*HF_TOKEN/)
  })

  it('takes names without an owner, and names that look like other repositories', async () => {
    const tiny = hub.repos.get('acme/tiny')!
    hub.repos.set('tiny', tiny).set('models/tiny', tiny)
    expect(await resolve('tiny')).toContain('models--tiny')
    expect(await resolve('models/tiny')).toContain('models--models--tiny')
  })

  it('names what a repository lacks', async () => {
    hub.repos.set('acme/empty', new Map([['README.md', { content: Buffer.from('') }]]))
    const error = await failure(resolve('acme/empty'), 'INVALID_FILE')
    expect(error.message).toMatch(/lacks config\.json, model\.safetensors or/)
    hub.repos.get('acme/tiny')!.set('model.safetensors.index.json', {
      content: Buffer.from('{"weight_map":{"a":"model-1.safetensors"}}'),
    })
    const request = { files: [{ firstOf: ['model.safetensors.index.json'] }] }
    expect((await failure(resolve('acme/tiny', request), 'INVALID_FILE')).message).toContain(
      'model-1.safetensors',
    )
  })

  it('refuses what can be neither a folder nor a name', async () => {
    for (const name of [
      './nowhere',
      '/nowhere/at/all',
      'a/b/c',
      '../no-such-model-folder',
      'a--b',
      '',
      'C:\\models',
    ]) {
      await failure(resolve(name), 'INVALID_FILE')
    }
    await failure(resolve('acme/tiny', { revision: '../../x' }), 'INVALID_ARGUMENT')
    await failure(resolve(join(FIXTURES, 'manifest.json')), 'INVALID_FILE')
    expect(hub.requests).toEqual([])
  })

  it('downloads empty files', async () => {
    hub.repos.get('acme/tiny')!.set('added_tokens.json', { content: Buffer.alloc(0) })
    expect((await readFile(join(await resolve('acme/tiny'), 'added_tokens.json'))).length).toBe(0)
  })

  it('stops when aborted, leaving no partial file', async () => {
    const controller = new AbortController()
    hub.intercept = (request, response) => {
      if (!request.url?.endsWith('/model.safetensors') || request.headers.range) return false
      response.writeHead(200, { 'content-length': 1_000_000 })
      response.write(Buffer.alloc(1000))
      setTimeout(() => controller.abort(), 50)
      return true
    }
    await failure(resolve('acme/tiny', { signal: controller.signal }), 'ABORTED')
    const blobs = await readdir(join(cacheDir, 'models--acme--tiny/blobs'))
    expect(blobs.filter((name) => name.endsWith('.incomplete'))).toEqual([])
  })

  it('names a cache that cannot be written', async () => {
    await mkdir(home, { recursive: true })
    const file = join(home, `file-${count++}`)
    await writeFile(file, '')
    const error = await failure(resolve('acme/tiny', { cacheDir: file }), 'INVALID_FILE')
    expect(error.message).toMatch(/cache.*HF_HOME/)
  })

  it('prints nothing', async () => {
    const spies = (['log', 'info', 'debug', 'warn', 'error'] as const).map((name) => vi.spyOn(console, name))
    await resolve('acme/tiny')
    for (const spy of spies) expect(spy).not.toHaveBeenCalled()
    vi.restoreAllMocks()
  })
})
