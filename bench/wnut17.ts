/**
 * Entities of WNUT-17: F1 of LoRA here and in transformers + PEFT at the same settings on the same batches, for each
 * seed, and how many examples a second each trains.
 *
 *   TORCH_LORA_PYTHON=.../python npx tsx bench/wnut17.ts --data WNUT17 --model MINILM [--seeds 0,1,2] [--epochs 10]
 *     [--examples n] [--out runs/wnut17]
 *
 * PEFT starts from the adapter and the head that ours start from and gets the windows and batches that ours draw, in
 * their order; each draws dropout of its own. Both are scored by this library (as seqeval counts). A seed that is
 * finished in --out is not done again. Prints a line a seed and the means.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BatchSampler } from '../lib/data/index.ts'
import {
  AutoModelForTokenClassification,
  AutoTokenizer,
  applyLora,
  manualSeed,
  readTokenExamples,
  saveAdapter,
  Trainer,
  tagsOf,
} from '../lib/index.ts'
import { machine } from './worker.ts'

const settings = {
  r: 8,
  loraAlpha: 16,
  loraDropout: 0.1,
  learningRate: 2e-3,
  batchSize: 16,
  weightDecay: 0.01,
}
const warmupRatio = 0.06

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    model: { type: 'string' },
    seeds: { type: 'string', default: '0,1,2' },
    epochs: { type: 'string', default: '10' },
    examples: { type: 'string' },
    out: { type: 'string', default: 'runs/wnut17' },
  },
})
const { data, model: base, out } = flags
const python = process.env.TORCH_LORA_PYTHON
if (!data || !base || !python) throw new Error('say --data WNUT17 and --model FOLDER, and TORCH_LORA_PYTHON')
const epochs = Number(flags.epochs)

interface Result {
  f1: number
  examplesPerSecond: number
}

const read = async (name: string) => {
  const all = await readTokenExamples(join(data, name))
  return flags.examples ? all.slice(0, Number(flags.examples)) : all
}
const [train, dev] = [await read('train.conll'), await read('dev.conll')]
const labels = tagsOf([...train, ...dev])
await using tokenizer = await AutoTokenizer.fromPretrained(base, { addPrefixSpace: true })

async function run(seed: number): Promise<{ ours: Result; peft: Result }> {
  const folder = join(out, `seed-${seed}`)
  const file = join(folder, 'result.json')
  if (existsSync(file)) return JSON.parse(await readFile(file, 'utf8'))
  await mkdir(folder, { recursive: true })
  const model = await AutoModelForTokenClassification.fromPretrained(base!, {
    labels,
    seed,
    head: 'fresh',
    device: 'cpu',
  })
  manualSeed(seed)
  applyLora(model, { ...pick(settings), targetModules: 'all-linear' })
  await saveAdapter(model, join(folder, 'start'))
  const maxLength = Math.min(128, model.maxLength)
  const windows = await model.task.encode(train, tokenizer, { maxLength })
  const tests = await model.task.encode(dev, tokenizer, { maxLength })
  const sampler = new BatchSampler({
    lengths: windows.encodings.map(({ ids }) => ids.length),
    batchSize: settings.batchSize,
    seed,
  })
  const batches = Array.from({ length: epochs * sampler.batchesInEpoch }, () => [...sampler.next()])
  const job = {
    ...settings,
    base,
    labels,
    warmupRatio,
    start: join(folder, 'start'),
    batches,
    train: windows.encodings.map(({ ids }, i) => ({ ids: [...ids], labels: [...windows.labels.tokens[i]!] })),
    dev: tests.encodings.map(({ ids }) => [...ids]),
    out: join(folder, 'peft.json'),
  }
  await writeFile(join(folder, 'job.json'), JSON.stringify(job))

  const trainer = new Trainer({
    model,
    tokenizer,
    train,
    evaluate: dev,
    epochs,
    maxLength,
    batchSize: settings.batchSize,
    learningRate: settings.learningRate,
    weightDecay: settings.weightDecay,
    warmupRatio,
    seed,
    evaluateEvery: batches.length,
    loadBest: false,
  })
  let f1 = Number.NaN
  let seconds = 0
  let examples = 0
  for await (const event of trainer.run()) {
    if (event.type === 'evaluation') f1 = event.metrics.f1!
    if (event.type === 'step') {
      seconds += event.seconds
      examples += event.examples
    }
  }
  const peer = new URL('./peers/peft_tokens.py', import.meta.url).pathname
  execFileSync(python!, [peer, join(folder, 'job.json')], { stdio: ['ignore', 'inherit', 'inherit'] })
  const theirs: { predictions: number[][]; examplesPerSecond: number } = JSON.parse(
    await readFile(job.out, 'utf8'),
  )
  // Predictions as outputs: what the scorer takes the largest of.
  const outputs = theirs.predictions.map((row) => {
    const values = new Float32Array(row.length * labels.length)
    for (const [t, label] of row.entries()) values[t * labels.length + label] = 1
    return values
  })
  const scored = model.task.score(outputs, tests.labels, ['f1'])
  const result = {
    ours: { f1, examplesPerSecond: examples / seconds },
    peft: { f1: scored.f1!, examplesPerSecond: theirs.examplesPerSecond },
  }
  await writeFile(file, JSON.stringify(result))
  model.dispose()
  return result
}

function pick({ r, loraAlpha, loraDropout }: typeof settings) {
  return { r, loraAlpha, loraDropout }
}

console.log(await machine())
const results: { ours: Result; peft: Result }[] = []
for (const seed of flags.seeds.split(',').map(Number)) {
  const result = await run(seed)
  results.push(result)
  console.log(describe(`seed ${seed}`, [result]))
}
console.log(describe('mean', results))

function describe(name: string, all: readonly { ours: Result; peft: Result }[]): string {
  const mean = (side: 'ours' | 'peft', key: keyof Result) =>
    all.reduce((sum, one) => sum + one[side][key], 0) / all.length
  const rate = mean('ours', 'examplesPerSecond') / mean('peft', 'examplesPerSecond')
  return `${name}: F1 ours ${(100 * mean('ours', 'f1')).toFixed(2)}, PEFT ${(100 * mean('peft', 'f1')).toFixed(2)}; examples a second ours ${mean('ours', 'examplesPerSecond').toFixed(1)}, PEFT ${mean('peft', 'examplesPerSecond').toFixed(1)} (${rate.toFixed(2)}x)`
}
