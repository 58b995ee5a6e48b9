// One rank of a training run on the tiny model: options as JSON, events and weights as lines of JSON.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { applyLora } from '../../lib/adapters/apply.ts'
import { Random } from '../../lib/data/random.ts'
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
  kills,
  examples = 96,
  init = true,
  alone = false,
  timeoutMs = 60_000,
  ...options
} = JSON.parse(process.argv[2]!)
/** A folder of each rank's own. */
if (Array.isArray(options.outputDir)) options.outputDir = options.outputDir[Number(process.env.RANK)]

/**
 * Whose turn it is dies of itself at a moment that is drawn: while it starts, or in the middle of an update, an evaluation
 * or a checkpoint. Lives are counted by a file, so that the next one begins where the last one died.
 */
const life = kills ? Number(existsSync(kills.file) ? readFileSync(kills.file, 'utf8') : 0) : 0
const dies = kills && life < kills.times && Number(process.env.RANK) === life % 2
const draw = new Random((kills?.seed ?? 0) + life)
const whileStarting = draw.below(5) === 0
const die = () => {
  writeFileSync(kills.file, `${life + 1}`)
  process.kill(process.pid, 'SIGKILL')
}
if (dies && whileStarting) setTimeout(die, draw.below(1500))
let began = false

const say = (what: unknown) => process.stdout.write(`${JSON.stringify(what)}\n`)

try {
  const world = init ? await distributed.init({ timeoutMs }) : undefined
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
    group: alone ? distributed.alone : world,
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
      if (dies && !whileStarting && !began) setTimeout(die, draw.below(400))
      began = true
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
