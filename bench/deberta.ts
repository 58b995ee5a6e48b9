/**
 * DeBERTa against transformers and PEFT on batches of real GLUE lengths, in one run: LoRA training steps, inference.
 *
 *   TORCH_LORA_PYTHON=.../python npx tsx bench/deberta.ts --data GLUE --tokenizer DEBERTA_V3_FOLDER
 *     [--shapes v3-xsmall,v2-xlarge] [--work training,inference] [--tasks sst2,rte] [--batches 4] [--rounds 3]
 *     [--batch-size 16] [--lora-dropout 0] [--dtypes float32,bfloat16]
 *
 * Random weights of the real shapes (12 layers of deberta-v3-xsmall, 2 of deberta-v2-xlarge), the same files and the
 * same token ids on both sides. Training: r=8 on query_proj and value_proj, dropout 0.1 in the model, fp32, AdamW,
 * clipping at 1. The peer pads each batch to its longest row. Prints examples per second (median pass), peak resident
 * memory of each process, and the ratios. With --dtypes training in each of them, as bench/training.ts has it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AutoTokenizer } from '../lib/index.ts'
import { compareSides, drawBatches, header } from './comparison.ts'
import { shapes } from './deberta-shapes.ts'
import { randomClassifier } from './random-model.ts'
import { machine, ourWorker, peerWorker } from './worker.ts'

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    tokenizer: { type: 'string' },
    shapes: { type: 'string', default: 'v3-xsmall,v2-xlarge' },
    work: { type: 'string', default: 'training,inference' },
    tasks: { type: 'string', default: 'sst2,rte' },
    batches: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    'batch-size': { type: 'string', default: '16' },
    'lora-dropout': { type: 'string', default: '0' },
    dtypes: { type: 'string' },
  },
})
if (!flags.data || !flags.tokenizer)
  throw new Error('say where the data are: --data GLUE --tokenizer DEBERTA_V3_FOLDER')

const workers = {
  training: { ours: 'training-ours.ts', peer: 'peft_training.py' },
  inference: { ours: 'deberta-inference-ours.ts', peer: 'deberta_inference.py' },
}

await using tokenizer = await AutoTokenizer.fromPretrained(flags.tokenizer)
console.log(`${await machine()}; batches of ${flags['batch-size']}, LoRA dropout ${flags['lora-dropout']}`)
for (const name of flags.shapes.split(',') as (keyof typeof shapes)[]) {
  const folder = await mkdtemp(join(tmpdir(), 'bench-deberta-'))
  try {
    {
      const config = { ...shapes[name], ...(name === 'v2-xlarge' && { num_hidden_layers: 2 }) }
      using model = randomClassifier(config)
      await model.savePretrained(folder)
    }
    for (const work of flags.work.split(',') as (keyof typeof workers)[]) {
      console.log(`\ndeberta-${name}${name === 'v2-xlarge' ? ', 2 layers' : ''}, ${work}\n${header}`)
      for (const task of flags.tasks.split(',')) {
        const batches = await drawBatches(task, tokenizer, {
          data: flags.data,
          count: Number(flags.batches),
          batchSize: Number(flags['batch-size']),
        })
        const given = { model: folder, batches, loraDropout: Number(flags['lora-dropout']) }
        const rounds = Number(flags.rounds)
        const start = {
          ours: (file: string) => ourWorker(workers[work].ours, [file]),
          peer: (file: string) => peerWorker(workers[work].peer, [file]),
        }
        const dtypes = work === 'training' ? flags.dtypes : undefined
        console.log(await compareSides(task, given, { folder, rounds, dtypes, start }))
      }
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}
