import { beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import {
  AutoModelForQuestionAnswering,
  AutoTokenizer,
  decodeAnswers,
  encodeQuestions,
  loadTextModel,
  memory,
  type QuestionAnswer,
  QuestionAnswerer,
} from '../../lib/index.ts'
import { Predictor } from '../../lib/inference/predictor.ts'
import { randomAdapter, tinyAnswerer, tinyEmbedder } from './models.ts'

const context = '\u{1f600} the film was great, they say; her song was dull.'
const input = { question: 'what was dull', context }
const long = { question: 'what was fine', context: 'the show was poor and a play was fine , '.repeat(12) }

let base: string
beforeAll(async () => {
  base = await tinyAnswerer()
})

/** The best answer of the plain model, window by window. */
async function plain(folder: string, { question, context: text }: typeof input, maxLength = 64) {
  await using tokenizer = await AutoTokenizer.fromPretrained(folder)
  using model = await AutoModelForQuestionAnswering.fromPretrained(folder)
  using predictor = new Predictor(model)
  const [windows] = await encodeQuestions([{ question, context: text }], tokenizer, { maxLength })
  const outputs: Float32Array[] = []
  for (const window of windows!) outputs.push((await predictor.forward([window]))[0]!)
  return decodeAnswers(text, { windows: windows!, outputs })
}

const expectBest = (found: QuestionAnswer, expected: Awaited<ReturnType<typeof plain>>) => {
  const [best] = expected
  expect(found).toMatchObject({ answer: best!.text, start: best!.start, end: best!.end })
  expect(Math.abs(found.score - best!.score)).toBeLessThan(1e-4)
}

describe('QuestionAnswerer', () => {
  it('answers with the stretch of the context, over windows', async () => {
    await using answerer = await QuestionAnswerer.load(base)
    const [short, windowed] = await answerer.answer([input, long])
    expectTypeOf(short!).toEqualTypeOf<QuestionAnswer>()
    expectBest(short!, await plain(base, input))
    expectBest(windowed!, await plain(base, long))
    expect(short!.answer).toBe(context.slice(short!.start, short!.end))
    expect(windowed!.truncated).toBe(false)
    const ranked = await answerer.answer(input, { topK: 5 })
    expect(ranked.answers).toHaveLength(5)
    expect(ranked.answers[0]).toEqual({
      answer: ranked.answer,
      start: ranked.start,
      end: ranked.end,
      score: ranked.score,
    })
    const all = await answerer.answer(input, { topK: 40 })
    expect(all.answers.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 4)
    const { answers } = await answerer.answer(input, { topK: 20, maxAnswerTokens: 1 })
    for (const { answer } of answers) expect(answer).not.toContain(' ')
    const cut = await answerer.answer(long, { longText: 'truncate' })
    expect(cut.truncated).toBe(true)
    expect(cut.end).toBeLessThan(300)
  })

  it('may say that there is no answer', async () => {
    await using answerer = await QuestionAnswerer.load(base, { warmUp: false })
    const none = await answerer.answer(input, { handleImpossibleAnswer: true, nullThreshold: -1000 })
    expect(none).toMatchObject({ answer: '', start: 0, end: 0 })
    const some = await answerer.answer(input, {
      handleImpossibleAnswer: true,
      nullThreshold: 1000,
      topK: 1000,
    })
    expect(some.answer).not.toBe('')
    expect(some.answers.map(({ answer }) => answer)).toContain('')
  })

  it('serves adapters with heads of their own over a bare encoder, each as if it were merged', async () => {
    const bare = await tinyEmbedder()
    const folders = await Promise.all(
      [3, 4].map(async (seed) => {
        using model = await AutoModelForQuestionAnswering.fromPretrained(bare, { seed })
        return await randomAdapter(model, { seed, r: 4, loraAlpha: 8 })
      }),
    )
    await using answerer = await QuestionAnswerer.load(bare, { adapters: { a: folders[0]!, b: folders[1]! } })
    expect(answerer.hasHead).toBe(false)
    const [a, b] = await Promise.all([
      answerer.answer(input, { adapter: 'a', topK: 20 }),
      answerer.answer(input, { adapter: 'b', topK: 20 }),
    ])
    for (const [i, found] of [a, b].entries()) {
      await using merged = await QuestionAnswerer.load(bare, { mergeAdapter: folders[i]!, warmUp: false })
      const expected = await merged.answer(input, { topK: 20 })
      expect(found.answer).toBe(expected.answer)
      expect(Math.abs(found.score - expected.score)).toBeLessThan(1e-4)
    }
    expect(a.answers).not.toEqual(b.answers)
    await expect(answerer.answer(input)).rejects.toThrow(/name an adapter/)
    await expect(QuestionAnswerer.load(bare)).rejects.toMatchObject({
      code: 'INCOMPATIBLE',
      message: expect.stringMatching(/no trained question-answering head/),
    })
    await answerer.swap(base)
    expectBest(await answerer.answer(input), await plain(base, input))
    expect((await answerer.answer(input, { adapter: 'a' })).answer).not.toBe(undefined)
  })

  it('serves a model in memory, quantized too; leaves nothing behind', async () => {
    await using tokenizer = await AutoTokenizer.fromPretrained(base)
    using model = await AutoModelForQuestionAnswering.fromPretrained(base)
    const before = memory().tensors
    {
      await using answerer = await QuestionAnswerer.from(model, tokenizer, { warmUp: false })
      expectBest(await answerer.answer(input), await plain(base, input))
      await using quantized = await QuestionAnswerer.from(model, tokenizer, { dtype: 'int8', warmUp: false })
      const { answers } = await quantized.answer(input, { topK: 10 })
      expect(answers.map(({ answer }) => answer)).toContain((await answerer.answer(input)).answer)
    }
    expect(memory().tensors).toBe(before)
  })

  it('bounds what one context may ask for', async () => {
    await using answerer = await QuestionAnswerer.load(base, { warmUp: false, maxWindows: 3 })
    const megabyte = { question: 'what', context: 'the film was great , '.repeat(50_000) }
    for (const [given, message] of [
      [long, /windows of 64 tokens, and at most 3 may be read: .* `maxWindows`/],
      [megabyte, /at most 3 may be read/],
    ] as const)
      await expect(answerer.answer(given)).rejects.toMatchObject({
        code: 'TOO_LONG',
        message: expect.stringMatching(message),
      })
    expect((await answerer.answer(megabyte, { longText: 'truncate' })).truncated).toBe(true)
    await expect(answerer.answer(long, { longText: 'refuse' })).rejects.toMatchObject({ code: 'TOO_LONG' })
    const question = 'what was it , they say '.repeat(20)
    await expect(answerer.answer({ question, context })).rejects.toMatchObject({ code: 'TOO_LONG' })
    await using small = await QuestionAnswerer.load(base, { warmUp: false, maxQueueBytes: 2 ** 19 })
    await expect(small.answer(megabyte)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('reads no more of a context than its windows may hold, and all of one that is long and has few tokens', async () => {
    await using tokenizer = await AutoTokenizer.fromPretrained(base)
    const question = 'what was it'
    const words = 'the film was great , '
    const windowsOf = async (context: string, maxWindows?: number) => {
      const [windows] = await encodeQuestions([{ question, context }], tokenizer, {
        maxLength: 64,
        maxWindows,
      })
      return windows!
    }
    const all = await windowsOf(words.repeat(1000))
    const some = await windowsOf(words.repeat(50_000), 3)
    expect(some.length).toBeGreaterThan(3)
    expect(some.length).toBeLessThan(9)
    expect(some.slice(0, 3)).toEqual(
      all.slice(0, 3).map((window) => ({ ...window, overflow: expect.anything() })),
    )
    const spaced = `great${' '.repeat(100_000)}film`
    expect(await windowsOf(spaced, 3)).toEqual(await windowsOf(spaced))
  })

  it('refuses what is no question with its context; streams', async () => {
    await using answerer = await QuestionAnswerer.load(base, { warmUp: false })
    const wrong: [unknown, RegExp][] = [
      [{ question: '', context }, /Input 0, question: expected a text, received an empty one/],
      [{ question: 'what', context: ' \n' }, /Input 0, context: expected a text/],
      [{ question: 'what' }, /Input 0, context: expected a string, received undefined/],
      ['what', /Input 0, question: expected a string/],
      [null, /Input 0, question/],
      [{ question: 'what', context: 'cut \ud83d' }, /lone surrogate/],
    ]
    for (const [given, message] of wrong)
      await expect(answerer.answer([given as typeof input])).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(message),
      })
    await expect(answerer.answer(input, { topk: 3 } as object)).rejects.toThrow(/'topK' is the nearest/)
    const rows = [
      { id: 1, q: 'what was dull' },
      { id: 2, q: '' },
    ]
    const seen: unknown[] = []
    for await (const entry of answerer.answerAll(rows, {
      input: ({ q }) => ({ question: q, context }),
      onError: 'yield',
    }))
      seen.push([entry.row.id, entry.error ? entry.error.code : typeof entry.answer])
    expect(seen).toEqual([
      [1, 'string'],
      [2, 'INVALID_ARGUMENT'],
    ])
    await using model = await loadTextModel(base, { warmUp: false, maxWindows: 2 })
    expect(model.task).toBe('question-answering')
  })
})
