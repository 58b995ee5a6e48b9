/**
 * SIGKILL at random moments, and whether the run that resumes ends in the same adapter, bit for bit.
 *
 *   npx tsx bench/kill-resume.ts [--model FOLDER] [--kills 50] [--a-run 5] [--seed 0] [--epochs 3]
 *
 * Without --model, a random BERT of two layers. `torch-lora train` on made-up sentences, dropout on, gradients
 * accumulated, evaluated every 5 updates and checkpointed every 2. First once undisturbed; then runs that are each
 * killed --a-run times, some while they start, most some milliseconds after a random update, and resumed to the end. A
 * resume that went wrong at any kill would show in the adapter, in the last checkpoint's optimizer state, or in the log.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Random } from '../lib/data/index.ts'
import type { RunMessage } from '../lib/sweep/messages.ts'
import { findCheckpoint } from '../lib/train/checkpoint.ts'
import { tinyModel } from '../test/train/tiny.ts'
import { machine } from './worker.ts'

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string' },
    kills: { type: 'string', default: '50' },
    'a-run': { type: 'string', default: '5' },
    seed: { type: 'string', default: '0' },
    epochs: { type: 'string', default: '3' },
  },
})
const model = flags.model ?? (await tinyModel())
const folder = await mkdtemp(join(tmpdir(), 'bench-kill-'))
const data = join(folder, 'data.jsonl')
const sentence = (n: number) =>
  `${['the', 'a', 'this', 'her'][n % 4]} film was ${n % 2 ? 'good' : 'bad'} ${n % 7} times`
await writeFile(
  data,
  Array.from(
    { length: 240 },
    (_, n) => `${JSON.stringify({ text: sentence(n), label: n % 2 ? 'good' : 'bad' })}\n`,
  ).join(''),
)

const main = new URL('../lib/cli/main.ts', import.meta.url).pathname
const settings = [
  ...['--train', data, '--eval', data, '--model', model, '--epochs', flags.epochs, '--lr', '1e-3'],
  ...['--batch-size', '4', '--accumulate', '2', '--dropout', '0.1', '--threads', '1'],
  ...['--eval-every', '5', '--checkpoint-every', '2', '--log-every', '1'],
]

function start(run: string): ChildProcess {
  const resume = existsSync(join(run, 'metrics.jsonl')) ? ['--resume'] : []
  const args = ['--import', import.meta.resolve('tsx'), main, 'train', '--out', run, ...settings, ...resume]
  return spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
}

/** How a process ended, what it said, and how many updates it told of. */
function watch(child: ChildProcess, onUpdate?: (count: number) => void) {
  let said = ''
  let updates = 0
  child.stderr!.on('data', (text) => (said += text))
  child.on('message', (message: RunMessage) => {
    if (message.type !== 'step') return
    updates++
    onUpdate?.(updates)
  })
  return new Promise<{ code: number | null; said: string; updates: number }>((resolve) =>
    child.on('close', (code) => resolve({ code, said, updates })),
  )
}

async function finish(run: string) {
  const result = await watch(start(run))
  if (result.code !== 0) throw new Error(`the run ended with ${result.code}: ${result.said}`)
  return result
}

/** What a finished run leaves, without what the clock says. */
async function fingerprint(run: string): Promise<string> {
  const hash = createHash('sha256')
  hash.update(await readFile(join(run, 'adapter', 'adapter_model.safetensors')))
  hash.update(
    await readFile(
      join(
        (await findCheckpoint(join(run, 'checkpoints'), { totalSteps: () => Number.POSITIVE_INFINITY }))!
          .path,
        'tensors.safetensors',
      ),
    ),
  )
  for (const line of (await readFile(join(run, 'metrics.jsonl'), 'utf8')).trim().split('\n')) {
    const { seconds: _, ...event } = JSON.parse(line)
    hash.update(JSON.stringify(event))
  }
  return hash.digest('hex')
}

try {
  const whole = join(folder, 'whole')
  const began = performance.now()
  const { updates } = await finish(whole)
  const seconds = (performance.now() - began) / 1000
  const expected = await fingerprint(whole)
  const random = new Random(Number(flags.seed))
  const kills = Number(flags.kills)
  const each = Number(flags['a-run'])
  let done = 0
  let whileTraining = 0
  let runs = 0
  let identical = 0
  while (done < kills) {
    const run = join(folder, `run-${runs++}`)
    for (let i = 0; i < each && done < kills; i++) {
      const child = start(run)
      const kill = () => child.kill('SIGKILL')
      // One in seven while it starts; else some milliseconds after one of its next updates: in the middle of a step,
      // an evaluation, or the writing of a checkpoint. Within a share of the run, so that every run ends.
      const early = random.below(7) === 0
      const after = 1 + random.below(Math.ceil(updates / (each + 1)))
      const milliseconds = random.below(20)
      const timer = early ? setTimeout(kill, (random.below(1000) / 1000) * seconds * 500) : undefined
      const ended = await watch(child, (count) => {
        if (!early && count === after) setTimeout(kill, milliseconds)
      })
      clearTimeout(timer)
      if (ended.code === 0) break // it was quicker than the kill
      if (ended.code !== null) throw new Error(`the run ended with ${ended.code}: ${ended.said}`)
      done++
      if (ended.updates > 0) whileTraining++
    }
    if (!existsSync(join(run, 'summary.json'))) await finish(run)
    if ((await fingerprint(run)) === expected) identical++
    else console.log(`run ${runs} differs`)
    await rm(run, { recursive: true, force: true })
    process.stderr.write(`${done} of ${kills} kills\n`)
  }
  console.log(await machine())
  console.log(
    `${done} kills, ${whileTraining} of them while training, in ${runs} runs: ${identical} of ${runs} runs end bit-identical ` +
      '(adapter, last checkpoint with optimizer, log)',
  )
  if (identical < runs) process.exitCode = 1
} finally {
  await rm(folder, { recursive: true, force: true })
}
