/**
 * Where the time of one text goes: a trace in Chrome's format, which chrome://tracing and https://ui.perfetto.dev open,
 * and its sums.
 *
 *   npx tsx bench/trace.ts [--out trace.json] [--tokens 16] [--texts 1] [--dtypes bfloat16,int8,float32] [--runs 20]
 *
 * roberta-base shapes, random weights. A run is a call of the served model's program and the wait for its promise, as a
 * server makes it; a process of the trace a dtype. On the event loop's thread: from the call to the promise that
 * settled. On the executor's: the job, its operators and their shares. On the others: their shares of operators.
 * Keeping events costs about as much as twenty operators of 16 tokens: "untraced" is what a run takes without.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AutoModelForSequenceClassification, type DType } from '../lib/index.ts'
import { freezeModel } from '../lib/inference/frozen-model.ts'
import { Predictor } from '../lib/inference/predictor.ts'
import { startTrace, type TraceEvent, takeTrace } from '../lib/trace.ts'
import { randomRoberta } from './random-model.ts'
import { machine, median } from './worker.ts'

const { values: flags } = parseArgs({
  options: {
    out: { type: 'string', default: 'trace.json' },
    tokens: { type: 'string', default: '16' },
    texts: { type: 'string', default: '1' },
    dtypes: { type: 'string', default: 'bfloat16,int8,float32' },
    runs: { type: 'string', default: '20' },
  },
})
const now = () => Number(process.hrtime.bigint()) / 1000
const runs = Number(flags.runs)
const sequences = Array.from({ length: Number(flags.texts) }, (_, text) => ({
  ids: Int32Array.from({ length: Number(flags.tokens) }, (_, i) => 5 + i + text),
  typeIds: new Int32Array(Number(flags.tokens)),
}))

const written: object[] = []
console.log(`${await machine()}; ${flags.texts} x ${flags.tokens} tokens`)
const folder = await mkdtemp(join(tmpdir(), 'bench-trace-'))
try {
  {
    using model = randomRoberta()
    await model.savePretrained(folder)
  }
  for (const [pid, dtype] of flags.dtypes.split(',').entries()) await trace(pid, dtype)
} finally {
  await rm(folder, { recursive: true })
}
await writeFile(flags.out, JSON.stringify({ traceEvents: written, displayTimeUnit: 'ms' }))
console.log(`${flags.out}: open it in chrome://tracing or https://ui.perfetto.dev`)

async function trace(pid: number, dtype: string): Promise<void> {
  using model = await AutoModelForSequenceClassification.fromPretrained(folder, {
    dtype: dtype === 'int8' ? 'float32' : (dtype as DType),
  })
  const frozen = await freezeModel(model, { int8: dtype === 'int8' })
  const predictor = new Predictor(frozen.model, { dispose: frozen.dispose })
  const once = async () => {
    const begin = now()
    await predictor.forward(sequences)
    return { begin, duration: now() - begin }
  }
  const untraced: number[] = []
  for (let i = 0; i < runs + 5; i++) untraced.push((await once()).duration)
  startTrace()
  const calls = []
  for (let i = 0; i < runs; i++) calls.push(await once())
  const events = takeTrace()
  predictor.dispose()

  const name = (kind: 'process_name' | 'thread_name', tid: number, text: string) =>
    written.push({ ph: 'M', name: kind, pid, tid, args: { name: text } })
  name('process_name', 0, dtype)
  const main = process.pid
  const jobs = events.filter((event) => event.name === 'job')
  const executor = jobs[0]!.thread
  for (const thread of new Set([main, ...events.map((event) => event.thread)]))
    name(
      'thread_name',
      thread,
      thread === main ? 'event loop' : thread === executor ? 'executor' : "libtorch's thread",
    )
  for (const { begin, duration } of calls)
    written.push({ ph: 'X', name: 'forward', pid, tid: main, ts: begin, dur: duration })
  for (const { name, thread, begin, duration } of events)
    written.push({ ph: 'X', name, pid, tid: thread, ts: begin, dur: duration })

  const ms = (microseconds: number) => (microseconds / 1000).toFixed(3).padStart(9)
  const sum = (list: readonly number[]) => list.reduce((total, value) => total + value, 0)
  const within = calls.map(({ begin, duration }) =>
    jobs.filter((job) => job.begin >= begin && job.begin < begin + duration),
  )
  const spent = median(calls.map(({ duration }) => duration))
  const busy = median(within.map((list) => sum(list.map((job) => job.duration))))
  const started = median(calls.map(({ begin }, i) => within[i]![0]!.begin - begin))
  console.log(`\n${dtype}: ${ms(median(untraced.slice(5)))} ms untraced, ${ms(spent)} ms traced (medians)`)
  console.log(`${ms(started)} ms from the call to the job's begin`)
  console.log(`${ms(busy)} ms the job`)
  console.log(`${ms(spent - started - busy)} ms from there until the promise settled`)
  const others = events.filter((event) => event.thread !== executor && event.thread !== main)
  console.log(
    `${ms(sum(others.map(({ duration }) => duration)) / runs)} ms of the job the other threads worked`,
  )
  console.log("of the job's time on the executor's thread, a run (mean, without what is nested):")
  const own = ownTimes(events.filter((event) => event.thread === executor))
  for (const [name, { time, count }] of [...own].sort((a, b) => b[1].time - a[1].time).slice(0, 16))
    console.log(`${ms(time / runs)} ms ${String(Math.round(count / runs)).padStart(4)} x ${name}`)
}

/** By name: the time of a thread's events without those that lie within them. */
function ownTimes(events: readonly TraceEvent[]): Map<string, { time: number; count: number }> {
  const sorted = [...events].sort((a, b) => a.begin - b.begin || b.duration - a.duration)
  const own = new Map<string, { time: number; count: number }>()
  const add = (name: string, time: number, count: number) => {
    const entry = own.get(name) ?? { time: 0, count: 0 }
    own.set(name, { time: entry.time + time, count: entry.count + count })
  }
  const open: TraceEvent[] = []
  for (const event of sorted) {
    while (open.length > 0 && open.at(-1)!.begin + open.at(-1)!.duration <= event.begin) open.pop()
    const outer = open.at(-1)
    if (outer) add(outer.name, -event.duration, 0)
    add(event.name, event.duration, 1)
    open.push(event)
  }
  return own
}
