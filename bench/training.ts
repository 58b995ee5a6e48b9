/**
 * LoRA training steps of roberta-base against transformers + PEFT, on batches of real GLUE lengths, in one run.
 *
 *   TORCH_LORA_PYTHON=.../python npx tsx bench/training.ts --data GLUE --tokenizer ROBERTA_BASE_FOLDER
 *     [--tasks mrpc,rte,sst2] [--batches 8] [--rounds 3] [--lora-dropout 0] [--dtypes float32,bfloat16,int8,nf4]
 *
 * Random weights of the real shapes, the same files and the same token ids on both sides. r=8 on query and value,
 * batch 16, dropout 0.1 in the model, fp32, AdamW, clipping at 1; PEFT pads each batch to its longest row. Prints
 * examples per second, peak resident memory, and the ratios. With --dtypes ours in each of them (int8, nf4:
 * float32 over codes of the frozen weights), and PEFT in float32, with weights in bfloat16 and under autocast.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AutoTokenizer } from '../lib/index.ts'
import { compareSides, drawBatches, header } from './comparison.ts'
import { randomRoberta } from './random-model.ts'
import { machine, ourWorker, peerWorker } from './worker.ts'

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    tokenizer: { type: 'string' },
    tasks: { type: 'string', default: 'mrpc,rte,sst2' },
    batches: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    'lora-dropout': { type: 'string', default: '0' },
    layers: { type: 'string', default: '12' },
    dtypes: { type: 'string' },
  },
})
if (!flags.data || !flags.tokenizer)
  throw new Error('say where the data are: --data GLUE --tokenizer ROBERTA_BASE_FOLDER')

const folder = await mkdtemp(join(tmpdir(), 'bench-training-'))
const raw = JSON.parse(await readFile(join(flags.tokenizer, 'config.json'), 'utf8'))
raw.num_hidden_layers = Number(flags.layers)
{
  using model = randomRoberta(raw)
  await model.savePretrained(folder)
}
await using tokenizer = await AutoTokenizer.fromPretrained(flags.tokenizer)

console.log(`${await machine()}; LoRA dropout ${flags['lora-dropout']}`)
const rounds = Number(flags.rounds)
const start = {
  ours: (file: string) => ourWorker('training-ours.ts', [file]),
  peer: (file: string) => peerWorker('peft_training.py', [file]),
}
if (!flags.dtypes) console.log(header)
for (const task of flags.tasks.split(',')) {
  const batches = await drawBatches(task, tokenizer, { data: flags.data, count: Number(flags.batches) })
  const work = { model: folder, batches, loraDropout: Number(flags['lora-dropout']) }
  console.log(await compareSides(task, work, { folder, rounds, dtypes: flags.dtypes, start }))
}
await rm(folder, { recursive: true })
