import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  AdamW,
  type ModuleTrainerOptions,
  manualSeed,
  memory,
  ops,
  Tensor,
  Trainer,
  type TrainerEvent,
} from '../../lib/index.ts'
import { Dropout, Linear, Module } from '../../lib/nn/index.ts'

interface Row {
  x: number[]
  y: number
}

const rows: Row[] = Array.from({ length: 40 }, (_, i) => {
  const x = [Math.sin(i), Math.cos(3 * i), (i % 5) / 5]
  return { x, y: 2 * x[0]! - x[1]! + 0.5 * x[2]! }
})

class Regressor extends Module {
  out = new Linear(3, 1, { std: 0.5 })
  dropout: Dropout

  constructor(p = 0) {
    super()
    this.dropout = new Dropout(p)
  }

  forward(x: Tensor): Tensor {
    return this.out.forward(this.dropout.forward(x))
  }
}

interface Batch {
  x: Tensor
  y: Tensor
}

type Options = ModuleTrainerOptions<Regressor, Row, Batch, 'closeness'>

function fresh(p = 0): Regressor {
  manualSeed(2)
  const model = new Regressor(p)
  model.setRequiresGrad(true)
  return model
}

const options = (model: Regressor, more: Partial<Options> = {}): Options => ({
  model,
  train: rows,
  batch: (some) => ({ x: Tensor.from(some.map(({ x }) => x)), y: Tensor.from(some.map(({ y }) => [y])) }),
  loss: (own, { x, y }) => ops.mseLoss(own.forward(x), y),
  epochs: 3,
  batchSize: 8,
  learningRate: 0.05,
  ...more,
})

const values = (model: Regressor) => model.trainableParameters().map(([, parameter]) => parameter.toArray())

describe('Trainer.forModule', () => {
  it('makes the updates that are made by hand: the same batches, losses and weights', async () => {
    const model = fresh()
    const batches: Row[][] = []
    const losses: number[] = []
    const { steps, settings } = await Trainer.forModule(
      options(model, {
        epochs: 2,
        schedule: 'constant',
        warmupSteps: 0,
        maxGradNorm: 0,
        batch: (some) => {
          batches.push([...some])
          return { x: Tensor.from(some.map(({ x }) => x)), y: Tensor.from(some.map(({ y }) => [y])) }
        },
      }),
    ).train({
      onEvent: (event) => {
        if (event.type === 'step') losses.push(event.loss)
      },
    })
    expect(steps).toBe(10)
    expect(settings).toMatchObject({ epochs: 2, batchSize: 8, learningRate: 0.05, optimizer: 'adamw' })
    expect(
      batches
        .flat()
        .filter((_, i) => i < 40)
        .sort((a, b) => rows.indexOf(a) - rows.indexOf(b)),
    ).toEqual(rows)

    const byHand = fresh()
    using optimizer = new AdamW([...byHand.namedParameters()])
    const expected = batches.map((some) => {
      const loss = ops.mseLoss(
        byHand.forward(Tensor.from(some.map(({ x }) => x))),
        Tensor.from(some.map(({ y }) => [y])),
      )
      loss.backward()
      optimizer.step(Tensor.scalar(0.05))
      optimizer.zeroGrad()
      return loss.item()
    })
    for (const [i, loss] of losses.entries()) expect(loss).toBeCloseTo(expected[i]!, 5)
    const [weight, bias] = values(model).flat(2) as number[]
    const [ownWeight, ownBias] = values(byHand).flat(2) as number[]
    expect(weight).toBeCloseTo(ownWeight!, 5)
    expect(bias).toBeCloseTo(ownBias!, 5)
  })

  it('measures means over all rows that are held out, and keeps the best', async () => {
    const model = fresh()
    const evaluate = rows.slice(0, 11) // a batch of 8 and one of 3
    const seen: Extract<TrainerEvent<'closeness'>, { type: 'evaluation' }>[] = []
    const { best, bestMetric } = await Trainer.forModule(
      options(model, {
        evaluate,
        metrics: {
          closeness: (own, { x, y }) => ops.mean(ops.exp(ops.neg(ops.abs(ops.sub(own.forward(x), y))))),
        },
      }),
    ).train({
      onEvent: (event) => {
        if (event.type === 'evaluation') seen.push(event)
      },
    })
    expect(seen).toHaveLength(3)
    expect(bestMetric).toBe('closeness')
    expect(best!.metrics.closeness).toBe(Math.max(...seen.map(({ metrics }) => metrics.closeness)))
    const gaps = evaluate.map(({ x, y }) => model.forward(Tensor.from([x])).item() - y)
    const mean = (numbers: number[]) => numbers.reduce((sum, n) => sum + n, 0) / numbers.length
    expect(best!.metrics.loss).toBeCloseTo(mean(gaps.map((gap) => gap ** 2)), 4)
    expect(best!.metrics.closeness).toBeCloseTo(mean(gaps.map((gap) => Math.exp(-Math.abs(gap)))), 4)
  })

  it('goes on from a checkpoint to the same bits, and not from other rows', async () => {
    const outputDir = await mkdtemp(join(tmpdir(), 'module-run-'))
    const whole = fresh(0.3)
    await Trainer.forModule(options(whole)).train()
    for await (const event of Trainer.forModule(
      options(fresh(0.3), { outputDir, checkpointEvery: 100 }),
    ).run())
      if (event.type === 'step' && event.step === 6) break
    const model = fresh(0.3)
    const { steps } = await Trainer.forModule(options(model, { outputDir, resume: true })).train()
    expect(steps).toBe(15)
    expect(values(model)).toEqual(values(whole))
    const other = options(fresh(0.3), { outputDir, resume: true, train: [...rows.slice(1), rows[0]!] })
    await expect(Trainer.forModule(other).train()).rejects.toMatchObject({
      code: 'INCOMPATIBLE',
      message: expect.stringMatching(/trainExamples was/),
    })
  })

  it('leaves nothing in memory but the module', async () => {
    const run = async () => {
      using model = fresh()
      await Trainer.forModule(options(model, { evaluate: rows.slice(0, 9) })).train()
    }
    await run()
    const { tensors } = memory()
    await run()
    expect(memory().tensors).toBe(tensors)
  })

  it.each<[string, Partial<Record<keyof Options | 'tokenizer', unknown>>, RegExp]>([
    ['an option of texts', { tokenizer: {} }, /Trainer.forModule: there is no option 'tokenizer'/],
    ['no loss', { loss: undefined }, /loss must be a function/],
    ['a metric called loss', { metrics: { loss: () => {} } }, /metrics must be functions by name/],
    ['a best metric that is not measured', { bestMetric: 'f1' }, /bestMetric 'f1' is not measured/],
    ['no rows', { train: [] }, /train must be/],
    ['a module of texts alone', { model: {} }, /model must be a Module/],
    ['an epoch that is none', { epochs: 0 }, /epochs must be/],
  ])('refuses %s', (_, wrong, message) => {
    expect(() => Trainer.forModule({ ...options(fresh()), ...wrong } as Options)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    )
  })

  it('refuses a module with nothing to train, and batches that are no tensors', async () => {
    const model = fresh()
    model.setRequiresGrad(false)
    expect(() => Trainer.forModule(options(model))).toThrow(/No parameter of the model requires a gradient/)
    const numbers = options(fresh(), { batch: () => ({ x: 3, y: 4 }) as never })
    await expect(Trainer.forModule(numbers).train()).rejects.toThrow(/batch must give tensors.*a number/)
    const promised = options(fresh(), { batch: (async () => ({})) as never })
    await expect(Trainer.forModule(promised).train()).rejects.toThrow(/batch must give tensors/)
    const rowOfCode = options(fresh(), { train: [{ x: [1], y: 1, of: () => {} } as never] })
    await expect(Trainer.forModule(rowOfCode).train()).rejects.toThrow(/a row of `train` is to be data/)
  })
})
