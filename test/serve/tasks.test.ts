import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createServer } from '../../lib/serve/app.ts'
import { tinyClassifier, tinyTagger } from '../inference/models.ts'

let apps: FastifyInstance[]
let tagger: string
let classifier: string
beforeAll(async () => {
  const folders = [
    await tinyTagger({ labels: ['O', 'B-person', 'I-person'] }),
    await tinyClassifier({ labels: ['entailment', 'neutral', 'contradiction'] }),
  ]
  apps = await Promise.all(folders.map((folder) => createServer(folder, { logLevel: 'silent' })))
  ;[tagger, classifier] = (await Promise.all(apps.map((app) => app.listen({ port: 0 })))) as [string, string]
})
afterAll(() => Promise.all(apps.map((app) => app.close())))

async function post(url: string, body: unknown): Promise<{ status: number; value: never }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, value: (await response.json()) as never }
}

const text = '\u{1f600} the film was great.'

describe('a server by what its model is for', () => {
  it('/tag gives words and entities; /info says the task', async () => {
    const one = await post(`${tagger}/tag`, { inputs: text })
    expect(one.value).toEqual({
      tokens: expect.any(Array),
      entities: expect.any(Array),
      truncated: false,
    })
    const { tokens } = one.value as { tokens: { start: number; end: number }[] }
    expect(tokens.slice(1).map(({ start, end }) => text.slice(start, end))).toEqual([
      'the',
      'film',
      'was',
      'great',
      '.',
    ])
    expect((await post(`${tagger}/tag`, { inputs: [text, 'a'] })).value).toHaveLength(2)
    expect((await post(`${tagger}/tag`, { inputs: text, aggregation: 'last' })).status).toBe(422)
    expect(await (await fetch(`${tagger}/info`)).json()).toMatchObject({
      task: 'token-classification',
      model_type: { token_classifier: { labels: ['O', 'B-person', 'I-person'] } },
    })
  })

  it('a route that the model cannot serve is 424 and says which can', async () => {
    expect(await post(`${tagger}/predict`, { inputs: 'a' })).toEqual({
      status: 424,
      value: {
        error: expect.stringMatching(/^Model is not a classifier model: .*token-classification, which \/tag/),
        error_type: 'Backend',
      },
    })
    expect(await post(`${classifier}/tag`, { inputs: 'a' })).toMatchObject({
      status: 424,
      value: { error: expect.stringMatching(/classification, which \/predict and \/explain and \/models/) },
    })
    expect((await post(`${tagger}/tag`, { inputs: [] })).value).toMatchObject({
      error: 'body/inputs must be a text, or an array of texts',
    })
  })

  it("/models/{anything} takes Hugging Face's form and answers in it, as POST / does", async () => {
    const found = await post(`${classifier}/models/any/name`, { inputs: text, parameters: { top_k: 2 } })
    expect(found.value).toEqual([
      [
        { label: expect.any(String), score: expect.any(Number) },
        { label: expect.any(String), score: expect.any(Number) },
      ],
    ])
    expect((await post(classifier, { inputs: text, parameters: { top_k: 2 } })).value).toEqual(found.value)
    const raw = { inputs: text, parameters: { function_to_apply: 'none', top_k: null } }
    const [logits] = (await post(`${classifier}/models/x`, raw)).value as { score: number }[][]
    expect(logits).toHaveLength(3)
    const candidate_labels = ['film', 'song']
    const sorted = await post(`${classifier}/models/x`, { inputs: text, parameters: { candidate_labels } })
    const labels = (sorted.value as { label: string; score: number }[]).map(({ label }) => label)
    expect(labels.sort()).toEqual(candidate_labels)
    const simple = { inputs: text, parameters: { aggregation_strategy: 'simple', ignore_labels: [] } }
    for (const { start, end, word } of (await post(`${tagger}/models/x`, simple)).value as {
      start: number
      end: number
      word: string
    }[])
      expect([...text].slice(start, end).join('')).toBe(word) // in characters, as Python counts
    expect((await post(`${classifier}/models/x`, { inputs: 'a', parameters: { topk: 1 } })).status).toBe(422)
    expect((await post(`${tagger}/models/x`, { inputs: 'a', parameters: { top_k: 1 } })).value).toMatchObject(
      {
        error: expect.stringMatching(/unknown field, "top_k"/),
      },
    )
    const texts = { inputs: Array(33).fill('a'), parameters: { candidate_labels } }
    expect(await post(`${classifier}/models/x`, texts)).toMatchObject({
      status: 413,
      value: { error: expect.stringMatching(/at most 32 texts/) },
    })
    const many = Array.from({ length: 1000 }, (_, i) => `label ${i}`)
    const refused = await post(`${classifier}/models/x`, {
      inputs: 'a',
      parameters: { candidate_labels: many },
    })
    expect(refused).toMatchObject({ status: 413, value: { error: expect.stringMatching(/1000/) } })
  })
})
