/**
 * How long a checkpoint of a run takes: tensors, optimizer, sampler and random state on disk, synced and renamed.
 *
 *   npx tsx bench/checkpoint.ts --model FOLDER [--checkpoints 30] [--full] [--out DIR]
 *
 * A checkpoint after every update, as `Trainer` times them. LoRA r=8 on query and value, or with --full everything.
 * --out lies on the disk to be measured; default: the system's temporary folder.
 */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  applyLora,
  type Example,
  Trainer,
} from '../lib/index.ts'
import { machine, median } from './worker.ts'

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string' },
    checkpoints: { type: 'string', default: '30' },
    full: { type: 'boolean', default: false },
    out: { type: 'string', default: tmpdir() },
  },
})
if (!flags.model) throw new Error('say which model: --model FOLDER')
const count = Number(flags.checkpoints)
const train: Example[] = Array.from({ length: count }, (_, n) => ({
  text: `example ${n}`,
  label: n % 2 ? 'yes' : 'no',
}))

await using tokenizer = await AutoTokenizer.fromPretrained(flags.model)
const model = await AutoModelForSequenceClassification.fromPretrained(flags.model, { labels: ['no', 'yes'] })
if (flags.full) model.setRequiresGrad(true)
else applyLora(model, { r: 8, loraAlpha: 16 })
const outputDir = await mkdtemp(join(flags.out, 'bench-checkpoint-'))
const milliseconds: number[] = []
let bytes = 0
try {
  const trainer = new Trainer({
    model,
    tokenizer,
    train,
    epochs: 1,
    batchSize: 1,
    outputDir,
    checkpointEvery: 1,
  })
  for await (const event of trainer.run()) {
    if (event.type !== 'checkpoint') continue
    milliseconds.push(event.seconds * 1000)
    const sizes = (await readdir(event.path)).map(async (name) => (await stat(join(event.path, name))).size)
    bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
  }
} finally {
  await rm(outputDir, { recursive: true, force: true })
}
const sorted = milliseconds.toSorted((a, b) => a - b)
console.log(await machine())
console.log(
  `${flags.full ? 'full' : 'LoRA r=8'}: ${(bytes / 1e6).toFixed(1)} MB a checkpoint; ` +
    `median ${median(sorted).toFixed(1)} ms, 95th percentile ${sorted[Math.ceil(0.95 * sorted.length) - 1]!.toFixed(1)} ms, ` +
    `most ${sorted.at(-1)!.toFixed(1)} ms of ${sorted.length}`,
)
