import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BatchSampler } from '../lib/data/index.ts'
import {
  applyLora,
  type EncodedExamples,
  type Model,
  manualSeed,
  type SampleOf,
  saveAdapter,
  type Task,
  type Tokenizer,
  Trainer,
} from '../lib/index.ts'

/** What both sides train with. */
export interface Settings {
  r: number
  loraAlpha: number
  loraDropout: number
  learningRate: number
  batchSize: number
  weightDecay: number
  epochs: number
  warmupRatio: number
  maxLength: number
}

/** A task that is trained here and by transformers + PEFT. */
export interface Pairing<T extends Task> {
  /** The head and loss of bench/peers/peft_batches.py. */
  kind: 'tokens' | 'questions' | 'pairs'
  base: string
  /** Where results go, a folder a seed; one that is finished is not done again. */
  out: string
  /** A model with a fresh head. */
  model(seed: number): Promise<Model<T>>
  tokenizer: Tokenizer
  train: readonly SampleOf<T>[]
  evaluate: readonly SampleOf<T>[]
  /** What the peer's loss compares the outputs of an encoding with. */
  labelsOf(encoded: EncodedExamples<LabelsOf<T>>, encoding: number): number[]
  metrics: readonly string[]
  settings: Settings
}

type LabelsOf<T extends Task> = T extends Task<infer Labels> ? Labels : never

export interface Side {
  metrics: Record<string, number>
  examplesPerSecond: number
}

/** What a seed came to. */
export interface Pair {
  ours: Side
  /** Undefined without a Python that has it. */
  peft?: Side
}

/**
 * Trains a seed on both sides. PEFT starts from the adapter and the head that ours start from and gets the encodings and
 * batches that ours draw, in their order; each draws dropout of its own. Both are measured by this library's task. Without
 * TORCH_LORA_PYTHON ours trains alone.
 */
export async function besidePeft<T extends Task>(pairing: Pairing<T>, seed: number): Promise<Pair> {
  const { base, kind, tokenizer, train, evaluate, settings, metrics } = pairing
  const { epochs, maxLength, warmupRatio, learningRate, batchSize, weightDecay, ...lora } = settings
  const python = process.env.TORCH_LORA_PYTHON
  const folder = join(pairing.out, `seed-${seed}`)
  const file = join(folder, 'result.json')
  if (existsSync(file)) return JSON.parse(await readFile(file, 'utf8')) as Pair
  await mkdir(folder, { recursive: true })
  using model = await pairing.model(seed)
  const task = model.task as unknown as Task<LabelsOf<T>, SampleOf<T>>
  manualSeed(seed)
  applyLora(model, { ...lora, targetModules: 'all-linear' })
  await saveAdapter(model, join(folder, 'start'))
  const rows = await task.encode(train, tokenizer, { maxLength })
  const tests = await task.encode(evaluate, tokenizer, { maxLength })
  const sampler = new BatchSampler({ lengths: rows.encodings.map(({ ids }) => ids.length), batchSize, seed })
  const batches = Array.from({ length: epochs * sampler.batchesInEpoch }, () => [...sampler.next()])
  const inputs = ({ encodings }: EncodedExamples) =>
    encodings.map(({ ids, typeIds }) => ({ ids: [...ids], typeIds: [...typeIds] }))
  const job = {
    kind,
    base,
    ...settings,
    width: task.width,
    start: join(folder, 'start'),
    batches,
    train: inputs(rows).map((row, i) => ({ ...row, labels: pairing.labelsOf(rows, i) })),
    evaluate: inputs(tests),
    out: join(folder, 'peft.json'),
  }
  await writeFile(join(folder, 'job.json'), JSON.stringify(job))

  const trainer = new Trainer<Task>({
    model: model as unknown as Model,
    tokenizer,
    train,
    evaluate,
    epochs,
    maxLength,
    batchSize,
    learningRate,
    headLearningRate: learningRate,
    weightDecay,
    warmupRatio,
    seed,
    metrics,
    evaluateEvery: batches.length,
    loadBest: false,
  })
  let own: Record<string, number> = {}
  let seconds = 0
  let examples = 0
  for await (const event of trainer.run()) {
    if (event.type === 'evaluation') own = event.metrics
    if (event.type === 'step') {
      seconds += event.seconds
      examples += event.examples
    }
  }
  const pair: Pair = { ours: { metrics: own, examplesPerSecond: examples / seconds } }
  if (python) {
    const peer = new URL('./peers/peft_batches.py', import.meta.url).pathname
    execFileSync(python, [peer, join(folder, 'job.json')], { stdio: ['ignore', 'inherit', 'inherit'] })
    const theirs = JSON.parse(await readFile(job.out, 'utf8')) as {
      outputs: number[][]
      examplesPerSecond: number
    }
    const outputs = theirs.outputs.map((row) => Float32Array.from(row))
    pair.peft = {
      metrics: task.score(outputs, tests.labels, metrics),
      examplesPerSecond: theirs.examplesPerSecond,
    }
  }
  await writeFile(file, JSON.stringify(pair))
  return pair
}

/** A line a seed, and one of means with the standard deviation over seeds. */
export async function compareSeeds<T extends Task>(
  pairing: Pairing<T>,
  seeds: readonly number[],
): Promise<void> {
  const pairs: Pair[] = []
  for (const seed of seeds) {
    pairs.push(await besidePeft(pairing, seed))
    console.log(describe(`seed ${seed}`, pairs.slice(-1), pairing.metrics))
  }
  if (seeds.length > 1) console.log(describe(`mean of ${seeds.length}`, pairs, pairing.metrics))
}

function describe(name: string, pairs: readonly Pair[], metrics: readonly string[]): string {
  const sides = { ours: pairs.map(({ ours }) => ours), PEFT: pairs.flatMap(({ peft }) => peft ?? []) }
  const each = (of: (side: readonly Side[]) => string) =>
    Object.entries(sides)
      .filter(([, side]) => side.length > 0)
      .map(([who, side]) => `${who} ${of(side)}`)
      .join(', ')
  const values = (side: readonly Side[], metric: string) => {
    const own = side.map(({ metrics: found }) => 100 * found[metric]!)
    const deviation = Math.sqrt(own.reduce((sum, one) => sum + (one - mean(own)) ** 2, 0) / (own.length - 1))
    return mean(own).toFixed(2) + (own.length > 1 ? ` ± ${deviation.toFixed(2)}` : '')
  }
  const rate = (side: readonly Side[]) => mean(side.map(({ examplesPerSecond }) => examplesPerSecond))
  const times = sides.PEFT.length > 0 ? ` (${(rate(sides.ours) / rate(sides.PEFT)).toFixed(2)}x)` : ''
  const cells = metrics.map((metric) => `${metric} ${each((side) => values(side, metric))}`)
  const rates = `examples a second ${each((side) => rate(side).toFixed(1))}${times}`
  return `${name}: ${[...cells, rates].join('; ')}`
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, one) => sum + one, 0) / values.length
}
