import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AutoTokenizer, type Tokenizer } from '../../lib/index.ts'
import type { Batches } from '../comparison.ts'
import { drawBatches } from '../comparison.ts'
import { shapes } from '../deberta-shapes.ts'
import { randomClassifier, randomRoberta } from '../random-model.ts'

/** Flags that the GPU benchmarks share. Without --data and --tokenizer lengths are drawn and ids are counted. */
export const { values: flags } = parseArgs({
  options: {
    device: { type: 'string', default: 'cuda:0' },
    dtype: { type: 'string', default: 'bfloat16' },
    data: { type: 'string' },
    tokenizer: { type: 'string' },
    layers: { type: 'string' },
    batches: { type: 'string', default: '64' },
    'batch-size': { type: 'string', default: '16' },
    texts: { type: 'string', default: '2048' },
    rounds: { type: 'string', default: '5' },
    // of training.ts: which sides run, by name with commas between; the name that the figures are kept under
    sides: { type: 'string' },
    name: { type: 'string', default: 'training' },
    // seconds that a side may take until it is ready, torch.compile's included
    ready: { type: 'string', default: '300' },
    // of epochs.ts
    model: { type: 'string', default: 'roberta-base' },
    epochs: { type: 'string' },
    steps: { type: 'string', default: '2000' },
    whole: { type: 'boolean', default: false },
  },
})

/** Writes random weights of the shapes of --model, with the tokenizer where one is given. */
export async function writeModel(folder: string): Promise<Tokenizer | undefined> {
  const layers = flags.layers === undefined ? {} : { num_hidden_layers: Number(flags.layers) }
  const raw = flags.tokenizer
    ? JSON.parse(await readFile(join(flags.tokenizer, 'config.json'), 'utf8').catch(() => '{}'))
    : {}
  {
    using model =
      flags.model === 'deberta-v2-xlarge'
        ? randomClassifier({ ...shapes['v2-xlarge'], ...layers })
        : randomRoberta({ ...raw, ...layers })
    await model.savePretrained(folder)
  }
  if (!flags.tokenizer) return undefined
  const tokenizer = await AutoTokenizer.fromPretrained(flags.tokenizer)
  await tokenizer.save(folder)
  return tokenizer
}

/** Batches of SST-2's real texts; without data, of lengths that are spread like them: 3 to 66 tokens, 13 the middle. */
export async function trainingBatches(tokenizer: Tokenizer | undefined): Promise<Batches> {
  const [count, batchSize] = [Number(flags.batches), Number(flags['batch-size'])]
  if (flags.data && tokenizer) return drawBatches('sst2', tokenizer, { data: flags.data, count, batchSize })
  const length = (i: number) => Math.min(66, Math.round(3 + 10 * -Math.log(1 - ((i * 0.618034) % 1))))
  return Array.from({ length: count }, (_, b) =>
    Array.from({ length: batchSize }, (_, i) => ({
      ids: Array.from({ length: length(b * batchSize + i) }, (_, t) => 10 + ((31 * t + 7 * i) % 40000)),
      label: i % 2,
    })),
  )
}

/** Leaves a stage's figures for the report. */
export async function keep(stage: string, figures: object): Promise<void> {
  const folder = process.env.TORCH_LORA_GPU_RESULTS ?? join(tmpdir(), 'torch-lora-gpu-results')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, `${stage}.json`), `${JSON.stringify(figures, null, 2)}\n`)
}
