/**
 * `torch-lora serve` under twice the load it can carry: no 5xx, refusals at once, memory flat, every answer from exactly
 * one adapter.
 *
 *   npx tsx bench/serve.ts [--seconds 60] [--connections 128] [--swaps 0] [--long 0] [--dtype float32]
 *     --seconds 600      the ten minutes
 *     --swaps 10000      as long as it takes to swap the adapter so often
 *     --long 16          instead, so many clients that send texts of 1.9 MB without end, and ten short ones a second
 *
 * A server in a process of its own with a model of MiniLM's shapes (6 layers of 384, random weights) and a queue of
 * 64 texts; autocannon sends sentences of mixed length over as many connections as the queue has places twice over.
 * With --swaps another adapter takes the place of the one in use that many times, and half the requests name it: each
 * answer must be that of one of the two, to 1e-4. A swap waits its turn among the requests: few connections, many swaps
 * a second. Prints rates, latencies of accepted requests and of refusals, and what the server holds after warm-up (a
 * quarter of the time) and at the end: resident memory, live native tensors and their bytes, of which the latter two
 * must be the same. With --long every short text must be answered within a second, every long one answered or refused
 * with 413 or 429, and the server with its tokenizer must stay within 300 MiB of what they held before. The exit code is
 * 1 when anything failed.
 */
import { spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import autocannon from 'autocannon'
import { AutoTokenizer, applyLora, noGrad, ops, saveAdapter } from '../lib/index.ts'
import { randomClassifier } from './random-model.ts'
import { machine } from './worker.ts'

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    connections: { type: 'string', default: '128' },
    swaps: { type: 'string', default: '0' },
    long: { type: 'string', default: '0' },
    dtype: { type: 'string', default: 'float32' },
  },
})
const folder = await mkdtemp(join(tmpdir(), 'bench-serve-'))
const model = join(folder, 'model')

async function makeModel() {
  await cp(new URL('../test/tokenizer/fixtures/bert', import.meta.url).pathname, model, { recursive: true })
  await using tokenizer = await AutoTokenizer.fromPretrained(model)
  const base = randomClassifier({
    model_type: 'bert',
    vocab_size: tokenizer.vocabSize,
    hidden_size: 384,
    num_hidden_layers: 6,
    num_attention_heads: 12,
    intermediate_size: 1536,
  })
  await base.savePretrained(model)
  applyLora(base, { r: 8, loraAlpha: 16 })
  for (const name of ['a', 'b']) {
    noGrad(() => {
      for (const [path, parameter] of base.trainableParameters())
        if (path.endsWith('lora_B.weight')) ops.normal_(parameter, { std: 0.1 })
    })
    await saveAdapter(base, join(folder, name))
  }
}
await makeModel()

const main = new URL('../lib/cli/main.ts', import.meta.url).pathname
const server = spawn(
  process.execPath,
  [
    '--import',
    'tsx',
    main,
    'serve',
    '--model',
    model,
    '--port',
    '0',
    '--max-queue',
    '64',
    '--log-level',
    'error',
    '--dtype',
    flags.dtype,
  ].concat(['--adapter-root', folder, '--adapters', `live=${join(folder, 'a')}`]),
  { stdio: ['ignore', 'inherit', 'pipe'] },
)
const url = await new Promise<string>((resolve, reject) => {
  server.on('exit', (code) => reject(new Error(`the server ended with ${code}`)))
  server.stderr.on('data', (data) => {
    const found = /at (http:\S+)/.exec(String(data))
    if (found) resolve(found[1]!)
  })
})

const words = ['a', 'film', 'with', 'no', 'heart', 'and', 'great', 'music', 'that', 'never', 'ends', 'well']
const sentence = (n: number) =>
  Array.from({ length: 3 + ((n * 7) % 29) }, (_, i) => words[(n + i * i) % words.length]).join(' ')
const wantedSwaps = Number(flags.swaps)
const bodies = Array.from({ length: 64 }, (_, n) => ({
  inputs: sentence(n),
  truncate: true,
  ...(wantedSwaps > 0 && n % 2 ? { adapter: 'live' } : {}),
}))

interface Scored {
  label: string
  score: number
}
async function ask(path: string, method: 'POST' | 'PUT', body: object): Promise<unknown> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${url}${path}`, { method, headers, body: JSON.stringify(body) })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}
const put = (source: string) => ask('/adapters/live', 'PUT', { source: basename(join(folder, source)) })

/** What each body may be answered with: the scores by each adapter. */
const allowed: Scored[][][] = bodies.map(() => [])
for (const source of wantedSwaps > 0 ? ['b', 'a'] : ['a']) {
  if (wantedSwaps > 0) await put(source)
  for (const [n, body] of bodies.entries())
    allowed[n]!.push((await ask('/predict', 'POST', body)) as Scored[])
}
let wrong = 0
const same = (found: readonly Scored[], expected: readonly Scored[]) =>
  expected.every(({ label, score }) =>
    found.some((one) => one.label === label && Math.abs(one.score - score) < 1e-4),
  )
if (wantedSwaps > 0 && same(allowed[1]![0]!, allowed[1]![1]!))
  throw new Error('the two adapters answer alike, so a wrong answer would not be seen')
const requests = bodies.map((body, n) => ({
  method: 'POST' as const,
  path: '/predict',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
  onResponse: (status: number, text: string) => {
    if (status === 200 && !allowed[n]!.some((expected) => same(JSON.parse(text) as Scored[], expected)))
      wrong++
  },
}))

/** Resident memory of the server and of its tokenizer's process, MiB. */
async function resident(): Promise<number> {
  const children = await readFile(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8')
  const sizes = [String(server.pid), ...children.trim().split(' ').filter(Boolean)].map(async (pid) => {
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) / 1024
  })
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

/**
 * Clients with long texts beside one with short texts: milliseconds of the short ones, statuses of both, and the most
 * memory meanwhile.
 */
async function attack(clients: number, seconds: number) {
  const end = performance.now() + 1000 * seconds
  const statuses = { long: new Map<number, number>(), short: new Map<number, number>() }
  const post = async (kind: keyof typeof statuses, path: string, body: object) => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    await response.arrayBuffer()
    statuses[kind].set(response.status, (statuses[kind].get(response.status) ?? 0) + 1)
  }
  const kinds = ['a film with no heart ', 'a', '\u{1f999}', 'ab,'].map((part) =>
    part.repeat(Math.floor(1_900_000 / Buffer.byteLength(part))),
  )
  const long = Array.from({ length: clients }, async (_, i) => {
    for (let n = i; performance.now() < end; n++) {
      const inputs = kinds[n % kinds.length]!
      if (n % 8 === 7) await post('long', '/tokenize', { inputs })
      else await post('long', '/predict', { inputs, truncate: n % 3 > 0 })
    }
  })
  const times: number[] = []
  let most = 0
  const short: Promise<void>[] = []
  for (let n = 0; performance.now() < end; n++) {
    const began = performance.now()
    short.push(
      post('short', '/predict', bodies[n % 64]!).then(() => void times.push(performance.now() - began)),
    )
    most = Math.max(most, await resident())
    await sleep(100)
  }
  await Promise.all([...long, ...short])
  return { times: times.sort((a, b) => a - b), statuses, most }
}

/** What the idle server holds; its gauges by name. */
async function held() {
  await sleep(500)
  const metrics = await (await fetch(`${url}/metrics`)).text()
  const gauge = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1])
  return {
    resident: await resident(),
    tensors: gauge('torch_lora_native_tensors'),
    bytes: gauge('torch_lora_native_bytes'),
    lag: gauge('nodejs_eventloop_lag_p99_seconds'),
  }
}

/** Every request's status and milliseconds, over `connections` for `seconds`, or longer until `work` has ended. */
async function load(connections: number, seconds: number, work?: Promise<void>) {
  const began = performance.now()
  const accepted: number[] = []
  const refused: number[] = []
  const failed = new Map<number, number>()
  const { errors, timeouts } = await new Promise<autocannon.Result>((resolve, reject) => {
    const options = { url, connections, duration: work ? 24 * 3600 : seconds, requests }
    const instance = autocannon(options, (error, result) => (error ? reject(error) : resolve(result)))
    if (work) Promise.all([work, sleep(1000 * seconds)]).then(() => instance.stop(), reject)
    instance.on('response', (_client, status, _bytes, milliseconds) => {
      if (status === 200) accepted.push(milliseconds)
      else if (status === 429) refused.push(milliseconds)
      else failed.set(status, (failed.get(status) ?? 0) + 1)
    })
  })
  for (const list of [accepted, refused]) list.sort((a, b) => a - b)
  return { accepted, refused, failed, errors, timeouts, seconds: (performance.now() - began) / 1000 }
}

let swaps = 0
let mostResident = 0
async function swap() {
  for (; swaps < wantedSwaps; swaps++) {
    await put(swaps % 2 ? 'a' : 'b')
    mostResident = Math.max(mostResident, await resident())
  }
}

try {
  console.log(`${await machine()}; 6 layers of 384, queue of 64 texts`)
  if (Number(flags.long) > 0) await measureAttack()
  else await measureLoad()
} finally {
  server.kill('SIGKILL')
  await rm(folder, { recursive: true })
}

async function measureAttack(): Promise<void> {
  await load(8, 5)
  const before = await resident()
  const { times, statuses, most } = await attack(Number(flags.long), Number(flags.seconds))
  const shown = (found: Map<number, number>) => [...found].map(([status, n]) => `${status}: ${n}`).join(', ')
  const slowest = times.at(-1)!
  console.log(
    `short texts: ${shown(statuses.short)}; p50 ${times[times.length >> 1]!.toFixed(0)} ms, most ${slowest.toFixed(0)} ms`,
  )
  console.log(`texts of 1.9 MB: ${shown(statuses.long)}`)
  console.log(
    `resident before ${before.toFixed(0)} MiB, at most ${most.toFixed(0)} MiB (+${(most - before).toFixed(0)})`,
  )
  const wellRefused = [...statuses.long.keys()].every((status) => [200, 413, 429].includes(status))
  const allAnswered = statuses.short.size === 1 && statuses.short.has(200)
  if (!wellRefused || !allAnswered || slowest > 1000 || most - before > 300) process.exitCode = 1
}

async function measureLoad(): Promise<void> {
  const atLeast = Number(flags.seconds)
  const connections = Number(flags.connections)
  await load(connections, Math.max(5, atLeast / 4))
  const before = await held() // the event loop's delay is measured from one reading to the next
  const result = await load(connections, atLeast, wantedSwaps > 0 ? swap() : undefined)
  const { seconds } = result
  const after = await held()
  const at = (sorted: readonly number[], share: number) =>
    sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!.toFixed(1) : '-'
  const line = (name: string, list: readonly number[]) =>
    console.log(
      `${name.padEnd(10)} ${String(list.length).padStart(8)}  ${(list.length / seconds).toFixed(1).padStart(8)}/s   p50 ${at(list, 0.5)} ms, p99 ${at(list, 0.99)} ms, most ${at(list, 1)} ms`,
    )
  line('answered', result.accepted)
  line('429', result.refused)
  console.log(
    `other statuses: ${[...result.failed].map(([status, n]) => `${status}: ${n}`).join(', ') || 'none'}; connection errors ${result.errors}, timeouts ${result.timeouts}`,
  )
  if (wantedSwaps > 0)
    console.log(
      `adapter swaps under load: ${swaps} in ${seconds.toFixed(0)} s, ${(swaps / seconds).toFixed(1)}/s; resident meanwhile at most ${mostResident.toFixed(0)} MiB`,
    )
  console.log(`answers that are no adapter's: ${wrong}`)
  console.log(`event-loop delay of the server, p99: ${(after.lag * 1000).toFixed(1)} ms`)
  console.log(
    `resident after warm-up ${before.resident.toFixed(0)} MiB, at the end ${after.resident.toFixed(0)} MiB (${(100 * (after.resident / before.resident - 1)).toFixed(1)} %)`,
  )
  const leaked = after.tensors !== before.tensors || after.bytes !== before.bytes
  console.log(
    `live tensors after warm-up ${before.tensors} of ${before.bytes} bytes, at the end ${after.tensors} of ${after.bytes} bytes`,
  )
  server.removeAllListeners('exit')
  const exit = new Promise((resolve) => server.once('exit', resolve))
  server.kill('SIGTERM')
  const code = await exit
  console.log(`exit code after SIGTERM: ${code}`)
  const failed = wrong + result.failed.size + result.errors + result.timeouts
  if (code !== 0 || failed > 0 || leaked) process.exitCode = 1
}
