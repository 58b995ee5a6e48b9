import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TorchLoraError } from '../../lib/errors.ts'
import { pushFolder } from '../../lib/hub/push.ts'

/** The hub's routes that an upload uses: a repository is made, files are announced, large ones sent, all committed. */
class Hub {
  readonly files = new Map<string, Buffer>()
  readonly requests: string[] = []
  readonly blobs = new Map<string, Buffer>()
  endpoint = ''
  exists = false
  allowed = true
  readonly server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    this.requests.push(`${request.method} ${request.url}`)
    const answer = (status: number, value: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    }
    const { url = '', method } = request
    if (url.startsWith('/blob/')) {
      this.blobs.set(url.slice(6), body)
      return answer(200, {})
    }
    if (request.headers.authorization !== 'Bearer hf_write' || !this.allowed)
      return answer(403, { error: 'no' })
    if (url === '/api/repos/create')
      return answer(this.exists ? 409 : 200, { url: `${this.endpoint}/me/model` })
    if (url.includes('/preupload/')) {
      const { files } = JSON.parse(body.toString()) as { files: { path: string }[] }
      return answer(200, {
        files: files.map(({ path }) => ({
          path,
          uploadMode: path.endsWith('.safetensors') ? 'lfs' : 'regular',
          shouldIgnore: false,
        })),
      })
    }
    if (url.endsWith('/info/lfs/objects/batch')) {
      const { objects } = JSON.parse(body.toString()) as { objects: { oid: string; size: number }[] }
      return answer(200, {
        transfer: 'basic',
        objects: objects.map((object) => ({
          ...object,
          actions: { upload: { href: `${this.endpoint}/blob/${object.oid}`, header: {} } },
        })),
      })
    }
    if (method === 'POST' && url.includes('/commit/')) {
      for (const line of body.toString().trim().split('\n')) {
        const { key, value } = JSON.parse(line)
        if (key === 'file') this.files.set(value.path, Buffer.from(value.content, value.encoding))
        if (key === 'lfsFile') this.files.set(value.path, this.blobs.get(value.oid)!)
      }
      return answer(200, {
        commitOid: 'c'.repeat(40),
        commitUrl: `${this.endpoint}/me/model/commit/c`,
        hookOutput: '',
      })
    }
    return answer(404, { error: url })
  })
}

const hub = new Hub()
let folder: string

beforeAll(async () => {
  await new Promise<void>((resolve) => hub.server.listen(0, '127.0.0.1', resolve))
  hub.endpoint = `http://127.0.0.1:${(hub.server.address() as AddressInfo).port}`
  folder = await mkdtemp(join(tmpdir(), 'push-'))
  for (const [name, text] of Object.entries({
    'adapter_config.json': '{"peft_type":"LORA"}',
    'README.md': '# A card',
    'adapter_model.safetensors': 'weights'.repeat(1000),
    'notes.txt': 'not to be sent',
  }))
    await writeFile(join(folder, name), text)
})
afterAll(() => new Promise((resolve) => hub.server.close(resolve)))

const failure = (promise: Promise<unknown>): Promise<TorchLoraError> =>
  promise.then(
    () => Promise.reject(new Error('expected a failure')),
    (thrown) => {
      expect(thrown).toBeInstanceOf(TorchLoraError)
      return thrown
    },
  )

describe('pushing to the hub', () => {
  const options = () => ({ repo: 'me/model', token: 'hf_write', endpoint: hub.endpoint })

  it('sends an adapter with its card as one commit, to a repository that is there or not', async () => {
    for (const exists of [false, true]) {
      hub.exists = exists
      hub.files.clear()
      expect(await pushFolder(folder, options())).toBe(`${hub.endpoint}/me/model/commit/c`)
      expect([...hub.files.keys()].sort()).toEqual([
        'README.md',
        'adapter_config.json',
        'adapter_model.safetensors',
      ])
      expect(hub.files.get('README.md')!.toString()).toBe('# A card')
      const weights = 'weights'.repeat(1000)
      expect(hub.files.get('adapter_model.safetensors')!.toString()).toBe(weights)
      expect([...hub.blobs.keys()]).toEqual([createHash('sha256').update(weights).digest('hex')])
    }
  })

  it("sends all that sentence-transformers' folders hold", async () => {
    const model = await mkdtemp(join(tmpdir(), 'push-sentences-'))
    const names = [
      '1_Pooling/config.json',
      '2_Dense/config.json',
      '2_Dense/model.safetensors',
      'config.json',
      'config_sentence_transformers.json',
      'model.safetensors',
      'modules.json',
      'sentence_bert_config.json',
      'vocab.txt',
    ]
    for (const name of [...names, '1_Pooling/notes.txt', 'checkpoints/step-1/model.safetensors']) {
      await mkdir(dirname(join(model, name)), { recursive: true })
      await writeFile(join(model, name), name)
    }
    hub.files.clear()
    await pushFolder(model, options())
    expect([...hub.files.keys()].sort()).toEqual(names)
    expect(hub.files.get('2_Dense/model.safetensors')!.toString()).toBe('2_Dense/model.safetensors')
  })

  it('says what is missing before anything is sent', async () => {
    const before = hub.requests.length
    const { HF_TOKEN, HF_TOKEN_PATH } = process.env
    process.env.HF_TOKEN = ''
    process.env.HF_TOKEN_PATH = join(folder, 'no-token')
    try {
      const { code, message } = await failure(pushFolder(folder, { ...options(), token: undefined }))
      expect(code).toBe('INVALID_ARGUMENT')
      expect(message).toMatch(/no Hugging Face token: set HF_TOKEN/)
    } finally {
      Object.assign(process.env, { HF_TOKEN: HF_TOKEN ?? '', HF_TOKEN_PATH: HF_TOKEN_PATH ?? '' })
      if (HF_TOKEN === undefined) delete process.env.HF_TOKEN
      if (HF_TOKEN_PATH === undefined) delete process.env.HF_TOKEN_PATH
    }
    expect((await failure(pushFolder(folder, { ...options(), repo: 'model' }))).message).toMatch(
      /NAMESPACE\/NAME/,
    )
    const empty = await mkdtemp(join(tmpdir(), 'push-'))
    expect((await failure(pushFolder(empty, options()))).message).toMatch(/no model or adapter/)
    expect((await failure(pushFolder(join(empty, 'nowhere'), options()))).message).toMatch(
      /no model or adapter/,
    )
    await writeFile(join(empty, 'config.json'), '{}')
    await writeFile(join(empty, 'pytorch_model.bin'), 'weights')
    expect((await failure(pushFolder(empty, options()))).message).toMatch(/its weights in \.safetensors/)
    expect(hub.requests.length).toBe(before)
  })

  it('names a token without the right to write', async () => {
    hub.allowed = false
    const { code, message } = await failure(pushFolder(folder, options()))
    hub.allowed = true
    expect(code).toBe('NETWORK')
    expect(message).toMatch(/refused to write to me\/model \(403\): the token must have the right to write/)
  })
})
