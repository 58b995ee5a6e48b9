// One rank of a training run on the tiny model: options as JSON, events and weights as lines of JSON.
import { createHash } from 'node:crypto'
import { applyLora } from '../../lib/adapters/apply.ts'
import { distributed } from '../../lib/distributed/index.ts'
import type { TorchLoraError } from '../../lib/errors.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import { manualSeed } from '../../lib/random.ts'
import { AutoTokenizer } from '../../lib/tokenizer/index.ts'
import { Trainer } from '../../lib/train/trainer.ts'
import { tinyExamples } from '../train/tiny.ts'

const {
  folder,
  full,
  stopAt,
  killAt,
  examples = 96,
  init = true,
  timeoutMs = 60_000,
  ...options
} = JSON.parse(process.argv[2]!)
const say = (what: unknown) => process.stdout.write(`${JSON.stringify(what)}\n`)

try {
  if (init) await distributed.init({ timeoutMs })
  await using tokenizer = await AutoTokenizer.fromPretrained(folder)
  const model = await AutoModelForSequenceClassification.fromPretrained(folder)
  manualSeed(5)
  if (full) model.setRequiresGrad(true)
  else applyLora(model, { r: 4, loraAlpha: 8, loraDropout: 0.1 })
  const count = options.differs === distributed.rank ? examples - 1 : examples
  delete options.differs
  const trainer = new Trainer({
    model,
    tokenizer,
    train: tinyExamples(count),
    evaluate: tinyExamples(31, 200),
    learningRate: 1e-2,
    seed: 3,
    loadBest: false,
    ...options,
  })
  const controller = new AbortController()
  process.on('SIGTERM', () => controller.abort())
  for await (const event of trainer.run({ signal: controller.signal })) {
    if (event.type === 'step') {
      say({
        step: event.step,
        loss: event.loss,
        gradNorm: event.gradNorm,
        examples: event.examples,
        tokens: event.tokens,
      })
      if (event.step === killAt && distributed.rank === distributed.worldSize - 1)
        process.kill(process.pid, 'SIGKILL')
      if (event.step === stopAt && distributed.rank === distributed.worldSize - 1) controller.abort()
    }
    if (event.type === 'evaluation') say({ evaluation: event.step, metrics: event.metrics })
    if (event.type === 'end') say({ end: event.summary.steps, interrupted: event.summary.interrupted })
  }
  const weights = model.trainableParameters().map(([, parameter]) => parameter.readSync() as Float32Array)
  const hash = createHash('sha256')
  for (const weight of weights) hash.update(weight)
  say({
    digest: hash.digest('hex'),
    weights: distributed.rank === 0 ? weights.flatMap((weight) => Array.from(weight)) : [],
  })
  await distributed.close()
} catch (error) {
  const { code, message } = error as TorchLoraError
  say({ code, message: code ? message : String((error as Error).stack) })
  process.exit(3)
}
