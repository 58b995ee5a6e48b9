import type { Hash } from 'node:crypto'
import { LabelSet } from '../data/labels.ts'
import type { TokenExample } from '../data/token-examples.ts'
import type { ConfigReader, EncoderConfig } from '../encoders/config.ts'
import type { Family } from '../encoders/family.ts'
import * as ops from '../generated/ops.ts'
import { ClassificationHead } from '../heads/classification.ts'
import type { Head } from '../heads/head.ts'
import { Tensor, type TensorOptions } from '../tensor.ts'
import { defaultOverlap, type Encoding, encodeMixed, type Tokenizer } from '../tokenizer/index.ts'
import { argmax, logSumExp, mean } from './arithmetic.ts'
import { checkClasses, ignored } from './class-labels.ts'
import { entityScores } from './iob.ts'
import { chooseLabels, type LabelOptions, placeholders } from './label-config.ts'
import {
  type CollateOptions,
  type EncodedExamples,
  type EncodeOptions,
  type Metrics,
  type Targets,
  Task,
} from './task.ts'
import { spanTags, tagIds } from './token-labels.ts'

/** Where a word's prediction is read: a window of its text, and the word's first token in it. */
export interface WordPlace {
  window: number
  token: number
}

/** Labels of many texts, and where in their windows the words stand. */
export interface TokenLabels {
  /** Of each window, a class for each token, -100 for those that do not count. */
  tokens: readonly Int32Array[]
  /** Of each text, its tags, one a word. */
  tags: readonly (readonly string[])[]
  /** Of each text and word, where its prediction is read; null for a word without a token. */
  places: readonly (readonly (WordPlace | null)[])[]
}

/** A label for each word of a text; transformers' `...ForTokenClassification`. */
export class TokenClassification extends Task<TokenLabels, TokenExample> {
  static readonly taskName = 'token-classification'
  static readonly architecture = 'ForTokenClassification'
  static readonly peftType = 'TOKEN_CLS'
  readonly name = TokenClassification.taskName
  readonly architecture = TokenClassification.architecture
  readonly peftType = TokenClassification.peftType
  readonly savedModules = ['classifier', 'score']
  readonly metricNames = ['f1', 'precision', 'recall', 'accuracy']
  readonly defaultMetrics = this.metricNames
  readonly labels: readonly string[]
  readonly #ids: ReadonlyMap<string, number>

  constructor({ labels }: { labels: readonly string[] }) {
    super()
    this.labels = [...labels]
    this.#ids = new Map(this.labels.map((label, id) => [label, id]))
  }

  /** Reads the labels of a `config.json`, over which options have the last word. */
  static read(reader: ConfigReader, options: LabelOptions = {}): TokenClassification {
    return new TokenClassification({ labels: chooseLabels(reader, options).labels })
  }

  get width(): number {
    return this.labels.length
  }

  requireLabels(labels: LabelSet): void {
    LabelSet.single(this.labels).requireSame(labels)
  }

  /** The head that the family puts on its encoder for this task, in the layout of its checkpoints. */
  head(family: Family, config: EncoderConfig, options: TensorOptions): Head {
    return new ClassificationHead('tokens', family.heads(config).token, { width: this.width, ...options })
  }

  override withLabels({ labels, numLabels = this.width }: LabelOptions): TokenClassification {
    if (!labels && numLabels === this.width) return this
    return new TokenClassification({ labels: labels ?? placeholders(numLabels) })
  }

  toConfig(): Record<string, unknown> {
    return {
      id2label: Object.fromEntries(this.labels.map((label, i) => [String(i), label])),
      label2id: Object.fromEntries(this.labels.map((label, i) => [label, i])),
    }
  }

  toMetadata(): Record<string, string> {
    return { labels: JSON.stringify(this.labels) }
  }

  /**
   * Texts as tokens; one that is too long in windows that overlap by a quarter. A word's label stands at its first
   * token, in the window where it has most context.
   */
  async encode(
    examples: readonly TokenExample[],
    tokenizer: Tokenizer,
    { maxLength }: EncodeOptions,
  ): Promise<EncodedExamples<TokenLabels>> {
    const encoded = await encodeMixed(
      tokenizer,
      examples.map(({ words, text }) => (words ? { words } : (text ?? ''))),
      { maxLength, offsets: true, stride: defaultOverlap(maxLength) },
    )

    const encodings: Encoding[] = []
    const tokens: Int32Array[] = []
    const tags: (readonly string[])[] = []
    const places: (WordPlace | null)[][] = []
    for (const [i, example] of examples.entries()) {
      const windows = [encoded[i]!, ...encoded[i]!.overflow]
      const own = example.words ? (example.tags ?? []) : spanTags(example, windows)
      const ids = tagIds(own, { example, ids: this.#ids, labels: this.labels })
      const at = placeWords(windows, own.length)
      tags.push(own)
      places.push(at.map((place) => place && { ...place, window: place.window + encodings.length }))
      for (const [w, window] of windows.entries()) {
        const labels = new Int32Array(window.ids.length).fill(ignored)
        for (const [word, place] of at.entries()) if (place?.window === w) labels[place.token] = ids[word]!
        encodings.push(window)
        tokens.push(labels)
      }
    }
    return { encodings, labels: { tokens, tags, places } }
  }

  /** `labels`: int64 [T], -100 for tokens that do not count. */
  collate({ tokens }: TokenLabels, indices: ArrayLike<number>, { device, lengths }: CollateOptions): Targets {
    const total = lengths.reduce((sum, length) => sum + length, 0)
    const labels = new Array<number>(total).fill(ignored)
    let at = 0
    for (let i = 0; i < indices.length; i++) {
      for (const [t, label] of tokens[indices[i]!]!.entries()) labels[at + t] = label
      at += lengths[i]!
    }
    checkClasses(labels, this.width)
    return { labels: Tensor.from(labels, { dtype: 'int64', device }) }
  }

  /** Cross-entropy over the tokens that count. */
  loss(logits: Tensor, { labels }: Targets): Tensor {
    return ops.crossEntropyLoss(logits, labels!)
  }

  /** Loss over words' first tokens; precision, recall and F1 of entities as seqeval counts them; accuracy of words. */
  score(
    outputs: readonly Float32Array[],
    { tokens, tags, places }: TokenLabels,
    metrics: readonly string[],
  ): Metrics {
    const row = (window: number, token: number) =>
      outputs[window]!.subarray(token * this.width, (token + 1) * this.width)
    const losses = tokens.flatMap((labels, window) =>
      Array.from(labels).flatMap((label, token) => {
        const logits = row(window, token)
        return label === ignored ? [] : [logSumExp(logits) - logits[label]!]
      }),
    )
    const outside = this.labels.includes('O') ? 'O' : this.labels[0]!
    const predicted = places.map((words) =>
      words.map((place) => (place ? this.labels[argmax(row(place.window, place.token))]! : outside)),
    )
    const pairs = tags.flatMap((own, i) => own.map((tag, word) => [tag, predicted[i]![word]]))
    const right = pairs.filter(([tag, guess]) => tag === guess).length
    const all: Metrics = { ...entityScores(predicted, tags), accuracy: right / pairs.length }
    return { loss: mean(losses), ...Object.fromEntries(metrics.map((name) => [name, all[name]!])) }
  }

  digest({ tokens }: TokenLabels, hash: Hash): void {
    for (const labels of tokens) hash.update(labels)
  }
}

/** For each word, the window in which its first token stands furthest from a cut. */
export function placeWords(windows: readonly Encoding[], count: number): (WordPlace | null)[] {
  const places: (WordPlace | null)[] = new Array(count).fill(null)
  const margins = new Array<number>(count).fill(-1)
  for (const [w, { wordIds }] of windows.entries()) {
    const last = wordIds!.length - 1
    for (const [t, word] of wordIds!.entries()) {
      if (word < 0 || wordIds![t - 1] === word) continue
      // A window after the first may begin within a word, whose first token is then in the one before.
      if (w > 0 && t === firstOfText(wordIds!) && windows[w - 1]!.wordIds!.includes(word)) continue
      const margin = Math.min(w === 0 ? last : t, w === windows.length - 1 ? last : last - t)
      if (word < count && margin > margins[word]!) {
        margins[word] = margin
        places[word] = { window: w, token: t }
      }
    }
  }
  return places
}

function firstOfText(wordIds: Int32Array): number {
  return wordIds.findIndex((word) => word >= 0)
}
