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

/** Cases that follow from the seed: families in turn, a task a round, so that each family meets each; all else drawn. */
export function parityCases(families: readonly string[], count: number, seed: number): ParityCase[] {
  return Array.from({ length: count }, (_, index) => {
    const draw = mulberry(seed * 1000 + index)
    const at = index % families.length
    const family = families[at] as string
    const round = Math.floor(index / families.length)
    const task = parityTasks[(at + round) % parityTasks.length]!
    const config = configFor(task, randomConfig(family, draw))
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

/** Only a classifier of sequences has a pooler to save; peft's all-linear leaves the head out for those alone, and then refuses to save it in full. */
function forTask(
  task: ParityCase['task'],
  family: string,
  lora: Record<string, unknown>,
): ParityCase['lora'] {
  const { modules_to_save: _, ...own } = lora
  if (task === 'sequence' || task === 'reranking') return lora
  if (own.target_modules !== 'all-linear') return own
  return { ...own, target_modules: [linearNames(family)[0], linearNames(family)[3]] }
}

/** Query, key, value, and a name of others. */
function linearNames(family: string): [string, string, string, string] {
  if (family === 'deberta-v2') return ['query_proj', 'key_proj', 'value_proj', 'dense']
  if (family === 'distilbert') return ['q_lin', 'k_lin', 'v_lin', 'out_lin']
  if (family === 'mpnet') return ['q', 'k', 'v', 'dense']
  if (family === 'deberta') return ['pos_proj', 'pos_q_proj', 'in_proj', 'dense']
  if (family === 'albert') return ['query', 'key', 'value', 'ffn_output']
  if (family === 'modernbert') return ['Wqkv', 'Wi', 'Wo', 'dense']
  return ['query', 'key', 'value', 'dense']
}

function randomConfig(family: string, draw: Draw): Record<string, unknown> {
  const heads = between(draw, 1, 6)
  const hidden = heads * pick(draw, [4, 8, 12, 16])
  const task = pick(draw, ['single', 'single', 'regression', 'multi'] as const)
  const common = {
    vocab_size: between(draw, 20, 150),
    hidden_size: hidden,
    num_hidden_layers: between(draw, 1, 3),
    num_attention_heads: heads,
    intermediate_size: between(draw, 5, 70),
    hidden_act: pick(draw, ['gelu', 'gelu', 'gelu_new', 'relu', 'silu']),
    layer_norm_eps: pick(draw, [1e-12, 1e-7, 1e-5]),
    ...(task === 'regression' && { num_labels: 1, problem_type: 'regression' }),
    ...(task === 'multi' && { num_labels: between(draw, 2, 5), problem_type: 'multi_label_classification' }),
    ...(task === 'single' && { num_labels: between(draw, 2, 5) }),
  }
  const relative = ['deberta-v2', 'deberta', 'mpnet'].includes(family)
  const longest = relative && chance(draw, 3) ? 512 : between(draw, 16, 70)
  if (family === 'bert') {
    return { ...common, max_position_embeddings: longest, type_vocab_size: 2, pad_token_id: 0 }
  }
  if (family === 'distilbert') return distilled(common, longest)
  if (family === 'modernbert') return modern(common, longest, draw)
  if (family === 'electra') {
    const embedding_size = chance(draw, 2) ? hidden : hidden + 4
    return {
      ...common,
      embedding_size,
      max_position_embeddings: longest,
      type_vocab_size: 2,
      pad_token_id: 0,
    }
  }
  if (robertas.includes(family)) {
    const special = { pad_token_id: 1, bos_token_id: 0, eos_token_id: 2 }
    return { ...common, ...special, max_position_embeddings: longest + 2, type_vocab_size: 1 }
  }
  if (family === 'mpnet') {
    const special = { pad_token_id: 1, bos_token_id: 0, eos_token_id: 2 }
    const relative_attention_num_buckets = pick(draw, [32, 32, 40])
    return { ...common, ...special, max_position_embeddings: longest + 2, relative_attention_num_buckets }
  }
  if (family === 'albert') return { ...common, ...randomSharing(draw), max_position_embeddings: longest }
  if (family === 'deberta') return { ...common, ...randomFirstDisentangled(hidden, longest, draw) }
  if (family === 'deberta-v2') return { ...common, ...randomDisentangled(hidden, longest, draw) }
  throw new Error(`test/parity/cases.ts has no random configurations of ${family}`)
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

/** Those that have RoBERTa's body. */
const robertas = ['roberta', 'xlm-roberta', 'camembert']
/** Those whose positions begin behind the padding token's. */
const afterPadding = [...robertas, 'mpnet']

/** DistilBERT has names of its own for most. */
function distilled(common: Record<string, unknown>, longest: number): Record<string, unknown> {
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

/** ModernBERT, its window shorter than most sequences; now and then as long as the model is made for. */
function modern(common: Record<string, unknown>, longest: number, draw: Draw): Record<string, unknown> {
  const { hidden_act, layer_norm_eps, num_attention_heads, hidden_size, ...rest } = common
  const long = chance(draw, 3)
  return {
    ...rest,
    num_attention_heads: long ? 1 : num_attention_heads,
    hidden_size: long ? (hidden_size as number) / (num_attention_heads as number) : hidden_size,
    num_hidden_layers: between(draw, 2, 4),
    hidden_activation: hidden_act,
    norm_eps: layer_norm_eps,
    max_position_embeddings: long ? 2048 : longest,
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

/** One sequence is as long as the model allows, one only its first token. */
function randomLengths(family: string, config: Record<string, unknown>, draw: Draw): number[] {
  const longest = (config.max_position_embeddings as number) - (afterPadding.includes(family) ? 2 : 0)
  const others = Array.from({ length: between(draw, 0, 4) }, () => between(draw, 2, longest))
  return [...others, longest, 1]
}

/** Of the first layer, where it is not BERT's. */
const attentionPath: Record<string, string> = {
  distilbert: 'layer.0.attention',
  modernbert: 'layers.0.attn',
  mpnet: 'layer.0.attention.attn',
  albert: 'albert_layers.0.attention',
}

function randomLora(family: string, config: Record<string, unknown>, draw: Draw): Record<string, unknown> {
  const [q, k, v, dense] = linearNames(family)
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
  const layers = (config.num_hidden_layers ?? config.n_layers) as number
  const at = attentionPath[family] ?? 'layer.0.attention.self'
  return {
    r,
    lora_alpha: between(draw, 1, 16),
    lora_dropout: 0,
    target_modules: targets,
    ...excluded,
    use_rslora: chance(draw, 3),
    bias: pick(draw, ['none', 'none', 'lora_only', 'all']),
    ...(pooler && targets !== 'all-linear' && { modules_to_save: ['pooler'] }),
    ...(chance(draw, 3) && { rank_pattern: { [`${at}.${v}`]: r + 2 } }),
    ...(chance(draw, 3) && { alpha_pattern: { [`${at}.${v}`]: 3 } }),
    ...(chance(draw, 4) && Array.isArray(targets) && { layers_to_transform: [layers - 1] }),
    ...(chance(draw, 3) && { use_dora: true }),
  }
}
