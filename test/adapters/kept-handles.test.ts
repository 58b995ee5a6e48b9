import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { adapterTensors } from '../../lib/adapters/adapter.ts'
import { packBatch } from '../../lib/data/index.ts'
import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  applyLora,
  type BatchTensors,
  batchTensors,
  compile,
  deleteAdapter,
  disposeBatch,
  type Encoding,
  type Model,
  manualSeed,
  memory,
  mergeLora,
  noGrad,
  ops,
  type SequenceClassification,
  scope,
  setAdapter,
  Tensor,
  TextClassifier,
  type Tokenizer,
  unloadLora,
  unmergeLora,
} from '../../lib/index.ts'
import { Predictor } from '../../lib/inference/predictor.ts'
import { plainLogits, tinyAdapter, tinyClassifier } from '../inference/models.ts'

const text = 'a play was good'
let base: string
let tokenizer: Tokenizer
let encoding: Encoding
let model: Model<SequenceClassification>

beforeAll(async () => {
  base = await tinyClassifier({ labels: ['bad', 'fair', 'good'] })
  tokenizer = await AutoTokenizer.fromPretrained(base)
  encoding = await tokenizer.encode(text)
  return () => tokenizer.close()
})

beforeEach(async () => {
  model = await AutoModelForSequenceClassification.fromPretrained(base)
})

/** An adapter whose every tensor is random, so that it changes what comes out. */
function adapt(adapterName: string, seed: number): void {
  applyLora(model, { r: 4 }, { adapterName })
  setAdapter(model, adapterName)
  manualSeed(seed)
  noGrad(() => {
    for (const tensor of adapterTensors(model).values()) ops.normal_(tensor, { std: 0.3 })
  })
}

/** What the model gives now, said by nothing that is kept. */
const now = (): number[] =>
  scope(() => {
    const batch = batchTensors(packBatch([encoding], { positions: model.positions, tables: model.config }))
    return [...(noGrad(() => model.forward(batch)).readSync() as Float32Array)]
  })

/** The model as a compiled function and as a Predictor, both kept. */
function handles() {
  const forward = compile((batch: BatchTensors) => noGrad(() => model.forward(batch)))
  const predictor = new Predictor(model)
  return async () => {
    const batch = batchTensors(packBatch([encoding], { positions: model.positions, tables: model.config }))
    using output = await forward(batch)
    disposeBatch(batch)
    const [predicted] = await predictor.forward([encoding])
    return [[...(output.readSync() as Float32Array)], [...predicted!]]
  }
}

function expectClose(found: readonly number[][], expected: readonly number[]): void {
  for (const values of found)
    for (const [i, value] of values.entries()) expect(value).toBeCloseTo(expected[i]!, 4)
}

const differ = (a: readonly number[], b: readonly number[]) =>
  expect(Math.max(...a.map((value, i) => Math.abs(value - b[i]!)))).toBeGreaterThan(0.01)

describe('a compiled function and a Predictor that are kept', () => {
  it('follow an adapter that is unloaded: they answer as the base model does', async () => {
    const plain = now()
    adapt('default', 1)
    const ask = handles()
    const adapted = now()
    differ(adapted, plain)
    expectClose(await ask(), adapted)
    unloadLora(model)
    expectClose(await ask(), plain)
  })

  it('follow one that is merged, that is merged and taken back, and that is unloaded after', async () => {
    const plain = now()
    adapt('default', 1)
    const adapted = now()
    const ask = handles()
    await ask()
    mergeLora(model, { keepBase: true })
    expectClose(await ask(), adapted)
    unmergeLora(model)
    expectClose(await ask(), adapted)
    mergeLora(model, { keepBase: true })
    unloadLora(model)
    expectClose(await ask(), plain)
    adapt('default', 2)
    const second = now()
    mergeLora(model)
    expectClose(await ask(), second)
  })

  it('follow setAdapter and deleteAdapter', async () => {
    const plain = now()
    adapt('one', 1)
    const one = now()
    adapt('two', 2)
    const two = now()
    differ(one, two)
    const ask = handles()
    expectClose(await ask(), two)
    setAdapter(model, 'one')
    expectClose(await ask(), one)
    setAdapter(model, 'two')
    expectClose(await ask(), two)
    deleteAdapter(model, 'two')
    expectClose(await ask(), plain)
  })

  it('fail where nothing stands in the place of what is gone', async () => {
    const ask = handles()
    await ask()
    model.dispose()
    await expect(ask()).rejects.toMatchObject({ code: 'DISPOSED' })
    const weight = Tensor.from([2])
    const twice = compile((x: Tensor) => ops.mul(x, weight))
    expect((await twice(Tensor.from([3]))).toArray()).toEqual([6])
    weight.dispose()
    await expect(twice(Tensor.from([3]))).rejects.toMatchObject({ code: 'DISPOSED' })
  })

  it('are not recorded again for what a recording made on the way', async () => {
    let recordings = 0
    const plusOne = compile((x: Tensor) => {
      recordings++
      return ops.add(x, Tensor.from([1]))
    })
    for (let i = 0; i < 3; i++)
      expect(await scope(async () => (await plusOne(Tensor.from([i]))).item())).toBe(i + 1)
    expect(recordings).toBe(1)
  })

  it('leave nothing behind when they are recorded again', async () => {
    const weights = [Tensor.from([1]), Tensor.from([2]), Tensor.from([3])]
    let i = 0
    const times = compile((x: Tensor) => ops.mul(x, weights[i]!))
    const before = memory().programs
    for (; i < 3; i++) {
      expect((await times(Tensor.from([5]))).toArray()).toEqual([5 * (i + 1)])
      expect(memory().programs).toBe(before + 1)
      weights[i]!.dispose()
    }
    times.dispose()
    expect(memory().programs).toBe(before)
  })
})

describe('what serves a model', () => {
  it('refuses to answer after the adapter of its model was unloaded, exchanged or merged', async () => {
    const changes: ((model: Model) => unknown)[] = [unloadLora, mergeLora, () => adapt('other', 3)]
    for (const change of changes) {
      using own = await AutoModelForSequenceClassification.fromPretrained(base)
      model = own
      adapt('default', 1)
      await using classifier = await TextClassifier.from(model, tokenizer, { warmUp: false })
      const { logits } = await classifier.classify(text)
      expectClose([logits], now())
      change(model)
      await expect(classifier.classify(text)).rejects.toMatchObject({
        code: 'INCOMPATIBLE',
        message: expect.stringMatching(/Make another, with `from`/),
      })
      expect(classifier.waiting).toBe(0)
      await using again = await TextClassifier.from(model, tokenizer, { warmUp: false })
      expectClose([(await again.classify(text)).logits], now())
    }
  })

  it('refuses an adapter that was taken away, and answers as itself', async () => {
    const adapter = await tinyAdapter(base, { seed: 3, labels: ['no', 'yes'] })
    await using classifier = await TextClassifier.load(base, { adapters: { tone: adapter }, warmUp: false })
    await classifier.classify(text, { adapter: 'tone' })
    classifier.unloadAdapter('tone')
    await expect(classifier.classify(text, { adapter: 'tone' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    expectClose([(await classifier.classify(text)).logits], (await plainLogits(base, [text]))[0]!)
  })
})

it('merging keeps one copy of every weight, and a second adapter fits after', () => {
  const raw = { ...model.config.raw }
  using own = AutoModelForSequenceClassification.fromConfig(raw, { labels: ['bad', 'fair', 'good'] })
  const before = memory()
  for (let i = 0; i < 2; i++) {
    applyLora(own, { r: 4 })
    mergeLora(own)
    expect(memory()).toMatchObject({ tensors: before.tensors, liveBytes: before.liveBytes })
  }
})
