/**
 * The process that fuzzing happens in: case after case, each made from the seed and its number alone. Before each it
 * writes the number where scripts/fuzz.ts, which watches it from outside, finds it should this process die or hang.
 */
import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TorchLoraError } from '../../lib/errors.ts'
import { mulberry } from '../random.ts'
import { CASE_BYTES, type Found } from './bounds.ts'
import { makeTargets, selfTests, type Target } from './targets.ts'

const [progressFile, seedText, firstText, lastText, everyText, secondsText, only] = process.argv.slice(2)
const seed = Number(seedText)
const last = Number(lastText)
const every = Number(everyText)
const ends = performance.now() + 1000 * Number(secondsText)
const progress = openSync(progressFile!, 'w')
const folder = mkdtempSync(join(tmpdir(), 'torch-lora-fuzz-'))
const failures: string[] = []
const seen: Found['targets'] = {}

process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
let now = 'before the first case'
const fail = (problem: string) => failures.push(`${now}: ${problem}`)
process.on('uncaughtException', (error) => fail(`an exception that nothing awaits: ${describe(error)}`))

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message).slice(0, 1500) : String(error)
}

function judge(error: unknown): void {
  if (!(error instanceof TorchLoraError)) fail(`an exception that is no TorchLoraError: ${describe(error)}`)
  else if (error.message.length > 10_000) fail(`a message of ${error.message.length} characters`)
}

async function runCase(target: Target, number: number, below: (below: number) => number): Promise<void> {
  now = `case ${number}, ${target.name}`
  writeSync(progress, `${now}\n`.padEnd(200), 0)
  const before = process.resourceUsage().maxRSS
  seen[target.name] ??= { cases: 0, refused: 0, milliseconds: 0 }
  const count = seen[target.name]!
  count.cases++
  const began = performance.now()
  try {
    await target.run(below)
  } catch (error) {
    count.refused++
    judge(error)
  }
  count.milliseconds += performance.now() - began
  const grown = (process.resourceUsage().maxRSS - before) * 1024
  if (grown > CASE_BYTES) fail(`took ${Math.round(grown / 2 ** 20)} MiB`)
}

const all = only?.startsWith('self-test') ? selfTests : await makeTargets(folder)
const targets = all.filter(({ name }) => !only || name.includes(only))
if (targets.length === 0) throw new Error(`no target is called ${only}`)
const lots = targets.flatMap((target) => Array<Target>(target.weight * (target.slow ? 1 : 100)).fill(target))
let number = Number(firstText)
for (; number < last && performance.now() < ends && failures.length < 20; number += every) {
  const below = mulberry(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b))
  await runCase(lots[below(lots.length)]!, number, below)
}
const found: Found = {
  cases: (number - Number(firstText)) / every,
  failures,
  peakBytes: 1024 * process.resourceUsage().maxRSS,
  targets: seen,
}
process.send!(found, undefined, undefined, () => process.exit(0))
