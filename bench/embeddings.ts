/**
 * Vectors, rankings and zero-shot labels against sentence-transformers, transformers and onnxruntime, in one run.
 *
 *   TORCH_LORA_PYTHON=.../python npx tsx bench/embeddings.ts --data GLUE --model all-MiniLM-L6-v2
 *     [--rounds 5] [--texts 512] [--zero-shot-texts 1000] [--parts stsb,sst2,rte,rank,zero-shot] [--int8]
 *     [--bf16] [--peak]
 *
 * The model is a folder of sentence-transformers; of its encoder a cross-encoder and a model of natural language
 * inference with random heads are made, the same files on all sides, fp32; --bf16 adds ours and the peers' in bfloat16,
 * but for onnxruntime, which has none on the processor, and --int8 ours in 8 bits. Texts of the SST-2 and RTE dev sets:
 * ours as 64 clients send them, one text a call; the peers get them in batches of 8, 32 and 128, of which the best
 * counts: sentence-transformers sorts them by length first, transformers and onnxruntime pad them in their order. 100
 * sentences of QNLI are ranked for its first question; texts of SST-2 are sorted into 20 labels, by transformers'
 * pipeline on the other side. Texts come in and numbers go out on every side, tokenization included. Values are checked
 * to be the same. A first round finds each peer's best batch and is not counted; then the sides take turns; medians; how
 * late a timer of our main thread was at p50 and p99. With --peak also the rate that our products would come to at the
 * peak of the processor's registers (bench/peak.c), which bounds the ratio in that dtype. First, Spearman's correlation
 * of cosines with STS-B's dev scores.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { spearman } from '../lib/data/metrics.ts'
import {
  AutoModelForReranking,
  AutoModelForSequenceClassification,
  AutoTokenizer,
  cosineSimilarity,
  loadGlue,
} from '../lib/index.ts'
import { zeroShotPairs } from '../lib/inference/zero-shot.ts'
import { native } from '../lib/native.ts'
import { at } from './inference-stream.ts'
import { type Peak, registerPeak } from './register-peak.ts'
import { machine, median, ourWorker, peerWorker, type Worker } from './worker.ts'

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    model: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    texts: { type: 'string', default: '512' },
    'zero-shot-texts': { type: 'string', default: '1000' },
    parts: { type: 'string', default: 'stsb,sst2,rte,rank,zero-shot' },
    int8: { type: 'boolean', default: false },
    bf16: { type: 'boolean', default: false },
    peak: { type: 'boolean', default: false },
  },
})
if (!flags.data || !flags.model) throw new Error('say where things are: --data GLUE --model MINILM_FOLDER')

/** What a peer says when it is ready. */
interface Peer {
  versions: string[]
}

interface Answer {
  milliseconds: number
  values: number[][]
  late?: number[]
}

const labels = [
  ...[
    'praise',
    'complaint',
    'comedy',
    'drama',
    'action',
    'horror',
    'romance',
    'documentary',
    'animation',
    'music',
  ],
  ...[
    'acting',
    'directing',
    'writing',
    'photography',
    'boredom',
    'surprise',
    'sadness',
    'anger',
    'joy',
    'fear',
  ],
]

const root = await mkdtemp(join(tmpdir(), 'bench-embeddings-'))
try {
  await run()
} finally {
  await rm(root, { recursive: true })
}

/** Folders of the cross-encoder and the model of inference. */
async function otherModels(): Promise<[crossEncoder: string, nli: string]> {
  const folders: [string, string] = [join(root, 'cross-encoder'), join(root, 'nli')]
  await using tokenizer = await AutoTokenizer.fromPretrained(flags.model!)
  using reranker = await AutoModelForReranking.fromPretrained(flags.model!, { head: 'fresh' })
  await reranker.savePretrained(folders[0])
  const names = ['contradiction', 'neutral', 'entailment']
  using nli = await AutoModelForSequenceClassification.fromPretrained(flags.model!, { labels: names })
  await nli.savePretrained(folders[1])
  for (const folder of folders) await tokenizer.save(folder)
  return folders
}

async function run() {
  const folders = [flags.model!, ...(await otherModels())]
  const ours: Record<string, Worker> = { ours: ourWorker('embeddings-ours.ts', [...folders, 'float32']) }
  if (flags.int8) ours['ours int8'] = ourWorker('embeddings-ours.ts', [...folders, 'int8'])
  if (flags.bf16) ours['ours bf16'] = ourWorker('embeddings-ours.ts', [...folders, 'bfloat16'])
  const peers: Record<string, Worker> = {}
  for (const side of ['sentence-transformers', 'transformers', 'onnxruntime']) {
    peers[side] = peerWorker('embeddings.py', [side, 'float32', ...folders])
    if (flags.bf16 && side !== 'onnxruntime')
      peers[`${side} bf16`] = peerWorker('embeddings.py', [side, 'bfloat16', ...folders])
  }
  const workers = { ...ours, ...peers }
  for (const side of Object.keys(ours)) await workers[side]!.next()
  const versions = new Set<string>()
  for (const peer of Object.values(peers))
    for (const one of (await peer.next<Peer>()).versions) versions.add(one)
  console.log(`${await machine()}; ${[...versions].join(', ')}; ${availableParallelism()} threads a side`)
  const peak = flags.peak ? await registerPeak(native().system().threads) : undefined
  const boundOf = peak && (await boundsAt(peak))
  const parts = flags.parts.split(',')
  if (parts.includes('stsb')) await correlate(workers)
  for (const task of ['sst2', 'rte'].filter((name) => parts.includes(name))) {
    const { examples } = await loadGlue(task, { split: 'validation', dataDir: flags.data })
    const texts = examples
      .flatMap(({ text, textPair }) => (textPair === undefined ? [text] : [text, textPair]))
      .slice(0, Number(flags.texts))
    await compare(`${task}, ${texts.length} texts`, workers, {
      request: { embed: texts, concurrency: 64 },
      count: texts.length,
      tolerance: 1e-4,
    })
    if (boundOf) console.log(await boundOf(texts, { count: texts.length, rows: 'all' }))
  }
  if (parts.includes('rank')) {
    const { examples } = await loadGlue('qnli', { split: 'validation', dataDir: flags.data })
    const passages = examples.slice(0, 100).map(({ textPair }) => textPair!)
    await compare('100 passages ranked', workers, {
      request: { query: examples[0]!.text, rank: passages },
      count: passages.length,
      tolerance: 1e-4,
    })
    const pairs = passages.map((passage): [string, string] => [examples[0]!.text, passage])
    if (boundOf) console.log(await boundOf(pairs, { count: passages.length, rows: 'first' }))
  }
  if (parts.includes('zero-shot')) {
    const { examples } = await loadGlue('sst2', { split: 'validation', dataDir: flags.data })
    const texts = Array.from(
      { length: Number(flags['zero-shot-texts']) },
      (_, i) => examples[i % examples.length]!.text,
    )
    // The pipeline runs in the worker of sentence-transformers, which is given the cross-encoder.
    const pipelines = Object.entries(peers)
      .filter(([side]) => side.startsWith('sentence-transformers'))
      .map(([side, worker]) => [side.replace('sentence-transformers', "transformers' pipeline"), worker])
    const sides = { ...ours, ...Object.fromEntries(pipelines) }
    await compare(`${texts.length} texts x ${labels.length} labels`, sides, {
      request: { sort: texts, labels },
      count: texts.length,
      tolerance: 1e-4,
      sizes: [32],
      rounds: 1,
    })
    const pairs = texts.flatMap((text) => zeroShotPairs(text, labels))
    if (boundOf) console.log(await boundOf(pairs, { count: texts.length, rows: 'first' }))
  }
  for (const worker of Object.values(workers)) worker.close()
}

/**
 * How many requests of given texts a second would run if nothing ran but their products, each at the peak of a dtype.
 * `rows` are those that the last layer gives: of a classifier, past keys and values, the first token of each text.
 */
async function boundsAt(peak: Peak) {
  const config = JSON.parse(await readFile(join(flags.model!, 'config.json'), 'utf8'))
  const [width, wide, layers] = [config.hidden_size, config.intermediate_size, config.num_hidden_layers]
  const layer = (keys: number, rows: number) =>
    4 * keys * width ** 2 + 4 * rows * width * (width + wide) + 4 * rows * keys * width
  return async (
    texts: readonly (string | [string, string])[],
    { count, rows }: { count: number; rows: 'all' | 'first' },
  ): Promise<string> => {
    await using tokenizer = await AutoTokenizer.fromPretrained(flags.model!)
    const encodings = await tokenizer.encodeBatch(texts, { maxLength: 512 })
    const operations = encodings.reduce((sum, { ids: { length } }) => {
      const last = rows === 'all' ? length : 1
      return sum + (layers - 1) * layer(length, length) + layer(length, last)
    }, 0)
    const rates = Object.entries(peak).map(
      ([dtype, rate]) => `${dtype} ${((count * rate * 1e9) / operations).toFixed(1)}/s`,
    )
    return `  at the peak of registers: ${rates.join(', ')}`
  }
}

/** Prints how vectors of each side agree with people on STS-B's dev set. */
async function correlate(sides: Readonly<Record<string, Worker>>): Promise<void> {
  const { examples } = await loadGlue('stsb', { split: 'validation', dataDir: flags.data })
  const texts = examples.flatMap(({ text, textPair }) => [text, textPair!])
  const scores = examples.map(({ label }) => Number(label))
  const cells: string[] = []
  for (const [side, worker] of Object.entries(sides)) {
    const { values } = await worker.ask<Answer>({ embed: texts, concurrency: 64, size: 32 })
    const cosines = scores.map((_, i) => cosineSimilarity(values[2 * i]!, values[2 * i + 1]!))
    cells.push(`${side} ${spearman(cosines, scores).toFixed(4)}`)
  }
  console.log(`STS-B dev, Spearman: ${cells.join('; ')}`)
}

interface Comparison {
  request: object
  /** What a rate counts. */
  count: number
  tolerance: number
  /** Of the peers' batches. */
  sizes?: readonly number[]
  rounds?: number
}

/**
 * Runs a request on all sides in turns and prints a line: rates, ours over each peer's best of its dtype, how late ours
 * were.
 */
async function compare(
  what: string,
  sides: Readonly<Record<string, Worker>>,
  { request, count, tolerance, sizes = [8, 32, 128], rounds = Number(flags.rounds) }: Comparison,
): Promise<void> {
  const times = new Map<string, number[]>()
  const late: number[] = []
  let expected: number[][] | undefined
  const run = async (side: string, size: number): Promise<Answer> => {
    const answer = await sides[side]!.ask<Answer>({ ...request, size })
    expected ??= answer.values
    const apart = distance(expected, answer.values)
    if (!side.endsWith('int8') && !(apart < (side.endsWith('bf16') ? 0.05 : tolerance)))
      throw new Error(`${side} gives other values: the largest difference is ${apart}`)
    return answer
  }
  const best: Record<string, number> = {}
  for (const side of Object.keys(sides)) {
    let least = Number.POSITIVE_INFINITY
    best[side] = sizes[0]!
    for (const size of sizes.length > 1 ? (side.startsWith('ours') ? [0] : sizes) : []) {
      const { milliseconds } = await run(side, size)
      if (milliseconds < least) [least, best[side]] = [milliseconds, size]
    }
  }
  for (let round = 0; round < rounds; round++)
    for (const [side, size] of Object.entries(best)) {
      const answer = await run(side, size)
      times.set(side, [...(times.get(side) ?? []), answer.milliseconds])
      if (side === 'ours') late.push(...answer.late!)
    }
  const rateOf = (side: string) => (1000 * count) / median(times.get(side)!)
  const cells = Object.keys(sides).map((side) => {
    const over = side.startsWith('ours') ? '' : ` in batches of ${best[side]}`
    const own = !side.startsWith('ours') && side.endsWith('bf16') ? 'ours bf16' : 'ours'
    const ratio = side === own ? '' : ` (${(rateOf(own) / rateOf(side)).toFixed(2)}x)`
    return `${side}${over} ${rateOf(side).toFixed(1)}/s${ratio}`
  })
  late.sort((a, b) => a - b)
  console.log(`${what}: ${cells.join('; ')}; loop late ${at(late, 0.5)}/${at(late, 0.99)} ms`)
}

function distance(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number {
  return Math.max(...a.map((row, i) => Math.max(...row.map((value, k) => Math.abs(value - b[i]![k]!)))))
}
