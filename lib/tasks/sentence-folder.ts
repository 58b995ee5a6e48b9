import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import {
  makeFolder,
  readCheckpoint,
  readJson,
  type TensorEntry,
  type TensorSource,
  writeCheckpoint,
  writeJson,
} from '../checkpoint/index.ts'
import { TorchLoraError } from '../errors.ts'
import type { Reads } from '../heads/head.ts'
import type { DenseLayout } from '../heads/sentence.ts'
import type { FileRequest } from '../hub/index.ts'

/** What stands behind the encoder in a folder of sentence-transformers. */
export interface SentenceLayout {
  pooling: SentencePooling
  normalize: boolean
  dense: readonly DenseLayout[]
  /** Tokens of a text at most, where the folder says it. */
  maxSeqLength?: number
  /** Whether texts are read in lower case, whatever the tokenizer does. Default false. */
  lowerCase?: boolean
  /** What the folder says vectors are to be compared by ("dot"), kept for whoever reads it. Default 'cosine'. */
  similarity?: string
  /** What stands in front of a text, by name ("query"). */
  prompts: Readonly<Record<string, string>>
  defaultPromptName: string | null
}

/** sentence-transformers' names of how a sequence's tokens become one row. */
export type SentencePooling = 'cls' | 'lasttoken' | 'mean' | 'max' | 'mean_sqrt_len_tokens' | 'weightedmean'

export const sentencePoolings: readonly SentencePooling[] = [
  'mean',
  'cls',
  'max',
  'mean_sqrt_len_tokens',
  'weightedmean',
  'lasttoken',
]

/** What the head reads for it. */
export function readsOf(pooling: SentencePooling): Reads {
  return pooling === 'cls' ? 'first' : pooling === 'lasttoken' ? 'last' : pooling
}

/** A folder without sentence-transformers' files: mean of the tokens, of length 1. */
export const plainLayout: SentenceLayout = {
  pooling: 'mean',
  normalize: true,
  dense: [],
  prompts: {},
  defaultPromptName: null,
}

/** What a model of sentence-transformers has beside a plain one. */
export const sentenceFiles: readonly FileRequest[] = [
  'modules.json',
  'sentence_bert_config.json',
  'config_sentence_transformers.json',
  '1_Pooling/config.json',
  '2_Dense/config.json',
  '2_Dense/model.safetensors',
  '2_Dense/pytorch_model.bin',
].map((optional) => ({ optional }))

const modules = z.array(z.looseObject({ path: z.string(), type: z.string() })).min(1)
const settings = z.looseObject({
  prompts: z.record(z.string(), z.string()).nullish(),
  default_prompt_name: z.string().nullish(),
  similarity_fn_name: z.string().nullish(),
})
const reading = z.looseObject({
  max_seq_length: z.int().min(1).nullish(),
  do_lower_case: z.boolean().nullish(),
})
const denseConfig = z.looseObject({
  in_features: z.int().min(1),
  out_features: z.int().min(1),
  bias: z.boolean().default(true),
  activation_function: z.string().default('torch.nn.modules.activation.Tanh'),
})
const poolingConfig = z.looseObject({})

/** What {@link readSentenceFolder} finds. */
export interface SentenceFolder {
  /** The folder of the encoder: the one given, or one below. */
  encoder: string
  layout: SentenceLayout
  /** Weights of the layers behind the pooling, by the model's names. */
  entries: ReadonlyMap<string, TensorEntry>
}

/**
 * Reads `modules.json` and what it names; null for a folder without one.
 * @throws TorchLoraError INVALID_FILE; UNSUPPORTED naming a module or a setting that is not followed
 */
export async function readSentenceFolder(directory: string): Promise<SentenceFolder | null> {
  const file = join(directory, 'modules.json')
  if (!existsSync(file)) return null
  const [transformer, pool, ...rest] = await readJson(file, modules)
  const kind = (type: string) => type.split('.').at(-1)!
  if (kind(transformer!.type) !== 'Transformer' || !pool || kind(pool.type) !== 'Pooling')
    throw unsupported(file, 'modules are not a Transformer and a Pooling, in this order')
  const encoder = inside(directory, transformer!.path, file)
  const entries = new Map<string, TensorEntry>()
  const dense: DenseLayout[] = []
  let normalize = false
  for (const { type, path } of rest) {
    if (normalize) throw unsupported(file, `a ${kind(type)} behind Normalize`)
    if (kind(type) === 'Normalize') normalize = true
    else if (kind(type) === 'Dense') {
      const folder = inside(directory, path, file)
      dense.push(await readDense(folder, path))
      for (const [name, entry] of (await readCheckpoint(folder)).entries)
        entries.set(`${path}.${name}`, { ...entry, name: `${path}.${name}` })
    } else throw unsupported(file, `a module of type ${type}`)
  }
  const said = join(directory, 'config_sentence_transformers.json')
  const own = existsSync(said) ? await readJson(said, settings) : {}
  const limits = join(encoder, 'sentence_bert_config.json')
  const { max_seq_length, do_lower_case } = existsSync(limits) ? await readJson(limits, reading) : {}
  return {
    encoder,
    entries,
    layout: {
      pooling: await readPooling(join(inside(directory, pool.path, file), 'config.json')),
      normalize,
      dense,
      maxSeqLength: max_seq_length ?? undefined,
      lowerCase: do_lower_case ?? undefined,
      similarity: own.similarity_fn_name ?? undefined,
      prompts: own.prompts ?? {},
      defaultPromptName: own.default_prompt_name ?? null,
    },
  }
}

/** sentence-transformers 6 writes `pooling_mode`; those before a flag a mode. */
async function readPooling(file: string): Promise<SentencePooling> {
  const config = await readJson(file, poolingConfig)
  const flags = Object.entries(config).flatMap(([key, value]) => {
    const [, mode] = /^pooling_mode_(.+)$/.exec(key) ?? []
    return mode && value === true
      ? [mode === 'mean_sqrt_len_tokens' ? mode : mode.replace(/_tokens?$/, '')]
      : []
  })
  const said = config.pooling_mode === undefined ? flags : [config.pooling_mode].flat()
  if (config.include_prompt === false) throw unsupported(file, 'include_prompt false')
  const found = sentencePoolings.find((mode) => said.length === 1 && mode === said[0])
  if (!found)
    throw unsupported(
      file,
      `pooling by ${said.join(' and ') || 'nothing'} (one of ${sentencePoolings.join(', ')} is)`,
    )
  return found
}

async function readDense(folder: string, path: string): Promise<DenseLayout> {
  const file = join(folder, 'config.json')
  const { in_features, out_features, bias, activation_function } = await readJson(file, denseConfig)
  const name = activation_function.split('.').at(-1)
  if (name !== 'Tanh' && name !== 'Identity')
    throw unsupported(file, `activation_function ${activation_function}`)
  return {
    folder: path,
    inFeatures: in_features,
    outFeatures: out_features,
    bias,
    act: name === 'Tanh' ? 'tanh' : 'identity',
  }
}

function inside(directory: string, path: string, file: string): string {
  if (/^[\w.-]*$/.test(path) && path !== '..') return path === '' ? directory : join(directory, path)
  throw new TorchLoraError(
    'INVALID_FILE',
    `${file}: a module's path must be a folder beside it, received ${JSON.stringify(path)}.`,
    {
      file,
    },
  )
}

function unsupported(file: string, what: string): TorchLoraError {
  return new TorchLoraError('UNSUPPORTED', `${file}: not supported: ${what}.`, { file })
}

/** Writes what sentence-transformers reads beside the encoder. @param weights of each dense layer, by its folder */
export async function writeSentenceFolder(
  directory: string,
  layout: SentenceLayout,
  { hiddenSize, weights }: { hiddenSize: number; weights: ReadonlyMap<string, TensorSource[]> },
): Promise<void> {
  const st = 'sentence_transformers.models'
  const list = [
    { path: '', type: `${st}.Transformer` },
    { path: '1_Pooling', type: `${st}.Pooling` },
    ...layout.dense.map(({ folder }) => ({ path: folder, type: `${st}.Dense` })),
    ...(layout.normalize ? [{ path: `${2 + layout.dense.length}_Normalize`, type: `${st}.Normalize` }] : []),
  ]
  const flags: [SentencePooling, string][] = [
    ['cls', 'pooling_mode_cls_token'],
    ['mean', 'pooling_mode_mean_tokens'],
    ['max', 'pooling_mode_max_tokens'],
    ['mean_sqrt_len_tokens', 'pooling_mode_mean_sqrt_len_tokens'],
    ['weightedmean', 'pooling_mode_weightedmean_tokens'],
    ['lasttoken', 'pooling_mode_lasttoken'],
  ]
  await makeFolder(join(directory, '1_Pooling'))
  await writeJson(join(directory, '1_Pooling', 'config.json'), {
    word_embedding_dimension: hiddenSize,
    ...Object.fromEntries(flags.map(([mode, key]) => [key, mode === layout.pooling])),
    include_prompt: true,
  })
  for (const { folder, inFeatures, outFeatures, bias, act } of layout.dense) {
    await makeFolder(join(directory, folder))
    await writeJson(join(directory, folder, 'config.json'), {
      in_features: inFeatures,
      out_features: outFeatures,
      bias,
      activation_function:
        act === 'tanh' ? 'torch.nn.modules.activation.Tanh' : 'torch.nn.modules.linear.Identity',
    })
    await writeCheckpoint(join(directory, folder), weights.get(folder)!)
  }
  if (layout.normalize) await makeFolder(join(directory, list.at(-1)!.path))
  await writeJson(join(directory, 'sentence_bert_config.json'), {
    ...(layout.maxSeqLength !== undefined && { max_seq_length: layout.maxSeqLength }),
    do_lower_case: layout.lowerCase ?? false,
  })
  await writeJson(join(directory, 'config_sentence_transformers.json'), {
    prompts: layout.prompts,
    default_prompt_name: layout.defaultPromptName,
    similarity_fn_name: layout.similarity ?? 'cosine',
  })
  await writeJson(
    join(directory, 'modules.json'),
    list.map(({ path, type }, idx) => ({ idx, name: String(idx), path, type })),
  )
}
