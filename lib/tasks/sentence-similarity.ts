import type { Hash } from 'node:crypto'
import type { TensorSource } from '../checkpoint/index.ts'
import { pearson, spearman } from '../data/metrics.ts'
import {
  isRetrievalMetric,
  type Ranked,
  retrievalMetricNames,
  retrievalMetrics,
} from '../data/retrieval-metrics.ts'
import type { SimilarityExample } from '../data/similarity-examples.ts'
import type { ConfigReader, EncoderConfig } from '../encoders/config.ts'
import type { Family } from '../encoders/family.ts'
import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import type { Head } from '../heads/head.ts'
import { normalizeRows, SentenceHead } from '../heads/sentence.ts'
import { any, boolean } from '../options.ts'
import { scope } from '../scope.ts'
import { Tensor, type TensorOptions } from '../tensor.ts'
import type { Encoding, Tokenizer } from '../tokenizer/index.ts'
import { mean } from './arithmetic.ts'
import { type LabelOptions, refuseLabels } from './label-config.ts'
import { placeOf } from './place.ts'
import {
  plainLayout,
  readSentenceFolder,
  readsOf,
  type SentenceLayout,
  type SentencePooling,
  sentenceFiles,
  sentencePoolings,
  writeSentenceFolder,
} from './sentence-folder.ts'
import {
  defaultLoss,
  isScored,
  matryoshkaLoss,
  type SentenceLoss,
  sentenceLoss,
  sentenceLosses,
} from './sentence-losses.ts'
import {
  type CollateOptions,
  type EncodedExamples,
  type EncodeOptions,
  type Metrics,
  type Targets,
  Task,
} from './task.ts'

/** What a caller decides of a model of sentences. */
export interface SimilarityOptions extends LabelOptions {
  /** How tokens become a vector; default what the folder says, else 'mean'. */
  pooling?: SentencePooling
  /** Whether vectors have length 1; default what the folder says, else true. */
  normalize?: boolean
  /** Default: `cosent` for scored pairs, `multiple-negatives-ranking` for others. */
  loss?: SentenceLoss
  /** Sizes that the beginning of a vector is to be good for by itself: the loss is formed of each (Matryoshka). */
  matryoshkaDims?: readonly number[]
  /** Texts a pass at most, where a batch is to be larger than what fits. */
  chunk?: number
  /** As the folder of the model says it. */
  layout?: SentenceLayout
}

/** What is measured of scored pairs; of others, searches. */
const correlations: readonly string[] = ['spearmanr', 'pearson']

/** Which texts belong together. */
export interface SimilarityLabels {
  groups: readonly (readonly number[])[]
  /** Of each pair; null where texts are anchors, positives and negatives. */
  scores: Float64Array | null
}

/** Vectors of texts, near where their meanings are; sentence-transformers' `SentenceTransformer`. */
export class SentenceSimilarity extends Task<SimilarityLabels, SimilarityExample> {
  static readonly taskName = 'sentence-similarity'
  static readonly architecture = 'Model'
  static readonly peftType = 'FEATURE_EXTRACTION'
  /** @internal */
  static readonly files = sentenceFiles
  /** @internal */
  static readonly rules = {
    pooling: any,
    normalize: boolean,
    loss: any,
    matryoshkaDims: any,
    chunk: any,
    layout: any,
  }
  /** @internal */
  static readonly readFolder = readSentenceFolder
  readonly name = SentenceSimilarity.taskName
  readonly architecture = SentenceSimilarity.architecture
  readonly peftType = SentenceSimilarity.peftType
  readonly savedModules: readonly string[] = []
  readonly width = 0
  readonly labels: readonly string[] = []
  readonly layout: SentenceLayout
  readonly #options: SimilarityOptions
  readonly metricNames = [...correlations, ...retrievalMetricNames]

  constructor(options: SimilarityOptions = {}) {
    super()
    const {
      layout = plainLayout,
      pooling = layout.pooling,
      normalize = layout.normalize,
      loss,
      matryoshkaDims,
    } = options
    if (!sentencePoolings.includes(pooling)) throw oneOf('pooling', pooling, sentencePoolings)
    if (loss !== undefined && !sentenceLosses.includes(loss)) throw oneOf('loss', loss, sentenceLosses)
    for (const size of [...(matryoshkaDims ?? []), options.chunk ?? 1])
      if (!Number.isInteger(size) || size < 1)
        throw new TorchLoraError(
          'INVALID_ARGUMENT',
          `matryoshkaDims and chunk: expected whole numbers above 0, received ${size}.`,
        )
    this.layout = { ...layout, pooling, normalize }
    this.#options = options
  }

  /**
   * The task with these options: `config.json` says nothing of it.
   * @throws TorchLoraError INVALID_ARGUMENT for labels, which it has none of
   */
  static read(_reader: ConfigReader, options: SimilarityOptions = {}): SentenceSimilarity {
    refuseLabels('A model of sentence similarity', options)
    return new SentenceSimilarity(options)
  }

  requireLabels(): void {
    throw new TorchLoraError(
      'INCOMPATIBLE',
      'A model of sentence similarity has no labels: leave `labels` away.',
    )
  }

  head(_family: Family, { hiddenSize }: EncoderConfig, options: TensorOptions): Head {
    const { pooling, dense, normalize } = this.layout
    const width = dense.at(-1)?.outFeatures ?? hiddenSize
    const large = this.#options.matryoshkaDims?.find((size) => size > width)
    if (large !== undefined)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `matryoshkaDims: ${large} is more than the ${width} of a vector.`,
      )
    return new SentenceHead(readsOf(pooling), { hiddenSize, dense, normalize, ...options })
  }

  /** Vectors of whatever length: each call says whether it is to be 1. */
  override served(): SentenceSimilarity {
    return new SentenceSimilarity({ ...this.#options, layout: this.layout, normalize: false })
  }

  toConfig(): Record<string, unknown> {
    return {}
  }

  override writeFolder(
    directory: string,
    head: { hiddenSize: number; weights: ReadonlyMap<string, TensorSource[]> },
  ): Promise<void> {
    return writeSentenceFolder(directory, this.layout, head)
  }

  toMetadata(): Record<string, string> {
    return {}
  }

  override get chunk(): number | undefined {
    return this.#options.chunk
  }

  /** A text as the model's tokenizer is to have it. */
  readable(text: string): string {
    return this.layout.lowerCase ? text.toLowerCase() : text
  }

  /** The loss for examples with scores, or without. */
  #lossFor(scored: boolean): SentenceLoss {
    return this.#options.loss ?? defaultLoss(scored)
  }

  /** @throws TorchLoraError INCOMPATIBLE naming file and line of an example that the loss cannot be formed of */
  check(examples: readonly SimilarityExample[]): void {
    const scored = examples.some(hasScore)
    const loss = this.#lossFor(scored)
    for (const example of examples) {
      const { texts, score } = example
      if ((score !== undefined) !== scored)
        throw new TorchLoraError(
          'INCOMPATIBLE',
          `${placeOf(example)}: some examples have a score and this one has not; give every pair one, or none.`,
        )
      if (scored !== isScored(loss))
        throw new TorchLoraError(
          'INCOMPATIBLE',
          `${placeOf(example)}: the loss ${loss} is of ${isScored(loss) ? 'scored pairs' : 'anchors with positives and negatives'}, and these are ${scored ? 'scored pairs' : 'not scored'}; choose another \`loss\`, or give it such examples.`,
        )
      const wrong =
        loss === 'triplet'
          ? texts.length !== 3 && 'an anchor, a positive and one negative'
          : scored
            ? texts.length !== 2 && 'two texts'
            : texts.length < 2 && 'an anchor and a positive'
      if (wrong)
        throw new TorchLoraError(
          'INCOMPATIBLE',
          `${placeOf(example)}: expected ${wrong}, received ${texts.length} texts.`,
        )
      if (loss === 'cosine' && Math.abs(score!) > 1)
        throw new TorchLoraError(
          'INCOMPATIBLE',
          `${placeOf(example)}: the cosine loss wants scores from -1 to 1, received ${score}; divide them, or use cosent, which compares them alone.`,
        )
    }
  }

  /** Each text once, however many examples it is in. */
  async encode(
    examples: readonly SimilarityExample[],
    tokenizer: Tokenizer,
    { maxLength }: EncodeOptions,
  ): Promise<EncodedExamples<SimilarityLabels>> {
    this.check(examples)
    const places = new Map<string, number>()
    const groups = examples.map(({ texts }) =>
      texts.map((text) => {
        const place = places.get(text) ?? places.size
        places.set(text, place)
        return place
      }),
    )
    const encodings: Encoding[] = await tokenizer.encodeBatch(
      [...places.keys()].map((text) => this.readable(text)),
      {
        maxLength: Math.min(maxLength, this.layout.maxSeqLength ?? tokenizer.modelMaxLength),
      },
    )
    const scored = examples.some(hasScore)
    const scores = scored ? Float64Array.from(examples, ({ score }) => score!) : null
    return { encodings, groups, labels: { groups, scores } }
  }

  /**
   * Rows of the batch's vectors, int64: `first` and `second` with `scores` [B]; or `anchors` [B] and `candidates` [C],
   * all positives and then all negatives, with `labels` [B], the anchors' own; or, for triplets, `anchors`, `positives`
   * and `negatives` [B].
   */
  collate(
    { groups, scores }: SimilarityLabels,
    indices: ArrayLike<number>,
    { device, dtype }: CollateOptions,
  ): Targets {
    const starts: number[] = []
    let at = 0
    for (const i of Array.from(indices)) {
      starts.push(at)
      at += groups[i]!.length
    }
    const whole = (values: readonly number[]) => Tensor.from([...values], { dtype: 'int64', device })
    const nth = (n: number) => whole(starts.map((start) => start + n))
    if (scores) {
      const own = Array.from(indices, (i) => scores[i]!)
      return { first: nth(0), second: nth(1), scores: Tensor.from(own, { dtype, device }) }
    }
    if (this.#lossFor(false) === 'triplet') return { anchors: nth(0), positives: nth(1), negatives: nth(2) }
    const negatives = starts.flatMap((start, b) =>
      Array.from({ length: groups[indices[b]!]!.length - 2 }, (_, n) => start + 2 + n),
    )
    return {
      anchors: nth(0),
      candidates: whole([...starts.map((start) => start + 1), ...negatives]),
      labels: whole(starts.map((_, b) => b)),
    }
  }

  loss(vectors: Tensor, targets: Targets): Tensor {
    const loss = this.#lossFor(targets.scores !== undefined)
    const { matryoshkaDims: dimensions } = this.#options
    return dimensions
      ? matryoshkaLoss(loss, vectors, { targets, dimensions })
      : sentenceLoss(loss, vectors, targets)
  }

  /** Those of the loss; where none is named they depend on the examples (`chooseMetrics`), and are those of searches here. */
  get defaultMetrics(): readonly string[] {
    return measurable(isScored(this.#lossFor(false)))
  }

  override canMeasure(name: string): boolean {
    return correlations.includes(name) || isRetrievalMetric(name)
  }

  override chooseMetrics(
    examples: readonly SimilarityExample[],
    asked?: readonly string[],
  ): readonly string[] {
    const scored = examples.some(hasScore)
    const names = asked ?? measurable(scored)
    this.requireMetrics(names)
    requireMeasurable(names, scored)
    return names
  }

  /** Rank correlation of cosines with scores; or how well each anchor finds its positives among all candidates. */
  score(outputs: readonly Float32Array[], labels: SimilarityLabels, metrics: readonly string[]): Metrics {
    const { groups, scores } = labels
    requireMeasurable(metrics, scores !== null)
    return scope(() =>
      noGrad(() => {
        const width = outputs[0]!.length
        const flat = new Float32Array(outputs.length * width)
        for (const [i, row] of outputs.entries()) flat.set(row, i * width)
        const vectors = Tensor.from(flat, { shape: [outputs.length, width] }) // [S, W]
        const loss = mean(batchesOf(groups.length).map((indices) => this.#lossOf(vectors, labels, indices)))
        const unit = normalizeRows(vectors) // [S, W]
        if (!scores) return { loss, ...retrievalMetrics(searches(unit, groups), metrics) }
        const side = (n: number) =>
          ops.indexSelect(
            unit,
            0,
            Tensor.from(
              groups.map((group) => group[n]!),
              { dtype: 'int64' },
            ),
          )
        const cosines = ops.sum(ops.mul(side(0), side(1)), [1]).readSync() as Float32Array
        const found: Metrics = { spearmanr: spearman(cosines, scores), pearson: pearson(cosines, scores) }
        return { loss, ...Object.fromEntries(metrics.map((name) => [name, found[name]!])) }
      }),
    )
  }

  #lossOf(vectors: Tensor, labels: SimilarityLabels, indices: readonly number[]): number {
    const own = indices.flatMap((i) => labels.groups[i]!)
    const rows = ops.indexSelect(vectors, 0, Tensor.from(own, { dtype: 'int64' })) // [rows, W]
    const targets = this.collate(labels, indices, {
      device: 'cpu',
      dtype: 'float32',
      lengths: own.map(() => 1),
    })
    return this.loss(rows, targets).item()
  }

  digest({ groups, scores }: SimilarityLabels, hash: Hash): void {
    for (const group of groups) hash.update(Int32Array.from([group.length, ...group]))
    if (scores) hash.update(scores)
  }
}

const hasScore = ({ score }: SimilarityExample) => score !== undefined

/** What can be measured of scored pairs, or of others. */
function measurable(scored: boolean): readonly string[] {
  return scored ? correlations : retrievalMetricNames
}

function requireMeasurable(names: readonly string[], scored: boolean): void {
  const wrong = names.filter((name) => correlations.includes(name) !== scored)
  if (wrong.length > 0)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `metrics: ${wrong.join(', ')} cannot be measured of ${scored ? 'scored pairs' : 'texts without scores'}; ${measurable(scored).join(', ')} can.`,
    )
}

/** Of so many examples a batch is what an evaluation's loss is the mean over. */
const lossBatch = 32

function batchesOf(count: number): number[][] {
  return Array.from({ length: Math.ceil(count / lossBatch) }, (_, b) =>
    Array.from({ length: Math.min(lossBatch, count - b * lossBatch) }, (_, i) => b * lossBatch + i),
  )
}

/** For each anchor, all positives and negatives of the set by falling cosine. */
function searches(unit: Tensor, groups: readonly (readonly number[])[]): Ranked[] {
  const wanted = new Map<number, Set<number>>()
  for (const [anchor, positive] of groups as readonly (readonly [number, number])[])
    wanted.set(anchor, (wanted.get(anchor) ?? new Set()).add(positive))
  const candidates = [...new Set(groups.flatMap((group) => group.slice(1)))]
  const rowsOf = (rows: readonly number[]) =>
    ops.indexSelect(unit, 0, Tensor.from([...rows], { dtype: 'int64' }))
  const matrix = ops.t(rowsOf(candidates)) // [W, C]
  const anchors = [...wanted.keys()]
  const found: Ranked[] = []
  for (let start = 0; start < anchors.length; start += 64) {
    const block = anchors.slice(start, start + 64)
    const scores = ops.matmul(rowsOf(block), matrix).readSync() as Float32Array // [64, C]
    for (const [i, anchor] of block.entries()) {
      const row = scores.subarray(i * candidates.length, (i + 1) * candidates.length)
      const order = Array.from(candidates.keys()).sort((a, b) => row[b]! - row[a]!)
      const own = wanted.get(anchor)!
      found.push({
        gains: order.map((c) => (own.has(candidates[c]!) ? 1 : 0)),
        relevant: Array.from(own, () => 1),
      })
    }
  }
  return found
}

function oneOf(name: string, given: string, known: readonly string[]): TorchLoraError {
  return new TorchLoraError(
    'INVALID_ARGUMENT',
    `${name}: expected one of ${known.join(', ')}, received ${JSON.stringify(given)}.`,
  )
}
