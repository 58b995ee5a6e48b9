import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { adapterTensors } from '../../lib/adapters/adapter.ts'
import {
  AdamW,
  AutoModelForSequenceClassification,
  AutoTokenizer,
  applyLora,
  compile,
  fused,
  manualSeed,
  Tensor,
  type Tokenizer,
  Trainer,
} from '../../lib/index.ts'
import { Predictor } from '../../lib/inference/predictor.ts'
import type { GraphReport } from '../../lib/program.ts'
import type { DType } from '../../lib/tensor.ts'
import { compileTrainingStep } from '../../lib/train/step.ts'
import { fixtures, relativeDifference } from '../models/golden.ts'
import { tinyExamples, tinyModel } from '../train/tiny.ts'
import { device, missing, onCuda } from './device.ts'
import { adapted, inputs, withoutDropout } from './models.ts'

/** What steps, the Trainer's too, had captured when they were disposed of. */
const reports = vi.hoisted((): GraphReport[] => [])
vi.mock('../../lib/train/step.ts', async (original) => {
  const real = await original<typeof import('../../lib/train/step.ts')>()
  const compileTrainingStep: typeof real.compileTrainingStep = (...args) => {
    const step = real.compileTrainingStep(...args)
    const { dispose } = step
    step.dispose = () => {
      reports.push(step.graphReport)
      dispose()
    }
    return step
  }
  return { ...real, compileTrainingStep }
})

/** Of three shapes, each met, captured and replayed. */
const lengths = [
  [3, 17, 1, 9],
  [12, 7],
  [5, 5, 24, 2, 7],
]
const allowed: Partial<Record<DType, number>> = { float32: 1e-4, bfloat16: 3e-2, float16: 5e-3 }
const dtypes = Object.keys(allowed) as DType[]

/** Four rounds of steps without dropout; with graphs the batches are padded to few shapes. */
async function train(name: string, dtype: DType, { graphs, group = 1 }: { graphs: boolean; group?: number }) {
  const model = await adapted(await withoutDropout(name), device, dtype)
  using optimizer = new AdamW(model.trainableParameters())
  const step = compileTrainingStep(model, optimizer, {
    maxGradNorm: 1,
    graphs: graphs ? device : undefined,
    keepGradients: graphs && group > 1,
  })
  const numbers: number[] = []
  for (let round = 0; round < 4; round++)
    for (const [i, sizes] of lengths.entries()) {
      const given = inputs(model, sizes, device, { padded: graphs, lossScale: 1 / group })
      if ((i + 1) % group !== 0) {
        numbers.push((await step.accumulate(given)).loss.item())
        continue
      }
      const { loss, gradNorm } = await step.update({
        ...given,
        learningRate: Tensor.scalar(1e-3 / (round + 1)),
      })
      numbers.push(loss.item(), gradNorm.item())
    }
  const { graphReport } = step
  step.dispose()
  return { numbers, adapter: [...adapterTensors(model)], graphReport }
}

describe.skipIf(missing)(`graphs on ${device}`, () => {
  it.each(
    ['bert-single', 'roberta-single', 'deberta-v3', 'deberta-v2'].flatMap((name) =>
      dtypes.flatMap((dtype) => [1, 3].map((group) => [name, dtype, group] as const)),
    ),
  )('%s in %s trains as without, %i batches an update', async (name, dtype, group) => {
    const right = await train(name, dtype, { graphs: false, group })
    const ours = await train(name, dtype, { graphs: true, group })
    expect(ours.graphReport.captures).toBe(lengths.length)
    expect(ours.graphReport.replays).toBeGreaterThan(lengths.length)
    for (const [i, value] of ours.numbers.entries())
      expect(Math.abs(value - right.numbers[i]!), `loss or norm ${i}`).toBeLessThan(
        allowed[dtype]! * Math.max(1, Math.abs(right.numbers[i]!)),
      )
    for (const [i, [path, tensor]] of ours.adapter.entries())
      expect(relativeDifference(tensor, right.adapter[i]![1]), path).toBeLessThan(allowed[dtype]!)
  })

  it('drops anew in every replay, and the same from the same seed', async () => {
    const eye = Tensor.from(
      Array.from({ length: 64 }, (_, i) => Array.from({ length: 64 }, (_, j) => +(i === j))),
    )
    const [one, none] = [eye.to({ device }), Tensor.zeros([64, 64], { device })]
    const run = async () => {
      const program = compile(
        (x: Tensor) => [
          fused.dropout(x, 0.5),
          fused.linear(x, [none], [], [one], [one], [1], { dropoutP: 0.5 }), // a tape's seed
        ],
        { graphs: device },
      )
      manualSeed(5)
      const masks: string[] = []
      for (let i = 0; i < 5; i++)
        for (const mask of await program(Tensor.ones([16, 64], { device })))
          masks.push(JSON.stringify(mask.toArray()))
      const { graphReport } = program
      program.dispose()
      return { masks, graphReport }
    }
    const [first, again] = [await run(), await run()]
    expect(first.graphReport).toEqual({ captures: 1, replays: 4 })
    expect(new Set(first.masks).size).toBe(10)
    expect(again.masks).toEqual(first.masks)
  })

  it('trains with dropout: other losses for one batch, the same from the same seed', async () => {
    const losses = async () => {
      const model = await adapted(`${fixtures}models/roberta-single`, device, 'float32')
      using optimizer = new AdamW(model.trainableParameters())
      const step = compileTrainingStep(model, optimizer, { maxGradNorm: 1, graphs: device })
      manualSeed(3)
      const found: number[] = []
      for (let i = 0; i < 5; i++) {
        const given = inputs(model, lengths[0]!, device, { padded: true })
        const { loss } = await step.update({ ...given, learningRate: Tensor.scalar(0) })
        found.push(loss.item())
      }
      expect(step.graphReport).toEqual({ captures: 1, replays: 4 })
      step.dispose()
      return found
    }
    const first = await losses()
    expect(new Set(first).size).toBe(5)
    for (const [i, loss] of (await losses()).entries()) expect(loss).toBeCloseTo(first[i]!, 5)
  })

  it.each(dtypes)('predicts in %s as without', async (dtype) => {
    const model = await AutoModelForSequenceClassification.fromPretrained(
      `${fixtures}models/roberta-single`,
      {
        device,
        dtype,
      },
    )
    using replayed = new Predictor(model)
    using plain = new Predictor(model, { cudaGraphs: false })
    for (let round = 0; round < 3; round++)
      for (const sizes of [...lengths, [1], [8]]) {
        const sequences = sizes.map((length, b) => ({
          ids: Int32Array.from({ length }, (_, t) => 5 + ((7 * t + 3 * b + round) % 20)),
          typeIds: new Int32Array(length),
        }))
        const [ours, right] = (
          await Promise.all([replayed, plain].map((predictor) => predictor.forward(sequences)))
        ).map((rows) => rows.flatMap((row) => [...row])) as [number[], number[]]
        expect(ours.length).toBe(right.length)
        for (const [i, logit] of ours.entries())
          expect(Math.abs(logit - right[i]!)).toBeLessThan(allowed[dtype]! * Math.max(1, Math.abs(right[i]!)))
      }
    expect(plain.graphReport).toEqual({ captures: 0, replays: 0 })
    if (!onCuda) return
    expect(replayed.graphReport.captures).toBeGreaterThan(0)
    expect(replayed.graphReport.replays).toBeGreaterThan(lengths.length)
  })
})

describe.skipIf(missing)(`Trainer on ${device}`, () => {
  let folder: string
  let tokenizer: Tokenizer
  beforeAll(async () => {
    folder = await tinyModel()
    tokenizer = await AutoTokenizer.fromPretrained(folder)
  })
  afterAll(() => tokenizer.close())

  it.each([1, 3])(
    'learns with graphs as without, %i batches an update',
    async (gradientAccumulationSteps) => {
      const accuracy = async (cudaGraphs: boolean) => {
        manualSeed(5)
        const model = applyLora(await AutoModelForSequenceClassification.fromPretrained(folder, { device }), {
          r: 4,
          loraAlpha: 8,
          loraDropout: 0.1,
        })
        const trainer = new Trainer({
          model,
          tokenizer,
          train: tinyExamples(96),
          evaluate: tinyExamples(32, 200),
          epochs: 6 * gradientAccumulationSteps,
          batchSize: 8,
          gradientAccumulationSteps,
          learningRate: 1e-2,
          seed: 3,
          cudaGraphs,
        })
        const { best } = await trainer.train()
        return best!.metrics.accuracy!
      }
      for (const cudaGraphs of [true, false]) {
        expect(await accuracy(cudaGraphs)).toBeGreaterThan(0.9)
        const { captures, replays } = reports.at(-1)!
        expect([captures > 0, replays > captures]).toEqual(Array(2).fill(onCuda && cudaGraphs))
      }
    },
  )
})
