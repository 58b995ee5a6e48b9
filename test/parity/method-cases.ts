import { type ParityCase, parityCases } from './cases.ts'

/** A random model with an adapter of one of PEFT's methods, as scripts/parity/methods.py reads them. */
export interface MethodCase extends ParityCase {
  /** A class of peft, and its arguments. */
  peft: { type: string } & Record<string, unknown>
  /** Whose optimizer moves it, where that is not AdamW. */
  optimizer: 'loraplus' | 'lorafa' | null
  /** Whether it trains from where the method starts, and not from random numbers. */
  fresh: boolean
  updates: number
  lr: number
}

type Draw = (names: Names, variant: number) => MethodCase['peft']

/** The names that a family has for what methods adapt. */
interface Names {
  query: string
  value: string
  dense: string
  norm: string
  words: string
}

const bert: Names = {
  query: 'query',
  value: 'value',
  dense: 'output.dense',
  norm: 'LayerNorm',
  words: 'word_embeddings',
}
const namesOf: Record<string, Names> = {
  bert,
  roberta: bert,
  electra: bert,
  'deberta-v2': { ...bert, query: 'query_proj', value: 'value_proj' },
  distilbert: {
    query: 'q_lin',
    value: 'v_lin',
    dense: 'ffn.lin2',
    norm: 'output_layer_norm',
    words: 'word_embeddings',
  },
}

/** A configuration of each method for a family; two variants of those that have options. */
export const methodDraws: Record<string, Draw> = {
  ia3: ({ query, value, dense }, variant) => ({
    type: 'IA3Config',
    target_modules: variant === 0 ? [query, value, dense] : [query, dense],
    feedforward_modules: variant === 0 ? [dense] : [],
  }),
  vera: ({ query, value, dense }, variant) => ({
    type: 'VeraConfig',
    r: variant === 0 ? 16 : 5,
    target_modules: variant === 0 ? [query, dense] : [value],
    projection_prng_key: 7 + variant,
    save_projection: variant === 0,
    bias: variant === 0 ? 'none' : 'vera_only',
  }),
  adalora: ({ query, value, dense }, variant) => ({
    type: 'AdaLoraConfig',
    target_modules: variant === 0 ? [query, value] : [query, dense],
    init_r: variant === 0 ? 6 : 4,
    target_r: variant === 0 ? 2 : 3,
    lora_alpha: 5,
    tinit: 3,
    tfinal: variant === 0 ? 5 : 0,
    deltaT: variant === 0 ? 2 : 1,
    total_step: 20,
    orth_reg_weight: variant === 0 ? 0.3 : 0,
  }),
  lora: ({ query, words }, variant) => ({
    type: 'LoraConfig',
    r: 3,
    lora_alpha: 5,
    target_modules: variant === 0 ? [query, words] : [query],
    ...(variant === 1 && { trainable_token_indices: { [words]: [3, 7, 11] } }),
  }),
  loraplus: ({ query, words }, variant) => ({
    type: 'LoraConfig',
    r: 3,
    lora_alpha: 5,
    target_modules: variant === 0 ? [query] : [query, words],
  }),
  lorafa: ({ query, value, dense }, variant) => ({
    type: 'LoraConfig',
    r: 3,
    lora_alpha: 5,
    target_modules: variant === 0 ? [query, value] : [dense],
  }),
  // From where the method itself starts, which for these two changes the weights.
  pissa: ({ query, value, dense }, variant) => ({
    type: 'LoraConfig',
    r: 3,
    lora_alpha: 5,
    use_rslora: variant === 1,
    target_modules: [query, variant === 0 ? value : dense],
    init_lora_weights: variant === 0 ? 'pissa' : 'olora',
  }),
  ln_tuning: ({ norm }) => ({ type: 'LNTuningConfig', target_modules: [norm] }),
  dora: ({ query, value, dense }, variant) => ({
    type: 'LoraConfig',
    r: 3,
    lora_alpha: 5,
    use_dora: true,
    use_rslora: variant === 1,
    target_modules: [query, variant === 0 ? value : dense],
    bias: variant === 0 ? 'none' : 'all',
  }),
}

const families = ['bert', 'roberta', 'deberta-v2', 'distilbert', 'electra']

/** By all the names that families have for it. */
const noDropout = {
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
  dropout: 0,
  attention_dropout: 0,
  seq_classif_dropout: 0,
}

/** Two cases a method, the families in turn. */
export function methodCases(methods: readonly string[], seed: number): MethodCase[] {
  const drawn = parityCases(families, 4 * methods.length * families.length, seed).filter(
    ({ config }) =>
      (config.num_hidden_layers ?? config.n_layers) !== 3 && (config.max_position_embeddings as number) < 512,
  )
  return methods.flatMap((method, at) =>
    [0, 1].map((variant) => {
      const family = families[(2 * at + variant + seed) % families.length]!
      const own = drawn.filter((each) => each.family === family)
      const model = own[(at + variant) % own.length]!
      const peft = methodDraws[method]!(namesOf[family]!, variant)
      const config = {
        ...model.config,
        ...noDropout,
        // What one output means without it is each family's own in transformers.
        ...(model.config.num_labels === 1 && { problem_type: 'regression' }),
      }
      const optimizer = method === 'loraplus' || method === 'lorafa' ? method : null
      return {
        ...model,
        task: 'sequence' as const,
        config,
        name: `${method}-${variant}`,
        lora: null,
        peft,
        fresh: method === 'pissa',
        optimizer,
        updates: 20,
        lr: 3e-3,
      }
    }),
  )
}
