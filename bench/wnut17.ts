/**
 * Entities of WNUT-17: F1 of LoRA here and in transformers + PEFT at the same settings on the same batches
 * (bench/beside-peft.ts), for each seed, and how many examples a second each trains.
 *
 *   TORCH_LORA_PYTHON=.../python npx tsx bench/wnut17.ts --data WNUT17 --model MINILM [--seeds 0,1,2] [--epochs 10]
 *     [--examples n] [--out runs/wnut17]
 *
 * A seed that is finished in --out is not done again. Prints a line a seed and the means.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AutoModelForTokenClassification, AutoTokenizer, readTokenExamples, tagsOf } from '../lib/index.ts'
import { compareSeeds } from './beside-peft.ts'
import { machine } from './worker.ts'

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    model: { type: 'string' },
    seeds: { type: 'string', default: '0,1,2' },
    epochs: { type: 'string', default: '10' },
    examples: { type: 'string' },
    out: { type: 'string', default: 'runs/wnut17' },
  },
})
const { data, model: base, out } = flags
if (!data || !base) throw new Error('say --data WNUT17 and --model FOLDER')

const read = async (name: string) => {
  const all = await readTokenExamples(join(data, name))
  return flags.examples ? all.slice(0, Number(flags.examples)) : all
}
const [train, evaluate] = [await read('train.conll'), await read('dev.conll')]
const labels = tagsOf([...train, ...evaluate])
await using tokenizer = await AutoTokenizer.fromPretrained(base, { addPrefixSpace: true })

console.log(await machine())
await compareSeeds(
  {
    kind: 'tokens',
    base,
    out,
    model: (seed) =>
      AutoModelForTokenClassification.fromPretrained(base, { labels, seed, head: 'fresh', device: 'cpu' }),
    tokenizer,
    train,
    evaluate,
    labelsOf: ({ labels: { tokens } }, i) => [...tokens[i]!],
    metrics: ['f1'],
    settings: {
      r: 8,
      loraAlpha: 16,
      loraDropout: 0.1,
      learningRate: 2e-3,
      batchSize: 16,
      weightDecay: 0.01,
      epochs: Number(flags.epochs),
      warmupRatio: 0.06,
      maxLength: 128,
    },
  },
  flags.seeds.split(',').map(Number),
)
