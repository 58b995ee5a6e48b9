/**
 * What LoRA learns here and in transformers + PEFT at the same settings: accuracy on a GLUE task's dev set after each
 * epoch, for each seed.
 *
 *   TORCH_LORA_PYTHON=.../python npx tsx bench/accuracy.ts --data GLUE --model MINILM --task mrpc [--seeds 0,1,2]
 *     [--init stsb] [--sides ours,peft] [--out runs/accuracy] [--threads n]
 *
 * Ours is `torch-lora train`; what it writes stays in --out, and a run that is finished there is not done again.
 * `--init stsb` first trains on that task and starts both sides from its adapter with a fresh head, as the paper starts
 * MRPC from MNLI. Prints a line a run, and the means.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AutoTokenizer, loadGlue } from '../lib/index.ts'
import { machine } from './worker.ts'

const recipes = {
  sst2: { epochs: 3, batchSize: 32, lr: 1e-3, dropout: 0.1 },
  mrpc: { epochs: 6, batchSize: 16, lr: 5e-4, dropout: 0.1 },
  stsb: { epochs: 4, batchSize: 32, lr: 1e-3, dropout: 0.1 },
}
const common = { r: 8, alpha: 16, target: 'all-linear', weightDecay: 0.01, warmup: 0.06 }

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    model: { type: 'string' },
    task: { type: 'string', default: 'mrpc' },
    seeds: { type: 'string', default: '0' },
    init: { type: 'string' },
    sides: { type: 'string', default: 'ours,peft' },
    out: { type: 'string', default: 'runs/accuracy' },
    threads: { type: 'string' },
  },
})
if (!flags.data || !flags.model) throw new Error('say where data and model are: --data GLUE --model FOLDER')
const { data, model, out, threads } = flags
type Task = keyof typeof recipes
const known = (task: string): Task => {
  if (task in recipes) return task as Task
  throw new Error(`there is no recipe for ${task}; there are ${Object.keys(recipes).join(', ')}`)
}

interface Epoch {
  epoch: number
  accuracy: number
  seconds: number
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

/** `torch-lora train`; returns the run's folder. */
async function trainOurs(task: Task, seed: number, init?: string): Promise<string> {
  const { epochs, batchSize, lr, dropout } = recipes[task]
  const run = join(out, `${task}${init ? '-from-adapter' : ''}-${seed}`)
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
    ...(threads ? ['--threads', threads] : []),
  ]
  const place = ['--model', model, '--data', data, '--task', task, '--out', run, '--json']
  const resume = existsSync(join(run, 'checkpoints')) ? ['--resume'] : []
  const args = [...place, ...update, ...options, ...schedule, ...resume].map(String)
  await linesOf(process.execPath, ['--import', 'tsx', main, 'train', ...args])
  return run
}

async function ours(task: Task, seed: number, init?: string): Promise<Epoch[]> {
  const run = await trainOurs(task, seed, init)
  const events = (await readFile(join(run, 'metrics.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const { trainSeconds } = JSON.parse(await readFile(join(run, 'summary.json'), 'utf8'))
  const evaluations = events.filter(({ type }) => type === 'evaluation')
  return evaluations.map(({ epoch, accuracy }) => ({
    epoch,
    accuracy,
    seconds: (trainSeconds * epoch) / evaluations.length,
  }))
}

async function peft(task: Task, seed: number, init?: string): Promise<Epoch[]> {
  const result = join(out, `${task}${init ? '-from-adapter' : ''}-${seed}-peft.json`)
  if (existsSync(result)) return JSON.parse(await readFile(result, 'utf8'))
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
  const work = join(out, `${task}-work.json`)
  await writeFile(
    work,
    JSON.stringify({
      model,
      init: init ?? null,
      labels: 2,
      threads: Number(threads ?? 0),
      settings: { ...common, ...recipes[task], seed },
      train: await read('train'),
      dev: await read('validation'),
    }),
  )
  const python = process.env.TORCH_LORA_PYTHON ?? 'python3'
  const lines = await linesOf(python, [new URL('peers/peft_accuracy.py', import.meta.url).pathname, work])
  const epochs = lines.map((line) => JSON.parse(line) as Epoch)
  await writeFile(result, JSON.stringify(epochs))
  return epochs
}

const task = known(flags.task)
await mkdir(out, { recursive: true })
const init = flags.init ? join(await trainOurs(known(flags.init), 0), 'adapter') : undefined
const recipe = Object.entries({ ...common, ...recipes[task] }).map(([name, value]) => `${name} ${value}`)
console.log(`${await machine()}`)
console.log(`${task}${init ? `, from an adapter of ${flags.init}` : ''}: ${recipe.join(', ')}`)
for (const side of flags.sides.split(',')) {
  const runs: Epoch[][] = []
  for (const seed of flags.seeds.split(',').map(Number)) {
    const epochs = side === 'peft' ? await peft(task, seed, init) : await ours(task, seed, init)
    runs.push(epochs)
    const curve = epochs.map(({ accuracy }) => (100 * accuracy).toFixed(2)).join(' ')
    console.log(`${side.padEnd(5)} seed ${seed}  ${curve}  (${epochs.at(-1)!.seconds.toFixed(0)} s training)`)
  }
  const mean = (value: (run: Epoch[]) => number) =>
    ((100 * runs.reduce((sum, run) => sum + value(run), 0)) / runs.length).toFixed(2)
  const best = mean((run) => Math.max(...run.map(({ accuracy }) => accuracy)))
  console.log(
    `${side.padEnd(5)} mean    best epoch ${best} %, last epoch ${mean((run) => run.at(-1)!.accuracy)} %`,
  )
}
