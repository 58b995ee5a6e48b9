import type { Hash } from 'node:crypto'
import { type Masked, type MaskingOptions, type MaskingVocabulary, maskTokens } from '../data/masking.ts'
import type { TextExample } from '../data/text-blocks.ts'
import type { ConfigReader, EncoderConfig } from '../encoders/config.ts'
import type { Family } from '../encoders/family.ts'
import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import type { Head } from '../heads/head.ts'
import { LanguageHead } from '../heads/language.ts'
import { any, boolean } from '../options.ts'
import { Tensor, type TensorOptions } from '../tensor.ts'
import type { Encoding, Tokenizer } from '../tokenizer/index.ts'
import { checkClasses } from './class-labels.ts'
import { type LabelOptions, refuseLabels } from './label-config.ts'
import {
  type CollateOptions,
  type EncodedExamples,
  type EncodeOptions,
  type Metrics,
  type Sequence,
  type Targets,
  Task,
} from './task.ts'

/** How words are masked for a model to learn them. */
export interface MaskedLmOptions extends LabelOptions, MaskingOptions {
  /** Tokens of a block at most, special tokens included. Default 128. */
  blockSize?: number
}

/** Blocks as they are before anything is masked. */
export interface BlockLabels {
  blocks: readonly { ids: Int32Array; wordIds: Int32Array }[]
  vocabulary: MaskingVocabulary
}

/** Words that are hidden in a text; transformers' `...ForMaskedLM`. */
export class MaskedLanguageModel extends Task<BlockLabels, TextExample> {
  static readonly taskName = 'masked-language-model'
  static readonly architecture = 'ForMaskedLM'
  /** PEFT has no name for it. */
  static readonly peftType = null
  /** @internal */
  static readonly rules = { probability: any, wholeWords: boolean, blockSize: any }
  readonly name = MaskedLanguageModel.taskName
  readonly architecture = MaskedLanguageModel.architecture
  readonly peftType = MaskedLanguageModel.peftType
  override readonly pipeline = 'fill-mask'
  readonly savedModules: readonly string[] = []
  readonly width = 0
  readonly labels: readonly string[] = []
  readonly metricNames = ['accuracy', 'perplexity']
  readonly defaultMetrics = this.metricNames
  override readonly addsUp = true
  readonly #options: MaskedLmOptions

  constructor(options: MaskedLmOptions = {}) {
    super()
    const { probability = 0.15, blockSize = 128 } = options
    if (!(probability > 0 && probability < 1))
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `probability: expected a share above 0 and below 1, received ${probability}.`,
      )
    if (!Number.isInteger(blockSize) || blockSize < 8)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `blockSize: expected a whole number of at least 8, received ${blockSize}.`,
      )
    this.#options = options
  }

  /**
   * The task with these options: `config.json` says nothing of it.
   * @throws TorchLoraError INVALID_ARGUMENT for labels, which it has none of
   */
  static read(_reader: ConfigReader, options: MaskedLmOptions = {}): MaskedLanguageModel {
    refuseLabels('A model of masked words', options)
    return new MaskedLanguageModel(options)
  }

  requireLabels(): void {
    throw new TorchLoraError('INCOMPATIBLE', 'A model of masked words has no labels: leave `labels` away.')
  }

  /** @throws TorchLoraError UNSUPPORTED for a family without such a head */
  head(family: Family, config: EncoderConfig, options: TensorOptions): Head {
    const { maskedLm } = family.heads(config)
    if (!maskedLm)
      throw new TorchLoraError('UNSUPPORTED', `${family.architecture} has no head for masked words here.`)
    return new LanguageHead(maskedLm, options)
  }

  toConfig(): Record<string, unknown> {
    return {}
  }

  toMetadata(): Record<string, string> {
    return {}
  }

  /**
   * All texts end to end, in blocks of one size with the special tokens around each; what is left at the end is the last.
   * @throws TorchLoraError INVALID_ARGUMENT for a length that holds no more than the special tokens; INCOMPATIBLE for a
   * tokenizer without a mask, or texts without a token
   */
  async encode(
    examples: readonly TextExample[],
    tokenizer: Tokenizer,
    { maxLength }: EncodeOptions,
  ): Promise<EncodedExamples<BlockLabels>> {
    const { clsTokenId, sepTokenId, maskTokenId, vocabSize } = tokenizer
    if (maskTokenId === undefined || clsTokenId === undefined || sepTokenId === undefined)
      throw new TorchLoraError(
        'INCOMPATIBLE',
        `This ${tokenizer.tokenizerClass} lacks a mask token or the tokens around a text: nothing can be masked with it.`,
      )
    const size = Math.min(this.#options.blockSize ?? 128, maxLength) - 2
    if (!(size >= 1))
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `maxLength: a block holds two special tokens and what is masked; expected at least 3, received ${maxLength}.`,
      )
    const texts = examples.map(({ text }) => text)
    const options = { addSpecialTokens: false, offsets: true, maxLength: 2 ** 30 }
    // Of the tokens that are in no block yet.
    let ids: number[] = []
    let words: number[] = []
    const blocks: BlockLabels['blocks'][number][] = []
    const cut = (start: number, end: number) =>
      blocks.push({
        ids: Int32Array.from([clsTokenId, ...ids.slice(start, end), sepTokenId]),
        wordIds: Int32Array.from([-1, ...words.slice(start, end), -1]),
      })
    let word = 0
    for (let start = 0; start < texts.length; start += 4096) {
      const part = await tokenizer.encodeBatch(texts.slice(start, start + 4096), options)
      for (const { ids: own, wordIds } of part) {
        for (const [t, id] of own.entries()) {
          if (t === 0 || wordIds![t] !== wordIds![t - 1]) word++
          ids.push(id)
          words.push(word)
        }
      }
      let used = 0
      for (; used + size <= ids.length; used += size) cut(used, used + size)
      ids = ids.slice(used)
      words = words.slice(used)
    }
    if (ids.length > 0) cut(0, ids.length)
    if (blocks.length === 0)
      throw new TorchLoraError('INCOMPATIBLE', 'The texts hold no token: there is nothing to mask.')
    const typeIds = new Int32Array(size + 2) // of all blocks
    const encodings = blocks.map(
      ({ ids: own }): Encoding => ({
        ids: own,
        typeIds: typeIds.subarray(0, own.length),
        truncated: false,
        overflow: [],
      }),
    )
    return { encodings, labels: { blocks, vocabulary: { maskTokenId, vocabSize } } }
  }

  #mask({ blocks, vocabulary }: BlockLabels, index: number, seed: number): Masked {
    return maskTokens(blocks[index]!, vocabulary, { ...this.#options, seed, stream: index })
  }

  override sequences(
    { labels, encodings }: EncodedExamples<BlockLabels>,
    indices: ArrayLike<number>,
    seed: number,
  ): readonly Sequence[] {
    return Array.from(indices, (i) => ({
      ids: this.#mask(labels, i, seed).ids,
      typeIds: encodings[i]!.typeIds,
    }))
  }

  /** `rows` int32 [R], the hidden tokens of the batch, and `labels` int64 [R], what they are. */
  collate(
    labels: BlockLabels,
    indices: ArrayLike<number>,
    { device, lengths, seed = 0, classes }: CollateOptions,
  ): Targets {
    const rows: number[] = []
    const words: number[] = []
    let at = 0
    for (const [b, i] of Array.from(indices).entries()) {
      for (const t of this.#mask(labels, i, seed).places) {
        rows.push(at + t)
        words.push(labels.blocks[i]!.ids[t]!)
      }
      at += lengths[b]!
    }
    if (classes !== undefined) checkClasses(words, classes)
    return {
      rows: Tensor.from(Int32Array.from(rows), { device }),
      labels: Tensor.from(words, { dtype: 'int64', device }),
    }
  }

  /** Cross-entropy of the hidden words. @param logits [R, vocabulary] */
  loss(logits: Tensor, { labels }: Targets): Tensor {
    return ops.crossEntropyLoss(logits, labels!)
  }

  /** Of the hidden words: the summed loss, how many are found, how many there are. [3] */
  override sums(logits: Tensor, { labels }: Targets): Tensor {
    const loss = ops.crossEntropyLoss(logits, labels!, { reduction: 'sum' }).to({ dtype: 'float64' }) // []
    const right = ops.eq(ops.argmax(logits, 1), labels!).to({ dtype: 'float64' }) // [R]
    return ops.stack([loss, ops.sum(right), ops.sum(ops.onesLike(right))])
  }

  override scoreSums([loss, right, count]: Float64Array, metrics: readonly string[]): Metrics {
    const nll = loss! / count!
    const all: Metrics = { accuracy: right! / count!, perplexity: Math.exp(nll) }
    return { loss: nll, ...Object.fromEntries(metrics.map((name) => [name, all[name]!])) }
  }

  score(): Metrics {
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      'Outputs of a model of masked words are measured batch by batch.',
    )
  }

  digest({ blocks }: BlockLabels, hash: Hash): void {
    for (const { ids } of blocks) hash.update(ids)
  }
}
