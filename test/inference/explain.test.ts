import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packBatch } from '../../lib/data/index.ts'
import { noGrad } from '../../lib/grad-mode.ts'
import { gaussLegendre } from '../../lib/inference/gauss-legendre.ts'
import { TextClassifier } from '../../lib/inference/text-classifier.ts'
import { memory } from '../../lib/memory.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import { batchTensors, disposeBatch } from '../../lib/nn/batch.ts'
import { scope } from '../../lib/scope.ts'
import { AutoTokenizer } from '../../lib/tokenizer/index.ts'
import { plainLogits, tinyAdapter, tinyClassifier } from './models.ts'

const labels = ['bad', 'fair', 'good']
const text = 'the film was great, but her song was dull.'
const sumOf = (tokens: readonly { attribution: number }[]) =>
  tokens.reduce((sum, { attribution }) => sum + attribution, 0)

describe('Gauss-Legendre quadrature', () => {
  it.each([1, 2, 3, 16, 33, 256])('of %i nodes is exact for polynomials of degree 2n - 1', (n) => {
    const { nodes, weights } = gaussLegendre(n)
    for (const degree of [0, 1, n, 2 * n - 1]) {
      const found = nodes.reduce((sum, x, i) => sum + weights[i]! * x ** degree, 0)
      expect(found).toBeCloseTo(1 / (degree + 1), 12)
    }
    expect([...nodes].sort((a, b) => a - b)).toEqual(nodes)
  })
})

describe.each(['bert', 'roberta'] as const)('why a %s says what it says', (family) => {
  let base: string
  let adapter: string
  let classifier: TextClassifier
  beforeAll(async () => {
    base = await tinyClassifier({ family, labels, layers: 3 })
    adapter = await tinyAdapter(base, { seed: 3, labels: ['no', 'yes'] })
    classifier = await TextClassifier.load(base, { device: 'cpu', adapters: { one: adapter }, maxQueue: 600 })
  })
  afterAll(() => classifier.close())

  it('attributions sum to the difference of the logits within 1 %, which are those of the model', async () => {
    const [logits] = await plainLogits(base, [text])
    for (const [i, label] of labels.entries()) {
      const why = await classifier.explain(text, { label })
      expect(why.label).toBe(label)
      expect(why.logit).toBeCloseTo(logits![i]!, 4)
      const difference = why.logit - why.baselineLogit!
      expect(Math.abs(sumOf(why.tokens) - difference)).toBeLessThanOrEqual(0.01 * Math.abs(difference) + 1e-5)
      expect(why.error).toBeCloseTo(sumOf(why.tokens) - difference, 6)
      const special = why.tokens.filter((token) => token.special)
      expect(special.map(({ attribution }) => attribution)).toEqual([0, 0])
      expect(why.tokens.filter(({ start, end }) => start !== null && end! > start)).not.toHaveLength(0)
    }
    const { label } = await classifier.classify(text)
    expect((await classifier.explain(text)).label).toBe(label)
  })

  it('the baseline is the text with padding for every token', async () => {
    await using tokenizer = await AutoTokenizer.fromPretrained(base)
    using model = await AutoModelForSequenceClassification.fromPretrained(base)
    const { ids, typeIds } = await tokenizer.encode(text)
    const packed = packBatch([{ ids, typeIds }], { positions: model.positions })
    packed.inputIds.fill(tokenizer.padTokenId!, 1, ids.length - 1) // positions stay those of the text
    const batch = batchTensors(packed)
    using outputs = scope(() => noGrad(() => model.forward(batch)))
    disposeBatch(batch)
    const { baselineLogit } = await classifier.explain(text, { label: 'fair', steps: 1 })
    expect(baselineLogit).toBeCloseTo(outputs.readSync()[1] as number, 4)
  })

  it('of an adapter beside the model, of one that is merged, and in 8 bits', async () => {
    const [logits] = await plainLogits(base, [text], { directory: adapter, labels: ['no', 'yes'] })
    const named = await classifier.explain(text, { adapter: 'one', label: 'yes' })
    expect(named.logit).toBeCloseTo(logits![1]!, 4)
    expect(sumOf(named.tokens)).toBeCloseTo(named.logit - named.baselineLogit!, 2)

    await using merged = await TextClassifier.load(base, { device: 'cpu', mergeAdapter: adapter })
    const own = await merged.explain(text, { label: 'yes' })
    expect(own.logit).toBeCloseTo(named.logit, 4)
    for (const [t, { attribution }] of own.tokens.entries())
      expect(attribution).toBeCloseTo(named.tokens[t]!.attribution, 4)

    const [plain] = await plainLogits(base, [text])
    await using quantized = await TextClassifier.load(base, { device: 'cpu', dtype: 'int8' })
    const exact = await quantized.explain(text, { label: 'good' })
    expect(exact.logit).toBeCloseTo(plain![2]!, 4)
  })

  it('gradient times input is one pass, and a pair has tokens of both texts', async () => {
    const pair = { text: 'the film', textPair: 'was great' }
    const why = await classifier.explain(pair, { method: 'gradient-x-input' })
    expect(why).toMatchObject({ baselineLogit: null, error: null, steps: 1, truncated: false })
    expect(new Set(why.tokens.map(({ sequence }) => sequence))).toEqual(new Set([-1, 0, 1]))
    for (const { sequence, start, end, text } of why.tokens)
      if (sequence >= 0) expect([pair.text, pair.textPair][sequence]!.slice(start!, end!)).toBe(text)
  })

  it('leaves nothing behind, and other calls are answered meanwhile', async () => {
    await classifier.explain(text, { adapter: 'one' })
    await classifier.explain(text)
    const before = memory().tensors
    let answered = 0
    const long = classifier.explain(text, { steps: 512 }).then(() => answered)
    while (answered < 5) {
      await classifier.classify(text)
      answered++
    }
    expect(await long).toBe(5) // all five were there before it ended
    await classifier.explain(text, { adapter: 'one' })
    expect(memory().tensors).toBe(before)
  })
})

describe('what explain refuses', () => {
  let base: string
  let classifier: TextClassifier
  beforeAll(async () => {
    base = await tinyClassifier({ labels })
    classifier = await TextClassifier.load(base, { device: 'cpu', maxQueue: 40 })
  })
  afterAll(() => classifier.close())

  it.each([
    [{ label: 'x' }, 'INVALID_ARGUMENT', /no label "x"; there are bad, fair, good/],
    [{ steps: 0 }, 'INVALID_ARGUMENT', /steps must be/],
    [{ steps: 513 }, 'INVALID_ARGUMENT', /steps must be/],
    [{ steps: 1.5 }, 'INVALID_ARGUMENT', /steps must be a whole number/],
    [
      { method: 'saliency' },
      'INVALID_ARGUMENT',
      /method must be .integrated-gradients. or .gradient-x-input./,
    ],
    [{ method: 'gradient-x-input', steps: 8 }, 'INVALID_ARGUMENT', /leave `steps` away/],
    [{ adapter: 'x' }, 'INVALID_ARGUMENT', /no adapter 'x'/],
    [{ longText: 'windows' }, 'INVALID_ARGUMENT', /longText must be/],
    [{ step: 8 }, 'INVALID_ARGUMENT', /'steps' is the nearest/],
    [{ timeoutMs: 0.01 }, 'TIMEOUT', /took longer/],
  ] as const)('%j', async (options, code, message) => {
    const call = classifier.explain(text, options as never)
    await expect(call).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })

  it('a text that is too long, what is no text, and more than the queue holds', async () => {
    const long = 'a play was dull '.repeat(40)
    expect(await classifier.explain(long, { steps: 1 })).toMatchObject({ truncated: true })
    await expect(classifier.explain(long, { longText: 'refuse' })).rejects.toMatchObject({ code: 'TOO_LONG' })
    for (const longText of ['refuse', 'windows'] as const) {
      await using own = await TextClassifier.load(base, { device: 'cpu', longText })
      const explained = own.explain(long, { steps: 1 })
      if (longText === 'refuse') await expect(explained).rejects.toMatchObject({ code: 'TOO_LONG' })
      else expect(await explained).toMatchObject({ truncated: true })
    }
    await expect(classifier.explain(3 as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    const asked = await Promise.allSettled([1, 2, 3].map(() => classifier.explain(text, { steps: 20 })))
    expect(asked.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(asked[2]).toMatchObject({ reason: { code: 'QUEUE_FULL' } })
    expect(classifier.waiting).toBe(0)
  })

  it('a model that is closed', async () => {
    const closed = await TextClassifier.load(await tinyClassifier({ labels }), { device: 'cpu' })
    await closed.explain(text, { steps: 1 })
    await closed.close()
    await expect(closed.explain(text)).rejects.toMatchObject({ code: 'DISPOSED' })
  })
})
