/**
 * How many launches a training step and one text take on CUDA, counted without a GPU: the programs are recorded, run and
 * captured by a CUDA libtorch and our own kernels' library on scripts/gpu/dry-cuda, a CUDA runtime that writes launches
 * down instead of making them. What is counted is what a CUDA graph of the program holds.
 *
 *   TORCH_LORA_LIBTORCH=<a libtorch with CUDA, against which the addon is built> npx tsx bench/gpu/launches.ts
 *     [--tokens 200] [--batch-size 16] [--dtype bfloat16] [--names] [roberta-base] [deberta-v2-xlarge]
 *
 * Batches of 200 tokens in 16 sequences are SST-2's. A deep model is counted with two and with three layers, of which the
 * third is like all between the first and the last. `--names` lists the kernels.
 *
 * Each launch of a chain of small ones costs a GPU about 3.5 us, whatever it computes (an H100's gap between dependent
 * kernels of a graph and a small kernel's own time): the estimate is that times their number, without those that a
 * forked stream has beside the chain; arithmetic at these sizes is small.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { shapes } from '../deberta-shapes.ts'
import { randomClassifier, randomRoberta } from '../random-model.ts'
import { ourWorker, type Worker } from '../worker.ts'

const microsecondsPerLaunch = 3.5
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tokens: { type: 'string', default: '200' },
    'batch-size': { type: 'string', default: '16' },
    dtype: { type: 'string', default: 'bfloat16' },
    names: { type: 'boolean', default: false },
  },
})
const models = { 'roberta-base': 12, 'deberta-v2-xlarge': 24 } as const
const libtorch = process.env.TORCH_LORA_LIBTORCH
if (!libtorch) throw new Error('launches: TORCH_LORA_LIBTORCH must name a libtorch with CUDA')
const build = new URL('../../scripts/gpu/dry-cuda/build.mjs', import.meta.url).pathname
const preload = execFileSync(process.execPath, [build, libtorch], { encoding: 'utf8' }).trim()

/** What a program's graph holds. */
interface Launches {
  /** Kernels and copies, in their order. */
  names: string[]
  /** How many of them lie beside the chain. */
  beside: number
}

const folder = await mkdtemp(join(tmpdir(), 'launches-'))
try {
  for (const name of positionals.length > 0 ? positionals : Object.keys(models)) {
    const layers = models[name as keyof typeof models]
    if (!layers) throw new Error(`launches: expected ${Object.keys(models).join(' or ')}, received ${name}`)
    for (const [what, chain] of [
      [`a training step of ${flags['batch-size']} texts, ${flags.tokens} tokens`, trainingStep],
      ['one text of 64 tokens', oneText],
    ] as const) {
      const [two, three] = [await chain(name, 2), await chain(name, 3)]
      const deep = (few: number, more: number) => few + (layers - 2) * (more - few)
      const [count, beside] = [deep(two.names.length, three.names.length), deep(two.beside, three.beside)]
      const milliseconds = ((count - beside) * microsecondsPerLaunch) / 1000
      console.log(
        `${name}, ${what}: ${count} launches, ${three.names.length - two.names.length} a layer between, ${beside} beside the chain; ${milliseconds.toFixed(2)} ms at ${microsecondsPerLaunch} us each`,
      )
      if (flags.names) console.log(listed(two.names, three.names).join('\n'))
    }
  }
} finally {
  await rm(folder, { recursive: true })
}

async function trainingStep(name: string, layers: number): Promise<Launches> {
  const model = await written(name, layers)
  const [tokens, count] = [Number(flags.tokens), Number(flags['batch-size'])]
  const lengths = Array.from(
    { length: count },
    (_, i) => Math.floor((tokens * (i + 1)) / count) - Math.floor((tokens * i) / count),
  )
  const batch = lengths.map((length, b) => ({ ids: Array.from({ length }, (_, t) => 10 + t), label: b % 2 }))
  const file = join(folder, 'work.json')
  const work = { model, batches: [batch], loraDropout: 0, device: 'cuda:0', dtype: flags.dtype, graphs: true }
  await writeFile(file, JSON.stringify(work))
  return lastGraph(() => ourWorker('training-ours.ts', [file]), 'pass')
}

async function oneText(name: string, layers: number): Promise<Launches> {
  const model = await written(name, layers)
  const one = [Array.from({ length: 64 }, (_, t) => 10 + t)]
  return lastGraph(() => ourWorker('inference-ours.ts', [model, flags.dtype, 'cuda:0']), {
    batches: [one, one, one],
  })
}

/** A folder with random weights of the model's shapes. */
async function written(name: string, layers: number): Promise<string> {
  const path = join(folder, `${name}-${layers}`)
  if (existsSync(path)) return path
  const depth = { num_hidden_layers: layers }
  using model =
    name === 'roberta-base' ? randomRoberta(depth) : randomClassifier({ ...shapes['v2-xlarge'], ...depth })
  await model.savePretrained(path)
  return path
}

/** What the last graph that the worker captured holds. */
async function lastGraph(start: () => Worker, request: unknown): Promise<Launches> {
  const trace = join(folder, 'trace')
  await rm(trace, { force: true })
  Object.assign(process.env, { DRY_CUDA_TRACE: trace, LD_PRELOAD: preload })
  const worker = start()
  delete process.env.LD_PRELOAD
  await worker.next()
  await worker.ask(request)
  worker.close()
  const lines = (await readFile(trace, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const graph = lines.findLast((line) => 'graph' in line)
  if (!graph) throw new Error('launches: no graph was captured')
  return { names: graph.graph, beside: graph.beside }
}

/** Kernels by how often they are launched, with the launches that a further layer brings. */
function listed(two: readonly string[], three: readonly string[]): string[] {
  const counted = (chain: readonly string[]) => {
    const counts = new Map<string, number>()
    for (const launch of chain) {
      const name = launch
        .replaceAll('(anonymous namespace)::', '')
        .replace(/ <\d+ blocks>$/, '')
        .replace(/\(.*$/, '')
        .slice(0, 150)
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
    return counts
  }
  const [fewer, more] = [counted(two), counted(three)]
  return [...more]
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => {
      const once = fewer.get(name) ?? 0
      return `  ${String(once).padStart(5)} in two layers, ${String(count - once).padStart(3)} a layer: ${name}`
    })
}
