import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createServer } from '../../lib/serve/app.ts'
import { tinyAdapter, tinyClassifier } from '../inference/models.ts'

let app: FastifyInstance
beforeAll(async () => {
  const base = await tinyClassifier({ labels: ['bad', 'good'] })
  const adapter = await tinyAdapter(await tinyClassifier({ headless: true }), {
    seed: 3,
    labels: ['no', 'yes'],
  })
  app = await createServer(base, { adapters: { one: adapter }, maxQueue: 100, logLevel: 'silent' })
})
afterAll(() => app.close())

async function ask(payload: object) {
  const { statusCode, headers, body } = await app.inject({ method: 'POST', url: '/explain', payload })
  return { status: statusCode, headers, value: JSON.parse(body) }
}

const text = '\u{1f600} the film was great.'

describe('/explain', () => {
  it('shares the logit out among the tokens, with their places in characters', async () => {
    const { status, headers, value } = await ask({ inputs: text })
    expect(status).toBe(200)
    const { label, logit, baseline_logit, tokens, error, truncated } = value
    expect(['bad', 'good']).toContain(label)
    expect(truncated).toBe(false)
    const sum = tokens.reduce((all: number, { attribution }: { attribution: number }) => all + attribution, 0)
    expect(sum).toBeCloseTo(logit - baseline_logit + error, 5)
    for (const { start, stop, text: word, special } of tokens)
      if (!special) expect([...text].slice(start, stop).join('')).toBe(word)
    expect(Number(headers['x-compute-tokens'])).toBeGreaterThan(32 * tokens.length)
  })

  it('of a label, a pair, an adapter, by the other method', async () => {
    expect((await ask({ inputs: text, label: 'bad', steps: 4 })).value).toMatchObject({
      label: 'bad',
      steps: 4,
    })
    const pair = await ask({ inputs: ['a play', 'was dull'], method: 'gradient-x-input' })
    expect(pair.value).toMatchObject({ baseline_logit: null, error: null, steps: 1 })
    expect((await ask({ inputs: text, adapter: 'one', steps: 4 })).value.label).toMatch(/no|yes/)
  })

  it.each([
    [{}, 422, /inputs/],
    [{ inputs: [] }, 422, /must be a text, or a pair/],
    [{ inputs: ['a', 'b', 'c'] }, 422, /must be a text, or a pair/],
    [{ inputs: 'a', label: 'x' }, 422, /no label "x"; there are bad, good/],
    [{ inputs: 'a', steps: 0 }, 422, /steps must be >= 1/],
    [{ inputs: 'a', steps: 5000 }, 422, /steps must be <= 512/],
    [{ inputs: 'a', method: 'x' }, 422, /method must be equal to one of.*gradient-x-input/],
    [{ inputs: 'a', method: 'gradient-x-input', steps: 3 }, 422, /leave `steps` away/],
    [{ inputs: 'a', top_k: 1 }, 422, /unknown field, "top_k"/],
    [{ inputs: 'a play was dull '.repeat(40) }, 413, /more than 64 tokens/],
  ])('%j is %i', async (body, status, message) => {
    expect(await ask(body)).toMatchObject({ status, value: { error: expect.stringMatching(message) } })
  })

  it('is admitted as the texts that it costs: beyond the queue it is 429', async () => {
    const asked = await Promise.all([1, 2, 3].map(() => ask({ inputs: text, steps: 50 })))
    expect(asked.map(({ status }) => status).sort()).toEqual([200, 200, 429])
    expect(asked.find(({ status }) => status === 429)!.headers['retry-after']).toMatch(/^\d+$/)
  })
})
