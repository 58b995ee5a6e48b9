import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import {
  AutoModelForSequenceClassification,
  AutoModelForTokenClassification,
  AutoTokenizer,
  applyLora,
  type BatchReport,
  type Classification,
  memory,
  noGrad,
  TextClassifier,
  TokenClassifier,
  ZeroShotClassifier,
} from '../../lib/index.ts'
import { plainLogits, tinyAdapter, tinyClassifier } from './models.ts'

const labels = ['bad', 'fair', 'good'] as const
let base: string
beforeAll(async () => {
  base = await tinyClassifier({ labels: [...labels] })
})

const close = (found: readonly number[], expected: readonly number[]) => {
  for (const [i, value] of found.entries()) expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-4)
}

describe('what is said of labels and problem', () => {
  it('is the type of what is answered', async () => {
    await using named = await TextClassifier.load(base, { labels: ['bad', 'fair', 'good'], warmUp: false })
    const result = await named.classify('a play')
    expectTypeOf(result.label).toEqualTypeOf<'bad' | 'fair' | 'good'>()
    expectTypeOf(result.scores[0]!.label).toEqualTypeOf<'bad' | 'fair' | 'good'>()
    expectTypeOf(await named.classify(['a'])).toEqualTypeOf<
      Classification<'bad' | 'fair' | 'good', 'single_label_classification'>[]
    >()
    // An adapter has labels of its own.
    const adapted = () => named.classify('a', { adapter: 'x' })
    expectTypeOf(adapted).returns.resolves.toEqualTypeOf<Classification>()
    expect(labels).toContain(result.label)
    await using any = await TextClassifier.load(base, { warmUp: false, problemType: 'auto' })
    expectTypeOf((await any.classify('a')).label).toEqualTypeOf<string>()
    expect(any.problemType).toBe('single_label_classification')
  })

  it('is refused where it is not the model’s', async () => {
    await expect(TextClassifier.load(base, { labels: ['good', 'bad', 'fair'] })).rejects.toMatchObject({
      code: 'INCOMPATIBLE',
    })
    const several = await tinyClassifier({
      labels: ['a', 'b'],
      problemType: 'multi_label_classification',
    })
    const before = memory()
    await expect(TextClassifier.load(several)).rejects.toMatchObject({
      code: 'INCOMPATIBLE',
      message: expect.stringContaining(
        `TextClassifier.load('${several}', { problemType: 'multi_label_classification' })`,
      ),
    })
    expect(memory().tensors).toBe(before.tensors)
    await using many = await TextClassifier.load(several, { problemType: 'multi_label_classification' })
    expectTypeOf((await many.classify('a')).label).toEqualTypeOf<string>()
    const score = await tinyClassifier({ labels: ['stars'], problemType: 'regression' })
    await expect(TextClassifier.load(score)).rejects.toThrow(/problemType: 'regression'/)
    await using one = await TextClassifier.load(score, { problemType: 'regression' })
    expectTypeOf((await one.classify('a')).label).toEqualTypeOf<''>()
  })
})

describe('from', () => {
  it('quantizes where that is asked for, whatever the task', async () => {
    await using tokenizer = await AutoTokenizer.fromPretrained(base, { addPrefixSpace: true })
    using tags = await AutoModelForTokenClassification.fromPretrained(base, {
      labels: ['O', 'B-x', 'I-x'],
      head: 'fresh',
    })
    const names = ['entailment', 'neutral', 'contradiction']
    using nli = await AutoModelForSequenceClassification.fromPretrained(base, {
      labels: names,
      head: 'fresh',
    })
    using plain = await AutoModelForSequenceClassification.fromPretrained(base)
    for (const dtype of ['int8', undefined] as const) {
      await using classifier = await TextClassifier.from(plain, tokenizer, { dtype })
      await using tagger = await TokenClassifier.from(tags, tokenizer, { dtype })
      await using sorter = await ZeroShotClassifier.from(nli, tokenizer, { dtype })
      for (const served of [classifier, tagger, sorter]) expect(served.dtype).toBe(dtype ?? 'float32')
    }
  })

  it('serves a model in memory, its adapter included, and leaves it to its owner', async () => {
    await using tokenizer = await AutoTokenizer.fromPretrained(base)
    using model = await AutoModelForSequenceClassification.fromPretrained(base)
    const before = memory()
    {
      await using classifier = await TextClassifier.from(model, tokenizer, { labels })
      const result = await classifier.classify('the film was great.')
      expectTypeOf(result.label).toEqualTypeOf<'bad' | 'fair' | 'good'>()
      close(result.logits, (await plainLogits(base, ['the film was great.']))[0]!)
    }
    expect(memory().tensors).toBe(before.tensors)
    await expect(TextClassifier.from(model, tokenizer, { labels: ['x', 'y', 'z'] })).rejects.toMatchObject({
      code: 'INCOMPATIBLE',
    })
    applyLora(model, { r: 2 })
    noGrad(() => {
      for (const [path, parameter] of model.trainableParameters())
        if (path.includes('lora_B')) parameter.fill_(0.1)
    })
    await using adapted = await TextClassifier.from(model, tokenizer, { dtype: 'int8' })
    const change =
      (await adapted.classify('a play')).logits[0]! - (await plainLogits(base, ['a play']))[0]![0]!
    expect(Math.abs(change)).toBeGreaterThan(0.01)
  })

  it('serves a float16 model with its adapter, for which nothing is laid out anew', async () => {
    await using tokenizer = await AutoTokenizer.fromPretrained(base)
    using model = applyLora(
      await AutoModelForSequenceClassification.fromPretrained(base, { dtype: 'float16' }),
    )
    await using classifier = await TextClassifier.from(model, tokenizer)
    const { logits } = await classifier.classify('the film was great.')
    const [right] = await plainLogits(base, ['the film was great.'])
    for (const [i, logit] of logits.entries()) expect(Math.abs(logit - right![i]!)).toBeLessThan(5e-3)
  })
})

describe('a text that is refused where it is too long', () => {
  it('is read from its beginning, whichever end would be cut: no further than to where that is known', async () => {
    await using tokenizer = await AutoTokenizer.fromPretrained(base)
    using model = await AutoModelForSequenceClassification.fromPretrained(base)
    const sides: unknown[] = []
    const encodeBatch = tokenizer.encodeBatch.bind(tokenizer)
    tokenizer.encodeBatch = (inputs, options) => {
      sides.push(options?.truncationSide)
      return encodeBatch(inputs, options)
    }
    await using classifier = await TextClassifier.from(model, tokenizer, { warmUp: false, maxLength: 16 })
    const long = 'the film was great, '.repeat(50_000)
    const refused = classifier.classify(long, { longText: 'refuse', truncationSide: 'left' })
    await expect(refused).rejects.toMatchObject({ code: 'TOO_LONG' })
    await classifier.classify('the film', { longText: 'truncate', truncationSide: 'left' })
    expect(sides).toEqual(['right', 'left'])
  })
})

describe('streams', () => {
  it('give results as they are there, before the source ends, with their rows', async () => {
    await using classifier = await TextClassifier.load(base, { warmUp: false })
    let release: () => void = () => {}
    const never = new Promise<void>((resolve) => {
      release = resolve
    })
    const source = async function* () {
      for (let id = 0; id < 100; id++) yield { id, body: 'a play' }
      await never
      yield { id: 100, body: 'her song' }
    }
    const seen: number[] = []
    for await (const { row, label } of classifier.classifyAll(source(), { input: ({ body }) => body })) {
      expectTypeOf(row.id).toEqualTypeOf<number>()
      expect(labels).toContain(label)
      seen.push(row.id)
      if (seen.length === 100) release()
    }
    expect(seen).toEqual(Array.from({ length: 101 }, (_, id) => id))
  })

  it('yield the error of a row in its place, and end by a signal while the source gives nothing', async () => {
    await using classifier = await TextClassifier.load(base, { warmUp: false, maxLength: 8 })
    const rows = ['a play', 'cut \ud83d', null, 'the film was great and the song was fine', 'her song']
    const stream = classifier.classifyAll(rows, {
      input: (row) => row!,
      onError: 'yield',
      longText: 'refuse',
    })
    const found: string[] = []
    for await (const entry of stream) found.push(entry.error ? entry.error.code : 'fine')
    expect(found).toEqual(['fine', 'INVALID_ARGUMENT', 'INVALID_ARGUMENT', 'TOO_LONG', 'fine'])
    const messages: string[] = []
    for await (const { error } of classifier.classifyAll(rows, { input: (row) => row!, onError: 'yield' }))
      if (error) messages.push(error.message)
    expect(messages).toEqual([expect.stringMatching(/input 1/), expect.stringMatching(/Input 2/)])

    const controller = new AbortController()
    const silent = async function* () {
      yield 'a play'
      await new Promise(() => {})
    }
    const late = classifier.classifyAll(silent(), { signal: controller.signal })
    expect((await late.next()).done).toBe(false)
    const next = late.next()
    controller.abort()
    await expect(next).rejects.toMatchObject({ code: 'ABORTED', name: 'AbortError' })
    await expect(classifier.classifyAll(['a'], { topK: 0 }).next()).rejects.toThrow(/topK/)
    await expect(classifier.classifyAll(['a'], { adapter: 'x' }).next()).rejects.toThrow(/no adapter 'x'/)
    expect(classifier.waiting).toBe(0)
  })
})

it('hooks that throw fail nothing; the channels of node:diagnostics_channel hear the same', async () => {
  const heard: unknown[] = []
  const listen = (message: unknown) => heard.push(message)
  subscribe('torch-lora:batch', listen)
  subscribe('torch-lora:call', listen)
  const warnings: Error[] = []
  const warned = (warning: Error) => warnings.push(warning)
  process.on('warning', warned)
  const batches: BatchReport[] = []
  await using classifier = await TextClassifier.load(base, {
    warmUp: false,
    onBatch: (batch) => {
      batches.push(batch)
      throw new Error('a broken hook')
    },
  })
  const answer = classifier.classify('a play', {
    onTimings: async () => {
      throw new Error('another')
    },
  })
  expect(labels).toContain((await answer).label)
  await new Promise((resolve) => setImmediate(resolve))
  unsubscribe('torch-lora:batch', listen)
  unsubscribe('torch-lora:call', listen)
  process.off('warning', warned)
  expect(heard).toEqual([batches[0], expect.objectContaining({ tokenization: expect.any(Number) })])
  expect(warnings.map(({ message }) => message)).toEqual(['a broken hook', 'another'])
})

it('refuses options that are not known, with the nearest name', async () => {
  const wrong = TextClassifier.load(base, { maxqueue: 3 } as object)
  await expect(wrong).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(/no option 'maxqueue', 'maxQueue' is the nearest/),
  })
  await using classifier = await TextClassifier.load(base, { warmUp: false, maxQueue: undefined })
  await expect(classifier.classify('a', { topk: 1 } as object)).rejects.toThrow(/'topK' is the nearest/)
  await expect(classifier.classifyAll(['a'], { onerror: 'yield' } as object).next()).rejects.toThrow(
    /onerror/,
  )
  await expect(classifier.tokenize('a', { special: true } as object)).rejects.toThrow(/special/)
})

it('swap keeps adapters, or refuses with a reason', { timeout: 180_000 }, async () => {
  const adapter = await tinyAdapter(base, { seed: 3, labels: ['no', 'yes'] })
  const like = await tinyClassifier({ labels: [...labels], seed: 7 })
  const wider = await tinyClassifier({ labels: [...labels], hiddenSize: 64 })
  const other = await tinyClassifier({ labels: ['x', 'y'] })
  await using classifier = await TextClassifier.load(base, {
    labels,
    adapters: { tone: adapter },
    warmUp: false,
  })
  await classifier.swap(like)
  expect(classifier.adapters.map(({ name }) => name)).toEqual(['tone'])
  const { logits } = await classifier.classify('a play', { adapter: 'tone' })
  close(logits, (await plainLogits(like, ['a play'], { directory: adapter, labels: ['no', 'yes'] }))[0]!)
  const before = memory()
  await expect(classifier.swap(wider)).rejects.toMatchObject({
    code: 'INCOMPATIBLE',
    message: expect.stringMatching(/its adapter 'tone' cannot stand beside/),
  })
  await expect(classifier.swap(other, { adapters: {} })).rejects.toMatchObject({ code: 'INCOMPATIBLE' })
  expect(memory().tensors).toBe(before.tensors)
  expect(classifier.source).toBe(like)
  await classifier.swap(wider, { adapters: {} })
  expect(classifier.adapters).toEqual([])
})
