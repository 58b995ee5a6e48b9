/**
 * What LoRA learns here and in transformers + PEFT at the same settings: accuracy on a GLUE task's dev set every so many
 * updates, for each seed.
 *
 *   TORCH_LORA_PYTHON=.../python npx tsx bench/accuracy.ts --data GLUE --model MINILM --task mrpc [--seeds 0,1,2]
 *     [--init stsb] [--epochs n] [--eval-every n] [--sides ours,peft] [--no-dropout] [--own-dropout]
 *     [--peer-parts n] [--group-by-length] [--out runs/accuracy] [--threads n]
 *
 * Ours is `torch-lora train`; PEFT's runs are written in the same form, so `torch-lora report --out page.html OUT` draws
 * both. What they write stays in --out, and a run that is finished there is not done again.
 * A seed is a pair: PEFT starts from the adapter and the head that ours start from, and gets the batches that ours draw,
 * in their order, and drops what ours drop (scripts/parity/our_dropout.py): the two runs are then to be equal.
 * `--own-dropout` lets PEFT draw its own, `--no-dropout` has none on either side. `--peer-parts 4` computes each of PEFT's
 * batches in four parts of like length whose gradients add up, which pads less and changes nothing else.
 * `--group-by-length` gives PEFT other batches, of like length, the least padding that transformers has; it draws its own
 * dropout then. `--init stsb` first trains on that task and starts both sides from its adapter with a fresh head, as the
 * paper starts MRPC from MNLI.
 * Prints a line a run, and the means.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { addonPath } from '../lib/addon.ts'
import { BatchSampler } from '../lib/data/index.ts'
import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  applyLora,
  loadAdapter,
  loadGlue,
  manualSeed,
  saveAdapter,
} from '../lib/index.ts'
import { batchSeed } from '../lib/train/batch-seed.ts'
import { machine } from './worker.ts'

/** Of a run; --epochs and --eval-every take the place of what stands here. */
const recipes = {
  sst2: { epochs: 3, batchSize: 32, lr: 1e-3, dropout: 0.1, evalEvery: 500 },
  mrpc: { epochs: 6, batchSize: 16, lr: 5e-4, dropout: 0.1, evalEvery: 115 },
  stsb: { epochs: 4, batchSize: 32, lr: 1e-3, dropout: 0.1, evalEvery: 180 },
}
const common = { r: 8, alpha: 16, target: 'all-linear', weightDecay: 0.01, warmup: 0.06 } as const

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    model: { type: 'string' },
    task: { type: 'string', default: 'mrpc' },
    seeds: { type: 'string', default: '0' },
    init: { type: 'string' },
    epochs: { type: 'string' },
    'eval-every': { type: 'string' },
    sides: { type: 'string', default: 'ours,peft' },
    'group-by-length': { type: 'boolean', default: false },
    'peer-parts': { type: 'string', default: '1' },
    'no-dropout': { type: 'boolean', default: false },
    'own-dropout': { type: 'boolean', default: false },
    out: { type: 'string', default: 'runs/accuracy' },
    threads: { type: 'string' },
  },
})
if (!flags.data || !flags.model) throw new Error('say where data and model are: --data GLUE --model FOLDER')
const { data, out, threads, 'group-by-length': groupByLength, 'peer-parts': peerParts } = flags
/** Whether PEFT's side draws dropout by itself. */
const ownDropout = flags['own-dropout'] || groupByLength || flags['no-dropout']
type Task = keyof typeof recipes
const known = (task: string): Task => {
  if (task in recipes) return task as Task
  throw new Error(`there is no recipe for ${task}; there are ${Object.keys(recipes).join(', ')}`)
}

/** What a run's files say. */
interface Result {
  /** In the order of the evaluations, from 0 to 1. */
  accuracies: number[]
  examplesPerSecond: number
  trainSeconds: number
}

/** The lines that a command prints on stdout; stderr is shown. */
async function linesOf(command: string, args: readonly string[]): Promise<string[]> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', (part) => (text += part))
  const code = await new Promise((resolve) => child.on('close', resolve))
  if (code !== 0) throw new Error(`${command} ${args.slice(0, 3).join(' ')} ended with ${code}`)
  return text.trim().split('\n')
}

/** The folder of a run of ours; PEFT's and what both start from lie beside it. */
function runFolder(task: Task, seed: number, init?: string): string {
  const kind = [...(init ? ['from-adapter'] : []), ...(flags['no-dropout'] ? ['no-dropout'] : [])]
  return join(out, [task, ...kind, seed].join('-'))
}

/** `torch-lora train`; returns the run's folder. */
async function trainOurs(task: Task, seed: number, init?: string): Promise<string> {
  const { epochs, batchSize, lr, dropout, evalEvery } = recipes[task]
  const run = runFolder(task, seed, init)
  if (existsSync(join(run, 'summary.json'))) return run
  const main = new URL('../lib/cli/main.ts', import.meta.url).pathname
  const { r, alpha, target, weightDecay, warmup } = common
  const update = init
    ? ['--adapter', init]
    : ['--r', r, '--alpha', alpha, '--target', target, '--dropout', dropout]
  const options = ['--epochs', epochs, '--batch-size', batchSize, '--lr', lr, '--seed', seed]
  const schedule = [
    '--weight-decay',
    weightDecay,
    '--warmup',
    warmup,
    '--eval-every',
    evalEvery,
    ...(threads ? ['--threads', threads] : []),
  ]
  const place = ['--model', model, '--data', data, '--task', task, '--out', run, '--json']
  const resume = existsSync(join(run, 'checkpoints')) ? ['--resume'] : []
  const args = [...place, ...update, ...options, ...schedule, ...resume].map(String)
  await linesOf(process.execPath, ['--import', import.meta.resolve('tsx'), main, 'train', ...args])
  return run
}

async function readResult(run: string): Promise<Result> {
  const lines = (await readFile(join(run, 'metrics.jsonl'), 'utf8')).trim().split('\n')
  const { examplesPerSecond, trainSeconds } = JSON.parse(await readFile(join(run, 'summary.json'), 'utf8'))
  const evaluations = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === 'evaluation')
  return { accuracies: evaluations.map(({ accuracy }) => accuracy), examplesPerSecond, trainSeconds }
}

/** Writes what `trainOurs` starts from, adapter and head; returns its folder. */
async function saveStart(task: Task, seed: number, init?: string): Promise<string> {
  const loaded = await AutoModelForSequenceClassification.fromPretrained(model, { numLabels: 2, seed })
  const { r, alpha: loraAlpha, target: targetModules } = common
  if (init) await loadAdapter(loaded, init, { trainable: true, head: 'keep' })
  else {
    manualSeed(seed)
    applyLora(loaded, { r, loraAlpha, loraDropout: recipes[task].dropout, targetModules })
  }
  const start = `${runFolder(task, seed, init)}-start`
  await saveAdapter(loaded, start)
  return start
}

/** transformers and PEFT; returns the run's folder. */
async function trainPeft(task: Task, seed: number, init?: string): Promise<string> {
  const run = `${runFolder(task, seed, init)}-peft${ownDropout ? '' : '-our-dropout'}`
  if (existsSync(join(run, 'summary.json'))) return run
  await using tokenizer = await AutoTokenizer.fromPretrained(model)
  const read = async (split: 'train' | 'validation') => {
    const { examples, labels } = await loadGlue(task, { split, dataDir: data })
    const { values } = labels.encode(examples)
    const texts = examples.map(({ text, textPair }) =>
      textPair === undefined ? text : ([text, textPair] as const),
    )
    const encodings = await tokenizer.encodeBatch(texts, { maxLength: 512 })
    return encodings.map(({ ids, typeIds }, i) => ({
      ids: Array.from(ids),
      types: Array.from(typeIds),
      label: values[i],
    }))
  }
  const trained = await read('train')
  const { epochs, batchSize } = recipes[task]
  const sampler = new BatchSampler({ lengths: trained.map(({ ids }) => ids.length), batchSize, seed })
  const work = `${runFolder(task, seed, init)}-work.json`
  await writeFile(
    work,
    JSON.stringify({
      // Each with the seed that ours draw its dropout from.
      batches: Array.from({ length: sampler.totalBatches(epochs) }, () => {
        const place = { epoch: sampler.epoch, batch: sampler.batchInEpoch }
        return { seed: batchSeed(seed, place), indices: Array.from(sampler.next()) }
      }),
      model,
      start: await saveStart(task, seed, init),
      labels: 2,
      threads: Number(threads ?? 0),
      operators: ownDropout ? null : join(dirname(addonPath()), 'liblora_ops.so'),
      settings: { ...common, ...recipes[task], seed, groupByLength, peerParts: Number(peerParts) },
      train: trained,
      dev: await read('validation'),
    }),
  )
  const python = process.env.TORCH_LORA_PYTHON ?? 'python3'
  const lines = await linesOf(python, [new URL('peers/peft_accuracy.py', import.meta.url).pathname, work])
  const { type: _, ...cost } = JSON.parse(lines.pop()!)
  const evaluations = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === 'evaluation')
  const { step, epoch, accuracy } = evaluations.reduce((a, b) => (b.accuracy > a.accuracy ? b : a))
  const best = { step, epoch, metrics: { accuracy } }
  const { r, alpha, lr } = { ...common, ...recipes[task] }
  const configuration = { model, seed, r, alpha, lr, adapter: init }
  const summary = { task, method: 'lora', ...cost, bestMetric: 'accuracy', best, configuration }
  const cell = { name: `${task}-peft-${seed}`, method: `PEFT r${r}a${alpha}`, learningRate: lr }
  await mkdir(run, { recursive: true })
  await writeFile(join(run, 'metrics.jsonl'), lines.map((line) => `${line}\n`).join(''))
  await writeFile(join(run, 'cell.json'), JSON.stringify(cell))
  await writeFile(join(run, 'summary.json'), JSON.stringify(summary))
  return run
}

/** A folder beside the runs with the model's files and a config.json without dropout. */
async function withoutDropout(folder: string): Promise<string> {
  const target = join(out, 'model')
  await mkdir(target, { recursive: true })
  for (const name of await readdir(folder)) {
    if (name !== 'config.json' && !existsSync(join(target, name)))
      await symlink(resolve(folder, name), join(target, name))
  }
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))
  for (const name of ['hidden_dropout_prob', 'attention_probs_dropout_prob']) config[name] = 0
  await writeFile(join(target, 'config.json'), JSON.stringify(config))
  for (const recipe of Object.values(recipes)) recipe.dropout = 0
  return target
}

const task = known(flags.task)
const model = flags['no-dropout'] ? await withoutDropout(flags.model) : flags.model
if (flags.epochs) recipes[task].epochs = Number(flags.epochs)
if (flags['eval-every']) recipes[task].evalEvery = Number(flags['eval-every'])
await mkdir(out, { recursive: true })
const init = flags.init ? join(await trainOurs(known(flags.init), 0), 'adapter') : undefined
const recipe = Object.entries({ ...common, ...recipes[task] }).map(([name, value]) => `${name} ${value}`)
console.log(`${await machine()}`)
console.log(`${task}${init ? `, from an adapter of ${flags.init}` : ''}: ${recipe.join(', ')}`)
for (const side of flags.sides.split(',')) {
  const results: Result[] = []
  for (const seed of flags.seeds.split(',').map(Number)) {
    const result = await readResult(await (side === 'peft' ? trainPeft : trainOurs)(task, seed, init))
    results.push(result)
    const curve = result.accuracies.map((accuracy) => (100 * accuracy).toFixed(2)).join(' ')
    const cost = `${result.examplesPerSecond.toFixed(1)} examples/s, ${result.trainSeconds.toFixed(0)} s training`
    console.log(`${side.padEnd(5)} seed ${seed}  ${curve}  (${cost})`)
  }
  const mean = (value: (result: Result) => number) =>
    results.reduce((sum, result) => sum + value(result), 0) / results.length
  const best = 100 * mean(({ accuracies }) => Math.max(...accuracies))
  const last = 100 * mean(({ accuracies }) => accuracies.at(-1)!)
  const rate = mean(({ examplesPerSecond }) => examplesPerSecond)
  console.log(
    `${side.padEnd(5)} mean    best ${best.toFixed(2)} %, last ${last.toFixed(2)} %, ${rate.toFixed(1)} examples/s`,
  )
}
