import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { QuestionAnswerer } from '../../lib/inference/question-answerer.ts'
import { TextReranker } from '../../lib/inference/text-reranker.ts'
import { createServer } from '../../lib/serve/app.ts'
import { tinyAdapter, tinyAnswerer, tinyClassifier, tinyFiller, tinyReranker } from '../inference/models.ts'

let app: FastifyInstance
let folders: { rank: string; answer: string; fill: string }
beforeAll(async () => {
  folders = { rank: await tinyReranker(), answer: await tinyAnswerer(), fill: await tinyFiller() }
  app = await createServer(folders, { device: 'cpu', maxClientBatch: 8, logLevel: 'silent' })
})
afterAll(() => app.close())

async function ask(url: string, payload: object) {
  const { statusCode, body } = await app.inject({ method: 'POST', url, payload })
  return { status: statusCode, value: JSON.parse(body) }
}

describe('/rerank', () => {
  const query = 'was it great'
  const texts = ['the film was great.', 'a play', 'her song was dull']

  it('ranks as TextReranker does, with the texts where they are asked for', async () => {
    await using reranker = await TextReranker.load(folders.rank, { device: 'cpu' })
    const expected = await reranker.rank(query, texts)
    const { value } = await ask('/rerank', { query, texts, return_text: true })
    expect(value.map(({ index }: { index: number }) => index)).toEqual(expected.map(({ index }) => index))
    for (const [i, { score, text, index }] of value.entries()) {
      expect(score).toBeCloseTo(expected[i]!.score, 5)
      expect(text).toBe(texts[index])
    }
    expect(await ask('/models/rank', { query, texts, return_text: true })).toEqual({ status: 200, value })
    const raw = await ask('/', { query, texts, raw_scores: true, model: 'rank' })
    for (const { index, score, ...rest } of raw.value) {
      expect(rest).toEqual({})
      const { score: probability } = value.find((one: { index: number }) => one.index === index)
      expect(1 / (1 + Math.exp(-score))).toBeCloseTo(probability, 5)
    }
  })

  it('is served by a classifier of one output too, as many rerankers are saved, and by no other', async () => {
    const one = await tinyClassifier({ labels: ['LABEL_0'], problemType: 'regression' })
    const file = join(one, 'config.json')
    const { problem_type: _, ...config } = JSON.parse(await readFile(file, 'utf8'))
    await writeFile(file, JSON.stringify(config))
    const three = await tinyClassifier({ labels: ['a', 'b', 'c'], seed: 2 })
    const adapter = await tinyAdapter(one, { seed: 3, labels: ['a', 'b'] })
    const served = await createServer(
      { one: { model: one, adapters: { two: adapter } }, three },
      { logLevel: 'silent' },
    )
    const post = async (url: string, payload: object) =>
      (await served.inject({ method: 'POST', url, payload })).json()
    const ranks = await post('/rerank', { query, texts })
    const raw = await post('/rerank', { query, texts, raw_scores: true, return_text: true })
    await using reranker = await TextReranker.load(one, { device: 'cpu', warmUp: false })
    const expected = await reranker.rank(query, texts)
    for (const [i, { index, score }] of expected.entries()) {
      expect(ranks[i]).toEqual({ index, score: expect.closeTo(score, 5) })
      expect(raw[i]).toEqual({
        index,
        text: texts[index],
        score: expect.closeTo(Math.log(score / (1 - score)), 3),
      })
    }
    expect((await post('/rerank', { query: ' ', texts })).error).toMatch(/query: expected a text/)
    expect((await post('/rerank', { query, texts, adapter: 'two' })).error).toMatch(
      /adapter two has 2 outputs/,
    )
    expect((await post('/rerank', { query, texts, model: 'three' })).error).toMatch(
      /^Model is not a re-ranker model: this one is for sequence-classification, which \/predict and \/explain and \/models/,
    )
    expect((await served.inject({ url: '/info?model=one' })).json().routes).toContain('/rerank')
    await served.close()
  })

  it('is what /predict says of pairs, and of texts alone, one by one', async () => {
    await using reranker = await TextReranker.load(folders.rank, { device: 'cpu', warmUp: false })
    const pairs = [...texts.map((text) => [query, text]), [texts[0]]]
    const expected = await reranker.score(
      pairs.map(([first, second]) => (second ? [first!, second] : first!)),
    )
    const { value } = await ask('/predict', { inputs: pairs })
    expect(value).toEqual(expected.map((score) => [{ label: 'LABEL_0', score: expect.closeTo(score, 5) }]))
    const one = await ask('/predict', { inputs: pairs[0]!, raw_scores: true, top_k: 1 })
    const raw = Math.log(expected[0]! / (1 - expected[0]!))
    expect(one.value).toEqual([{ label: 'LABEL_0', score: expect.closeTo(raw, 3) }])
    expect((await ask('/predict', { inputs: ['', 'a'] })).status).toBe(200)
    expect(await ask('/predict', { inputs: ['', ''] })).toMatchObject({
      status: 400,
      value: { error: '`inputs` cannot be empty', error_type: 'Empty' },
    })
    const long = 'a play was dull '.repeat(40)
    expect((await ask('/predict', { inputs: long })).status).toBe(413)
    expect((await ask('/predict', { inputs: long, truncate: true })).status).toBe(200)
  })

  it('leaves /predict to the classifier beside it, where a request does not say which', async () => {
    const mood = await tinyClassifier({ labels: ['sad', 'glad'] })
    const served = await createServer({ rank: folders.rank, mood }, { logLevel: 'silent' })
    const labels = async (payload: object) => {
      const response = await served.inject({ method: 'POST', url: '/predict', payload })
      return response.json().map(({ label }: { label: string }) => label)
    }
    expect((await labels({ inputs: 'a' })).sort()).toEqual(['glad', 'sad'])
    expect(await labels({ inputs: 'a', model: 'rank' })).toEqual(['LABEL_0'])
    await served.close()
  })

  it.each([
    [{ query: '', texts }, 422, /query/],
    [{ query: '', texts: ['a', ''] }, 400, /^`inputs` cannot be empty$/],
    [{ query, texts: [] }, 400, /^`texts` cannot be empty$/],
    [{ query, texts: [3] }, 422, /texts\/0 must be string/],
    [{ query, texts: Array(9).fill('a') }, 413, /at most 8 texts/],
    [{ query, texts: ['a play was dull '.repeat(40)] }, 413, /more than 64 tokens/],
    [{ query, texts, top_n: 1 }, 422, /unknown field, "top_n"/],
  ])('%j is %i', async (body, status, message) => {
    expect(await ask('/rerank', body)).toMatchObject({
      status,
      value: { error: expect.stringMatching(message) },
    })
  })
})

describe('questions', () => {
  const question = 'was it great?'
  const context = '\u{1f600} the film was great, but her song was dull.'

  it('are answered with places in characters, one or the best of several', async () => {
    await using answerer = await QuestionAnswerer.load(folders.answer, { device: 'cpu' })
    const expected = await answerer.answer({ question, context }, { topK: 3 })
    const { value } = await ask('/models/answer', { inputs: { question, context }, parameters: {} })
    expect(value).toMatchObject({ answer: expected.answer, score: expect.closeTo(expected.score, 5) })
    expect([...context].slice(value.start, value.end).join('')).toBe(value.answer)
    const three = await ask('/models/answer', { inputs: { question, context }, parameters: { top_k: 3 } })
    expect(three.value.map(({ answer }: { answer: string }) => answer)).toEqual(
      expected.answers.map(({ answer }) => answer),
    )
  })

  it.each([
    [{ question: '', context }, {}, 422, /question/],
    [{ question, context: '' }, {}, 422, /context/],
    [{ question }, {}, 422, /must have required property 'context'/],
    ['a', {}, 422, /inputs must be object/],
    [{ question, context }, { top_k: 0 }, 422, /top_k must be >= 1/],
    [{ question, context }, { topk: 1 }, 422, /unknown field, "topk"/],
    [{ question, context: 'a play was dull. '.repeat(60_000) }, {}, 413, /windows/],
  ])('%j %j is refused', { timeout: 60_000 }, async (inputs, parameters, status, message) => {
    expect(await ask('/models/answer', { inputs, parameters })).toMatchObject({
      status,
      value: { error: expect.stringMatching(message) },
    })
  })
})

it("a part that was not read is said in a header, where Hugging Face's form cuts", async () => {
  const post = (name: string, payload: object) =>
    app.inject({ method: 'POST', url: `/models/${name}`, payload })
  const rest = ' a play was dull.'.repeat(40)
  expect((await post('fill', { inputs: `the [MASK]${rest}` })).headers['x-truncated']).toBe('true')
  expect((await post('fill', { inputs: 'the [MASK]' })).headers).not.toHaveProperty('x-truncated')
  // Questions are answered from windows of the whole.
  const inputs = { question: 'was it great?', context: rest }
  expect((await post('answer', { inputs })).headers).not.toHaveProperty('x-truncated')
})

describe('masked words', () => {
  it('are filled with what the text becomes, a list for each of several masks', async () => {
    const text = 'the [MASK] was great'
    const { value } = await ask('/models/fill', { inputs: text, parameters: { top_k: 3 } })
    expect(value).toHaveLength(3)
    for (const { score, token, token_str, sequence } of value) {
      expect(score).toBeGreaterThan(0)
      expect(Number.isInteger(token)).toBe(true)
      expect(sequence).toBe(`the ${token_str.trim()} was great`)
    }
    const two = await ask('/models/fill', { inputs: 'the [MASK] was [MASK]' })
    expect(two.value.map((words: unknown[]) => words.length)).toEqual([5, 5])
    const chosen = await ask('/models/fill', { inputs: text, parameters: { targets: ['castle', 'river'] } })
    expect(chosen.value.map(({ token_str }: { token_str: string }) => token_str.trim()).sort()).toEqual([
      'castle',
      'river',
    ])
  })

  it.each([
    [{ inputs: 'no mask' }, 422, /\[MASK\]/],
    [{ inputs: 'a [MASK]', parameters: { top_k: 5000 } }, 422, /top_k must be <= 1000/],
    [{ inputs: 'a [MASK]', parameters: { targets: ['two words'] } }, 422, /not one token/],
    [{ inputs: `${'a '.repeat(100)} [MASK]` }, 413, /beyond/],
  ])('%j is %i', async (body, status, message) => {
    expect(await ask('/models/fill', body)).toMatchObject({
      status,
      value: { error: expect.stringMatching(message) },
    })
  })
})
