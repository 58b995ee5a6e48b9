import { beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import {
  AutoModelForMaskedLM,
  AutoTokenizer,
  type Filling,
  loadTextModel,
  MaskFiller,
  memory,
} from '../../lib/index.ts'
import { Predictor } from '../../lib/inference/predictor.ts'
import { likeliest } from '../../lib/inference/vocabulary-scores.ts'
import { softmax } from '../../lib/tasks/arithmetic.ts'
import { randomAdapter, tinyFiller } from './models.ts'

const text = 'the [MASK] was great, they say; her [MASK] was dull.'

let base: string
beforeAll(async () => {
  base = await tinyFiller()
})

/** Of each mask the probabilities of the vocabulary, by the plain model. */
async function plain(folder: string, input: string): Promise<number[][]> {
  await using tokenizer = await AutoTokenizer.fromPretrained(folder)
  using model = await AutoModelForMaskedLM.fromPretrained(folder)
  using predictor = new Predictor(model)
  const encoding = await tokenizer.encode(input)
  const [logits] = await predictor.forward([encoding])
  const width = logits!.length / encoding.ids.length
  const places = Array.from(encoding.ids.keys()).filter((t) => encoding.ids[t] === tokenizer.maskTokenId)
  return places.map((t) => softmax(logits!.subarray(t * width, (t + 1) * width)))
}

const expectWords = ({ masks }: Filling, expected: readonly (readonly number[])[]) => {
  expect(masks).toHaveLength(expected.length)
  for (const [m, words] of masks.entries()) {
    const order = [...expected[m]!.keys()].sort((a, b) => expected[m]![b]! - expected[m]![a]!)
    expect(words.map(({ id }) => id)).toEqual(order.slice(0, words.length))
    for (const { id, score } of words) expect(Math.abs(score - expected[m]![id]!)).toBeLessThan(1e-5)
  }
}

describe('MaskFiller', () => {
  it('finds the words of each mask, the likeliest first', async () => {
    await using filler = await MaskFiller.load(base)
    expect(filler.maskToken).toBe('[MASK]')
    const [found, one] = await filler.fill([text, 'a [MASK]'], { topK: 9 })
    expectTypeOf(found!).toEqualTypeOf<Filling>()
    expectWords(found!, await plain(base, text))
    expectWords(one!, await plain(base, 'a [MASK]'))
    expect(found!.masks[0]).toHaveLength(9)
    expect((await filler.fill(text)).masks.map(({ length }) => length)).toEqual([5, 5])
    const { masks } = await filler.fill('a [MASK]', { targets: ['rain', 'castle', 'rain'] })
    expect(masks[0]!.map(({ token }) => token).sort()).toEqual(['castle', 'rain'])
    const [expected] = await plain(base, 'a [MASK]')
    for (const { id, score } of masks[0]!) expect(Math.abs(score - expected![id]!)).toBeLessThan(1e-5)
  })

  it('serves adapters by name in one batch, each as if it were merged, the decoder the base’s', async () => {
    const folders = await Promise.all(
      [
        { seed: 3, r: 4 },
        { seed: 4, r: 2, targetModules: 'all-linear' as const },
      ].map(async (options) => {
        using model = await AutoModelForMaskedLM.fromPretrained(base)
        return await randomAdapter(model, { loraAlpha: 8, ...options })
      }),
    )
    await using filler = await MaskFiller.load(base, { adapters: { a: folders[0]!, b: folders[1]! } })
    const expected = await Promise.all(
      folders.map(async (adapter) => {
        await using merged = await MaskFiller.load(base, { mergeAdapter: adapter, warmUp: false })
        return await merged.fill(text)
      }),
    )
    const check = async () => {
      const [a, b, own] = await Promise.all([
        filler.fill(text, { adapter: 'a' }),
        filler.fill(text, { adapter: 'b' }),
        filler.fill(text),
      ])
      expectWords(own, await plain(base, text))
      for (const [i, found] of [a, b].entries())
        for (const [m, words] of found.masks.entries())
          for (const [k, { id, score }] of words.entries()) {
            expect(id).toBe(expected[i]!.masks[m]![k]!.id)
            expect(Math.abs(score - expected[i]!.masks[m]![k]!.score)).toBeLessThan(1e-5)
          }
      expect(a).not.toEqual(own)
    }
    await check()
    await filler.swap(base)
    await check()
  })

  it('serves a model in memory, quantized too; leaves nothing behind', async () => {
    await using tokenizer = await AutoTokenizer.fromPretrained(base)
    using model = await AutoModelForMaskedLM.fromPretrained(base)
    const before = memory().tensors
    {
      await using filler = await MaskFiller.from(model, tokenizer)
      expectWords(await filler.fill(text), await plain(base, text))
      await using quantized = await MaskFiller.from(model, tokenizer, { dtype: 'int8', warmUp: false })
      const near = new Set((await filler.fill(text, { topK: 10 })).masks[0]!.map(({ id }) => id))
      expect(near.has((await quantized.fill(text)).masks[0]![0]!.id)).toBe(true)
    }
    expect(memory().tensors).toBe(before)
  })

  it('streams; refuses what hides nothing, masks beyond what is read, targets of several tokens', async () => {
    await using filler = await MaskFiller.load(base, { warmUp: false, maxLength: 12 })
    const wrong: [unknown, object, string, RegExp][] = [
      ['a play', {}, 'INVALID_ARGUMENT', /Input 0 hides nothing: put \[MASK\]/],
      [3, {}, 'INVALID_ARGUMENT', /Input 0: expected a string/],
      ['[MASK]'.repeat(65), {}, 'INVALID_ARGUMENT', /65 masks, and at most 64/],
      [`${'the film '.repeat(8)} [MASK]`, {}, 'TOO_LONG', /\[MASK\] beyond the 12 tokens/],
      [`[MASK] ${'the film '.repeat(8)}`, { longText: 'refuse' }, 'TOO_LONG', /more than 12 tokens/],
      [
        'a [MASK]',
        { targets: ['filmsong'] },
        'INVALID_ARGUMENT',
        /"filmsong" is not one token of this model/,
      ],
      ['a [MASK]', { targets: [] }, 'INVALID_ARGUMENT', /targets must be an array of words with at least 1/],
      ['a [MASK]', { topK: 1001 }, 'INVALID_ARGUMENT', /topK must be a number between 1 and 1000/],
      ['a [MASK]', { longText: 'windows' }, 'INVALID_ARGUMENT', /longText must be/],
    ]
    for (const [input, options, code, message] of wrong)
      await expect(filler.fill([input as string], options)).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message),
      })
    const cut = await filler.fill(`[MASK] ${'the film '.repeat(8)}`)
    expect([cut.truncated, cut.tokens]).toEqual([true, 12])
    const seen: unknown[] = []
    for await (const entry of filler.fillAll(['a [MASK]', 'a play'], { onError: 'yield', topK: 3 }))
      seen.push(entry.error ? entry.error.code : entry.masks[0]?.length)
    expect(seen).toEqual([3, 'INVALID_ARGUMENT'])
  })

  it('is what loadTextModel gives for its folder', async () => {
    await using model = await loadTextModel(base, { warmUp: false })
    expect(model.task).toBe('masked-language-model')
  })
})

it('the likeliest are those of a whole sort, whatever the order', () => {
  const logits = Float32Array.from({ length: 500 }, (_, i) => ((i * 7919) % 501) / 50)
  const sorted = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]!)
  const found = likeliest(logits, { topK: 40, among: null })
  expect(found.map(({ id }) => id)).toEqual(sorted.slice(0, 40))
  const scores = softmax(logits)
  for (const { id, score } of found) expect(score).toBeCloseTo(scores[id]!, 10)
  expect(likeliest(logits, { topK: 1000, among: null })).toHaveLength(500)
  expect(
    likeliest(logits, { topK: 2, among: [sorted[9]!, sorted[3]!, sorted[5]!] }).map(({ id }) => id),
  ).toEqual([sorted[3], sorted[5]])
})
