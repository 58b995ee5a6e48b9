/**
 * LoRA training steps of roberta-base against transformers + PEFT, on batches of real GLUE lengths, in one run.
 *
 *   TORCH_LORA_PYTHON=.../python npx tsx bench/training.ts --data GLUE --tokenizer ROBERTA_BASE_FOLDER
 *     [--tasks mrpc,rte,sst2] [--batches 8] [--rounds 3] [--lora-dropout 0]
 *
 * Random weights of the real shapes, the same files and the same token ids on both sides. r=8 on query and value,
 * batch 16, dropout 0.1 in the model, fp32, AdamW, clipping at 1; PEFT pads each batch to its longest row. Prints
 * examples per second, peak resident memory, and the ratios.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BatchSampler } from '../lib/data/index.ts'
import { AutoTokenizer, loadGlue, manualSeed, RobertaForSequenceClassification } from '../lib/index.ts'
import { ConfigReader } from '../lib/models/config.ts'
import { machine, median, ourWorker, peerWorker } from './worker.ts'

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    tokenizer: { type: 'string' },
    tasks: { type: 'string', default: 'mrpc,rte,sst2' },
    batches: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    'lora-dropout': { type: 'string', default: '0' },
    layers: { type: 'string', default: '12' },
  },
})
if (!flags.data || !flags.tokenizer)
  throw new Error('say where the data are: --data GLUE --tokenizer ROBERTA_BASE_FOLDER')

interface Pass {
  seconds: number
  losses: number[]
  peakBytes: number
}

const folder = await mkdtemp(join(tmpdir(), 'bench-training-'))
const raw = JSON.parse(await readFile(join(flags.tokenizer, 'config.json'), 'utf8'))
raw.num_hidden_layers = Number(flags.layers)
manualSeed(0)
{
  const config = RobertaForSequenceClassification.readConfig(new ConfigReader(raw, 'config.json'), {
    numLabels: 2,
  })
  using model = new RobertaForSequenceClassification(config)
  await model.savePretrained(folder)
}
await using tokenizer = await AutoTokenizer.fromPretrained(flags.tokenizer)

console.log(`${await machine()}; LoRA dropout ${flags['lora-dropout']}`)
console.log('task   tokens  padded   ours ex/s   PEFT ex/s   ratio   ours peak   PEFT peak   ratio')
for (const task of flags.tasks.split(',')) {
  const { examples } = await loadGlue(task, { split: 'train', dataDir: flags.data })
  const texts = examples.map(({ text, textPair }) =>
    textPair === undefined ? text : ([text, textPair] as const),
  )
  const encodings = await tokenizer.encodeBatch(texts, { maxLength: 512 })
  const sampler = new BatchSampler({
    lengths: encodings.map(({ ids }) => ids.length),
    batchSize: 16,
    seed: 1,
  })
  const batches = Array.from({ length: Number(flags.batches) }, () =>
    Array.from(sampler.next(), (i) => ({ ids: Array.from(encodings[i]!.ids), label: i % 2 })),
  )
  const work = join(folder, `${task}.json`)
  await writeFile(
    work,
    JSON.stringify({ model: folder, batches, loraDropout: Number(flags['lora-dropout']) }),
  )

  const ours = ourWorker('training-ours.ts', [work])
  const peer = peerWorker('peft_training.py', [work])
  await ours.next()
  await peer.next()
  const passes = { ours: [] as Pass[], peer: [] as Pass[] }
  for (let round = 0; round < Number(flags.rounds); round++) {
    passes.ours.push(await ours.ask<Pass>('pass'))
    passes.peer.push(await peer.ask<Pass>('pass'))
  }
  ours.close()
  peer.close()
  const examplesIn = batches.length * 16
  const rate = (side: Pass[]) => examplesIn / median(side.map(({ seconds }) => seconds))
  const peak = (side: Pass[]) => side.at(-1)!.peakBytes
  const tokens = batches.flat().reduce((sum, { ids }) => sum + ids.length, 0)
  const padded = batches.reduce((sum, batch) => sum + 16 * Math.max(...batch.map(({ ids }) => ids.length)), 0)
  const cells = [
    task.padEnd(5),
    String(tokens).padStart(7),
    String(padded).padStart(7),
    rate(passes.ours).toFixed(2).padStart(11),
    rate(passes.peer).toFixed(2).padStart(11),
    `${(rate(passes.ours) / rate(passes.peer)).toFixed(2)}x`.padStart(7),
    `${(peak(passes.ours) / 2 ** 20).toFixed(0)} MiB`.padStart(11),
    `${(peak(passes.peer) / 2 ** 20).toFixed(0)} MiB`.padStart(11),
    `${((100 * peak(passes.ours)) / peak(passes.peer)).toFixed(0)} %`.padStart(7),
  ]
  console.log(cells.join(' '))
}
await rm(folder, { recursive: true })
