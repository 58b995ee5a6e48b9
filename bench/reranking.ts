/**
 * QNLI as reranking: which of 20 sentences answers a question, by a cross-encoder with LoRA here and in transformers +
 * PEFT at the same settings on the same batches (bench/beside-peft.ts): MRR, nDCG, and how many pairs a second each trains.
 *
 *   [TORCH_LORA_PYTHON=.../python] npx tsx bench/reranking.ts --data GLUE --model all-MiniLM-L6-v2
 *     [--seeds 0] [--epochs 2] [--lr 1e-3] [--questions 270] [--examples n] [--out runs/reranking]
 *
 * Every so many-th question that has a sentence which answers it is held out, `--questions` in all; the pairs of the
 * others train, by binary cross-entropy. A held-out question's sentence stands among the 19 others of QNLI that the model's
 * own vectors find nearest to the question, so that the order of the vectors is what a reranker has to beat; it is
 * printed too. A sentence that answers and that nobody has marked counts as one that does not. The head is a
 * cross-encoder's of sentence-transformers: transformers' for sequence classification with one output. A seed that is
 * finished in --out is not done again.
 */
import { parseArgs } from 'node:util'
import { mrrAt } from '../lib/data/retrieval-metrics.ts'
import {
  AutoModelForReranking,
  AutoTokenizer,
  cosineSimilarity,
  type Example,
  loadGlue,
  TextEmbedder,
} from '../lib/index.ts'
import { relevanceOf } from '../lib/tasks/reranking.ts'
import { compareSeeds } from './beside-peft.ts'
import { machine } from './worker.ts'

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    model: { type: 'string' },
    seeds: { type: 'string', default: '0' },
    epochs: { type: 'string', default: '2' },
    lr: { type: 'string', default: '1e-3' },
    questions: { type: 'string', default: '270' },
    examples: { type: 'string' },
    out: { type: 'string', default: 'runs/reranking' },
  },
})
const { data, model: base, out } = flags
if (!data || !base) throw new Error('say --data GLUE and --model FOLDER')
const candidates = 20

const { examples } = await loadGlue('qnli', { split: 'validation', dataDir: data })
const pairs = relevanceOf(examples)
const answered = pairs.filter(({ label }) => label === 1)
const step = Math.max(1, Math.floor(answered.length / Number(flags.questions)))
const held = new Map(
  answered
    .filter((_, i) => i % step === 0)
    .slice(0, Number(flags.questions))
    .map((pair) => [pair.text, pair]),
)
const train = pairs
  .filter(({ text }) => !held.has(text))
  .slice(0, flags.examples ? Number(flags.examples) : undefined)

/** The held-out questions with their candidates, nearest first. */
async function searches(): Promise<Example[][]> {
  await using embedder = await TextEmbedder.load(base!, { device: 'cpu' })
  const sentences = [...new Set(pairs.map(({ textPair }) => textPair!))]
  const embed = async (texts: readonly string[]) => {
    const vectors: Float32Array[] = []
    for await (const { embedding } of embedder.embedAll(texts)) vectors.push(embedding)
    return vectors
  }
  const vectors = await embed(sentences)
  const questions = await embed([...held.keys()])
  return [...held.values()].map(({ text, textPair }, q) => {
    const cosines = new Map(
      sentences.map((sentence, i) => [sentence, cosineSimilarity(questions[q]!, vectors[i]!)]),
    )
    const nearest = (list: readonly string[]) => [...list].sort((a, b) => cosines.get(b)! - cosines.get(a)!)
    const others = nearest(sentences.filter((sentence) => sentence !== textPair)).slice(0, candidates - 1)
    return nearest([...others, textPair!]).map((sentence) => ({
      text,
      textPair: sentence,
      label: sentence === textPair ? 1 : 0,
    }))
  })
}

const ranked = await searches()
const before = mrrAt(
  ranked.map((texts) => ({ gains: texts.map(({ label }) => Number(label)), relevant: [1] })),
  10,
)
console.log(
  `${await machine()}; ${train.length} pairs to train, ${ranked.length} questions with ${candidates} sentences each; MRR@10 of the vectors' order ${(100 * before).toFixed(2)}`,
)
await using tokenizer = await AutoTokenizer.fromPretrained(base)
await compareSeeds(
  {
    kind: 'pairs',
    base,
    out,
    model: (seed) => AutoModelForReranking.fromPretrained(base, { seed, head: 'fresh', device: 'cpu' }),
    tokenizer,
    train,
    evaluate: ranked.flat(),
    labelsOf: ({ labels: { relevance } }, i) => [relevance[i]!],
    metrics: ['mrr@10', 'ndcg@10', 'recall@1'],
    settings: {
      r: 8,
      loraAlpha: 16,
      loraDropout: 0.1,
      learningRate: Number(flags.lr),
      batchSize: 16,
      weightDecay: 0.01,
      epochs: Number(flags.epochs),
      warmupRatio: 0.06,
      maxLength: 256,
    },
  },
  flags.seeds.split(',').map(Number),
)
