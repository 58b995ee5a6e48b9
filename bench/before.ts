/**
 * This checkout against another one of this repository in one run: is what exists still as fast, and as small?
 *
 *   git worktree add ../before COMMIT && (cd ../before && npm ci && npm run build)
 *   npx tsx bench/before.ts --before ../before --data GLUE --tokenizer ROBERTA_BASE_FOLDER
 *     [--parts training,latency,texts] [--tasks mrpc,rte,sst2] [--batches 4] [--rounds 5] [--layers 12]
 *
 * roberta-base shapes, random weights, fp32, the same files on both sides, which take turns. Training: LoRA r=8 on
 * batches of 16 of each task's lengths. Inference: one text of 16, 64 and 128 tokens, in fp32 and with 8-bit weights,
 * and the texts of SST-2's dev set from 64 clients through TextClassifier. Prints medians and the ratios; above 1 this
 * checkout is the faster one.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { AutoTokenizer, loadGlue } from '../lib/index.ts'
import { compare, drawBatches, header } from './comparison.ts'
import { randomRoberta } from './random-model.ts'
import { machine, median, ourWorker, type Worker } from './worker.ts'

const { values: flags } = parseArgs({
  options: {
    before: { type: 'string' },
    data: { type: 'string' },
    tokenizer: { type: 'string' },
    parts: { type: 'string', default: 'training,latency,texts' },
    tasks: { type: 'string', default: 'mrpc,rte,sst2' },
    batches: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
    layers: { type: 'string', default: '12' },
  },
})
if (!flags.before || !flags.data || !flags.tokenizer)
  throw new Error('say what is compared: --before CHECKOUT --data GLUE --tokenizer ROBERTA_BASE_FOLDER')
const before = resolve(flags.before)
const data = flags.data
const parts = flags.parts.split(',')
const rounds = Number(flags.rounds)

/** Texts, one after the other, of a side's turn. */
const turn = 8

interface Answer {
  milliseconds: number
}

/** The median milliseconds of a request on both sides, which take turns; each first warms up. */
async function inTurns(sides: { now: Worker; before: Worker }, request: unknown) {
  const times = { now: [] as number[], before: [] as number[] }
  for (let round = -1; round < rounds; round++)
    for (const side of ['now', 'before'] as const) {
      const { milliseconds } = await sides[side].ask<Answer>(request)
      if (round >= 0) times[side].push(milliseconds)
    }
  return { now: median(times.now), before: median(times.before) }
}

const folder = await mkdtemp(join(tmpdir(), 'bench-before-'))
try {
  const raw = JSON.parse(await readFile(join(flags.tokenizer, 'config.json'), 'utf8'))
  raw.num_hidden_layers = Number(flags.layers)
  {
    using model = randomRoberta(raw)
    await model.savePretrained(folder)
  }
  await using tokenizer = await AutoTokenizer.fromPretrained(flags.tokenizer)
  await tokenizer.save(folder)
  console.log(await machine())

  if (parts.includes('training')) {
    console.log(header.replaceAll('peer', ' old'))
    for (const task of flags.tasks.split(',')) {
      const batches = await drawBatches(task, tokenizer, { data, count: Number(flags.batches) })
      const work = { model: folder, batches, loraDropout: 0 }
      const row = await compare(task, work, {
        folder,
        rounds,
        sides: (file) => ({
          ours: ourWorker('training-ours.ts', [file]),
          peer: ourWorker('training-ours.ts', [file], before),
        }),
      })
      console.log(row)
    }
  }

  for (const dtype of ['float32', 'int8']) {
    if (!parts.includes('latency') && !parts.includes('texts')) break
    const sides = {
      now: ourWorker('inference-ours.ts', [folder, dtype]),
      before: ourWorker('inference-ours.ts', [folder, dtype], before),
    }
    await sides.now.next()
    await sides.before.next()
    const say = (what: string, times: { now: number; before: number }) =>
      console.log(
        `${dtype} ${what}`.padEnd(32),
        `${times.now.toFixed(1)} ms`.padStart(12),
        `${times.before.toFixed(1)} ms before`.padStart(18),
        `${(times.before / times.now).toFixed(3)}x`.padStart(9),
      )
    for (const tokens of parts.includes('latency') ? [16, 64, 128] : []) {
      const ids = Array.from({ length: tokens }, (_, i) => 5 + i)
      const times = await inTurns(sides, { batches: Array.from({ length: turn }, () => [ids]) })
      say(`${turn} times ${tokens} tokens`, times)
    }
    if (parts.includes('texts')) {
      const { examples } = await loadGlue('sst2', { split: 'validation', dataDir: data })
      const texts = examples.slice(0, 256).map(({ text }) => text)
      say('256 texts of SST-2', await inTurns(sides, { texts, concurrency: 64 }))
    }
    sides.now.close()
    sides.before.close()
  }
} finally {
  await rm(folder, { recursive: true })
}
