import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { downloadGlue, type GlueProgress } from '../../lib/data/glue-download.ts'
import { type GlueTask, glueTask, loadGlue } from '../../lib/data/index.ts'

/** A zip archive of stored entries. */
function zip(entries: Record<string, string>): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [name, text] of Object.entries(entries)) {
    const data = Buffer.from(text)
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0) // version; flags, method, time and date are 0
    fields.writeUInt32LE(crc32(data), 10)
    fields.writeUInt32LE(data.length, 14)
    fields.writeUInt32LE(data.length, 18)
    fields.writeUInt16LE(name.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), data])
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(offset, 10)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), fields, rest, Buffer.from(name)]))
    parts.push(local)
    offset += local.length
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(directory.length, 4)
  end.writeUInt16LE(directory.length, 6)
  end.writeUInt32LE(central.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...parts, central, Buffer.from('PK\x05\x06'), end])
}

const archive = zip({
  'RTE/': '',
  'RTE/train.tsv': 'index\tsentence1\tsentence2\tlabel\n0\ta\tb\tentailment\n',
  'RTE/dev.tsv': 'index\tsentence1\tsentence2\tlabel\n0\tc\td\tnot_entailment\n',
  'RTE/original/train.tsv': 'not this one',
  '__MACOSX/RTE/._train.tsv': 'nor this',
  'RTE/readme.txt': 'nor this',
})

let server: Server
let base: string
let cacheDir: string
let requests: string[]
beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(request.url!)
    if (request.url === '/RTE.zip') response.end(archive)
    else if (request.url === '/slow/RTE.zip') response.write(archive.subarray(0, 100))
    else if (request.url === '/cut/RTE.zip') {
      response.writeHead(200, { 'content-length': archive.length })
      response.write(archive.subarray(0, 100), () => response.destroy())
    } else response.writeHead(404).end('no')
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(async () => {
  requests = []
  cacheDir = await mkdtemp(join(tmpdir(), 'glue-cache-'))
})
afterEach(() => rm(cacheDir, { recursive: true, force: true }))

const task = (change: Partial<GlueTask['downloads'][number]> = {}): GlueTask => ({
  ...glueTask('rte'),
  downloads: [
    {
      url: `${base}/RTE.zip`,
      bytes: archive.length,
      sha256: createHash('sha256').update(archive).digest('hex'),
      ...change,
    },
  ],
})

describe('downloadGlue', () => {
  it('says when the cache cannot be written', async () => {
    await writeFile(join(cacheDir, 'file'), '')
    const problem = {
      code: 'INVALID_FILE',
      message: expect.stringContaining('cannot put rte into the cache'),
    }
    await expect(downloadGlue(task(), { cacheDir: join(cacheDir, 'file') })).rejects.toMatchObject(problem)
  })

  it('fetches, checks and unpacks once', async () => {
    const progress: GlueProgress[] = []
    const folder = await downloadGlue(task(), { cacheDir, onProgress: (p) => progress.push(p) })
    expect(folder).toBe(join(cacheDir, 'glue', 'RTE'))
    expect((await readdir(folder)).sort()).toEqual(['dev.tsv', 'train.tsv'])
    expect(await readdir(join(cacheDir, 'glue'))).toEqual(['RTE'])
    expect(progress.at(-1)).toMatchObject({ received: archive.length, total: archive.length })
    expect(await downloadGlue(task(), { cacheDir })).toBe(folder)
    expect(requests).toEqual(['/RTE.zip'])
    const { examples } = await loadGlue('rte', { dataDir: join(cacheDir, 'glue'), split: 'train' })
    expect(examples.map((e) => [e.text, e.textPair, e.label])).toEqual([['a', 'b', 'entailment']])
  })

  it('takes a mirror', async () => {
    await downloadGlue(task({ url: 'https://elsewhere.invalid/glue/RTE.zip' }), {
      cacheDir,
      mirror: `${base}/`,
    })
    expect(requests).toEqual(['/RTE.zip'])
  })

  it.each<[string, (signal: AbortSignal) => Promise<unknown>, string, RegExp]>([
    [
      'a file that is not there',
      () => downloadGlue(task({ url: `${base}/none.zip` }), { cacheDir }),
      'NETWORK',
      /none\.zip: the server answered 404 .*give its folder as dataDir/,
    ],
    [
      'other content than published',
      () => downloadGlue(task({ sha256: '0'.repeat(64) }), { cacheDir }),
      'NETWORK',
      /received \d+ bytes with SHA-256 .*expected \d+ bytes with 0000/,
    ],
    [
      'a connection that breaks',
      () => downloadGlue(task({ url: `${base}/cut/RTE.zip` }), { cacheDir }),
      'NETWORK',
      /cut\/RTE\.zip: cannot be fetched/,
    ],
    [
      'no server',
      () => downloadGlue(task({ url: 'http://127.0.0.1:1/RTE.zip' }), { cacheDir }),
      'NETWORK',
      /cannot be fetched .*TORCH_LORA_GLUE_MIRROR/,
    ],
    [
      'an abort',
      (signal) => downloadGlue(task({ url: `${base}/slow/RTE.zip` }), { cacheDir, signal }),
      'ABORTED',
      /was stopped/,
    ],
    [
      'no download wanted',
      () => downloadGlue(task(), { cacheDir, download: false }),
      'INVALID_FILE',
      /rte is not in the cache/,
    ],
  ])('leaves nothing behind after %s', async (_what, work, code, message) => {
    const controller = new AbortController()
    const timer = setTimeout(() => controller.abort(), 200)
    await expect(work(controller.signal)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
    clearTimeout(timer)
    expect(await readdir(join(cacheDir, 'glue')).catch(() => [])).toEqual([])
  })
})
