import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, symlink } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TorchLoraError } from '../../lib/errors.ts'
import { TextClassifier } from '../../lib/inference/text-classifier.ts'
import { createServer } from '../../lib/serve/app.ts'
import { AutoTokenizer } from '../../lib/tokenizer/index.ts'
import { main } from '../cli/run.ts'
import { plainLogits, tinyAdapter, tinyClassifier } from '../inference/models.ts'

let base: string
let adapter: string
let app: FastifyInstance
let url: string
const labels = ['bad', 'fair', 'good']

beforeAll(async () => {
  base = await tinyClassifier({ labels })
  adapter = await tinyAdapter(base, { seed: 3, labels: ['no', 'yes'] })
  app = await createServer(base, {
    adapters: { one: adapter },
    adapterRoot: dirname(adapter),
    maxBodyBytes: 50_000,
    maxQueue: 24,
    maxClientBatch: 8,
    receiveTimeoutMs: 1500,
    logLevel: 'silent',
    version: '1.2.3',
  })
  url = await app.listen({ port: 0 })
})
afterAll(() => app.close())

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
  })

describe('the routes of text-embeddings-inference', () => {
  it('/predict answers a text, a pair, and a batch of both', async () => {
    const text = 'the film was great.'
    const [logits] = await plainLogits(base, [text])
    const exps = logits!.map(Math.exp)
    const sum = exps.reduce((a, b) => a + b)
    const expected = labels
      .map((label, i) => ({ label, score: exps[i]! / sum }))
      .sort((a, b) => b.score - a.score)
    const close = (found: { label: string; score: number }[]) => {
      expect(found.map(({ label }) => label)).toEqual(expected.map(({ label }) => label))
      for (const [i, { score }] of found.entries()) expect(score).toBeCloseTo(expected[i]!.score, 4)
    }
    const single = await post('/predict', { inputs: text }, { 'x-request-id': 'abc-1' })
    close((await single.json()) as never)
    expect(single.headers.get('x-request-id')).toBe('abc-1')
    for (const name of ['x-total-time', 'x-tokenization-time', 'x-queue-time', 'x-inference-time'])
      expect(single.headers.get(name)).toMatch(/^\d+$/)
    close((await (await post('/', { inputs: text })).json()) as never)
    const batch = (await (
      await post('/predict', { inputs: [[text], ['a play', 'was dull']] })
    ).json()) as never[]
    expect(batch).toHaveLength(2)
    close(batch[0]!)
    const pair = await (await post('/predict', { inputs: ['a play', 'was dull'] })).json()
    expect(pair).toEqual(batch[1])
    const raw = (await (await post('/predict', { inputs: text, raw_scores: true, top_k: 1 })).json()) as [
      { label: string; score: number },
    ]
    expect(raw).toHaveLength(1)
    expect(raw[0].score).toBeCloseTo(Math.max(...logits!), 4)
    const named = (await (await post('/predict', { inputs: text, adapter: 'one' })).json()) as {
      label: string
    }[]
    expect(named.map(({ label }) => label).sort()).toEqual(['no', 'yes'])
  })

  it('/health, /info, /docs, /metrics and the page', async () => {
    expect((await fetch(`${url}/health`)).status).toBe(200)
    expect(await (await fetch(`${url}/info`)).json()).toMatchObject({
      model_id: base,
      model_type: { classifier: { id2label: { 0: 'bad', 1: 'fair', 2: 'good' } } },
      max_input_length: 64,
      max_client_batch_size: 8,
      model_dtype: 'float32',
      model_dtype_reason: 'asked for, or the default',
      model_products: 'products of float32',
      version: '1.2.3',
      warnings: [],
    })
    const docs = (await (await fetch(`${url}/docs/json`)).json()) as { paths: object }
    expect(Object.keys(docs.paths)).toEqual(
      expect.arrayContaining(['/predict', '/info', '/health', '/metrics', '/adapters', '/adapters/{name}']),
    )
    const metrics = await (await fetch(`${url}/metrics`)).text()
    for (const name of [
      'te_request_count',
      'te_queue_size',
      'te_batch_next_tokens',
      'te_request_queue_duration',
    ])
      expect(metrics).toContain(name)
    const page = await fetch(url)
    expect(page.headers.get('content-type')).toMatch(/html/)
    expect(await page.text()).not.toMatch(/https?:\/\//)
  })

  it('/adapters lists, loads, replaces and takes away', async () => {
    const put = (name: string, source: string) =>
      fetch(`${url}/adapters/${name}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ source }),
      })
    const loaded = await put('two', basename(adapter))
    expect(loaded.status).toBe(200)
    expect(await loaded.json()).toMatchObject([{ name: 'one' }, { name: 'two', labels: ['no', 'yes'], r: 4 }])
    expect((await post('/predict', { inputs: 'a', adapter: 'two' })).status).toBe(200)
    for (const [source, status] of [
      ['../../etc', 403],
      ['/etc', 403],
      ['.', 403],
      ['nothing-there', 422],
      [basename(base), 422],
    ] as const)
      expect((await put('two', source)).status).toBe(status)
    expect((await put('no%2Fslash', basename(adapter))).status).toBe(422)
    const misfit = await tinyAdapter(await tinyClassifier({ hiddenSize: 64 }), { seed: 1 })
    const refused = await put('two', basename(misfit))
    expect(refused.status).toBe(422)
    expect(await refused.json()).toMatchObject({ error: expect.stringContaining('does not fit') })
    expect((await post('/predict', { inputs: 'a', adapter: 'two' })).status).toBe(200)
    expect((await fetch(`${url}/adapters/two`, { method: 'DELETE' })).status).toBe(200)
    const again = { method: 'DELETE', headers: { 'content-type': 'application/json' } }
    expect((await fetch(`${url}/adapters/two`, again)).status).toBe(404)
    expect((await post('/predict', { inputs: 'a', adapter: 'two' })).status).toBe(422)
  })
})

describe('fields of text-embeddings-inference', () => {
  // As long as the model takes, with another beginning and another end.
  const long = `${'a play was dull '.repeat(30)}${'her song was great '.repeat(30)}`
  const scoresOf = async (body: object) => {
    const response = await post('/predict', body)
    expect(response.status).toBe(200)
    return (await response.json()) as { label: string; score: number }[]
  }
  const logitsOf = (found: { label: string; score: number }[]) =>
    labels.map((label) => found.find((one) => one.label === label)!.score)

  it('truncation_direction says which end is cut', async () => {
    const cut = { inputs: long, truncate: true, raw_scores: true }
    await using tokenizer = await AutoTokenizer.fromPretrained(base)
    const kept = (truncationSide: 'left' | 'right') =>
      tokenizer.encode(long, { maxLength: 64, truncationSide, offsets: true })
    const [fromLeft] = await plainLogits(base, [long.slice((await kept('left')).offsets![2])])
    const [fromRight] = await plainLogits(base, [long.slice(0, (await kept('right')).offsets!.at(-3))])
    for (const [truncation_direction, expected] of [
      ['Left', fromLeft],
      ['left', fromLeft],
      [undefined, fromRight],
      ['Right', fromRight],
      ['right', fromRight],
    ] as const)
      for (const [i, logit] of logitsOf(await scoresOf({ ...cut, truncation_direction })).entries())
        expect(logit).toBeCloseTo(expected![i]!, 4)
    expect(fromLeft).not.toEqual(fromRight)
  })
  it('a text that is too long is read in windows where the server was told so, and cut where a request says so', async () => {
    const windowed = await createServer(base, { longText: 'windows', logLevel: 'silent' })
    await using classifier = await TextClassifier.load(base, { warmUp: false })
    const ask = async (body: object) => {
      const payload = { inputs: long, raw_scores: true, ...body }
      const { statusCode, body: answer } = await windowed.inject({ method: 'POST', url: '/predict', payload })
      expect(statusCode).toBe(200)
      return logitsOf(JSON.parse(answer))
    }
    try {
      for (const [body, longText] of [
        [{}, 'windows'],
        [{ truncate: true }, 'truncate'],
      ] as const) {
        const { logits } = await classifier.classify(long, { longText })
        for (const [i, logit] of (await ask(body)).entries()) expect(logit).toBeCloseTo(logits[i]!, 4)
      }
      const payload = { inputs: long, method: 'gradient-x-input' }
      const why = await windowed.inject({ method: 'POST', url: '/explain', payload })
      expect(JSON.parse(why.body)).toMatchObject({ truncated: true }) // by its first window
    } finally {
      await windowed.close()
    }
  })

  it('truncate may be null, which says nothing', async () => {
    expect(await scoresOf({ inputs: 'a play', truncate: null })).toHaveLength(3)
    expect((await post('/predict', { inputs: long, truncate: null })).status).toBe(413)
  })
  it('/tokenize gives the places of tokens, with special tokens or without', async () => {
    const tokenize = async (body: object) => {
      const response = await post('/tokenize', body)
      expect(response.status).toBe(200)
      return (await response.json()) as { text: string; special: boolean; start: number | null }[][]
    }
    const [bare] = await tokenize({ inputs: 'The was', add_special_tokens: false })
    expect(bare).toEqual([
      { id: expect.any(Number), text: 'The', special: false, start: 0, stop: 3 },
      { id: expect.any(Number), text: 'was', special: false, start: 4, stop: 7 },
    ])
    const [whole] = await tokenize({ inputs: ['The was'] })
    expect(whole!.map(({ text, special }) => [text, special])).toEqual([
      ['[CLS]', true],
      ['The', false],
      ['was', false],
      ['[SEP]', true],
    ])
    expect(whole![0]).toMatchObject({ start: null, stop: null })
    // Characters, not code units: a llama is one.
    const [animal] = await tokenize({ inputs: '\u{1f999} was', add_special_tokens: false })
    expect(animal!.at(-1)).toMatchObject({ text: 'was', start: 2, stop: 5 })
    expect((await post('/tokenize', { inputs: Array(9).fill('a') })).status).toBe(413)
  })
  it('/decode gives the text of ids, with special tokens or without', async () => {
    const decode = async (body: object) => {
      const response = await post('/decode', body)
      return { status: response.status, value: await response.json() }
    }
    await using tokenizer = await AutoTokenizer.fromPretrained(base)
    const { ids } = await tokenizer.encode('the castle has rain')
    const one = await decode({ ids: [...ids] })
    expect(one).toEqual({ status: 200, value: ['the castle has rain'] })
    const batch = await decode({ ids: [[...ids], [...ids].slice(1, 3)], skip_special_tokens: false })
    expect(batch.value).toEqual(['[CLS] the castle has rain [SEP]', 'the castle'])
    const wrong: [unknown, number, RegExp][] = [
      [[], 422, /ids must be ids of tokens \[id, ...\], or a batch/],
      [[[]], 422, /ids must be/],
      [[1.5], 422, /ids must be/],
      [[-1], 422, /ids must be/],
      [[10_000_000], 422, /whole numbers from 0 to/],
      [Array(9).fill([1]), 413, /at most 8 lists/],
    ]
    for (const [given, status, message] of wrong)
      expect(await decode({ ids: given })).toMatchObject({
        status,
        value: { error: expect.stringMatching(message), error_type: 'Validation' },
      })
  })
  it('/ping is /health, /invocations what the model is for', async () => {
    expect((await fetch(`${url}/ping`)).status).toBe(200)
    const text = { inputs: 'the film was great.' }
    const expected = await (await post('/predict', text)).json()
    expect(await (await post('/invocations', text)).json()).toEqual(expected)
    const wrong = await post('/invocations', { inputs: 'a', truncate: 'yes' })
    expect(wrong.status).toBe(422)
    expect(await wrong.json()).toMatchObject({ error: expect.stringMatching(/body\/truncate must be/) })
    expect((await post('/invocations', [])).status).toBe(422)
    expect((await post('/', {})).status).toBe(422)
  })
  it('/vertex answers instances', async () => {
    const text = { inputs: 'the film was great.' }
    const expected = await (await post('/predict', text)).json()
    const answer = await post('/vertex', { instances: [text, { ...text, parameters: { top_k: 1 } }] })
    expect(await answer.json()).toEqual({ predictions: [expected, [expect.any(Array)]] })
    for (const [instances, status, message] of [
      [[], 422, /instances/],
      [[{ input: 'a' }], 422, /required property|unknown field/],
      [Array(9).fill(text), 413, /at most 8 instances/],
    ] as const) {
      const refused = await post('/vertex', { instances })
      expect(refused.status).toBe(status)
      expect(await refused.json()).toMatchObject({ error: expect.stringMatching(message) })
    }
  })
  it('says characters, tokens and where it ran in headers', async () => {
    const { headers } = await post('/predict', { inputs: [['\u{1f999} was'], ['a', 'b']] })
    expect(headers.get('x-compute-characters')).toBe('7')
    expect(headers.get('x-compute-type')).toBe('cpu')
    expect(Number(headers.get('x-compute-tokens'))).toBeGreaterThan(7)
  })
  it('a field that is not known is refused', async () => {
    for (const [path, body] of [
      ['/predict', { inputs: 'a', trunctate: true }],
      ['/predict', { inputs: 'a', parameters: { top_k: 1 } }],
      ['/predict', { inputs: 'a', truncation_direction: 'middle' }],
      ['/tokenize', { inputs: 'a', truncate: true }],
    ] as const) {
      const response = await post(path, body)
      expect(response.status).toBe(422)
      expect(await response.json()).toMatchObject({
        error: expect.stringMatching(
          /unknown field, "(trunctate|parameters|truncate)"|Left,Right,left,right/,
        ),
      })
    }
  })
})

describe('wrong input', () => {
  const long = 'the film was great. '.repeat(40)
  const cases: [what: string, body: unknown, status: number, message: RegExp][] = [
    ['malformed JSON', '{"inputs":', 400, /JSON/],
    ['no body', '', 400, /empty/],
    [
      'invalid UTF-8',
      Uint8Array.from([...Buffer.from('{"inputs":"'), 0xff, 0xfe, ...Buffer.from('"}')]),
      400,
      /UTF-8/,
    ],
    ['a number for a text', { inputs: 3 }, 422, /must be a text, a pair/],
    ['nothing to classify', {}, 422, /inputs/],
    ['an empty batch', { inputs: [] }, 422, /must be a text/],
    ['three texts as a pair', { inputs: ['a', 'b', 'c'] }, 422, /must be a text/],
    ['a number in a batch', { inputs: [['a'], [1]] }, 422, /must be a text/],
    ['a wrong type of option', { inputs: 'a', truncate: 'yes' }, 422, /truncate must be boolean,null/],
    ['half a character', '{"inputs":"\\ud83d"}', 422, /lone surrogate/],
    ['too many tokens', { inputs: long }, 413, /more than 64 tokens/],
    ['too many texts', { inputs: Array.from({ length: 9 }, () => ['a']) }, 413, /at most 8 texts/],
    ['too many bytes', { inputs: 'a'.repeat(60_000) }, 413, /too large/],
    ['a million characters', { inputs: 'a '.repeat(500_000), truncate: true }, 413, /too large/],
    ['an unknown adapter', { inputs: 'a', adapter: 'x' }, 422, /no adapter 'x'; loaded: one/],
    ['__proto__', '{"inputs":"a","__proto__":{"x":1}}', 400, /JSON/],
  ]
  it.each(cases)('%s', async (_, body, status, message) => {
    const response = await post('/predict', body)
    expect(await response.json()).toMatchObject({
      error: expect.stringMatching(message),
      error_type: 'Validation',
    })
    expect(response.status).toBe(status)
    expect((await post('/predict', { inputs: 'a' })).status).toBe(200)
  })

  it('another content type, another route', async () => {
    expect((await post('/predict', 'a', { 'content-type': 'text/plain' })).status).toBe(415)
    expect((await fetch(`${url}/nope`)).status).toBe(404)
    const cut = await post('/predict', { inputs: long, truncate: true })
    expect(cut.status).toBe(200)
  })
})

describe('under pressure', () => {
  it('429 with Retry-After when the queue is full, a batch counting as its texts; nothing is lost', async () => {
    const inputs = Array.from({ length: 8 }, () => ['this book was fine and that show was poor '.repeat(5)])
    const answers = await Promise.all(
      Array.from({ length: 40 }, async () => {
        // Injected, so that all are there before the first has been answered, however busy the machine is.
        const payload = { inputs, truncate: true }
        const { statusCode, headers, body } = await app.inject({ method: 'POST', url: '/predict', payload })
        return { status: statusCode, retry: headers['retry-after'], body: JSON.parse(body) }
      }),
    )
    const refused = answers.filter(({ status }) => status === 429)
    const answered = answers.filter(({ status }) => status === 200)
    expect(refused.length + answered.length).toBe(40)
    expect(refused.length).toBeGreaterThan(0)
    expect(answered.length).toBeGreaterThan(0)
    for (const { retry, body } of refused) {
      expect(Number(retry)).toBeGreaterThanOrEqual(1)
      expect(body).toMatchObject({ error_type: 'Overloaded' })
    }
    for (const { body } of answered) expect(body).toHaveLength(8)
    expect((await post('/predict', { inputs })).status).toBe(413)
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/te_queue_size 0/)
  })

  it('drops the work of clients that vanish', async () => {
    const before = await count('te_predict_count')
    const requests = Array.from({ length: 20 }, async (_, i) => {
      const controller = new AbortController()
      setTimeout(() => controller.abort(), 1 + (i % 4)).unref()
      await fetch(`${url}/predict`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ inputs: 'a play '.repeat(20), truncate: true }),
        signal: controller.signal,
      }).catch(() => {})
    })
    await Promise.all(requests)
    await expect
      .poll(async () => (await fetch(`${url}/metrics`)).text(), { timeout: 10_000 })
      .toMatch(/te_queue_size 0/)
    expect(await count('te_predict_count')).toBeLessThan(before + 20)
    expect((await post('/predict', { inputs: 'a' })).status).toBe(200)
  })

  it('cuts off clients that send a request byte by byte', async () => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    const closed = new Promise<string>((resolve) => {
      let text = ''
      socket.on('data', (data) => {
        text += data
      })
      socket.on('error', () => {})
      socket.on('close', () => resolve(text))
    })
    const whole =
      'POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{'
    const began = performance.now()
    const drip = setInterval(() => socket.write('x'), 200)
    socket.write(whole)
    expect(await closed).toMatch(/408|^$/)
    clearInterval(drip)
    expect(performance.now() - began).toBeLessThan(6000)
    expect((await post('/predict', { inputs: 'a' })).status).toBe(200)
  })

  it('asks for the key, where there is one', async () => {
    await using closing = {
      app: await createServer(base, { apiKey: 's3cret', logLevel: 'silent' }),
      [Symbol.asyncDispose]: () => closing.app.close(),
    }
    const at = await closing.app.listen({ port: 0 })
    const ask = (authorization?: string) =>
      fetch(`${at}/predict`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) },
        body: '{"inputs":"a"}',
      })
    expect((await ask()).status).toBe(401)
    expect((await ask('Bearer wrong!')).status).toBe(401)
    expect((await ask('Bearer s3cret')).status).toBe(200)
    expect((await ask('bearer s3cret')).status).toBe(200)
    expect((await ask('BEARER  s3cret')).status).toBe(200)
    for (const wrong of [
      'Bearer s3cret2',
      'Bearer s3cre',
      'Bearer',
      's3cret',
      'Basic s3cret',
      'Bearers3cret',
    ])
      expect((await ask(wrong)).status).toBe(401)
    expect((await fetch(`${at}/info`)).status).toBe(401)
    expect((await fetch(`${at}/health`)).status).toBe(200)
  })

  it('takes a key beyond ASCII as UTF-8 and as Latin-1, and refuses one that no header can carry', async () => {
    const latin1 = (text: string) => Buffer.from(text).toString('latin1') // what fetch sends as these bytes
    for (const [key, accepted, refused] of [
      ['clé', ['clé', latin1('clé')], ['cle', 'cl']],
      ['ключ', [latin1('ключ')], ['????', ';NGG']],
    ] as [string, string[], string[]][]) {
      const keyed = await createServer(base, { apiKey: key, logLevel: 'silent' })
      const at = await keyed.listen({ port: 0 })
      const status = async (sent: string) =>
        (await fetch(`${at}/info`, { headers: { authorization: `Bearer ${sent}` } })).status
      for (const sent of accepted) expect(await status(sent)).toBe(200)
      for (const sent of refused) expect(await status(sent)).toBe(401)
      await keyed.close()
    }
    for (const apiKey of ['', 'key\n', ' key', 'a\tb'])
      await expect(createServer(base, { apiKey, logLevel: 'silent' })).rejects.toThrow(/apiKey.*expected/)
  })

  it('answers short texts beside long ones, which are refused beyond their bytes', async () => {
    const small = await createServer(base, {
      maxQueueBytes: 100_000,
      maxBodyBytes: 200_000,
      logLevel: 'silent',
    })
    // Injected, so that all are there before the first has been answered, however busy the machine is.
    const ask = async (path: string, inputs: string) =>
      (await small.inject({ method: 'POST', url: path, payload: { inputs } })).statusCode
    const long = 'a play was dull '.repeat(5000)
    for (const path of ['/predict', '/tokenize']) {
      const asked = [...Array(6).fill(long), ...Array(6).fill('a play')].map((inputs) => ask(path, inputs))
      const statuses = await Promise.all(asked)
      expect(statuses.slice(0, 6)).toContain(429)
      expect(statuses.slice(0, 6)).toContain(path === '/predict' ? 413 : 200)
      expect(statuses.slice(6)).toEqual(Array(6).fill(200))
    }
    expect(await ask('/predict', 'a play '.repeat(20_000))).toBe(422) // more than ever fits
    await small.close()
  })

  it('refuses a large body by its head where others are still under way, whatever its length is said to be', async () => {
    const small = await createServer(base, {
      maxQueueBytes: 300_000,
      maxBodyBytes: 1_000_000,
      logLevel: 'silent',
    })
    const { port } = new URL(await small.listen({ port: 0 }))
    const sockets: Socket[] = []
    /** Sends a head, and what else is given; the answer's status as soon as it is there. */
    const open = (head: string, body = '') => {
      const socket = connect(Number(port), 'localhost')
      sockets.push(socket)
      const status = new Promise<string>((resolve) =>
        socket.once('data', (data) => resolve(String(data).slice(9, 12))),
      )
      socket.on('error', () => {})
      socket.write(
        `POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${head}\r\n\r\n${body}`,
      )
      return { socket, status }
    }
    const slow = open('content-length: 250000', '{"inputs":')
    await sleep(100) // it holds its bytes from here on, though most of them never come
    expect(await open('content-length: 250000').status).toBe('429')
    expect(await open('transfer-encoding: chunked').status).toBe('429')
    const short = '{"inputs":"a play"}'
    expect(await open(`content-length: ${short.length}`, short).status).toBe('200')
    expect(await open('content-length: 2000000').status).toBe('413')
    slow.socket.destroy()
    await sleep(100)
    const chunk = `${short.length.toString(16)}\r\n${short}\r\n0\r\n\r\n`
    expect(await open('transfer-encoding: chunked', chunk).status).toBe('200')
    for (const socket of sockets) socket.destroy()
    await small.close()
  })
})

describe('what a browser and a link are allowed', () => {
  it('the page runs its own script alone; nothing is sniffed', async () => {
    const { headers } = await fetch(url)
    const policy = headers.get('content-security-policy')!
    expect(policy).toMatch(/default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'/)
    expect(policy).toMatch(/connect-src 'self'.*frame-ancestors 'none'/)
    for (const path of ['/', '/info', '/docs', '/nope'])
      expect((await fetch(url + path)).headers.get('x-content-type-options')).toBe('nosniff')
    expect((await fetch(`${url}/docs`)).headers.get('content-security-policy')).toMatch(/script-src/)
  })

  it('adapters are loaded from below the root wherever links lead', async () => {
    const root = await mkdtemp(join(tmpdir(), 'root-'))
    const outside = adapter
    await symlink(outside, join(root, 'link'))
    await mkdir(join(root, 'files'))
    await symlink(join(outside, 'adapter_config.json'), join(root, 'files', 'adapter_config.json'))
    await cp(outside, join(root, 'real'), { recursive: true })
    await symlink(join(root, 'real'), join(root, 'inside'))
    const linked = await createServer(base, { adapterRoot: root, logLevel: 'silent' })
    const at = await linked.listen({ port: 0 })
    const put = async (source: string) => {
      const response = await fetch(`${at}/adapters/x`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ source }),
      })
      return response.status
    }
    for (const source of ['link', 'files', 'link/../../etc', '..']) expect(await put(source)).toBe(403)
    for (const source of ['gone', 'a\0b']) expect(await put(source)).toBe(422)
    for (const source of ['real', 'inside', './real/']) expect(await put(source)).toBe(200)
    await linked.close()
    await expect(createServer(base, { adapterRoot: join(root, 'gone') })).rejects.toThrow(/is no folder/)
  })
})

/** A counter of /metrics, 0 before it has counted. */
async function count(name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
}

describe('torch-lora serve', () => {
  it('answers what is in flight on SIGTERM and exits with 0', async () => {
    const child = spawn(process.execPath, [main, 'serve', '--model', base, '--port', '0'])
    let log = ''
    child.stdout.on('data', (data) => {
      log += data
    })
    const address = await new Promise<string>((resolve) => {
      let text = ''
      child.stderr.on('data', (data) => {
        text += data
        const found = /at (http:\S+)/.exec(text)
        if (found) resolve(found[1]!)
      })
    })
    const exit = new Promise<number | null>((resolve) => child.on('exit', resolve))
    const body = JSON.stringify({
      inputs: Array.from({ length: 32 }, () => ['a play was dull '.repeat(10)]),
      truncate: true,
    })
    const requests = Array.from({ length: 12 }, () =>
      fetch(`${address}/predict`, { method: 'POST', headers: { 'content-type': 'application/json' }, body }),
    )
    // A connection that the server has not accepted yet is reset when it stops listening, so wait for all.
    while ((log.match(/incoming request/g) ?? []).length < requests.length)
      await new Promise((resolve) => setTimeout(resolve, 5))
    child.kill('SIGTERM')
    const answers = await Promise.all(requests)
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    for (const answer of answers) expect(await answer.json()).toHaveLength(32)
    expect(await exit).toBe(0)
    expect(log).toMatch(/"reqId":/)
    expect(log).toMatch(/going down/)
  })

  it('says what is wrong with the command', async () => {
    const run = (...args: string[]) =>
      new Promise<{ code: number | null; text: string }>((resolve) => {
        const child = spawn(process.execPath, [main, 'serve', ...args])
        let text = ''
        child.stderr.on('data', (data) => {
          text += data
        })
        child.on('exit', (code) => resolve({ code, text }))
      })
    const { port } = new URL(url)
    expect(await run('--model', base, '--port', port)).toMatchObject({
      code: 1,
      text: expect.stringMatching(/Cannot listen on .*choose another/),
    })
    expect(await run('--model', base, '--adapters', 'one')).toMatchObject({
      text: expect.stringMatching(/NAME=FOLDER/),
    })
  })
})

it('says so when the GPU is lost, and leaves', async () => {
  let left = false
  const own = await createServer(base, { logLevel: 'silent', onDeviceLost: () => (left = true) })
  own.get('/lost', () => {
    throw new TorchLoraError('DEVICE_LOST', 'CUDA error: device-side assert triggered')
  })
  const address = await own.listen({ port: 0 })
  const closed = { headers: { connection: 'close' } }
  expect((await fetch(`${address}/health`, closed)).status).toBe(200)
  const answer = await fetch(`${address}/lost`, closed)
  expect(answer.status).toBe(503)
  expect(await answer.json()).toMatchObject({ error_type: 'Unhealthy' })
  expect((await fetch(`${address}/health`, closed)).status).toBe(503)
  await expect.poll(() => left).toBe(true)
  await own.close()
})
