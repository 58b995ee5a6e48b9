import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  type BatchReport,
  type Classification,
  memory,
  TextClassifier,
  type TextClassifierOptions,
} from '../../lib/index.ts'
import { plainLogits, tinyAdapter, tinyClassifier } from './models.ts'

const texts = [
  'the film was great.',
  '',
  'her song was dull, they say',
  'this book was fine and that show was poor',
  'a play',
]
const close = (found: readonly number[], expected: readonly number[]) => {
  expect(found).toHaveLength(expected.length)
  for (const [i, value] of found.entries()) expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-4)
}

let base: string
const open: TextClassifier[] = []
async function load(dir: string, options: TextClassifierOptions = {}): Promise<TextClassifier> {
  const classifier = await TextClassifier.load(dir, options)
  open.push(classifier)
  return classifier
}
beforeAll(async () => {
  base = await tinyClassifier({ labels: ['bad', 'fair', 'good'] })
})
afterEach(async () => {
  for (const classifier of open.splice(0)) await classifier.close()
})

describe('classify', () => {
  it.each(['bert', 'roberta'] as const)('gives the plain %s model’s logits, in order', async (family) => {
    const dir = await tinyClassifier({ family, labels: ['bad', 'fair', 'good'] })
    const classifier = await load(dir)
    const inputs = [...texts, ['a play', 'was dull'], { text: 'a play', textPair: 'was dull' }] as const
    const expected = await plainLogits(dir, [...texts, ['a play', 'was dull'], ['a play', 'was dull']])
    const found = await classifier.classify(inputs)
    for (const [i, result] of found.entries()) close(result.logits, expected[i]!)
    const single = await classifier.classify(texts[0]!)
    close(single.logits, expected[0]!)
    expect(single.label).toBe(single.scores[0]!.label)
    expect(single.score).toBe(single.scores[0]!.score)
    expect(single.scores.map(({ label }) => label).sort()).toEqual(['bad', 'fair', 'good'])
    expect(single.scores.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 6)
    expect((await classifier.classify(texts[0]!, { topK: 1 })).scores).toEqual([single.scores[0]])
    expect(await classifier.classify([])).toEqual([])
  })

  it('reads logits by the problem', async () => {
    const several = await tinyClassifier({
      labels: ['a', 'b', 'c'],
      problemType: 'multi_label_classification',
    })
    const many = await load(several, { problemType: 'multi_label_classification' })
    const { scores, logits, label, chosen } = await many.classify(texts[0]!)
    for (const { label: name, score } of scores)
      expect(score).toBeCloseTo(1 / (1 + Math.exp(-logits['abc'.indexOf(name)]!)), 6)
    const above = ['a', 'b', 'c'].filter((_, i) => logits[i]! > 0)
    expect(label).toBe(above.join('|'))
    expect(chosen).toEqual(above)
    const one = await load(await tinyClassifier({ labels: ['stars'] }), { problemType: 'auto' })
    const value = await one.classify(texts[0]!)
    expect(value).toMatchObject({ label: '', score: value.logits[0], chosen: [] })
    expect(value.scores).toEqual([{ label: 'stars', score: value.logits[0] }])
  })

  it('merges an adapter at load', async () => {
    const directory = await tinyAdapter(base, { seed: 3, targetModules: 'all-linear' })
    const merged = await load(base, { mergeAdapter: directory })
    const expected = await plainLogits(base, texts, { directory, labels: ['bad', 'fair', 'good'] })
    for (const [i, { logits }] of (await merged.classify(texts)).entries()) close(logits, expected[i]!)
    await expect(merged.loadAdapter('x', directory)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('packs what arrives while it is busy, by a budget of tokens, and starts at once when idle', async () => {
    const batches: BatchReport[] = []
    const classifier = await load(base, {
      maxBatchTokens: 64,
      warmUp: false,
      onBatch: (batch) => batches.push(batch),
    })
    await classifier.classify('a play')
    expect(batches).toMatchObject([{ texts: 1 }])
    batches.length = 0
    const results = await Promise.all(Array.from({ length: 60 }, () => classifier.classify(texts[3]!)))
    const { tokens } = results[0]!
    expect(batches.reduce((sum, batch) => sum + batch.texts, 0)).toBe(60)
    expect(batches.every((batch) => batch.tokens <= 64 && batch.tokens === batch.texts * tokens)).toBe(true)
    expect(batches.filter((batch) => batch.texts === Math.floor(64 / tokens)).length).toBeGreaterThan(5)
  })

  it('cuts, refuses or slides over a long text', async () => {
    const classifier = await load(base, { maxLength: 16, windowOverlap: 4 })
    const long = Array.from({ length: 12 }, (_, i) => texts[i % 2 ? 2 : 0]).join(' ')
    const cut = await classifier.classify(long)
    expect(cut).toMatchObject({ tokens: 16, truncated: true })
    await expect(classifier.classify(['a play', long], { longText: 'refuse' })).rejects.toMatchObject({
      code: 'TOO_LONG',
      message: expect.stringContaining('Input 1 has more than 16 tokens'),
    })
    const windows = await classifier.classify(long, { longText: 'windows' })
    expect(windows.truncated).toBe(false)
    expect(windows.tokens).toBeGreaterThan(48)
    // Windows are texts of their own: a text that repeats with the stride gives the same logits in each.
    const same = await classifier.classify('a play', { longText: 'windows' })
    close(same.logits, (await classifier.classify('a play')).logits)
    expect(Math.abs(windows.logits[0]! - cut.logits[0]!)).toBeGreaterThan(1e-6)
  })

  it('answers a text of a million characters', async () => {
    const classifier = await load(base)
    const result = await classifier.classify('the film was great. '.repeat(50_000))
    expect(result).toMatchObject({ truncated: true, tokens: classifier.maxLength })
  })

  it('refuses wrong input by index', async () => {
    const classifier = await load(base)
    const wrong: [unknown, RegExp][] = [
      [['a', 3], /Input 1: expected a string.*received number/],
      [[{ txt: 'a' }], /Input 0: .*received an object with txt/],
      [null, /received null/],
      [[['a', 'b', 'c']], /received an array/],
      ['cut \ud83d', /lone surrogate/],
    ]
    for (const [input, message] of wrong)
      await expect(classifier.classify(input as string)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(message),
      })
    await expect(classifier.classify('a', { topK: 0 })).rejects.toThrow(/topK/)
    await expect(classifier.classify('a', { timeoutMs: -1 })).rejects.toThrow(/timeoutMs/)
    await expect(classifier.classify('a', { adapter: 'x' })).rejects.toThrow(/no adapter 'x'; none is loaded/)
    expect(classifier.waiting).toBe(0)
    await expect(TextClassifier.load(base, { maxQueue: 0 })).rejects.toThrow(/maxQueue/)
    await expect(TextClassifier.load(base, { longText: 'x' as 'refuse' })).rejects.toThrow(/longText/)
  })

  it('refuses a model without a trained head', async () => {
    const headless = await tinyClassifier({ headless: true })
    await expect(TextClassifier.load(headless)).rejects.toMatchObject({ code: 'INCOMPATIBLE' })
    const directory = await tinyAdapter(headless, { seed: 4, labels: ['no', 'yes'] })
    const classifier = await load(headless, { adapters: { one: directory } })
    await expect(classifier.classify('a play')).rejects.toThrow(/name an adapter \(loaded: one\)/)
    expect(['no', 'yes']).toContain((await classifier.classify('a play', { adapter: 'one' })).label)
  })
})

describe('the queue', () => {
  it('refuses at once what does not fit, and counts an array as its texts', async () => {
    const classifier = await load(base, { maxQueue: 8 })
    const first = classifier.classify(texts)
    const second = classifier.classify(texts)
    await expect(second).rejects.toMatchObject({ code: 'QUEUE_FULL' })
    await expect(classifier.classify(Array.from({ length: 9 }, () => 'a'))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    expect(await first).toHaveLength(5)
    expect(classifier.waiting).toBe(0)
    expect(await classifier.classify(texts)).toHaveLength(5)
  })

  it('drops aborted and late work', async () => {
    const ran: number[] = []
    const classifier = await load(base, {
      maxBatchTokens: 8,
      warmUp: false,
      onBatch: (batch) => ran.push(batch.texts),
    })
    const controller = new AbortController()
    const dropped = Array.from({ length: 100 }, () =>
      classifier.classify('a play', { signal: controller.signal }),
    )
    const kept = classifier.classify('a play')
    setTimeout(() => controller.abort(new Error('gone')), 3)
    for (const result of await Promise.allSettled(dropped))
      if (result.status === 'rejected')
        expect(result.reason).toMatchObject({ code: 'ABORTED', name: 'AbortError' })
    await kept
    expect(classifier.waiting).toBe(0)
    expect(ran.reduce((sum, count) => sum + count, 0)).toBeLessThan(101)
    await expect(classifier.classify(texts, { signal: controller.signal })).rejects.toMatchObject({
      code: 'ABORTED',
      cause: new Error('gone'),
    })
    await expect(
      classifier.classify(
        Array.from({ length: 500 }, () => texts[3]!),
        { timeoutMs: 5 },
      ),
    ).rejects.toMatchObject({
      code: 'TIMEOUT',
      name: 'TimeoutError',
      message: expect.stringMatching(/5 ms/),
    })
    expect(classifier.waiting).toBe(0)
    await classifier.classify('a play')
  })

  it('streams any number of texts with bounded memory and in order', async () => {
    const classifier = await load(base, { maxQueue: 64 })
    let taken = 0
    const source = function* () {
      for (; taken < 1000; taken++) yield texts[taken % texts.length]!
    }
    const expected = await classifier.classify(texts)
    let count = 0
    let ahead = 0
    for await (const result of classifier.classifyAll(source())) {
      ahead = Math.max(ahead, taken - count)
      expect(result.tokens).toBe(expected[count % texts.length]!.tokens)
      close(result.logits, expected[count % texts.length]!.logits)
      count++
    }
    expect(count).toBe(1000)
    expect(ahead).toBeLessThanOrEqual(128)
    // A reader that leaves early leaves nothing behind.
    for await (const _ of classifier.classifyAll(Array.from({ length: 500 }, () => 'a play'))) break
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(classifier.waiting).toBe(0)
    const failing = classifier.classifyAll(['a', 3 as unknown as string])
    expect(await failing.next()).toMatchObject({ value: { row: 'a' } })
    await expect(failing.next()).rejects.toThrow(/Input 1/)
  })

  it('close() answers what has begun, refuses what comes later, and frees everything', async () => {
    const before = memory()
    const classifier = await TextClassifier.load(base, {
      adapters: { one: await tinyAdapter(base, { seed: 5 }) },
    })
    const running = Array.from({ length: 50 }, (_, i) =>
      classifier.classify(texts[i % 5]!, { adapter: i % 2 ? 'one' : undefined }),
    )
    const closing = classifier.close()
    await expect(classifier.classify('a')).rejects.toMatchObject({ code: 'DISPOSED' })
    expect((await Promise.all(running)).every(({ scores }) => scores.length === 3)).toBe(true)
    await closing
    await classifier.close()
    expect(memory().tensors).toBe(before.tensors)
    expect(memory().liveBytes).toBe(before.liveBytes)
  })
})

describe('adapters beside each other', () => {
  const targets = [['query', 'value'], 'all-linear', ['key', 'dense']] as const
  it.each(['bert', 'roberta'] as const)('mixes %s adapters in one batch', async (family) => {
    const dir = await tinyClassifier({ family, labels: ['bad', 'good'] })
    const labels = [
      ['bad', 'good'],
      ['x', 'y', 'z'],
      ['u', 'v', 'w', 'q'],
    ]
    const adapters = await Promise.all(
      labels.map(async (names, i) => ({
        directory: await tinyAdapter(dir, {
          seed: 10 + i,
          labels: names,
          r: 2 + i,
          targetModules: i === 1 ? 'all-linear' : [...targets[i]!].filter((name) => name !== 'dense'),
        }),
        labels: names,
      })),
    )
    const batches: BatchReport[] = []
    const classifier = await load(dir, {
      adapters: Object.fromEntries(adapters.map(({ directory }, i) => [`a${i}`, directory])),
      onBatch: (batch) => batches.push(batch),
    })
    expect(classifier.adapters.map(({ name, r, labels: names }) => [name, r, names])).toEqual(
      labels.map((names, i) => [`a${i}`, 2 + i, names]),
    )
    const expected = [
      await plainLogits(dir, texts),
      ...(await Promise.all(adapters.map((adapter) => plainLogits(dir, texts, adapter)))),
    ]
    // A first call keeps the executor busy, so that the others share batches.
    const busy = classifier.classify(texts)
    const found = await Promise.all(
      texts.flatMap((text, t) =>
        [undefined, 'a0', 'a1', 'a2'].map(async (adapter, a) => ({
          result: await classifier.classify(text, { adapter }),
          expected: expected[a]![t]!,
          names: a === 0 ? ['bad', 'good'] : labels[a - 1]!,
        })),
      ),
    )
    await busy
    expect(Math.max(...batches.map((batch) => batch.texts))).toBeGreaterThan(4)
    for (const { result, expected: logits, names } of found) {
      close(result.logits, logits)
      expect(names).toContain(result.label)
    }
    // Alone in its batch an adapter takes another path.
    for (const [t, text] of texts.entries())
      close((await classifier.classify(text, { adapter: 'a1' })).logits, expected[2]![t]!)
  })

  it('refuses what texts of one batch cannot differ in, and what does not fit', async () => {
    const classifier = await load(base)
    const biased = await tinyAdapter(base, { seed: 6, bias: 'all' })
    await expect(classifier.loadAdapter('b', biased)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/bias.*merged/s),
    })
    const other = await tinyAdapter(await tinyClassifier({ hiddenSize: 64 }), { seed: 7 })
    await expect(classifier.loadAdapter('o', other)).rejects.toMatchObject({ code: 'INCOMPATIBLE' })
    expect(classifier.adapters).toEqual([])
    expect(await classifier.classify(texts)).toHaveLength(5)
  })

  it('swaps adapters under load: every answer is exactly one adapter’s, nothing is lost or leaks', async () => {
    const one = await tinyAdapter(base, { seed: 20 })
    const two = await tinyAdapter(base, { seed: 21, targetModules: 'all-linear' })
    const text = texts[2]!
    const only = async (directory: string) =>
      (await plainLogits(base, [text], { directory, labels: ['bad', 'fair', 'good'] }))[0]!
    const [a, b] = [await only(one), await only(two)]
    const classifier = await load(base, { adapters: { live: one } })
    await classifier.loadAdapter('live', two)
    await classifier.loadAdapter('live', one)
    await classifier.classify(text, { adapter: 'live' })
    const before = memory()
    let done = false
    const seen = [0, 0]
    const clients = Array.from({ length: 8 }, async () => {
      while (!done) {
        const { logits } = await classifier.classify(text, { adapter: 'live' })
        const is = [a, b].map((expected) => logits.every((v, i) => Math.abs(v - expected[i]!) < 1e-4))
        expect(is.filter(Boolean)).toHaveLength(1)
        seen[is.indexOf(true)]!++
      }
    })
    for (let swap = 0; swap < 60; swap++) await classifier.loadAdapter('live', swap % 2 ? one : two)
    done = true
    await Promise.all(clients)
    expect(seen[0]).toBeGreaterThan(0)
    expect(seen[1]).toBeGreaterThan(0)
    // Fewer, where garbage of what was loaded before has been collected meanwhile.
    expect(memory().tensors).toBeLessThanOrEqual(before.tensors)
    expect(memory().liveBytes).toBeLessThanOrEqual(before.liveBytes)
    classifier.unloadAdapter('live')
    await expect(classifier.classify(text, { adapter: 'live' })).rejects.toThrow(/no adapter 'live'/)
  })

  it('swaps the model under load', async () => {
    const other = await tinyClassifier({ family: 'roberta', labels: ['no', 'yes'], seed: 9 })
    const classifier = await load(base)
    const results: Classification[] = []
    let done = false
    const clients = Array.from({ length: 4 }, async () => {
      while (!done) results.push(await classifier.classify(texts[0]!))
    })
    await classifier.swap(other)
    const after = await classifier.classify(texts[0]!)
    done = true
    await Promise.all(clients)
    close(after.logits, (await plainLogits(other, [texts[0]!]))[0]!)
    const old = (await plainLogits(base, [texts[0]!]))[0]!
    for (const { logits, scores } of results) close(logits, scores.length === 3 ? old : after.logits)
    expect(results.some(({ scores }) => scores.length === 3)).toBe(true)
    await expect(classifier.swap(`${other}-gone`)).rejects.toMatchObject({ code: expect.any(String) })
    close((await classifier.classify(texts[0]!)).logits, after.logits)
  })
})
