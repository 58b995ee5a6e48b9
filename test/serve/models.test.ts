import { basename, dirname } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelSources } from '../../lib/cli/served-models.ts'
import { memory } from '../../lib/memory.ts'
import { createServer } from '../../lib/serve/app.ts'
import { tinyAdapter, tinyClassifier, tinyTagger } from '../inference/models.ts'

let app: FastifyInstance
let support: string
let adapter: string
beforeAll(async () => {
  support = await tinyClassifier({ labels: ['bad', 'good'] })
  const mood = await tinyClassifier({ labels: ['sad', 'glad'], seed: 2 })
  const names = await tinyTagger({ labels: ['O', 'B-person'] })
  adapter = await tinyAdapter(await tinyClassifier({ headless: true }), { seed: 3, labels: ['no', 'yes'] })
  app = await createServer(
    { support: { model: support, adapters: { tone: adapter } }, mood, names },
    { adapterRoot: dirname(adapter), logLevel: 'silent' },
  )
})
afterAll(() => app.close())

async function ask(url: string, payload?: object, method: 'GET' | 'POST' | 'PUT' | 'DELETE' = 'POST') {
  const { statusCode, body } = await app.inject(
    payload ? { method, url, payload } : { method: method === 'POST' ? 'GET' : method, url },
  )
  return { status: statusCode, value: JSON.parse(body) }
}

const labelsOf = (value: { label: string }[]) => value.map(({ label }) => label).sort()

describe('several models in one server', () => {
  it('answers by the field model, by /models/NAME, and where a route is of one model alone', async () => {
    const text = { inputs: 'the film was great.' }
    expect(labelsOf((await ask('/predict', { ...text, model: 'support' })).value)).toEqual(['bad', 'good'])
    expect(labelsOf((await ask('/predict', { ...text, model: 'mood' })).value)).toEqual(['glad', 'sad'])
    expect(labelsOf((await ask('/models/mood', text)).value[0])).toEqual(['glad', 'sad'])
    expect(labelsOf((await ask('/', { ...text, model: 'mood' })).value)).toEqual(['glad', 'sad'])
    expect((await ask('/tag', text)).value).toHaveProperty('entities')
    expect((await ask('/tokenize', { ...text, model: 'names' })).status).toBe(200)
  })

  it('says which models there are for a name that none has, and for none where several could be meant', async () => {
    const unknown = {
      status: 404,
      value: { error: "There is no model 'x'; there are support, mood, names." },
    }
    expect(await ask('/predict', { inputs: 'a', model: 'x' })).toMatchObject(unknown)
    expect(await ask('/models/x', { inputs: 'a' })).toMatchObject(unknown)
    for (const path of ['info', 'health', 'adapters'])
      expect(await ask(`/${path}?model=x`)).toMatchObject(unknown)
    expect(await ask('/predict', { inputs: 'a' })).toMatchObject({
      status: 422,
      value: { error: 'Several models serve /predict; say which as "model": support, mood.' },
    })
    for (const path of ['/', '/tokenize'])
      expect(await ask(path, { inputs: 'a' })).toMatchObject({
        status: 422,
        value: { error: 'Say which model, as "model": support, mood, names.' },
      })
    expect(await ask('/predict', { inputs: 'a', model: 'names' })).toMatchObject({
      status: 424,
      value: { error: expect.stringMatching(/^Model is not a classifier model: .*which \/tag/) },
    })
  })

  it('/info, /v1/models, /adapters and /metrics are by model', async () => {
    const all = (await ask('/info')).value as { models: { served_model_name: string }[] }
    expect(all.models.map((info) => info.served_model_name)).toEqual(['support', 'mood', 'names'])
    expect((await ask('/info?model=names')).value).toMatchObject({
      served_model_name: 'names',
      task: 'token-classification',
      routes: ['/tag', '/models/{name}'],
    })
    const listed = (await ask('/v1/models')).value as { object: string; data: { id: string }[] }
    expect(listed.data.map(({ id }) => id)).toEqual(['support', 'mood', 'names'])

    expect((await ask('/adapters?model=support')).value).toMatchObject([{ name: 'tone' }])
    expect((await ask('/adapters?model=mood')).value).toEqual([])
    expect((await ask('/adapters')).status).toBe(422)
    const source = basename(adapter)
    expect((await ask('/adapters/new', { source, model: 'mood' }, 'PUT')).value).toMatchObject([
      { name: 'new' },
    ])
    const named = { inputs: 'a', model: 'mood', adapter: 'new' }
    expect(labelsOf((await ask('/predict', named)).value)).toEqual(['no', 'yes'])
    expect((await ask('/predict', { ...named, model: 'support' })).status).toBe(422)
    expect((await ask('/adapters/new?model=mood', undefined, 'DELETE')).value).toEqual([])

    const { body } = await app.inject({ url: '/metrics' })
    expect(body).toMatch(/te_queue_size\{model="support"\} 0/)
    expect(body).toMatch(/te_predict_count\{model="mood"\} [1-9]/)
    expect(body).not.toMatch(/te_embed_count\{/)
    expect(body).toMatch(/te_request_count\{method="single",model="names"\} [1-9]/)
  })

  it('frees the models that are there when one cannot be loaded', async () => {
    await createServer({ support, wrong: '/nowhere' }, { logLevel: 'silent', offline: true }).catch(() => {})
    const before = memory().tensors
    await expect(
      createServer({ support, wrong: '/nowhere' }, { logLevel: 'silent', offline: true }),
    ).rejects.toThrow(/nowhere/)
    expect(memory().tensors).toBe(before)
    await expect(createServer({}, { logLevel: 'silent' })).rejects.toThrow(/at least one/)
    await expect(createServer({ 'a b': support }, { logLevel: 'silent' })).rejects.toThrow(/"a b"/)
  })
})

describe('the flags of torch-lora serve', () => {
  const flags = (model: string[], adapters: { model?: string; name: string }[] = [], rest: object = {}) =>
    modelSources({
      model,
      adapters: adapters.map(({ model, name }) => ({ model, name, folder: `${name}-dir` })),
      ...rest,
    })

  it('one model without a name, one with, several with their adapters', () => {
    expect(flags(['dir'], [{ name: 'tone' }])).toMatchObject({
      models: 'dir',
      options: { adapters: { tone: 'tone-dir' } },
    })
    expect(flags(['a=dir'], [{ name: 'tone' }]).models).toMatchObject({
      a: { model: 'dir', adapters: { tone: 'tone-dir' } },
    })
    expect(flags(['a=one', 'b=two'], [{ model: 'b', name: 'tone' }]).models).toEqual({
      a: { model: 'one', adapters: {} },
      b: { model: 'two', adapters: { tone: 'tone-dir' } },
    })
    const task = 'reranking' as const
    expect(flags(['dir'], [], { taskType: [{ task }] }).options).toMatchObject({ task })
    expect(flags(['a=one', 'b=two'], [], { taskType: [{ model: 'b', task }] }).models).toEqual({
      a: { model: 'one', adapters: {} },
      b: { model: 'two', task, adapters: {} },
    })
  })

  it.each([
    [['a=one', 'two'], [], {}, /--model two: of several models each has a name/],
    [['a=one', 'a=two'], [], {}, /two models have that name/],
    [['a=one', 'b=two'], [{ name: 'tone' }], {}, /say of which model, MODEL\/tone=DIR: a, b/],
    [['a=one', 'b=two'], [{ model: 'c', name: 'tone' }], {}, /say of which model/],
    [['a=one'], [{ model: 'c', name: 'tone' }], {}, /there is no model 'c'/],
    [
      ['a=one', 'b=two'],
      [],
      { taskType: [{ task: 'reranking' }] },
      /say of which model, NAME=reranking: a, b/,
    ],
    [['a=one'], [], { taskType: [{ model: 'c', task: 'reranking' }] }, /there is no model 'c'/],
    [['a=one', 'b=two'], [], { adapter: 'dir' }, /are of one model/],
    [['a=one', 'b=two'], [], { labels: ['x'] }, /are of one model/],
  ])('%j %j %j is refused', (model, adapters, rest, message) => {
    expect(() => flags(model, adapters, rest)).toThrow(message)
  })
})
