import { show } from '../options.ts'
import {
  alphaProblem,
  numberProblem,
  numbersProblem,
  patternProblems,
  rankProblem,
  switchProblem,
} from './config-checks.ts'
import { biasProblem, configFromJson, LayeredConfig, type LayeredConfigOptions } from './peft-config.ts'
import type { TrainableTokens } from './trainable-tokens.ts'

/** Which biases train: none, all of the model's, or those of the layers that LoRA adapts. */
export type LoraBias = 'none' | 'all' | 'lora_only'

/**
 * How A and B start: A kaiming-uniform and B zero (true); A normal(0, 1/r) and B zero ('gaussian'); both kaiming-uniform
 * (false); random with a product of zero ('orthogonal'); as the principal part of the weight, which is subtracted from
 * it (PiSSA: 'pissa', by a random projection with N iterations 'pissa_niter_N'; OLoRA: 'olora').
 */
export type LoraInit = boolean | 'gaussian' | 'orthogonal' | 'pissa' | `pissa_niter_${number}` | 'olora'

/** PEFT's `LoraConfig` in camelCase; every field is optional. */
export interface LoraConfigOptions extends LayeredConfigOptions {
  /** Rank of the update. Default 8. */
  r?: number | undefined
  /** The update is scaled by loraAlpha/r (loraAlpha/sqrt(r) with useRslora). Default 2r; PEFT's is 8 whatever r is. */
  loraAlpha?: number | undefined
  /** Probability of dropping an element on the way into A, while training. Default 0. */
  loraDropout?: number | undefined
  bias?: LoraBias | undefined
  useRslora?: boolean | undefined
  /** Train a magnitude for each output beside the update's direction (DoRA). Default false. */
  useDora?: boolean | undefined
  initLoraWeights?: LoraInit | undefined
  /** Other ranks, by the end of a path or a regular expression. */
  rankPattern?: Readonly<Record<string, number>> | undefined
  /** Other alphas, likewise. */
  alphaPattern?: Readonly<Record<string, number>> | undefined
  /** Rows of the table of tokens that train too, or of other tables, by the end of their paths. */
  trainableTokenIndices?: TrainableTokens | null | undefined
}

/** Fields that say how an adapter started, which its weights in the file replace, or what PEFT does not read of a Linear. */
const started = (
  'init_lora_weights loftq_config eva_config corda_config lora_ga_config qalora_group_size megatron_core ' +
  'ensure_weight_tying'
).split(' ')

/**
 * What LoRA adapts and how: PEFT's `LoraConfig`, field for field.
 * @throws TorchLoraError INVALID_ARGUMENT for a value outside its range
 */
export class LoraConfig extends LayeredConfig {
  readonly r: number
  readonly loraAlpha: number
  readonly loraDropout: number
  readonly bias: LoraBias
  readonly useRslora: boolean
  readonly useDora: boolean
  readonly initLoraWeights: LoraInit
  readonly rankPattern: Readonly<Record<string, number>>
  readonly alphaPattern: Readonly<Record<string, number>>
  readonly trainableTokenIndices: TrainableTokens | null

  constructor(options: LoraConfigOptions = {}) {
    super(options)
    this.r = options.r ?? 8
    this.loraAlpha = options.loraAlpha ?? 2 * this.r
    this.loraDropout = options.loraDropout ?? 0
    this.bias = options.bias ?? 'none'
    this.useRslora = options.useRslora ?? false
    this.useDora = options.useDora ?? false
    this.initLoraWeights = options.initLoraWeights ?? true
    this.rankPattern = options.rankPattern ?? {}
    this.alphaPattern = options.alphaPattern ?? {}
    this.trainableTokenIndices = options.trainableTokenIndices ?? null
    this.check(options, [
      ...rankProblem('r', this.r),
      ...alphaProblem('loraAlpha', this.loraAlpha),
      ...patternProblems('rankPattern', this.rankPattern, rankProblem),
      ...patternProblems('alphaPattern', this.alphaPattern, alphaProblem),
      ...numberProblem('loraDropout', this.loraDropout, { below: 1 }),
      ...biasProblem(this.bias, 'lora_only'),
      ...switchProblem('useDora', this.useDora),
      ...switchProblem('useRslora', this.useRslora),
      ...initProblem(this.initLoraWeights, this.useDora),
      ...tokensProblem(this.trainableTokenIndices),
    ])
  }

  get peftType(): string {
    return 'LORA'
  }

  override get trainedBiases(): 'none' | 'all' | 'adapted' {
    return this.bias === 'lora_only' ? 'adapted' : this.bias
  }

  /** The scaling of an update of rank r. */
  scaling(r: number, alpha: number): number {
    return this.useRslora ? alpha / Math.sqrt(r) : alpha / r
  }

  /**
   * Reads PEFT's `adapter_config.json`. Fields it does not know are ignored when null or default.
   * @throws TorchLoraError INVALID_FILE, or UNSUPPORTED naming each field that cannot be honoured
   */
  static fromJson(json: Readonly<Record<string, unknown>>, file: string): LoraConfig {
    return configFromJson(LoraConfig, { ...peftsOwn, ...json }, { file, ignored: started })
  }
}

/** What a field means that a file leaves out, where that is not what it means here. */
export const peftsOwn = { lora_alpha: 8 }

function initProblem(value: unknown, useDora: boolean): string[] {
  const principal = typeof value === 'string' && /^(olora|pissa(_niter_[1-9]\d{0,2})?)$/.test(value)
  if (principal && useDora)
    return [
      `initLoraWeights '${value}' changes the weights whose magnitudes useDora trains: choose one of them`,
    ]
  if (principal || [true, false, 'gaussian', 'orthogonal'].includes(value as boolean)) return []
  return [
    `initLoraWeights must be true, false, 'gaussian', 'orthogonal', 'pissa', 'pissa_niter_N' or 'olora', received ${show(value)}`,
  ]
}

function tokensProblem(value: unknown): string[] {
  if (value === null) return []
  if (Array.isArray(value)) return numbersProblem('trainableTokenIndices', value, 'rows')
  if (typeof value !== 'object')
    return [`trainableTokenIndices must be numbers of rows, or those by tables, received ${show(value)}`]
  return Object.entries(value as object).flatMap(([table, rows]) =>
    numbersProblem(`trainableTokenIndices[${show(table)}]`, rows, 'rows'),
  )
}
