// Tokenizers for Node, in one run: ours (Hugging Face's Rust engine in a process of its own), the same engine called directly,
// and the peers that are installed. Speed, and how long they hold the main thread at a stretch.
//
//   npx tsx bench/tokenizer.ts [--tokenizer DIR] [--texts FILE] [--peers DIR] [--json]
//
// --texts: a file with one text a line, or GLUE's MRPC. --peers: a folder in which `npm i @anush008/tokenizers
// @huggingface/tokenizers` was run. Contenders take turns within each batch size, so that a busy machine is busy for all.

import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { AutoTokenizer } from '../lib/tokenizer/index.ts'

const { values } = parseArgs({
  options: {
    tokenizer: { type: 'string' },
    texts: { type: 'string' },
    peers: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
const root = resolve(import.meta.dirname, '..')
const shared = process.env.TORCH_LORA_SHARED ?? resolve(root, '../shared')
const sharedTokenizer = join(shared, 'data/tokenizers/roberta-base')
const dir =
  values.tokenizer ??
  (existsSync(sharedTokenizer) ? sharedTokenizer : join(root, 'test/tokenizer/fixtures/roberta-json'))
const mrpc = join(shared, 'data/glue/MRPC/train.tsv')
const file =
  values.texts ?? (existsSync(mrpc) ? mrpc : join(root, 'test/tokenizer/fixtures/make_fixtures.py'))
const texts = readFileSync(file, 'utf8')
  .split('\n')
  .slice(1)
  .flatMap((line) => (file.endsWith('.tsv') ? line.split('\t').slice(3) : [line]))
  .filter((text) => text.length > 8)

interface Contender {
  name: string
  encode(batch: string[]): Promise<ArrayLike<number>[]>
}
interface Native {
  encodeBatch(texts: string[]): Promise<{ getIds(): number[] }[]>
  disablePadding(): void
  disableTruncation(): void
}

/** Milliseconds this thread has spent on a processor, which other processes do not lengthen. */
const processorTime = () => Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6

/** The most processor time that the main thread spent between two turns of its event loop while `work` ran. */
async function heldDuring<T>(work: () => Promise<T>): Promise<{ value: T; held: number }> {
  let last = processorTime()
  let held = 0
  const look = () => {
    const now = processorTime()
    held = Math.max(held, now - last)
    last = now
  }
  const timer = setInterval(look, 1)
  const value = await work()
  look()
  clearInterval(timer)
  return { value, held }
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const contenders: Contender[] = []
const loads: Record<string, { ms: number; held: number }> = {}
async function load<T>(name: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now()
  const { value, held } = await heldDuring(work)
  loads[name] = { ms: performance.now() - start, held }
  return value
}

const ours = await load('torch-lora', () => AutoTokenizer.fromPretrained(dir))
contenders.push({
  name: 'torch-lora',
  encode: async (batch) => (await ours.encodeBatch(batch, { maxLength: 1 << 20 })).map((e) => e.ids),
})

const json = join(dir, 'tokenizer.json')
const requireHere = createRequire(import.meta.url)
const requirePeer = createRequire(join(resolve(values.peers ?? root), 'package.json'))
for (const [name, require] of [
  ['tokenizers', requireHere],
  ['@anush008/tokenizers', requirePeer],
] as const) {
  const { Tokenizer } = await Promise.resolve()
    .then(() => require(name) as { Tokenizer: { fromFile(path: string): Native } })
    .catch(() => ({ Tokenizer: undefined }))
  if (!Tokenizer || !existsSync(json)) {
    console.error(
      `skipped: ${name} (${existsSync(json) ? 'not installed; see --peers' : 'the folder has no tokenizer.json'})`,
    )
    continue
  }
  const native = await load(`${name}, main thread`, async () => Tokenizer.fromFile(json))
  native.disablePadding()
  native.disableTruncation()
  contenders.push({
    name: `${name}, main thread`,
    encode: async (batch) => (await native.encodeBatch(batch)).map((e) => Int32Array.from(e.getIds())),
  })
}
try {
  const { Tokenizer } = (await import(requirePeer.resolve('@huggingface/tokenizers'))) as {
    Tokenizer: new (json: object, config: object) => { encode(text: string): { ids: number[] } }
  }
  const config = join(dir, 'tokenizer_config.json')
  const pure = await load('@huggingface/tokenizers (pure JS)', async () => {
    const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as object
    return new Tokenizer(read(json), existsSync(config) ? read(config) : {})
  })
  contenders.push({
    name: '@huggingface/tokenizers (pure JS)',
    encode: async (batch) => batch.map((text) => pure.encode(text).ids),
  })
} catch {
  console.error('skipped: @huggingface/tokenizers (not installed; see --peers)')
}

const key = (rows: ArrayLike<number>[]) => JSON.stringify(rows.map((row) => Array.from(row)))
const sample = texts.slice(0, 2000)
const reference = key(await contenders[0]!.encode(sample))
const results: Record<string, unknown>[] = []
for (const size of [1, 16, 64, 256, 1024]) {
  const rounds = Math.max(4, Math.min(400, Math.floor(4096 / size)))
  const batchOf = (round: number) =>
    Array.from({ length: size }, (_, i) => texts[(round * size + i) % texts.length]!)
  const times = new Map(contenders.map(({ name }) => [name, [] as number[]]))
  for (let round = 0; round < rounds; round++)
    for (const { name, encode } of contenders) {
      const start = performance.now()
      await encode(batchOf(round))
      times.get(name)!.push(performance.now() - start)
    }
  for (const { name, encode } of contenders) {
    // By itself: garbage of one contender, collected during another's turn, would count against the latter.
    collectGarbage()
    await setTimeout(50)
    const helds: number[] = []
    for (let round = 0; round < Math.min(rounds, 40); round++)
      helds.push((await heldDuring(() => encode(batchOf(round)))).held)
    const at = (list: number[], q: number) =>
      list.sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * q))]!
    const ms = at(times.get(name)!, 0.5)
    results.push({
      batch: size,
      name,
      'us/text (p50)': +((ms / size) * 1000).toFixed(1),
      'ms/call (p50)': +ms.toFixed(3),
      'held ms (p50)': +at(helds, 0.5).toFixed(2),
      'held ms (max)': +at(helds, 1).toFixed(2),
    })
  }
}
const equal = Object.fromEntries(
  await Promise.all(
    contenders.map(async ({ name, encode }) => [name, key(await encode(sample)) === reference] as const),
  ),
)
if (values.json) console.log(JSON.stringify({ node: process.version, dir, file, loads, equal, results }))
else {
  console.log(`${texts.length} texts of ${file}\ntokenizer ${dir}\n\nload`)
  console.table(
    Object.entries(loads).map(([name, { ms, held }]) => ({
      name,
      ms: +ms.toFixed(0),
      'held ms': +held.toFixed(1),
      'ids equal ours': equal[name],
    })),
  )
  console.table(results)
}
await ours.close()
