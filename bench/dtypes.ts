/**
 * What a dtype costs in accuracy: LoRA r=8 over float32, bfloat16, 8-bit and 4-bit (NF4) weights, on MRPC over three seeds
 * and SST-2 over one.
 *
 *   npx tsx bench/dtypes.ts --data GLUE --model MINILM [--tasks mrpc,sst2] [--methods float32,bfloat16,int8-base,nf4-base]
 *     [--seeds 0,1,2] [--threads n] [--set epochs=1 ...] [--out runs/dtypes]
 *
 * Runs are those of examples/replication/minilm-dtypes.json, a sweep a task in OUT/TASK: what is finished there is not done
 * again, and what was stopped goes on from its checkpoint. Writes OUT/report.html, with the curves of losses and accuracies
 * beside one another, its figures in OUT/figures, and prints a table a task.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Group, groupRuns, type MethodResult, spread } from '../lib/report/groups.ts'
import { readRuns } from '../lib/report/runs.ts'
import { machine } from './worker.ts'

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    model: { type: 'string' },
    tasks: { type: 'string', default: 'mrpc,sst2' },
    methods: { type: 'string' },
    seeds: { type: 'string' },
    threads: { type: 'string' },
    set: { type: 'string', multiple: true },
    out: { type: 'string', default: 'runs/dtypes' },
  },
})
if (!flags.data || !flags.model) throw new Error('say where data and model are: --data GLUE --model FOLDER')
const { data, model, methods, threads, set, out } = flags
/** Runs of a task, where --seeds does not say. */
const seeds: Readonly<Record<string, string>> = { mrpc: '0,1,2', sst2: '0' }
const recipe = new URL('../examples/replication/minilm-dtypes.json', import.meta.url).pathname
const main = new URL('../lib/cli/main.ts', import.meta.url).pathname

async function torchLora(...args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), main, ...args], {
    stdio: ['ignore', 2, 2],
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  if (code !== 0) throw new Error(`torch-lora ${args[0]} ended with ${code}: the same command goes on`)
}

const optional = (name: string, values: readonly (string | undefined)[] = []) =>
  values.some((value) => value !== undefined) ? [name, ...values.map(String)] : []

const tasks = flags.tasks.split(',')
for (const task of tasks) {
  const own = flags.seeds ?? seeds[task]
  if (own === undefined) throw new Error(`${task}: there are seeds for ${Object.keys(seeds).join(', ')}`)
  const axes = ['--tasks', task, '--seeds', own, ...optional('--methods', [methods])]
  const place = ['--model', model, '--data', data, '--out', join(out, task), '--keep', 'metrics']
  await torchLora(
    'sweep',
    recipe,
    ...place,
    ...axes,
    ...optional('--threads', [threads]),
    ...optional('--set', set),
  )
}
const folders = tasks.map((task) => join(out, task))
await torchLora('report', ...folders, '--out', join(out, 'report.html'), '--svg', join(out, 'figures'))

const percent = (value: number) => (100 * value).toFixed(2)

/** Of each seed, in their order. */
function bests({ runs }: MethodResult, metric: string): string {
  return runs
    .toSorted((a, b) => a.configuration.seed - b.configuration.seed)
    .map(({ best }) => (best ? percent(best.metrics[metric]!) : '-'))
    .join(' ')
}

/** The mean training loss of the last tenth of a run, over its seeds. */
function lastLoss({ runs }: MethodResult): string {
  const ends = runs.map(({ losses }) => losses.slice(-Math.ceil(losses.length / 10)).map(({ loss }) => loss))
  return spread(ends.map((losses) => spread(losses).mean)).mean.toFixed(4)
}

function apart(method: MethodResult, exact: MethodResult | undefined): string {
  if (!exact || exact === method) return ''
  const difference = method.best.mean - exact.best.mean
  const noise = Math.max(method.best.deviation ?? 0, exact.best.deviation ?? 0)
  const verdict = `${Math.abs(difference) <= noise ? 'within' : 'beyond'} the seeds' deviation`
  return `${difference < 0 ? '' : '+'}${percent(difference)}${exact.best.count > 1 ? `, ${verdict}` : ''}`
}

function print({ task, metric, methods: all }: Group): void {
  const exact = all.find(({ runs }) => runs[0]!.precision === 'float32')
  console.log(`\n${task}: best ${metric} in % a seed, loss of the last tenth, against float32`)
  for (const method of all) {
    const { mean, deviation } = method.best
    const whole = `${percent(mean)}${deviation === null ? '' : ` ± ${percent(deviation)}`}`
    const costs = `${method.examplesPerSecond.mean.toFixed(1)} ex/s  ${Math.round(method.peakResidentBytes.mean / 2 ** 20)} MiB`
    console.log(
      `  ${method.method.padEnd(10)} ${bests(method, metric).padEnd(18)} ${whole.padEnd(14)} loss ${lastLoss(method)}  ${costs}  ${apart(method, exact)}`,
    )
  }
}

console.log(await machine())
for (const group of groupRuns(await readRuns(folders))) print(group)
console.log(`\n${join(out, 'report.html')}: curves, costs and every run`)
