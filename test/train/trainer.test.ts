import { mkdtemp, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { AdaLoraConfig } from '../../lib/adapters/adalora-config.ts'
import { applyAdapter, applyLora } from '../../lib/adapters/apply.ts'
import { loraState } from '../../lib/adapters/state.ts'
import { LabelSet } from '../../lib/data/index.ts'
import { alone } from '../../lib/distributed/world.ts'
import { TorchLoraError } from '../../lib/errors.ts'
import * as ops from '../../lib/generated/ops.ts'
import { memory } from '../../lib/memory.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import type { Model } from '../../lib/models/model.ts'
import { AdamW } from '../../lib/optim/adamw.ts'
import { compile } from '../../lib/program.ts'
import { manualSeed } from '../../lib/random.ts'
import { Tensor } from '../../lib/tensor.ts'
import { AutoTokenizer, type Tokenizer } from '../../lib/tokenizer/index.ts'
import { BestModel } from '../../lib/train/best-model.ts'
import type { TrainerEvent } from '../../lib/train/events.ts'
import type { TrainerOptions } from '../../lib/train/options.ts'
import { Trainer } from '../../lib/train/trainer.ts'
import { tinyExamples, tinyModel } from './tiny.ts'

let folder: string
let tokenizer: Tokenizer

beforeAll(async () => {
  folder = await tinyModel()
  tokenizer = await AutoTokenizer.fromPretrained(folder)
  return () => tokenizer.close()
})

const temporary = () => mkdtemp(join(tmpdir(), 'run-'))

async function loraModel(): Promise<Model> {
  const model = await AutoModelForSequenceClassification.fromPretrained(folder)
  manualSeed(5)
  return applyLora(model, { r: 4, loraAlpha: 8, loraDropout: 0.1 })
}

const settings = (model: Model, options: Partial<TrainerOptions> = {}): TrainerOptions => ({
  model,
  tokenizer,
  train: tinyExamples(96),
  evaluate: tinyExamples(32, 200),
  epochs: 2,
  batchSize: 8,
  learningRate: 1e-2,
  seed: 3,
  ...options,
})

async function collect(trainer: Trainer, signal?: AbortSignal): Promise<TrainerEvent[]> {
  const events: TrainerEvent[] = []
  for await (const event of trainer.run({ signal })) events.push(event)
  return events
}

/** The last event, which is the end of the run. */
function endOf(events: readonly TrainerEvent[]): Extract<TrainerEvent, { type: 'end' }> {
  const last = events.at(-1)
  if (last?.type !== 'end') throw new Error('the run did not end')
  return last
}

const values = (model: Model) =>
  model.trainableParameters().map(([path, parameter]) => [path, parameter.readSync()] as const)

const failure = (promise: Promise<unknown>): Promise<TorchLoraError> =>
  promise.then(
    () => Promise.reject(new Error('expected a failure')),
    (thrown) => {
      expect(thrown).toBeInstanceOf(TorchLoraError)
      return thrown
    },
  )

describe('Trainer', () => {
  it('learns with LoRA, and says what it does', async () => {
    const model = await loraModel()
    const events = await collect(new Trainer(settings(model, { epochs: 6 })))
    const start = events.find((event) => event.type === 'start')!
    const parameters = model.trainableParameters().reduce((sum, [, parameter]) => sum + parameter.numel, 0)
    expect(start).toMatchObject({
      totalSteps: 72,
      trainableParameters: parameters,
      optimizerStateBytes: 8 * parameters,
    })
    expect(events.filter((event) => event.type === 'step')).toHaveLength(72)
    expect(events.filter((event) => event.type === 'evaluation')).toHaveLength(6)
    for (const [i, event] of events.entries())
      if (event.type === 'evaluation')
        expect(events[i - 1]).toMatchObject({ type: 'evaluating', step: event.step, examples: 32 })
    expect(endOf(events).summary.best!.metrics.accuracy).toBeGreaterThan(0.9)
  })

  it('trains every parameter by the same path', async () => {
    const model = await AutoModelForSequenceClassification.fromPretrained(folder)
    model.setRequiresGrad(true)
    const events = await collect(new Trainer(settings(model, { learningRate: 3e-3, epochs: 6 })))
    expect(endOf(events).summary.best!.metrics.accuracy).toBeGreaterThan(0.9)
  })

  it('gives the same weights from the same seed, and others from another', async () => {
    const runs = []
    for (const seed of [3, 3, 4]) {
      const model = await loraModel()
      await collect(new Trainer(settings(model, { seed, evaluate: undefined })))
      runs.push(values(model))
    }
    expect(runs[1]).toEqual(runs[0])
    expect(runs[2]).not.toEqual(runs[0])
  })

  it('learns by Muon too, and resumes it to the bit', async () => {
    const whole = await loraModel()
    const events = await collect(new Trainer(settings(whole, { epochs: 10, optimizer: 'muon' })))
    const evaluations = events.filter((event) => event.type === 'evaluation')
    expect(evaluations.at(-1)!.metrics.accuracy).toBeGreaterThan(0.75) // a coin gives 0.5

    const outputDir = await mkdtemp(join(tmpdir(), 'muon-'))
    const parts = await loraModel()
    const controller = new AbortController()
    const options = { epochs: 10, optimizer: 'muon', outputDir } as const
    for await (const event of new Trainer(settings(parts, options)).run({ signal: controller.signal }))
      if (event.type === 'step' && event.step === 30) controller.abort()
    const resumed = await loraModel()
    await collect(new Trainer(settings(resumed, { ...options, resume: true })))
    expect(values(resumed)).toEqual(values(whole))
    const other = new Trainer(settings(await loraModel(), { ...options, optimizer: 'adamw', resume: true }))
    expect((await failure(collect(other))).message).toMatch(/optimizer was "muon"/)
  })

  it('stops at a signal and resumes to the bit', async () => {
    const whole = await loraModel()
    await collect(new Trainer(settings(whole, { gradientAccumulationSteps: 3, maxTokens: 100 })))
    const outputDir = await temporary()
    const options = { outputDir, resume: true, gradientAccumulationSteps: 3, maxTokens: 100 }
    let last: Model | undefined
    for (const stopAfter of [3, 5, Number.POSITIVE_INFINITY]) {
      const model = await loraModel()
      const controller = new AbortController()
      const events: TrainerEvent[] = []
      for await (const event of new Trainer(settings(model, options)).run({ signal: controller.signal })) {
        if (event.type === 'step' && event.step === stopAfter) controller.abort()
        events.push(event)
      }
      expect(endOf(events).summary.interrupted).toBe(stopAfter !== Number.POSITIVE_INFINITY)
      last = model
    }
    expect(values(last!)).toEqual(values(whole))
    expect(
      (await readdir(join(outputDir, 'checkpoints'))).filter((name) => name.startsWith('step-')),
    ).toHaveLength(2)
  })

  it('has ended when its caller leaves: the update ahead trains no more', async () => {
    const model = await loraModel()
    const before = values(model)
    for await (const event of new Trainer(settings(model)).run())
      if (event.type === 'step' && event.step === 2) break
    const then = values(model)
    expect(then).not.toEqual(before)
    await compile((x: Tensor) => ops.neg(x))(Tensor.scalar(1)) // behind whatever is still on the executor's queue
    expect(values(model)).toEqual(then)
  })

  it('refuses to resume a run with other settings', async () => {
    const outputDir = await temporary()
    await collect(new Trainer(settings(await loraModel(), { outputDir, epochs: 1 })))
    const error = await failure(
      collect(
        new Trainer(settings(await loraModel(), { outputDir, epochs: 1, resume: true, learningRate: 1 })),
      ),
    )
    expect(error.code).toBe('INCOMPATIBLE')
    expect(error.message).toMatch(/learningRate was 0.01, is 1/)
    const other = { outputDir, epochs: 1, resume: true, train: tinyExamples(96, 1), identity: { alpha: 8 } }
    const moved = await failure(collect(new Trainer(settings(await loraModel(), other))))
    expect(moved.message).toMatch(/trainExamples was "96 with digest \w+", is "96 with digest \w+"/)
    expect(moved.message).toMatch(/alpha was undefined, is 8/)
  })

  it('computes the same weights with gradient checkpointing', async () => {
    const kept = await loraModel()
    const again = await loraModel()
    again.setGradientCheckpointing(true)
    for (const model of [kept, again]) await collect(new Trainer(settings(model)))
    expect(values(again)).toEqual(values(kept))
  })

  it('evaluates every so many updates, and after the last', async () => {
    const events = await collect(new Trainer(settings(await loraModel(), { evaluateEvery: 10 })))
    const steps = events.flatMap((event) => (event.type === 'evaluation' ? [event.step] : []))
    expect(steps).toEqual([10, 20, 24])
  })

  it('leaves the model at its best evaluation, with a folder and without', async () => {
    for (const outputDir of [undefined, await temporary()]) {
      const model = await loraModel()
      const bests: unknown[] = []
      for await (const event of new Trainer(settings(model, { outputDir, epochs: 3 })).run()) {
        if (event.type === 'evaluation' && event.best) bests.push(values(model))
      }
      expect(values(model)).toEqual(bests.at(-1))
    }
  })

  it('chooses the best by the metric asked for, and refuses one that is not measured before anything runs', async () => {
    const model = await loraModel()
    const options = { metrics: ['accuracy', 'f1'], bestMetric: 'loss', epochs: 4 } as const
    const events = await collect(new Trainer(settings(model, options)))
    const losses = events.flatMap((event) => (event.type === 'evaluation' ? [event.metrics.loss!] : []))
    const end = events.at(-1)!
    expect(end.type === 'end' && end.summary.best!.metrics.loss).toBe(Math.min(...losses))
    expect(end.type === 'end' && end.summary).toMatchObject({ bestMetric: 'loss' })
    for (const [metric, best] of [
      ['perplexity', 3],
      ['accuracy', 5],
    ] as const) {
      using kept = new BestModel({ metric, parameters: [], group: alone })
      for (const [step, value] of [4, 3, 5].entries())
        await kept.consider({ step, epoch: step, metrics: { loss: 1, [metric]: value } })
      expect(kept.best!.metrics[metric]).toBe(best)
    }
    expect(() => new Trainer(settings(model, { bestMetric: 'pearson' }))).toThrow(
      /bestMetric 'pearson' is not measured here; choose one of accuracy, macro_f1, matthews_correlation, loss, or of what the task has too: micro_f1, .*roc_auc/,
    )
    // One that the task has is measured for it.
    const ranked = new Trainer(settings(model, { bestMetric: 'roc_auc', maxSteps: 1 }))
    expect(ranked.metrics).toEqual(['accuracy', 'macro_f1', 'matthews_correlation', 'roc_auc'])
    const { best, bestMetric } = await ranked.train()
    expect(bestMetric).toBe('roc_auc')
    expect(best!.metrics.roc_auc).toBeGreaterThanOrEqual(0)
  })

  it('counts the time of the whole run over a resume', async () => {
    const outputDir = await temporary()
    const options = { outputDir, resume: true, epochs: 1 }
    const controller = new AbortController()
    let before = { trainSeconds: 0, cpuSeconds: 0 }
    for await (const event of new Trainer(settings(await loraModel(), options)).run({
      signal: controller.signal,
    })) {
      if (event.type === 'step' && event.step === 6) controller.abort()
      if (event.type === 'end') before = event.summary
    }
    const end = endOf(await collect(new Trainer(settings(await loraModel(), options))))
    expect(end.summary.trainSeconds).toBeGreaterThan(before.trainSeconds)
    expect(end.summary.cpuSeconds).toBeGreaterThan(before.cpuSeconds)
    expect(end.summary.trainSeconds * end.summary.examplesPerSecond).toBeCloseTo(96, 3)
    expect(end.summary.peakResidentBytes).toBeGreaterThan(50e6)
  })

  it('stops early when nothing gets better', async () => {
    const events = await collect(
      new Trainer(settings(await loraModel(), { epochs: 50, patience: 2, learningRate: 1e-9 })),
    )
    expect(events.filter((event) => event.type === 'evaluation')).toHaveLength(3)
  })

  it('stops when the loss is not a number, and keeps the last checkpoint', async () => {
    const outputDir = await temporary()
    const error = await failure(
      collect(
        new Trainer(
          settings(await loraModel(), {
            outputDir,
            learningRate: 1e30,
            maxGradNorm: 0,
            checkpointEvery: 1,
            warmupRatio: 0,
            evaluate: undefined,
          }),
        ),
      ),
    )
    expect(error.code).toBe('DIVERGED')
    expect(error.message).toMatch(/The loss is NaN at update \d+/)
    const kept = (await readdir(join(outputDir, 'checkpoints'))).length
    expect([1, 2]).toContain(kept)
  })

  it('names every option out of range, before anything runs', async () => {
    const model = await loraModel()
    try {
      new Trainer(settings(model, { epochs: 0, learningRate: -1, train: [] }))
      expect.unreachable()
    } catch (thrown) {
      expect((thrown as Error).message).toMatch(
        /train must be an array of examples with at least 1.*epochs must be.*learningRate must be/,
      )
    }
    const frozen = await AutoModelForSequenceClassification.fromPretrained(folder)
    expect(() => new Trainer(settings(frozen))).toThrow(/No parameter of the model requires a gradient/)
  })

  it('names the line of a label outside the set', async () => {
    const train = [...tinyExamples(4), { text: 'odd', label: 'neutral', file: 'train.jsonl', line: 5 }]
    const error = await failure(collect(new Trainer(settings(await loraModel(), { train }))))
    expect(error.code).toBe('INCOMPATIBLE')
    expect(error.message).toMatch(/train\.jsonl, line 5.*neutral/)
  })

  it('trains multi-label and regression heads', async () => {
    for (const [labels, label] of [
      [{ labels: ['a', 'b', 'c'], problemType: 'multi_label_classification' }, ['a', 'c']],
      [{ numLabels: 1 }, 0.5],
    ] as const) {
      const model = await AutoModelForSequenceClassification.fromPretrained(folder, labels)
      applyLora(model, { r: 2 })
      const examples = tinyExamples(24).map((example, i) => ({
        ...example,
        label: typeof label === 'number' ? label + (i % 3) : i % 2 ? [...label] : [],
      }))
      const events = await collect(
        new Trainer(settings(model, { train: examples, evaluate: examples, epochs: 1 })),
      )
      const end = events.at(-1)!
      expect(end.type === 'end' && Number.isFinite(end.summary.final!.metrics.loss)).toBe(true)
    }
  })

  it.each<[string, Partial<TrainerOptions>]>([
    ["the task's loss", {}],
    ['a smoothed loss', { labelSmoothing: 0.1 }],
    ["a loss of one's own", { loss: (outputs) => ops.mean(ops.mul(outputs, outputs)) }],
  ])("adds an adapter method's penalty to %s", async (_, options) => {
    const run = async (orthRegWeight: number) => {
      manualSeed(5)
      const model = await AutoModelForSequenceClassification.fromPretrained(folder)
      applyAdapter(model, new AdaLoraConfig({ initR: 4, targetR: 2, orthRegWeight }))
      const penalty = [...model.penalties][0]!()?.item() ?? 0
      const events = await collect(
        new Trainer(settings(model, { evaluate: undefined, maxSteps: 2, epochs: undefined, ...options })),
      )
      return { penalty, loss: events.find((event) => event.type === 'step')!.loss }
    }
    const [without, with_] = [await run(0), await run(3)]
    expect(with_.penalty).toBeGreaterThan(1)
    expect(with_.loss - without.loss).toBeCloseTo(with_.penalty, 4)
  })

  it('trains the head beside a frozen AdaLoRA, whose ranks stay', async () => {
    const model = await AutoModelForSequenceClassification.fromPretrained(folder)
    applyAdapter(model, new AdaLoraConfig({ initR: 4, targetR: 2 }))
    for (const layer of loraState(model).layers.values())
      for (const [, tensor] of layer.adapterParameters()) tensor.requiresGrad = false
    const before = model.trainableParameters().map(([, tensor]) => tensor.clone())
    await new Trainer(settings(model, { epochs: 1 })).train()
    expect(values(model).map(([, each]) => each)).not.toEqual(before.map((each) => each.readSync()))
  })

  it('frees what it puts around an optimizer that was given, and leaves that one', async () => {
    const model = await AutoModelForSequenceClassification.fromPretrained(folder)
    applyAdapter(model, new AdaLoraConfig({ initR: 4, targetR: 2 }))
    using optimizer = new AdamW(model.trainableParameters())
    const run = () => new Trainer(settings(model, { optimizer, epochs: 1, evaluate: undefined })).train()
    await run()
    const before = memory()
    await run()
    expect(memory()).toMatchObject({ tensors: before.tensors, liveBytes: before.liveBytes })
    for (const [, tensor] of optimizer.state()) expect(tensor.disposed).toBe(false)
  })

  it('leaves nothing behind', async () => {
    const model = await loraModel()
    await collect(new Trainer(settings(model, { epochs: 1 })))
    const before = memory()
    for (const [, tensor] of model.namedParameters()) expect(tensor.disposed).toBe(false)
    const again = new Trainer(settings(model, { epochs: 4 }))
    await collect(again)
    expect(memory()).toMatchObject({
      tensors: before.tensors,
      programs: before.programs,
      liveBytes: before.liveBytes,
    })
  })
})

describe('a set of labels given to the Trainer', () => {
  it('is checked against the model, never applied over it', async () => {
    const directory = await tinyModel({ labels: ['bad', 'good'] })
    using model = await AutoModelForSequenceClassification.fromPretrained(directory)
    await using tokenizer = await AutoTokenizer.fromPretrained(directory)
    applyLora(model, { r: 2 })
    const of = (labels: LabelSet) => () => new Trainer({ model, tokenizer, train: tinyExamples(4), labels })
    expect(of(LabelSet.single(['bad', 'good']))).not.toThrow()
    for (const other of [
      LabelSet.single(['good', 'bad']),
      LabelSet.single(['bad', 'good', 'worse']),
      LabelSet.multi(['bad', 'good']),
      LabelSet.regression(),
    ])
      expect(of(other)).toThrow(/The model's labels are "bad", "good" \(single_label.* were given/)
  })
})
