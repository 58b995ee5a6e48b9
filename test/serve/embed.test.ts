import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TextEmbedder } from '../../lib/inference/text-embedder.ts'
import { createServer } from '../../lib/serve/app.ts'
import { plainLayout } from '../../lib/tasks/sentence-folder.ts'
import { tinyClassifier, tinyEmbedder } from '../inference/models.ts'

const texts = ['the film was great.', 'a play', 'her song was dull']

let app: FastifyInstance
let vectors: Float32Array[]
let raw: Float32Array[]
let tokens: Float32Array[][]
beforeAll(async () => {
  const base = await tinyEmbedder()
  await using embedder = await TextEmbedder.load(base, { device: 'cpu' })
  vectors = await embedder.embed(texts, { normalize: true })
  raw = await embedder.embed(texts, { normalize: false })
  tokens = await embedder.embedTokens(texts)
  app = await createServer(base, { device: 'cpu', maxClientBatch: 8, logLevel: 'silent' })
})
afterAll(() => app.close())

async function ask(url: string, payload: object) {
  const { statusCode, headers, body } = await app.inject({ method: 'POST', url, payload })
  return { status: statusCode, headers, value: JSON.parse(body) }
}

const near = (found: number[], expected: ArrayLike<number>) => {
  expect(found).toHaveLength(expected.length)
  for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i]!, 5)
}
const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0)

describe('/embed', () => {
  it('gives a vector of each text, in the headers what it took', async () => {
    const { status, headers, value } = await ask('/embed', { inputs: texts })
    expect(status).toBe(200)
    expect(headers['content-type']).toMatch(/^application\/json/)
    expect(headers['x-compute-characters']).toBe(String(texts.join('').length))
    for (const [i, vector] of value.entries()) near(vector, vectors[i]!)
    const one = await ask('/', { inputs: texts[0] })
    expect(one.value).toHaveLength(1)
    near(one.value[0], vectors[0]!)
    expect((await ask('/invocations', { inputs: texts[0] })).value).toEqual(one.value)
  })

  it('honours normalize and dimensions', async () => {
    for (const [i, vector] of (await ask('/embed', { inputs: texts, normalize: false })).value.entries())
      near(vector, raw[i]!)
    const [short] = (await ask('/embed', { inputs: texts[0], dimensions: 8 })).value
    expect(short).toHaveLength(8)
    expect(Math.hypot(...short)).toBeCloseTo(1, 5)
  })

  it('/embed_all gives a vector of each token', async () => {
    const { value } = await ask('/embed_all', { inputs: texts })
    for (const [i, found] of value.entries()) {
      expect(found).toHaveLength(tokens[i]!.length)
      for (const [t, vector] of found.entries()) near(vector, tokens[i]![t]!)
    }
  })

  it('/similarity gives cosines', async () => {
    const inputs = { source_sentence: texts[0], sentences: texts.slice(1) }
    const { value } = await ask('/similarity', { inputs })
    near(value, [cosine(vectors[0]!, vectors[1]!), cosine(vectors[0]!, vectors[2]!)])
    expect((await ask('/similarity', { inputs, parameters: { truncate: true } })).value).toEqual(value)
  })
})

describe('/v1/embeddings', () => {
  it('answers as OpenAI does, in numbers and in base64', async () => {
    const { value } = await ask('/v1/embeddings', { input: texts, model: 'text-embedding-3-small' })
    expect(value).toMatchObject({ object: 'list', usage: { prompt_tokens: expect.any(Number) } })
    expect(value.usage.prompt_tokens).toBe(tokens.flat().length)
    for (const [i, { object, embedding, index }] of value.data.entries()) {
      expect([object, index]).toEqual(['embedding', i])
      near(embedding, vectors[i]!)
    }
    const packed = await ask('/embeddings', { input: texts[0], encoding_format: 'base64', dimensions: 16 })
    const bytes = Buffer.from(packed.value.data[0].embedding, 'base64')
    const numbers = Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i))
    expect(numbers).toHaveLength(16)
    expect(Math.hypot(...numbers)).toBeCloseTo(1, 5)
  })

  it('says what is wrong as text-embeddings-inference tells its clients', async () => {
    expect(await ask('/v1/embeddings', { input: 'a', dimensions: 33 })).toMatchObject({
      status: 422,
      value: { message: expect.stringMatching(/have 32 elements, and 33/), code: 422, type: 'Validation' },
    })
    expect(await ask('/v1/embeddings', { input: [] })).toMatchObject({
      status: 400,
      value: { message: '`input` cannot be empty', code: 400, type: 'Empty' },
    })
    expect(await ask('/v1/embeddings', { input: '' })).toMatchObject({
      status: 400,
      value: { message: '`inputs` cannot be empty', code: 400, type: 'Empty' },
    })
    expect(await ask('/v1/embeddings', { input: [[1, 2, 3]] })).toMatchObject({
      status: 422,
      value: { message: expect.stringMatching(/input must be a text, or an array of texts/) },
    })
  })
})

describe("Hugging Face's form of an embedder", () => {
  it('feature extraction, its fields beside inputs; sentence similarity by the form of inputs', async () => {
    const { value } = await ask('/models/x', { inputs: texts, normalize: true, truncation_direction: 'left' })
    for (const [i, vector] of value.entries()) near(vector, vectors[i]!)
    const inputs = { source_sentence: texts[0], sentences: texts.slice(1) }
    for (const path of ['/models/x', '/'])
      near((await ask(path, { inputs, parameters: {} })).value, [
        cosine(vectors[0]!, vectors[1]!),
        cosine(vectors[0]!, vectors[2]!),
      ])
    const [base64] = (await ask('/models/x', { inputs: texts[0], encoding_format: 'base64' })).value
    expect(Buffer.from(base64, 'base64')).toHaveLength(4 * 32)
  })
})

describe('wrong input', () => {
  const long = 'a play was dull '.repeat(40)
  it.each([
    ['/embed', {}, 422, /inputs/],
    ['/embed', { inputs: [] }, 400, /^`inputs` cannot be empty$/],
    ['/embed_all', { inputs: [] }, 400, /^`inputs` cannot be empty$/],
    ['/tokenize', { inputs: [] }, 400, /^`inputs` cannot be empty$/],
    ['/embed', { inputs: '' }, 400, /^`inputs` cannot be empty$/],
    ['/embed', { inputs: ['a', ''] }, 400, /^`inputs` cannot be empty$/],
    ['/embed_all', { inputs: '' }, 400, /^`inputs` cannot be empty$/],
    ['/tokenize', { inputs: ['a', ''] }, 400, /^`inputs` cannot be empty$/],
    ['/models/x', { inputs: '' }, 400, /^`inputs` cannot be empty$/],
    ['/similarity', { inputs: { source_sentence: 'a', sentences: ['a', ''] } }, 400, /^`inputs` cannot be/],
    ['/embed', { inputs: [[1, 2]] }, 422, /inputs must be a text/],
    ['/embed', { inputs: 'a', dimensions: 33 }, 422, /have 32 elements, and 33 were asked for/],
    ['/embed', { inputs: 'a', dimensions: 0 }, 422, /dimensions must be >= 1/],
    ['/embed', { inputs: 'a', prompt_name: 'query' }, 422, /no prompt "query"/],
    ['/embed', { inputs: 'a', normalise: true }, 422, /unknown field, "normalise"/],
    ['/embed', { inputs: long }, 413, /more than 64 tokens/],
    ['/embed', { inputs: Array(9).fill('a') }, 413, /at most 8 texts, received 9/],
    ['/embed_all', { inputs: 'a', normalize: true }, 422, /unknown field, "normalize"/],
    [
      '/similarity',
      { inputs: { source_sentence: 'a', sentences: [] } },
      400,
      /^`inputs.sentences` cannot be empty$/,
    ],
    ['/models/x', { inputs: { source_sentence: 'a', sentences: [] } }, 400, /`inputs.sentences` cannot be/],
    ['/models/x', { inputs: [] }, 422, /inputs must be a text/],
    ['/similarity', { inputs: 'a' }, 422, /inputs must be object/],
    ['/similarity', { inputs: { source_sentence: 'a', sentences: Array(8).fill('a') } }, 413, /received 9/],
    ['/predict', { inputs: 'a' }, 424, /^Model is not a classifier model: .*\/embed and \/embed_all and/],
    ['/tokenize', { inputs: 'a', prompt_name: 'query' }, 422, /no prompt "query"/],
  ] as const)('%s %j', async (path, body, status, message) => {
    const error_type = { 400: 'Empty', 413: 'Validation', 422: 'Validation', 424: 'Backend' }[status]
    const value = { error: expect.stringMatching(message), error_type }
    expect(await ask(path, body)).toMatchObject({ status, value })
  })

  it('of a text that is too long the end is cut where that is asked for', async () => {
    expect((await ask('/embed', { inputs: long, truncate: true })).status).toBe(200)
    expect((await ask('/models/x', { inputs: long })).status).toBe(200)
    expect((await ask('/models/x', { inputs: long, truncate: false })).status).toBe(413)
  })
})

it('a prompt stands in front of texts, also for /tokenize', async () => {
  const base = await tinyEmbedder({ layout: { ...plainLayout, prompts: { query: 'the castle ' } } })
  const prompted = await createServer(base, { logLevel: 'silent' })
  const post = async (url: string, payload: object) =>
    (await prompted.inject({ method: 'POST', url, payload })).json()
  const [vector] = await post('/embed', { inputs: 'has rain', prompt_name: 'query' })
  near(vector, (await post('/embed', { inputs: 'the castle has rain' }))[0])
  const [found] = await post('/tokenize', { inputs: 'has rain', prompt_name: 'query' })
  expect(found.map(({ text }: { text: string }) => text)).toEqual([
    '[CLS]',
    'the',
    'castle',
    'has',
    'rain',
    '[SEP]',
  ])
  await prompted.close()
})

it('what a model is for may be said: any encoder gives vectors', async () => {
  const base = await tinyClassifier()
  const said = await createServer(
    { search: { model: base, task: 'sentence-similarity' } },
    { logLevel: 'silent' },
  )
  const ask = async (url: string, payload: object) =>
    (await said.inject({ method: 'POST', url, payload })).json()
  expect(await ask('/embed', { inputs: 'a play' })).toEqual([Array(32).fill(expect.any(Number))])
  expect((await ask('/predict', { inputs: 'a play' })).error).toMatch(/^Model is not a classifier model/)
  await said.close()
})

it('a server that is told to cut long texts does so by every route, and says it', async () => {
  const cutting = await createServer(await tinyEmbedder(), { longText: 'truncate', logLevel: 'silent' })
  const long = 'a play was dull '.repeat(40)
  const status = async (url: string, payload: object) =>
    (await cutting.inject({ method: 'POST', url, payload })).statusCode
  for (const url of ['/embed', '/embed_all', '/models/any']) {
    expect(await status(url, { inputs: long }), url).toBe(200)
    expect(await status(url, { inputs: long, truncate: null }), url).toBe(200)
    expect(await status(url, { inputs: long, truncate: false }), url).toBe(413)
  }
  const { body } = await cutting.inject({ url: '/metrics' })
  expect(body).toMatch(/^te_embed_count 6$/m) // of each route two
  expect(body).not.toMatch(/^te_predict_count/m)
  expect(await status('/similarity', { inputs: { source_sentence: 'a', sentences: [long] } })).toBe(200)
  expect(await status('/v1/embeddings', { input: long })).toBe(200)
  expect((await cutting.inject({ url: '/info' })).json()).toMatchObject({ auto_truncate: true })
  await cutting.close()
})

it('a server that is told to refuse long texts does so by every route, unless a request says otherwise', async () => {
  const strict = await createServer(await tinyEmbedder(), { longText: 'refuse', logLevel: 'silent' })
  const long = 'a play was dull '.repeat(40)
  const status = async (url: string, payload: object) =>
    (await strict.inject({ method: 'POST', url, payload })).statusCode
  for (const url of ['/embed', '/embed_all', '/models/any']) {
    expect(await status(url, { inputs: long }), url).toBe(413)
    expect(await status(url, { inputs: long, truncate: true }), url).toBe(200)
  }
  await strict.close()
})
