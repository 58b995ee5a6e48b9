/**
 * Questions of XQuAD (English): exact match and F1 of LoRA here and in transformers + PEFT at the same settings on the
 * same batches (bench/beside-peft.ts), for each seed, and how many windows a second each trains.
 *
 *   TORCH_LORA_PYTHON=.../python npx tsx bench/questions.ts --data XQUAD --model MINILM [--seeds 0,1,2] [--epochs 3]
 *     [--lr 2e-3] [--examples n] [--out runs/questions]
 *
 * The first 36 articles train, the last 12 are measured on. A model that has never seen a question learns little from
 * 36 articles: that both sides learn the same is what is looked at. A seed that is finished in --out is not done again.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AutoModelForQuestionAnswering, AutoTokenizer, readQuestionExamples } from '../lib/index.ts'
import { compareSeeds } from './beside-peft.ts'
import { machine } from './worker.ts'

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    model: { type: 'string' },
    seeds: { type: 'string', default: '0,1,2' },
    epochs: { type: 'string', default: '3' },
    lr: { type: 'string', default: '2e-3' },
    examples: { type: 'string' },
    out: { type: 'string', default: 'runs/questions' },
  },
})
const { data, model: base, out } = flags
if (!data || !base) throw new Error('say --data XQUAD and --model FOLDER')

/** Questions of the first 36 articles, and of the last 12. */
async function read() {
  const articles = (JSON.parse(await readFile(join(data!, 'xquad.en.json'), 'utf8')) as { data: unknown[] })
    .data
  const folder = await mkdtemp(join(tmpdir(), 'bench-questions-'))
  try {
    const part = async (name: string, own: unknown[]) => {
      await writeFile(join(folder, name), JSON.stringify({ data: own }))
      const all = await readQuestionExamples(join(folder, name))
      return flags.examples ? all.slice(0, Number(flags.examples)) : all
    }
    return [
      await part('train.json', articles.slice(0, 36)),
      await part('dev.json', articles.slice(-12)),
    ] as const
  } finally {
    await rm(folder, { recursive: true })
  }
}

const [train, evaluate] = await read()
await using tokenizer = await AutoTokenizer.fromPretrained(base)
console.log(`${await machine()}; ${train.length} questions to train, ${evaluate.length} to measure on`)
await compareSeeds(
  {
    kind: 'questions',
    base,
    out,
    model: (seed) =>
      AutoModelForQuestionAnswering.fromPretrained(base, { seed, head: 'fresh', device: 'cpu' }),
    tokenizer,
    train,
    evaluate,
    labelsOf: ({ labels: { places } }, i) => [...places.subarray(2 * i, 2 * i + 2)],
    metrics: ['exact_match', 'f1'],
    settings: {
      r: 8,
      loraAlpha: 16,
      loraDropout: 0.1,
      learningRate: Number(flags.lr),
      batchSize: 8,
      weightDecay: 0.01,
      epochs: Number(flags.epochs),
      warmupRatio: 0.06,
      maxLength: 384,
    },
  },
  flags.seeds.split(',').map(Number),
)
