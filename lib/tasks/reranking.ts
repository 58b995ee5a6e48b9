import type { Hash } from 'node:crypto'
import type { Example } from '../data/examples.ts'
import {
  isRetrievalMetric,
  type Ranked,
  retrievalMetricNames,
  retrievalMetrics,
} from '../data/retrieval-metrics.ts'
import type { ConfigReader, EncoderConfig } from '../encoders/config.ts'
import type { Family } from '../encoders/family.ts'
import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { ClassificationHead } from '../heads/classification.ts'
import type { Head } from '../heads/head.ts'
import { Tensor, type TensorOptions } from '../tensor.ts'
import type { Tokenizer } from '../tokenizer/index.ts'
import { mean, sigmoid } from './arithmetic.ts'
import { chooseLabels, type LabelOptions } from './label-config.ts'
import { placeOf } from './place.ts'
import {
  type CollateOptions,
  type EncodedExamples,
  type EncodeOptions,
  type Metrics,
  type Targets,
  Task,
} from './task.ts'

/** How well a text answers a query, of each pair, and which pairs are of one query. */
export interface RelevanceLabels {
  /** From 0 to 1. */
  relevance: Float32Array
  queries: Int32Array
}

/**
 * How well a text answers a query, read together: a cross-encoder. One output, whose sigmoid is the score, trained by
 * binary cross-entropy, of yes and no or of grades between; sentence-transformers' `CrossEncoder` with one label.
 */
export class Reranking extends Task<RelevanceLabels, Example> {
  static readonly taskName = 'reranking'
  static readonly architecture = 'ForSequenceClassification'
  static readonly peftType = 'SEQ_CLS'
  readonly name = Reranking.taskName
  readonly architecture = Reranking.architecture
  readonly peftType = Reranking.peftType
  override readonly pipeline = 'text-ranking'
  readonly savedModules = ['classifier', 'score']
  readonly width = 1
  readonly labels: readonly string[] = ['LABEL_0']
  readonly metricNames = retrievalMetricNames
  readonly defaultMetrics = ['ndcg@10', 'mrr@10']

  /** @throws TorchLoraError INCOMPATIBLE for a trained head of more than one output */
  static read(reader: ConfigReader, options: LabelOptions = {}): Reranking {
    const { labels } = chooseLabels(reader, { ...options, numLabels: options.labels ? undefined : 1 })
    if (
      labels.length !== 1 ||
      (reader.bounds.outputs !== null && reader.bounds.outputs !== 1 && !options.head)
    )
      throw new TorchLoraError(
        'INCOMPATIBLE',
        `${reader.file}: reranking is one output, and this head has ${reader.bounds.outputs ?? labels.length}: train a new head (\`head: 'fresh'\`).`,
        { file: reader.file },
      )
    return new Reranking()
  }

  requireLabels(): void {
    throw new TorchLoraError('INCOMPATIBLE', 'A reranker has one score and no labels: leave `labels` away.')
  }

  head(family: Family, config: EncoderConfig, options: TensorOptions): Head {
    const layout = family.heads(config).sequence
    return new ClassificationHead(layout.pooling ?? 'first', layout, { width: 1, ...options })
  }

  override canMeasure(name: string): boolean {
    return isRetrievalMetric(name)
  }

  toConfig(): Record<string, unknown> {
    return {
      id2label: { 0: 'LABEL_0' },
      label2id: { LABEL_0: 0 },
      sentence_transformers: { activation_fn: 'torch.nn.modules.activation.Sigmoid' },
    }
  }

  toMetadata(): Record<string, string> {
    return {}
  }

  /** From 0 to 1: the sigmoid of the one output. */
  relevance(logits: ArrayLike<number>): number {
    return sigmoid(logits)[0]!
  }

  /** @throws TorchLoraError INCOMPATIBLE naming file and line of an example without a second text or a grade from 0 to 1 */
  check(examples: readonly Example[]): void {
    for (const example of examples) {
      if (example.textPair === undefined)
        throw new TorchLoraError(
          'INCOMPATIBLE',
          `${placeOf(example)}: expected a query and a text, received one text; give the second in \`textPair\`.`,
        )
      const value = gradeOf(example)
      if (!(value >= 0 && value <= 1))
        throw new TorchLoraError(
          'INCOMPATIBLE',
          `${placeOf(example)}: expected a label from 0 (does not answer) to 1 (does), received ${JSON.stringify(example.label)}; divide grades by the highest.`,
        )
    }
  }

  async encode(
    examples: readonly Example[],
    tokenizer: Tokenizer,
    { maxLength }: EncodeOptions,
  ): Promise<EncodedExamples<RelevanceLabels>> {
    this.check(examples)
    const encodings = await tokenizer.encodeBatch(
      examples.map(({ text, textPair }) => [text, textPair!] as const),
      { maxLength },
    )
    const queries = new Map<string, number>()
    const query = ({ text }: Example) => {
      const own = queries.get(text) ?? queries.size
      queries.set(text, own)
      return own
    }
    return {
      encodings,
      labels: { relevance: Float32Array.from(examples, gradeOf), queries: Int32Array.from(examples, query) },
    }
  }

  /** `relevance` and `weights`, 1 for a pair and 0 for padding: [B] */
  collate(
    { relevance }: RelevanceLabels,
    indices: ArrayLike<number>,
    { device, dtype, lengths }: CollateOptions,
  ): Targets {
    const rows = (fill: (i: number) => number) =>
      Tensor.from(
        lengths.map((_, b) => (b < indices.length ? fill(indices[b]!) : 0)),
        { dtype, device },
      )
    return { relevance: rows((i) => relevance[i]!), weights: rows(() => 1) }
  }

  /** Binary cross-entropy, averaged over the pairs. */
  loss(logits: Tensor, { relevance, weights }: Targets): Tensor {
    const losses = ops.binaryCrossEntropyWithLogits(ops.view(logits, [-1]), relevance!, { reduction: 'none' }) // [B]
    return ops.div(ops.sum(ops.mul(losses, weights!)), ops.sum(weights!))
  }

  /** Mean loss; nDCG, MRR and recall of the texts of each query. */
  score(
    outputs: readonly Float32Array[],
    { relevance, queries }: RelevanceLabels,
    metrics: readonly string[],
  ): Metrics {
    const losses = outputs.map(
      ([x], i) => Math.max(x!, 0) - x! * relevance[i]! + Math.log1p(Math.exp(-Math.abs(x!))),
    )
    const members = new Map<number, number[]>()
    for (const [i, query] of queries.entries()) members.set(query, [...(members.get(query) ?? []), i])
    const searches = [...members.values()].map((own): Ranked => {
      const order = [...own].sort((a, b) => outputs[b]![0]! - outputs[a]![0]!)
      const relevant = own.map((i) => relevance[i]!).filter((gain) => gain > 0)
      return { gains: order.map((i) => relevance[i]!), relevant }
    })
    return { loss: mean(losses), ...retrievalMetrics(searches, metrics) }
  }

  digest({ relevance, queries }: RelevanceLabels, hash: Hash): void {
    hash.update(relevance).update(queries)
  }
}

function gradeOf({ label }: Example): number {
  if (typeof label === 'boolean') return label ? 1 : 0
  return typeof label === 'string' && label.trim() === '' ? Number.NaN : Number(label)
}

/** Pairs of a GLUE task as pairs that answer or do not: entailed, equivalent or duplicate is 1. */
export function relevanceOf(examples: readonly Example[]): Example[] {
  const yes = ['entailment', 'equivalent', 'duplicate']
  return examples.map((example) => ({ ...example, label: yes.includes(String(example.label)) ? 1 : 0 }))
}
