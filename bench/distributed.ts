/**
 * Data-parallel training: what several ranks gain here, what of an update is exchange, and what lengths cost.
 *
 *   npx tsx bench/distributed.ts --data GLUE --tokenizer ROBERTA_BASE_FOLDER [--parts ranks,link,stragglers]
 *     [--task mrpc] [--layers 12] [--updates 8] [--world 1,2,4,8,64,512]
 *
 * ranks: one rank with two threads against two ranks with one each, on the same examples, LoRA r=8 and full.
 * link: two ranks in network namespaces, 1 ms and 1 Gb/s between them (peers/wire.py; wants root, `ip` and python3),
 * against one process; beside it what latency and bandwidth alone would give.
 * stragglers: the slowest rank's tokens over the mean, with and without dealing by length, from the sampler on real
 * lengths; and the efficiency that follows with the exchange times of docs/distributed.md.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BatchSampler } from '../lib/data/index.ts'
import { dealByLength } from '../lib/distributed/deal.ts'
import { AutoTokenizer, loadGlue } from '../lib/index.ts'
import { twoMachines } from '../test/distributed/namespaces.ts'
import { freePort } from '../test/distributed/processes.ts'
import type { RankAnswer, RankWork } from './distributed-rank.ts'
import { randomRoberta } from './random-model.ts'
import { machine } from './worker.ts'

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    tokenizer: { type: 'string' },
    parts: { type: 'string', default: 'ranks,link,stragglers' },
    task: { type: 'string', default: 'mrpc' },
    layers: { type: 'string', default: '12' },
    updates: { type: 'string', default: '8' },
    world: { type: 'string', default: '1,2,8,64,512' },
  },
})
if (!flags.data || !flags.tokenizer)
  throw new Error('say where the data are: --data GLUE --tokenizer ROBERTA_BASE_FOLDER')
const parts = flags.parts.split(',')
const program = new URL('./distributed-rank.ts', import.meta.url).pathname
const folder = await mkdtemp(join(tmpdir(), 'bench-distributed-'))
console.log(await machine())

/** Runs the ranks; gives what rank 0 says. */
async function run(
  work: Omit<RankWork, 'model' | 'tokenizer' | 'data' | 'task'>,
  { ranks, threads, machines }: { ranks: number; threads: number; machines?: ReturnType<typeof twoMachines> },
): Promise<RankAnswer> {
  const file = join(folder, 'work.json')
  const all = { ...work, model: folder, tokenizer: flags.tokenizer!, data: flags.data!, task: flags.task }
  await writeFile(file, JSON.stringify(all satisfies RankWork))
  const port = await freePort()
  const answers = Array.from({ length: ranks }, (_, rank) => {
    const node = [process.execPath, '--import', 'tsx', program, file]
    const [command, ...args] = machines && ranks > 1 ? machines.on(rank as 0 | 1, node) : node
    const launch = {
      RANK: `${rank}`,
      WORLD_SIZE: `${ranks}`,
      MASTER_ADDR: machines ? machines.addresses[0] : '127.0.0.1',
      MASTER_PORT: `${port}`,
      ...(machines ? { GLOO_SOCKET_IFNAME: machines.link } : {}),
    }
    const child = spawn(command!, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...(ranks > 1 ? launch : {}), OMP_NUM_THREADS: `${threads}` },
    })
    let out = ''
    child.stdout.on('data', (data) => (out += data))
    return new Promise<string>((resolve, reject) =>
      child.on('close', (code) =>
        code === 0 ? resolve(out) : reject(new Error(`rank ${rank}: exit code ${code}`)),
      ),
    )
  })
  const [first] = await Promise.all(answers)
  return JSON.parse(first!) as RankAnswer
}

const inMiB = (bytes: number) => `${(bytes / 2 ** 20).toFixed(2)} MiB`
const updates = Number(flags.updates)

if (parts.includes('ranks') || parts.includes('link')) {
  using model = randomRoberta({
    ...JSON.parse(await readFile(join(flags.tokenizer, 'config.json'), 'utf8')),
    num_hidden_layers: Number(flags.layers),
  })
  await model.savePretrained(folder)
}

if (parts.includes('ranks')) {
  console.log(`\nranks: ${flags.task}, ${flags.layers} layers, ${updates} updates of 16 examples`)
  for (const full of [false, true]) {
    const examples = 16 * updates
    const one = await run({ full, batchSize: 16, examples }, { ranks: 1, threads: 2 })
    const two = await run({ full, batchSize: 8, examples }, { ranks: 2, threads: 1 })
    console.log(
      `${full ? 'full' : 'LoRA'}: one rank of two threads ${one.updateMs.toFixed(0)} ms an update, two of one ` +
        `${two.updateMs.toFixed(0)} ms (${(one.updateMs / two.updateMs).toFixed(2)}x); exchange of ` +
        `${inMiB(two.exchangedBytes)} ${two.exchangeMs.toFixed(1)} ms, ${((100 * two.exchangeMs) / two.updateMs).toFixed(1)} %`,
    )
  }
}

if (parts.includes('link')) {
  const [delayMs, megabits] = [1, 1000]
  console.log(`\nlink: ${delayMs} ms each way, ${megabits} Mb/s, a thread a rank, 8 examples a rank`)
  const machines = twoMachines()
  const wire = spawn(
    'python3',
    [
      new URL('./peers/wire.py', import.meta.url).pathname,
      ...machines.names,
      ...machines.addresses,
      `${delayMs}`,
      `${megabits}`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  await new Promise((resolve, reject) => {
    wire.stdout.once('data', resolve)
    wire.once('exit', (code) => reject(new Error(`wire.py: exit code ${code}`)))
  })
  try {
    for (const full of [false, true]) {
      const alone = await run({ full, batchSize: 8, examples: 8 * updates }, { ranks: 1, threads: 1 })
      const both = await run(
        { full, batchSize: 8, examples: 16 * updates },
        { ranks: 2, threads: 1, machines: { ...machines, link: 'wire0' } },
      )
      // A ring of two: each value goes over and back once, and each way waits for the link twice.
      const model = 2 * delayMs + (8 * both.exchangedBytes) / (megabits * 1e3)
      console.log(
        `${full ? 'full' : 'LoRA'}: alone ${alone.updateMs.toFixed(0)} ms an update, two machines ` +
          `${both.updateMs.toFixed(0)} ms, ${(both.updateMs - alone.updateMs).toFixed(0)} more; exchange of ` +
          `${inMiB(both.exchangedBytes)} ${both.exchangeMs.toFixed(1)} ms, latency and bandwidth alone ${model.toFixed(1)} ms`,
      )
    }
  } finally {
    wire.kill()
    machines.close()
  }
}

if (parts.includes('stragglers')) {
  await using tokenizer = await AutoTokenizer.fromPretrained(flags.tokenizer)
  let mrpcTokens: number | undefined // of a step
  // Exchange times in milliseconds, by the table of docs/distributed.md; 1.3 ms for a step of 16 MRPC pairs on an H100.
  const exchange: Record<string, [lora: number, full: number]> = {
    8: [0.06, 4],
    64: [0.15, 12],
    512: [0.2, 12],
  }
  console.log('\nstragglers: tokens of the slowest rank over the mean, batch 16; as drawn, dealt by length')
  for (const task of ['mrpc', 'rte', 'sst2']) {
    const { examples } = await loadGlue(task, { split: 'train', dataDir: flags.data })
    const texts = examples.map(({ text, textPair }) =>
      textPair === undefined ? text : ([text, textPair] as const),
    )
    const lengths = (await tokenizer.encodeBatch(texts, { maxLength: 512 })).map(({ ids }) => ids.length)
    const tokensPerStep = 16 * (lengths.reduce((sum, length) => sum + length, 0) / lengths.length)
    mrpcTokens ??= tokensPerStep
    for (const world of flags.world.split(',').map(Number)) {
      const sampler = new BatchSampler({ lengths, batchSize: 16, seed: 1 })
      const factors = { drawn: [] as number[], dealt: [] as number[] }
      const tokens = (batch: Uint32Array) => batch.reduce((sum, index) => sum + lengths[index]!, 0)
      const slowest = (batches: readonly Uint32Array[]) => {
        const all = batches.map(tokens)
        return (Math.max(...all) * all.length) / all.reduce((sum, each) => sum + each, 0)
      }
      for (let update = 0; update < 20; update++) {
        const batches = Array.from({ length: world }, () => sampler.next())
        factors.drawn.push(slowest(batches))
        factors.dealt.push(slowest(dealByLength(batches, (index) => lengths[index]!)))
      }
      const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
      const [drawn, dealt] = [mean(factors.drawn), mean(factors.dealt)]
      const times = exchange[world]
      const efficiency = (factor: number, ms: number) => {
        const step = 1.3 * (tokensPerStep / mrpcTokens!)
        return `${((100 * step) / (factor * step + ms)).toFixed(0)} %`
      }
      const efficiencies = times
        ? `; efficiency on an H100 each by the model: LoRA ${efficiency(drawn, times[0])} and ${efficiency(dealt, times[0])}, full ${efficiency(drawn, times[1])} and ${efficiency(dealt, times[1])}`
        : ''
      console.log(
        `${task.padEnd(5)} ${String(world).padStart(4)} ranks: ${drawn.toFixed(3)}, ${dealt.toFixed(3)}${efficiencies}`,
      )
    }
  }
}
await rm(folder, { recursive: true })
