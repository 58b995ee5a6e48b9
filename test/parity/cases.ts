import { type SentencePooling, sentencePoolings } from '../../lib/tasks/sentence-folder.ts'
import { mulberry } from '../random.ts'

/** Every head; zero-shot labels are those of 'sequence'. */
export const parityTasks = ['sequence', 'token', 'question', 'masked', 'reranking', 'sentence'] as const

/** A random model, its batch and its adapter, as scripts/parity/reference.py reads them. */
export interface ParityCase {
  name: string
  family: string
  task: (typeof parityTasks)[number]
  /** Of sentence vectors: how they come of tokens, and whether their length is 1. */
  pooling?: SentencePooling
  normalize?: boolean
  config: Record<string, unknown>
  lengths: number[]
  lora: Record<string, unknown> | null
}

type Draw = (below: number) => number

const pick = <T>(draw: Draw, values: readonly T[]): T => values[draw(values.length)] as T
const between = (draw: Draw, low: number, high: number): number => low + draw(high - low + 1)
const chance = (draw: Draw, oneIn: number): boolean => draw(oneIn) === 0

/**
 * Cases that follow from the seed: families in turn, a task a round, so that each family meets each; all else drawn. In
 * the first six rounds classifiers of sequences and of tokens take the longest texts, in the next six the others.
 */
export function parityCases(families: readonly string[], count: number, seed: number): ParityCase[] {
  return Array.from({ length: count }, (_, index) => {
    const draw = mulberry(seed * 1000 + index)
    const at = index % families.length
    const family = families[at] as string
    const round = Math.floor(index / families.length)
    const task = parityTasks[(at + round) % parityTasks.length]!
    const classifies = task === 'sequence' || task === 'token'
    const long = classifies === (Math.floor(round / parityTasks.length) % 2 === 0)
    const config = configFor(task, randomConfig(family, long, draw))
    const lengths = randomLengths(family, config, draw)
    const lora = forTask(task, family, randomLora(family, config, draw))
    const drawn: ParityCase = {
      name: `${family}-${task}-${seed}-${index}`,
      family,
      task,
      config,
      lengths,
      lora,
    }
    if (task !== 'sentence') return drawn
    // Pairs.
    if (lengths.length % 2 === 1) lengths.push(between(draw, 2, lengths.at(-2)!))
    return { ...drawn, pooling: pick(draw, sentencePoolings), normalize: chance(draw, 2) }
  })
}

/** What a configuration drawn for a classifier says where a task has outputs of its own. */
function configFor(task: ParityCase['task'], drawn: Record<string, unknown>): Record<string, unknown> {
  if (task === 'sequence') return drawn
  const { problem_type: _, num_labels, ...config } = drawn
  if (task === 'token') return { ...config, num_labels: Math.max(2, num_labels as number) }
  if (task === 'reranking') return { ...config, num_labels: 1 }
  return config
}

/**
 * Only a classifier of sequences has a pooler to save; peft's all-linear leaves the head out for those alone, and then
 * refuses to save it in full. It takes DistilBERT's pre_classifier for a name of the head's, adapts it and refuses too.
 */
function forTask(
  task: ParityCase['task'],
  family: string,
  lora: Record<string, unknown>,
): ParityCase['lora'] {
  const { modules_to_save: _, ...own } = lora
  const pooled = task === 'sequence' || task === 'reranking'
  if (pooled && family !== 'distilbert') return lora
  if (own.target_modules !== 'all-linear') return pooled ? lora : own
  const { linears } = drawnFamily(family)
  return { ...own, target_modules: [linears[0], linears[3]] }
}

interface DrawnFamily {
  /** Query, key, value, and a name of others. */
  linears: readonly [query: string, key: string, value: string, other: string]
  /** Where attention of the first layer is, if not where BERT has it. */
  attention?: string
  /** The longest text; default 512. */
  longest?: number
  /** Rows of the table of positions that no token of a text has. */
  unusedPositions?: number
  /** What its configuration has beyond the common fields, or has in their place. */
  config(common: Common, longest: number, draw: Draw): Record<string, unknown>
}

const bertNames = ['query', 'key', 'value', 'dense'] as const

const roberta: DrawnFamily = {
  linears: bertNames,
  unusedPositions: 2,
  config: (common, longest) => ({
    ...common,
    ...{ pad_token_id: 1, bos_token_id: 0, eos_token_id: 2 },
    max_position_embeddings: longest + 2,
    type_vocab_size: 1,
  }),
}

const drawnFamilies: Record<string, DrawnFamily> = {
  bert: {
    linears: bertNames,
    config: (common, longest) => ({
      ...common,
      max_position_embeddings: longest,
      type_vocab_size: 2,
      pad_token_id: 0,
    }),
  },
  roberta,
  'xlm-roberta': roberta,
  camembert: roberta,
  distilbert: {
    linears: ['q_lin', 'k_lin', 'v_lin', 'out_lin'],
    attention: 'layer.0.attention',
    config: distilled,
  },
  electra: {
    linears: bertNames,
    config: (common, longest, draw) => ({
      ...common,
      embedding_size: chance(draw, 2) ? common.hidden_size : common.hidden_size + 4,
      max_position_embeddings: longest,
      type_vocab_size: 2,
      pad_token_id: 0,
    }),
  },
  mpnet: {
    linears: ['q', 'k', 'v', 'dense'],
    attention: 'layer.0.attention.attn',
    unusedPositions: 2,
    config: (common, longest, draw) => ({
      ...common,
      ...{ pad_token_id: 1, bos_token_id: 0, eos_token_id: 2 },
      max_position_embeddings: longest + 2,
      relative_attention_num_buckets: pick(draw, [32, 32, 40]),
    }),
  },
  albert: {
    linears: ['query', 'key', 'value', 'ffn_output'],
    attention: 'albert_layers.0.attention',
    config: (common, longest, draw) => ({
      ...common,
      ...randomSharing(draw),
      max_position_embeddings: longest,
    }),
  },
  deberta: {
    linears: ['pos_proj', 'pos_q_proj', 'in_proj', 'dense'],
    config: (common, longest, draw) => ({
      ...common,
      ...randomFirstDisentangled(common.hidden_size, longest, draw),
    }),
  },
  'deberta-v2': {
    linears: ['query_proj', 'key_proj', 'value_proj', 'dense'],
    config: (common, longest, draw) => ({
      ...common,
      ...randomDisentangled(common.hidden_size, longest, draw),
    }),
  },
  modernbert: {
    linears: ['Wqkv', 'Wi', 'Wo', 'dense'],
    attention: 'layers.0.attn',
    longest: 2048,
    config: modern,
  },
}

function drawnFamily(family: string): DrawnFamily {
  const found = drawnFamilies[family]
  if (!found) throw new Error(`test/parity/cases.ts has no random configurations of ${family}`)
  return found
}

interface Common extends Record<string, unknown> {
  hidden_size: number
  num_attention_heads: number
}

function randomConfig(family: string, long: boolean, draw: Draw): Record<string, unknown> {
  const heads = between(draw, 1, 6)
  const task = pick(draw, ['single', 'single', 'regression', 'multi'] as const)
  const common = {
    vocab_size: between(draw, 20, 150),
    hidden_size: heads * pick(draw, [4, 8, 12, 16]),
    num_hidden_layers: between(draw, 1, 3),
    num_attention_heads: heads,
    intermediate_size: between(draw, 5, 70),
    hidden_act: pick(draw, ['gelu', 'gelu', 'gelu_new', 'relu', 'silu']),
    layer_norm_eps: pick(draw, [1e-12, 1e-7, 1e-5]),
    ...(task === 'regression' && { num_labels: 1, problem_type: 'regression' }),
    ...(task === 'multi' && { num_labels: between(draw, 2, 5), problem_type: 'multi_label_classification' }),
    ...(task === 'single' && { num_labels: between(draw, 2, 5) }),
  }
  const { longest = 512, config } = drawnFamily(family)
  return config(common, long ? longest : between(draw, 16, 70), draw)
}

/** ALBERT's groups of layers; not each need act as often as the others. */
function randomSharing(draw: Draw): Record<string, unknown> {
  const num_hidden_layers = between(draw, 1, 5)
  return {
    num_hidden_layers,
    num_hidden_groups: between(draw, 1, Math.min(3, num_hidden_layers)),
    inner_group_num: pick(draw, [1, 1, 2]),
    embedding_size: between(draw, 4, 24),
    type_vocab_size: 2,
    pad_token_id: 0,
  }
}

/** DistilBERT has names of its own for most. */
function distilled(common: Common, longest: number): Record<string, unknown> {
  const { hidden_size, num_hidden_layers, num_attention_heads, intermediate_size, hidden_act, ...rest } =
    common
  return {
    ...rest,
    dim: hidden_size,
    n_layers: num_hidden_layers,
    n_heads: num_attention_heads,
    hidden_dim: intermediate_size,
    activation: hidden_act === 'gelu_new' ? 'gelu' : hidden_act,
    max_position_embeddings: longest,
    pad_token_id: 0,
  }
}

/**
 * ModernBERT, its window shorter than most sequences; over 2,048 tokens the one that it is made with, one head, and at
 * least 8 hidden values: of so many tokens some have four that are nearly equal, which a norm's division makes rounding.
 */
function modern(common: Common, longest: number, draw: Draw): Record<string, unknown> {
  const { hidden_act, layer_norm_eps, num_attention_heads, hidden_size, ...rest } = common
  const long = longest === 2048
  return {
    ...rest,
    num_attention_heads: long ? 1 : num_attention_heads,
    hidden_size: long ? Math.max(8, hidden_size / num_attention_heads) : hidden_size,
    num_hidden_layers: between(draw, 2, 4),
    hidden_activation: hidden_act,
    norm_eps: layer_norm_eps,
    max_position_embeddings: longest,
    local_attention: long ? 128 : between(draw, 1, 40),
    global_attn_every_n_layers: between(draw, 1, 3),
    classifier_pooling: pick(draw, ['cls', 'mean']),
    classifier_activation: pick(draw, ['gelu', 'silu']),
    ...Object.fromEntries(
      ['norm_bias', 'attention_bias', 'mlp_bias', 'classifier_bias'].map((name) => [name, chance(draw, 3)]),
    ),
    pad_token_id: 0,
    ...{ bos_token_id: 1, cls_token_id: 1, eos_token_id: 2, sep_token_id: 2 },
  }
}

/** What DeBERTa has beyond BERT. */
function randomFirstDisentangled(hidden: number, longest: number, draw: Draw): Record<string, unknown> {
  return {
    max_position_embeddings: longest,
    max_relative_positions: pick(draw, [-1, -1, 10, 24]),
    relative_attention: !chance(draw, 6),
    pos_att_type: pick(draw, [['p2c', 'c2p'], ['p2c', 'c2p'], ['c2p'], ['p2c'], []]),
    position_biased_input: chance(draw, 3),
    type_vocab_size: pick(draw, [0, 0, 2]),
    embedding_size: chance(draw, 4) ? hidden + 4 : hidden,
    pooler_hidden_size: hidden,
    pooler_hidden_act: pick(draw, ['gelu', 'tanh']),
    pooler_dropout: 0,
    pad_token_id: 0,
  }
}

/** What DeBERTa-v2 has beyond that. */
function randomDisentangled(hidden: number, longest: number, draw: Draw): Record<string, unknown> {
  const buckets = pick(draw, longest === 512 ? [-1, 32, 256] : [-1, 4, 8, 16])
  const conv = chance(draw, 2) && {
    conv_kernel_size: pick(draw, [3, 5]),
    conv_act: pick(draw, ['gelu', 'tanh']),
  }
  return {
    ...randomFirstDisentangled(hidden, longest, draw),
    max_relative_positions: buckets > 0 ? -1 : pick(draw, [-1, 10, 24]),
    position_buckets: buckets,
    share_att_key: chance(draw, 2),
    norm_rel_ebd: pick(draw, ['layer_norm', 'none']),
    ...conv,
  }
}

/** One sequence is as long as the model allows, one only its first token; of the others about half are short. */
function randomLengths(family: string, config: Record<string, unknown>, draw: Draw): number[] {
  const longest = (config.max_position_embeddings as number) - (drawnFamily(family).unusedPositions ?? 0)
  const others = Array.from({ length: between(draw, 0, 4) }, () =>
    between(draw, 2, chance(draw, 2) ? Math.min(40, longest) : longest),
  )
  return [...others, longest, 1]
}

/**
 * Alpha is at most the rank and one, so that an update is about as large as the weights. One of seven times their size
 * makes scores of a thousand and attention that gives one token nearly all: no gradient but of near ties, and float32,
 * peft's as much as ours, ten times as far from float64 as the bounds.
 */
function randomLora(family: string, config: Record<string, unknown>, draw: Draw): Record<string, unknown> {
  const { linears, attention = 'layer.0.attention.self' } = drawnFamily(family)
  const [q, k, v, dense] = linears
  const targets = pick(draw, [
    [q, v],
    [q, v],
    [q, k, v],
    [q, k, v, dense],
    'all-linear',
    `.*layers?\\.0\\..*(${v}|${dense === 'dense' ? 'output\\.dense' : dense})`,
  ])
  const r = between(draw, 1, 8)
  const pooler = ['bert', 'deberta-v2', 'deberta', 'albert'].includes(family) && chance(draw, 3)
  // A head that is both adapted and saved in full is not a configuration that peft defines.
  const excluded = Array.isArray(targets) &&
    targets.includes(dense) && { exclude_modules: '.*(pooler|classifier).*' }
  // Of ALBERT's numbers the first counts, that of the group.
  const layers = (config.num_hidden_groups ?? config.num_hidden_layers ?? config.n_layers) as number
  return {
    r,
    lora_alpha: between(draw, 1, r + 1),
    lora_dropout: 0,
    target_modules: targets,
    ...excluded,
    use_rslora: chance(draw, 3),
    bias: pick(draw, ['none', 'none', 'lora_only', 'all']),
    ...(pooler && targets !== 'all-linear' && { modules_to_save: ['pooler'] }),
    ...(chance(draw, 3) && { rank_pattern: { [`${attention}.${v}`]: r + 2 } }),
    ...(chance(draw, 3) && { alpha_pattern: { [`${attention}.${v}`]: 3 } }),
    ...(chance(draw, 4) && Array.isArray(targets) && { layers_to_transform: [layers - 1] }),
    ...(chance(draw, 3) && { use_dora: true }),
  }
}
