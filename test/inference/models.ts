import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadAdapter, saveAdapter } from '../../lib/adapters/adapter.ts'
import { applyLora } from '../../lib/adapters/apply.ts'
import type { LoraConfigOptions } from '../../lib/adapters/config.ts'
import { unloadLora } from '../../lib/adapters/merge.ts'
import { packBatch } from '../../lib/data/index.ts'
import * as ops from '../../lib/generated/ops.ts'
import { noGrad } from '../../lib/grad-mode.ts'
import {
  AutoModelForMaskedLM,
  AutoModelForQuestionAnswering,
  AutoModelForReranking,
  AutoModelForSentenceSimilarity,
  AutoModelForSequenceClassification,
  AutoModelForTokenClassification,
} from '../../lib/models/auto.ts'
import type { Model } from '../../lib/models/model.ts'
import { batchTensors, disposeBatch } from '../../lib/nn/batch.ts'
import { manualSeed } from '../../lib/random.ts'
import { scope } from '../../lib/scope.ts'
import type { LabelOptions } from '../../lib/tasks/label-config.ts'
import type { SimilarityOptions } from '../../lib/tasks/sentence-similarity.ts'
import { AutoTokenizer, type TokenizerInput } from '../../lib/tokenizer/index.ts'

export interface TinyOptions extends LabelOptions {
  family?: 'bert' | 'roberta'
  layers?: number
  hiddenSize?: number
  seed?: number
  /** Leave the head out of the file, as a pre-trained encoder does. */
  headless?: boolean
}

/** A folder with a small random model and a real tokenizer of its family. */
export function tinyClassifier(options: TinyOptions = {}): Promise<string> {
  return tinyFolder(AutoModelForSequenceClassification, options)
}

/** The same of a token classifier. */
export function tinyTagger(options: TinyOptions = {}): Promise<string> {
  return tinyFolder(AutoModelForTokenClassification, options)
}

/** The same of a model of sentence vectors, as a folder of sentence-transformers. */
export function tinyEmbedder(options: TinyOptions & SimilarityOptions = {}): Promise<string> {
  return tinyFolder(AutoModelForSentenceSimilarity, options)
}

/** The same of a cross-encoder. */
export function tinyReranker(options: TinyOptions = {}): Promise<string> {
  return tinyFolder(AutoModelForReranking, options)
}

/** The same of a model that answers questions. */
export function tinyAnswerer(options: TinyOptions = {}): Promise<string> {
  return tinyFolder(AutoModelForQuestionAnswering, options)
}

/** The same of a model of masked words. */
export function tinyFiller(options: TinyOptions = {}): Promise<string> {
  return tinyFolder(AutoModelForMaskedLM, options)
}

/** A way to make a model of a configuration, whatever its task. */
interface Auto {
  fromConfig(config: Readonly<Record<string, unknown>>, options: LabelOptions & { seed: number }): Model
}

async function tinyFolder(
  auto: Auto,
  { family = 'bert', layers = 2, hiddenSize = 32, seed = 1, headless = false, ...labels }: TinyOptions,
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), `tiny-${family}-`))
  await cp(new URL(`../tokenizer/fixtures/${family}`, import.meta.url).pathname, directory, {
    recursive: true,
  })
  await using tokenizer = await AutoTokenizer.fromPretrained(directory)
  const raw = {
    model_type: family,
    vocab_size: tokenizer.vocabSize,
    hidden_size: hiddenSize,
    num_hidden_layers: layers,
    num_attention_heads: 4,
    intermediate_size: 2 * hiddenSize,
    max_position_embeddings: 66,
    type_vocab_size: family === 'bert' ? 2 : 1,
    pad_token_id: tokenizer.padTokenId,
    initializer_range: 0.2,
  }
  using model = auto.fromConfig(raw, { ...labels, seed })
  await model.savePretrained(directory)
  if (headless) await removeHead(directory)
  return directory
}

/** Rewrites model.safetensors' index so that nothing is called classifier any more. */
async function removeHead(directory: string): Promise<void> {
  const file = join(directory, 'model.safetensors')
  const bytes = await readFile(file)
  const size = Number(bytes.readBigUInt64LE())
  const header = bytes
    .subarray(8, 8 + size)
    .toString()
    .replaceAll('"classifier.', '"left_over_.')
  bytes.write(header, 8)
  await writeFile(file, bytes)
}

/** A random adapter of a tiny model, B included, in PEFT's format. */
export async function tinyAdapter(
  base: string,
  { seed, labels, ...config }: LoraConfigOptions & { seed: number; labels?: string[] },
): Promise<string> {
  using model = await AutoModelForSequenceClassification.fromPretrained(base, { labels, seed })
  return await randomAdapter(model, { seed, ...config })
}

/** A random adapter of a model, B included, in PEFT's format; the model is left as it was. */
export async function randomAdapter(
  model: Model,
  { seed, ...config }: LoraConfigOptions & { seed: number },
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tiny-adapter-'))
  manualSeed(seed)
  applyLora(model, { r: 4, loraAlpha: 8, ...config })
  scope(() =>
    noGrad(() => {
      for (const [path, parameter] of model.trainableParameters())
        if (path.endsWith('lora_B.weight')) ops.normal_(parameter, { std: 0.2 })
    }),
  )
  await saveAdapter(model, directory)
  unloadLora(model)
  return directory
}

/**
 * Logits by the plain model, one text at a time, updates unmerged: what every faster way must give.
 * @param change what is done to the model before
 */
export async function plainLogits(
  base: string,
  inputs: readonly TokenizerInput[],
  adapter?: { directory: string; labels?: string[] },
  change: (model: Model) => void = () => {},
): Promise<number[][]> {
  await using tokenizer = await AutoTokenizer.fromPretrained(base)
  using model = await AutoModelForSequenceClassification.fromPretrained(base, { labels: adapter?.labels })
  if (adapter) await loadAdapter(model, adapter.directory)
  change(model)
  const encodings = await tokenizer.encodeBatch(inputs, { maxLength: model.maxLength })
  const rows = encodings.map((encoding) => {
    const batch = batchTensors(packBatch([encoding], { positions: model.positions }))
    using logits = scope(() => noGrad(() => model.forward(batch)))
    disposeBatch(batch)
    return Array.from(logits.readSync(), Number)
  })
  return rows
}
