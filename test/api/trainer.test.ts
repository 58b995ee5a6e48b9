import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  AdaLoraConfig,
  AdamW,
  AutoModelForSequenceClassification,
  AutoTokenizer,
  applyAdapter,
  applyLora,
  distributed,
  evaluate,
  IA3Config,
  LoraConfig,
  type Model,
  memory,
  mergeLora,
  ops,
  type PeftConfig,
  type SequenceClassification,
  type Tensor,
  type Tokenizer,
  Trainer,
  type TrainerOptions,
} from '../../lib/index.ts'
import { withSeed } from '../../lib/random.ts'
import { tinyExamples, tinyModel } from '../train/tiny.ts'

let folder: string
let tokenizer: Tokenizer

beforeAll(async () => {
  folder = await tinyModel()
  tokenizer = await AutoTokenizer.fromPretrained(folder)
  return () => tokenizer.close()
})

type Classifier = Model<SequenceClassification>

const temporary = () => mkdtemp(join(tmpdir(), 'run-'))

async function loraModel(): Promise<Classifier> {
  const model = await AutoModelForSequenceClassification.fromPretrained(folder)
  return withSeed(5, () => applyLora(model, { r: 2, loraAlpha: 4, loraDropout: 0.1 }))
}

const settings = (model: Classifier, options: Partial<TrainerOptions<SequenceClassification>> = {}) => ({
  model,
  tokenizer,
  train: tinyExamples(48),
  epochs: 2,
  batchSize: 8,
  learningRate: 1e-2,
  checkpointEvery: 100,
  ...options,
})

const values = (model: Classifier) =>
  model.trainableParameters().map(([path, parameter]) => [path, parameter.readSync()] as const)

/** The weights of a whole run, and of one that `leave` ends early and another takes up. */
async function resumed(leave: (trainer: Trainer<SequenceClassification>) => Promise<void>) {
  const outputDir = await temporary()
  await leave(new Trainer(settings(await loraModel(), { outputDir })))
  const model = await loraModel()
  let resumedAt = 0
  await new Trainer(settings(model, { outputDir, resume: true })).train({
    onEvent: (event) => {
      if (event.type === 'start') resumedAt = event.resumedAt
    },
  })
  return { weights: values(model), resumedAt }
}

describe('train()', () => {
  it('is run() awaited: the same events, the same weights, and the summary', async () => {
    const [a, b] = [await loraModel(), await loraModel()]
    const kinds: string[] = []
    const summary = await new Trainer(settings(a, { evaluate: tinyExamples(16, 100) })).train({
      onEvent: async ({ type }) => {
        await null
        kinds.push(type)
      },
    })
    const expected: string[] = []
    for await (const { type } of new Trainer(settings(b, { evaluate: tinyExamples(16, 100) })).run())
      expected.push(type)
    expect(kinds).toEqual(expected)
    expect(kinds.filter((type) => type === 'step')).toHaveLength(12)
    expect(summary).toMatchObject({ steps: 12, interrupted: false, bestMetric: 'accuracy' })
    expect(values(a)).toEqual(values(b))
  })

  it('left early leaves what an abort leaves: every update that was made is in the checkpoint', async () => {
    const whole = await loraModel()
    await new Trainer(settings(whole)).train()
    const broken = await resumed(async (trainer) => {
      for await (const event of trainer.run()) if (event.type === 'step' && event.step === 5) break
    })
    const aborted = await resumed(async (trainer) => {
      const controller = new AbortController()
      const { interrupted } = await trainer.train({
        signal: controller.signal,
        onEvent: (event) => {
          if (event.type === 'step' && event.step === 5) controller.abort()
        },
      })
      expect(interrupted).toBe(true)
    })
    const thrown = await resumed(async (trainer) => {
      const onEvent = (event: { type: string; step?: number }) => {
        if (event.type === 'step' && event.step === 5) throw new RangeError('enough')
      }
      await expect(trainer.train({ onEvent })).rejects.toThrow(new RangeError('enough'))
    })
    // The sixth was under way.
    expect([broken.resumedAt, aborted.resumedAt, thrown.resumedAt]).toEqual([6, 6, 6])
    for (const { weights } of [broken, aborted, thrown]) expect(weights).toEqual(values(whole))
  })

  it('refuses a folder that holds another finished run, and a second run of one Trainer', async () => {
    const outputDir = await temporary()
    const trainer = new Trainer(settings(await loraModel(), { outputDir }))
    await trainer.train()
    expect(() => trainer.run()).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    const other = settings(await loraModel(), { outputDir, resume: true, train: tinyExamples(48, 7) })
    await expect(new Trainer(other).train()).rejects.toMatchObject({
      code: 'INCOMPATIBLE',
      message: expect.stringMatching(/trainExamples was/),
    })
  })

  it('leaves nothing behind over folds of cross-validation', async () => {
    const fold = async (number: number) => {
      using model = await loraModel()
      await new Trainer(settings(model, { epochs: 1, train: tinyExamples(16, number) })).train()
      mergeLora(model)
    }
    await fold(0)
    const { tensors } = memory()
    for (let number = 1; number < 4; number++) await fold(number)
    expect(memory().tensors).toBe(tensors)
  })
})

describe('group', () => {
  it('refuses one that this process is not in, and what is none', async () => {
    const model = await loraModel()
    const other = { rank: 1, worldSize: 2, localRank: 1, restartCount: 0 }
    expect(() => new Trainer(settings(model, { group: other }))).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(/group is none/) }),
    )
    expect(() => new Trainer(settings(model, { group: 2 as never }))).toThrow(
      /group must be what distributed/,
    )
    await expect(
      evaluate({ model, tokenizer, examples: tinyExamples(4), group: other }),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('is this process’s own where it has joined none', async () => {
    const [a, b] = [await loraModel(), await loraModel()]
    await new Trainer(settings(a, { maxSteps: 2 })).train()
    await new Trainer(settings(b, { maxSteps: 2, group: distributed.alone })).train()
    expect(values(a)).toEqual(values(b))
  })
})

describe('what nobody gives', () => {
  it('is in the summary as it was resolved', async () => {
    const model = await loraModel()
    const { settings: own } = await new Trainer({
      model,
      tokenizer,
      train: tinyExamples(8),
      maxSteps: 1,
    }).train()
    expect(own).toEqual({
      epochs: 1,
      batchSize: 4,
      learningRate: 0.01,
      headLearningRate: 0.01,
      maxSteps: 1,
      gradientAccumulationSteps: 1,
      optimizer: 'adamw',
      schedule: 'linear',
      warmupRatio: 0.06,
      weightDecay: 0,
      betas: [0.9, 0.999],
      eps: 1e-8,
      maxGradNorm: 1,
      maxLength: 64,
      seed: 0,
      evaluateEvery: 'epoch',
      checkpointEvery: 'epoch',
    })
  })

  it('is the adapter method’s own learning rate, and LoRA’s alpha is twice the rank', async () => {
    const rate = async (config: PeftConfig) => {
      using model = await AutoModelForSequenceClassification.fromPretrained(folder)
      applyAdapter(model, config)
      return (await new Trainer({ model, tokenizer, train: tinyExamples(8), maxSteps: 1 }).train()).settings
        .learningRate
    }
    expect(await rate(new LoraConfig())).toBe(0.01) // 4e-4 at 768 hidden units, of 32 here
    expect(await rate(new IA3Config())).toBe(4e-3)
    expect(await rate(new LoraConfig({ initLoraWeights: 'olora' }))).toBe(2e-4)
    expect([new LoraConfig(), new LoraConfig({ r: 3 })].map(({ loraAlpha }) => loraAlpha)).toEqual([16, 6])
    expect(new AdaLoraConfig({ initR: 5 }).loraAlpha).toBe(10)
    const file = { peft_type: 'LORA', r: 4, target_modules: ['query'] }
    expect(LoraConfig.fromJson(file, 'adapter_config.json').loraAlpha).toBe(8) // PEFT's
  })
})

describe('loss and optimizer', () => {
  it('trains a loss of its own: the task’s own, written by hand, gives the task’s weights', async () => {
    const [a, b, c] = [await loraModel(), await loraModel(), await loraModel()]
    await new Trainer(settings(a)).train()
    const byHand = (logits: Tensor, { labels }: Readonly<Record<string, Tensor | null>>) =>
      ops.nllLoss(ops.logSoftmax(logits, 1), labels!)
    await new Trainer(settings(b, { loss: byHand })).train()
    for (const [i, [path, weights]] of values(a).entries()) {
      const other = values(b)[i]![1] as Float32Array
      for (let j = 0; j < other.length; j++) expect(other[j], path).toBeCloseTo(Number(weights[j]), 4)
    }
    await new Trainer(settings(c, { loss: (logits, targets) => byHand(logits, targets).mul(0) })).train()
    const untouched = await loraModel()
    expect(values(c)).toEqual(values(untouched)) // a loss without a slope moves nothing
  })

  it('takes an optimizer that is made, and leaves it to its maker', async () => {
    const [a, b] = [await loraModel(), await loraModel()]
    await new Trainer(settings(a, { weightDecay: 0.1 })).train()
    const norms = /LayerNorm\.|\.bias$/
    using optimizer = new AdamW(b.trainableParameters(), {
      weightDecay: 0.1,
      noDecay: (path) => norms.test(path),
    })
    await new Trainer(settings(b, { optimizer })).train()
    expect(values(b)).toEqual(values(a))
    expect([...optimizer.state()].every(([, tensor]) => !tensor.disposed)).toBe(true)
  })

  it('refuses one that moves something else, or settings that it would not heed', async () => {
    const model = await loraModel()
    using other = new AdamW((await loraModel()).trainableParameters())
    using own = new AdamW(model.trainableParameters())
    expect(() => new Trainer(settings(model, { optimizer: other }))).toThrow(/does not move .*lora_A/)
    expect(() => new Trainer(settings(model, { optimizer: own, weightDecay: 1 }))).toThrow(
      /weightDecay would not be heeded/,
    )
  })
})
