/**
 * Fuzzing of every kind of file from outside, `npm run fuzz -- --seconds 20 [--cases N] [--seed S] [--first N]
 * [--target NAME] [--workers N]`. A case is made from the seed and its number: `--seed S --first N --cases 1` runs it
 * again. A process a processor by default, which run every second, third, ... case.
 *
 * It fails on an exception that is no TorchLoraError, on a case that takes more than 5 s of processor time, on one
 * that takes 256 MiB, on a process that holds more than 1.5 GiB, and on a process that ends in any other way.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { CASE_CPU_SECONDS, type Found, PROCESS_BYTES } from '../test/fuzz/bounds.ts'
import { usage } from '../test/fuzz/engine-process.ts'

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: 'Infinity' },
    cases: { type: 'string', default: 'Infinity' },
    first: { type: 'string', default: '0' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
    target: { type: 'string', default: '' },
    workers: { type: 'string', default: String(availableParallelism()) },
  },
})
const { seconds, seed, target } = flags
const [first, cases, workers] = [flags.first, flags.cases, flags.workers].map(Number) as [
  number,
  number,
  number,
]
if (seconds === 'Infinity' && cases === Number.POSITIVE_INFINITY) {
  console.error('Say how long: --seconds N or --cases N.')
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), 'torch-lora-fuzz-'))
const runner = resolve(import.meta.dirname, '../test/fuzz/runner.ts')
const running = new Set<ChildProcess>()
/** Whether one of them has failed, and the others are ended. */
let failed = false

/** What a worker found; of one that did not come to its end, why. */
async function work(worker: number): Promise<Found> {
  const progress = join(folder, `case-${worker}`)
  const own = [progress, seed, first + worker, first + cases, workers, seconds, target].map(String)
  const child = fork(runner, own, {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, OMP_NUM_THREADS: '1' }, // a processor each
  })
  running.add(child)
  const current = () => {
    try {
      return readFileSync(progress, 'utf8').split('\n')[0]!
    } catch {
      return ''
    }
  }
  let verdict: string | undefined
  let watched = { name: '', cpu: 0 }
  const watch = setInterval(() => {
    const name = current()
    const { cpuSeconds, residentBytes } = usage(child.pid!)
    if (name !== watched.name) watched = { name, cpu: cpuSeconds }
    else if (name !== '' && cpuSeconds - watched.cpu > CASE_CPU_SECONDS)
      verdict = `takes more than ${CASE_CPU_SECONDS} s`
    if (residentBytes > PROCESS_BYTES) verdict = `holds ${Math.round(residentBytes / 2 ** 20)} MiB`
    if (verdict !== undefined) child.kill('SIGKILL')
  }, 100)
  let found: Found | undefined
  child.once('message', (message) => {
    found = message as Found
  })
  const ending = await new Promise((done) => child.once('close', (code, signal) => done(signal ?? code)))
  clearInterval(watch)
  running.delete(child)
  const lost =
    found || (failed && !verdict) ? [] : [`${current()}: ${verdict ?? `ended the process (${ending})`}`]
  found ??= { cases: 0, failures: lost, peakBytes: 0, targets: {} }
  failed ||= found.failures.length > 0
  if (failed) for (const other of running) other.kill('SIGKILL')
  return found
}

const began = performance.now()
const found = await Promise.all(Array.from({ length: Math.min(workers, cases) }, (_, worker) => work(worker)))
rmSync(folder, { recursive: true, force: true })

const targets: Found['targets'] = {}
for (const [name, count] of found.flatMap((each) => Object.entries(each.targets))) {
  targets[name] ??= { cases: 0, refused: 0, milliseconds: 0 }
  const sum = targets[name]!
  for (const key of ['cases', 'refused', 'milliseconds'] as const) sum[key] += count[key]
}
for (const [name, count] of Object.entries(targets).sort()) {
  const each = (count.milliseconds / count.cases).toFixed(1)
  console.log(`${count.cases} cases, ${count.refused} refused, ${each} ms each: ${name}`)
}
const total = (of: (each: Found) => number) => found.reduce((sum, each) => sum + of(each), 0)
const refused = Object.values(targets).reduce((sum, count) => sum + count.refused, 0)
const failures = found.flatMap((each) => each.failures)
const peak = Math.round(Math.max(...found.map(({ peakBytes }) => peakBytes)) / 2 ** 20)
console.log(
  `${total((each) => each.cases)} cases with seed ${seed}, ${refused} refused, ${failures.length} failures, at most ${peak} MiB, ${Math.round((performance.now() - began) / 1000)} s`,
)
for (const failure of failures) console.log(`FAILURE with seed ${seed}: ${failure}`)
process.exit(failures.length > 0 ? 1 : 0)
