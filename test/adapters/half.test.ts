import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adapterTensors } from '../../lib/adapters/adapter.ts'
import { keyOfPath } from '../../lib/adapters/adapter-keys.ts'
import { loraState } from '../../lib/adapters/state.ts'
import { mapTensors, readCheckpoint } from '../../lib/checkpoint/index.ts'
import {
  AdamW,
  AutoModelForSequenceClassification,
  applyLora,
  loadAdapter,
  manualSeed,
  mergeLora,
  noGrad,
  Tensor,
  Trainer,
  unmergeLora,
} from '../../lib/index.ts'
import { AutoTokenizer } from '../../lib/tokenizer/index.ts'
import { compileTrainingStep } from '../../lib/train/step.ts'
import { fixtures, golden, goldenBatch, relativeDifference } from '../models/golden.ts'
import { tinyModel } from '../train/tiny.ts'

const python = process.env.TORCH_LORA_PYTHON
const models = ['bert-single', 'roberta-single', 'deberta-v3'] as const
/** The spacing of numbers near 1. */
const spacing = { bfloat16: 2 ** -7, float16: 2 ** -10 } as const
const dtypes = ['bfloat16', 'float16'] as const
const cases = models.flatMap((model) => dtypes.map((dtype) => [model, dtype] as const))

const load = (name: string, dtype: 'bfloat16' | 'float16' | 'float32') =>
  AutoModelForSequenceClassification.fromPretrained(`${fixtures}models/${name}`, { dtype })

const script = resolve(import.meta.dirname, '../../scripts/parity/half.py')

/** Logits and gradients of the adapter, in half precision and as transformers and peft have them in float32. */
async function logitsAndGradients(name: string, dtype: 'bfloat16' | 'float16') {
  const adapter = `${name}--qv-r4`
  const model = await loadAdapter(await load(name, dtype), `${fixtures}adapters/${adapter}`, {
    trainable: true,
  })
  const truth = await golden(adapter)
  const logits = model.forward(goldenBatch(truth))
  const loss = model.loss(logits, { labels: truth.get('labels')!.to({ dtype: 'int64' }) })
  loss.backward()
  const state = loraState(model)
  const pairs = [...adapterTensors(model)]
    .map(([path, tensor]) => ({ key: `grad.${keyOfPath(path, state)}`, tensor }))
    .filter(({ key }) => key.includes('.lora_'))
    .map(({ key, tensor }) => ({ key, ours: tensor.grad! }))
  return { model, truth, logits, loss, pairs }
}

const joined = (tensors: readonly Tensor[]) =>
  Tensor.from(tensors.flatMap((t) => Array.from(t.readSync(), Number)))

let peers: string
beforeAll(async () => {
  peers = await mkdtemp(join(tmpdir(), 'half-'))
  if (!python) return
  const wanted = cases.map(([model, dtype]) => `${model}:${dtype}`)
  await promisify(execFile)(python, [script, fixtures, peers, ...wanted], { timeout: 300_000 })
}, 300_000)
afterAll(() => rm(peers, { recursive: true }))

describe.each(cases)('%s in %s', (name, dtype) => {
  it('keeps adapter, head, loss and optimizer state in float32', async () => {
    const { model, loss, logits, pairs } = await logitsAndGradients(name, dtype)
    expect(model.dtype).toBe(dtype)
    expect([loss.dtype, logits.dtype]).toEqual(['float32', 'float32'])
    for (const [path, { dtype: own }] of model.namedParameters())
      expect(own, path).toBe(model.roleOf(path) === 'head' ? 'float32' : dtype)
    expect(new Set(pairs.map(({ ours }) => ours.dtype))).toEqual(new Set(['float32']))
    using optimizer = new AdamW(model.trainableParameters())
    for (const [state, tensor] of optimizer.state()) expect(tensor.dtype, state).toBe('float32')
  })

  it("gives float32's logits and gradients as far as the weights' rounding allows", async () => {
    const { truth, logits, pairs } = await logitsAndGradients(name, dtype)
    expect(pairs.length).toBeGreaterThan(0)
    expect(relativeDifference(logits, truth.get('logits')!)).toBeLessThan(6 * spacing[dtype])
    const theirs = joined(pairs.map(({ key }) => truth.get(key)!))
    expect(relativeDifference(joined(pairs.map(({ ours }) => ours)), theirs)).toBeLessThan(8 * spacing[dtype])
  })

  it.skipIf(!python)('is no further from float32 than transformers and peft are', async () => {
    const { truth, logits, pairs } = await logitsAndGradients(name, dtype)
    const { entries } = await readCheckpoint(join(peers, `${name}-${dtype}.safetensors`))
    const peer = mapTensors(entries.values())
    const allowed = (theirs: number) => 1.5 * theirs + spacing[dtype] / 4
    const right = truth.get('logits')!
    expect(relativeDifference(logits, right)).toBeLessThan(
      allowed(relativeDifference(peer.get('logits')!, right)),
    )
    const gradients = joined(pairs.map(({ key }) => truth.get(key)!))
    const theirs = relativeDifference(joined(pairs.map(({ key }) => peer.get(key)!)), gradients)
    expect(relativeDifference(joined(pairs.map(({ ours }) => ours)), gradients)).toBeLessThan(allowed(theirs))
  })

  it('trains: the loss of a batch falls, and the weights stay as they were', async () => {
    manualSeed(0)
    const model = applyLora(await load(name, dtype), { r: 4, loraAlpha: 8 })
    const truth = await golden(`${name}--qv-r4`)
    const frozen = [...model.namedParameters()].filter(([path]) => model.roleOf(path) === 'body')
    const before = frozen.map(([, tensor]) => tensor.readSync())
    using optimizer = new AdamW(model.trainableParameters())
    const step = compileTrainingStep(model, optimizer, { maxGradNorm: 1 })
    const losses: number[] = []
    for (let i = 0; i < 30; i++) {
      const { loss } = await step.update({
        batch: goldenBatch(truth),
        targets: { labels: truth.get('labels')!.to({ dtype: 'int64' }) },
        lossScale: Tensor.scalar(1),
        learningRate: Tensor.scalar(5e-3),
      })
      losses.push(loss.item())
    }
    step.dispose()
    expect(losses.at(-1)!).toBeLessThan(losses[0]! * 0.8)
    expect(frozen.map(([, tensor]) => tensor.readSync())).toEqual(before)
  })

  it('merges, and unmerges to the same bits', async () => {
    const { model, truth } = await logitsAndGradients(name, dtype)
    const batch = goldenBatch(truth)
    const apart = noGrad(() => model.forward(batch))
    mergeLora(model, { keepBase: true })
    const merged = noGrad(() => model.forward(batch))
    expect(relativeDifference(merged, apart)).toBeLessThan(6 * spacing[dtype])
    unmergeLora(model)
    expect(noGrad(() => model.forward(batch)).readSync()).toEqual(apart.readSync())
  })
})

it('refuses to train half-precision weights themselves, naming them', async () => {
  const folder = await tinyModel()
  await using tokenizer = await AutoTokenizer.fromPretrained(folder)
  using model = await AutoModelForSequenceClassification.fromPretrained(folder, { dtype: 'bfloat16' })
  await rm(folder, { recursive: true })
  model.setRequiresGrad(true)
  const train = [{ text: 'a', label: 0 }]
  expect(() => new Trainer({ model, tokenizer, train })).toThrow(
    /half-precision.*bert\.embeddings.*more.*dtype 'float32'/,
  )
})
