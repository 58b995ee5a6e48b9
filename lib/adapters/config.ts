import { TorchLoraError } from '../errors.ts'
import { givenOptions, show } from '../options.ts'
import {
  alphaOf,
  alphaProblem,
  numberProblem,
  numbersProblem,
  patternProblems,
  rankProblem,
  switchProblem,
} from './config-checks.ts'
import type { LoftQConfig } from './loftq.ts'
import { biasProblem, configFromJson, LayeredConfig, type LayeredConfigOptions } from './peft-config.ts'
import type { TrainableTokens } from './trainable-tokens.ts'

/** Which biases train: none, all of the model's, or those of the layers that LoRA adapts. */
export type LoraBias = 'none' | 'all' | 'lora_only'

/**
 * How A and B start: A kaiming-uniform and B zero (true); A normal(0, 1/r) and B zero ('gaussian'); both kaiming-uniform
 * (false); random with a product of zero ('orthogonal'); as the principal part of the weight, which is subtracted from
 * it (PiSSA: 'pissa', by a random projection with N iterations 'pissa_niter_N'; OLoRA: 'olora'); as what quantization to
 * four bits loses of the weight, in whose place the quantized one stands ('loftq'); A as the directions in which the inputs
 * of the training texts vary most and B zero ('eva', which `initializeLoraEvaWeights` completes).
 */
export type LoraInit =
  | boolean
  | 'gaussian'
  | 'orthogonal'
  | 'pissa'
  | `pissa_niter_${number}`
  | 'olora'
  | 'loftq'
  | 'eva'

/** How EVA distributes ranks and when it has seen enough: PEFT's `EvaConfig`. */
export interface EvaConfig {
  /** A layer may get so many times its rank, from others. At least 1, which distributes none. Default 2. */
  rho?: number | undefined
  /** How little a direction may turn from batch to batch when it has settled, as a cosine. Default 0.99. */
  tau?: number | undefined
  /** Divide each direction by the root of its singular value. Default false. */
  whiten?: boolean | undefined
  /** Keep loraAlpha/r of a layer whose rank changes. Default true. */
  adjustScalingFactors?: boolean | undefined
}

const evaDefaults: LoraConfig['evaSettings'] = {
  rho: 2,
  tau: 0.99,
  whiten: false,
  adjustScalingFactors: true,
}

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
  /** Of 'loftq'. */
  loftqConfig?: LoftQConfig | null | undefined
  /** Of 'eva'. */
  evaConfig?: EvaConfig | null | undefined
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
  readonly loftqConfig: LoftQConfig | null
  readonly evaConfig: EvaConfig | null
  readonly rankPattern: Readonly<Record<string, number>>
  readonly alphaPattern: Readonly<Record<string, number>>
  readonly trainableTokenIndices: TrainableTokens | null

  constructor(options: LoraConfigOptions = {}) {
    super(options)
    this.r = options.r ?? 8
    this.loraAlpha = options.loraAlpha ?? alphaOf(this.r)
    this.loraDropout = options.loraDropout ?? 0
    this.bias = options.bias ?? 'none'
    this.useRslora = options.useRslora ?? false
    this.useDora = options.useDora ?? false
    this.initLoraWeights = options.initLoraWeights ?? true
    this.loftqConfig = options.loftqConfig ?? null
    this.evaConfig = options.evaConfig ?? null
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
      ...loftqProblem(this.loftqConfig, this.initLoraWeights),
      ...evaProblem(this.evaConfig, this.initLoraWeights),
      ...tokensProblem(this.trainableTokenIndices),
    ])
  }

  get peftType(): string {
    return 'LORA'
  }

  override get trainedBiases(): 'none' | 'all' | 'adapted' {
    return this.bias === 'lora_only' ? 'adapted' : this.bias
  }

  /** How often LoftQ's quantization and factors take turns. */
  get loftqIterations(): number {
    return this.loftqConfig?.loftqIter ?? 1
  }

  /** EVA's settings, PEFT's where none are given. */
  get evaSettings(): { [Name in keyof EvaConfig]-?: NonNullable<EvaConfig[Name]> } {
    return { ...evaDefaults, ...givenOptions(this.evaConfig ?? {}) }
  }

  /** PEFT's `adapter_config.json`, with the sub-configurations that say how the adapter started. */
  override toJson(taskType: string | null): Record<string, unknown> {
    const { loftq_config: _, eva_config: __, ...json } = super.toJson(taskType)
    const { adjustScalingFactors: adjust_scaling_factors, ...eva } = this.evaSettings
    return {
      ...json,
      ...(this.initLoraWeights === 'loftq' && {
        loftq_config: { loftq_bits: 4, loftq_iter: this.loftqIterations },
      }),
      ...(this.initLoraWeights === 'eva' && {
        eva_config: { ...eva, adjust_scaling_factors },
      }),
    }
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
    const config = configFromJson(LoraConfig, { ...peftsOwn, ...json }, { file, ignored: started })
    const loftqIter = loftqIterationsOf(json, file)
    return loftqIter === null
      ? config
      : config.with({ initLoraWeights: 'loftq', loftqConfig: { loftqBits: 4, loftqIter } })
  }
}

/** What a field means that a file leaves out, where that is not what it means here. */
export const peftsOwn = { lora_alpha: 8 }

function initProblem(value: unknown, useDora: boolean): string[] {
  const principal = typeof value === 'string' && /^(olora|loftq|pissa(_niter_[1-9]\d{0,2})?)$/.test(value)
  if (principal && useDora)
    return [
      `initLoraWeights '${value}' changes the weights whose magnitudes useDora trains: choose one of them`,
    ]
  if (value === 'eva' && useDora)
    return ["initLoraWeights 'eva' changes ranks, which useDora has not here: choose one"]
  if (principal || [true, false, 'gaussian', 'orthogonal', 'eva'].includes(value as boolean)) return []
  return [
    `initLoraWeights must be true, false, 'gaussian', 'orthogonal', 'pissa', 'pissa_niter_N', 'olora', 'loftq' or 'eva', received ${show(value)}`,
  ]
}

function loftqProblem(value: unknown, how: LoraInit): string[] {
  if (value === null) return []
  if (how !== 'loftq') return ["loftqConfig is for initLoraWeights 'loftq'"]
  if (!isRecord(value)) return [`loftqConfig must be an object, received ${show(value)}`]
  const { loftqBits = 4, loftqIter = 1, ...others } = value
  const bits = loftqBits === 4 ? [] : [`loftqConfig.loftqBits must be 4, received ${show(loftqBits)}`]
  return [...bits, ...iterationsProblem(loftqIter), ...strays('loftqConfig', others)]
}

/** Each turn is a decomposition of every weight. */
function iterationsProblem(value: unknown): string[] {
  return numberProblem('loftqConfig.loftqIter', value, { least: 1, below: 101, whole: true })
}

function evaProblem(value: unknown, how: LoraInit): string[] {
  if (value === null) return []
  if (how !== 'eva') return ["evaConfig is for initLoraWeights 'eva'"]
  if (!isRecord(value)) return [`evaConfig must be an object, received ${show(value)}`]
  const { rho, tau, whiten, adjustScalingFactors, ...others } = { ...evaDefaults, ...givenOptions(value) }
  return [
    ...numberProblem('evaConfig.rho', rho, { least: 1 }),
    ...(typeof tau === 'number' && tau >= 0 && tau <= 1
      ? []
      : [`evaConfig.tau must be between 0 and 1, received ${show(tau)}`]),
    ...switchProblem('evaConfig.whiten', whiten),
    ...switchProblem('evaConfig.adjustScalingFactors', adjustScalingFactors),
    ...strays('evaConfig', others),
  ]
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function strays(name: string, others: object): string[] {
  return Object.keys(others).map((each) => `${name} has no '${each}'`)
}

/**
 * How LoftQ started the adapter of a file: the quantized weights on which it stands are computed again. Null for another
 * start.
 * @throws TorchLoraError UNSUPPORTED for eight bits; INVALID_FILE
 */
function loftqIterationsOf(
  { init_lora_weights: how, loftq_config: given, use_dora: dora }: Readonly<Record<string, unknown>>,
  file: string,
): number | null {
  if (how !== 'loftq' || dora) return null
  const { loftq_bits: bits = 4, loftq_iter: iterations = 1 } = isRecord(given) ? given : {}
  if (bits !== 4)
    throw new TorchLoraError(
      'UNSUPPORTED',
      `${file}: loftq_config asks for ${show(bits)} bits; supported: 4.`,
      { file },
    )
  const [problem] = iterationsProblem(iterations)
  if (problem) throw new TorchLoraError('INVALID_FILE', `${file}: ${problem}.`, { file })
  return iterations as number
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
