import { show } from '../options.ts'
import { type LoraBias, peftsOwn } from './config.ts'
import { alphaOf, alphaProblem, numberProblem, rankProblem, switchProblem } from './config-checks.ts'
import { biasProblem, configFromJson, LayeredConfig, type LayeredConfigOptions } from './peft-config.ts'

/** PEFT's `AdaLoraConfig` in camelCase; every field is optional. */
export interface AdaLoraConfigOptions extends LayeredConfigOptions {
  /** The mean rank that training ends with. Default 8. */
  targetR?: number
  /** The rank that every update begins with. Default 12. */
  initR?: number
  /** Updates before ranks begin to shrink. Default 0. */
  tinit?: number
  /** Updates after they have, of `totalStep`. Default 0. */
  tfinal?: number
  /** Updates between two allocations. Default 1. */
  deltaT?: number
  /** Decay of the mean sensitivity. Default 0.85. */
  beta1?: number
  /** Decay of the mean uncertainty. Default 0.85. */
  beta2?: number
  /** Weight of the penalty on factors that are not orthogonal. Default 0.5. */
  orthRegWeight?: number
  /** Updates of the whole training. Default: those that the Trainer makes. */
  totalStep?: number | null
  /** The update is scaled by loraAlpha/initR. Default 2 initR; PEFT's is 8 whatever initR is. */
  loraAlpha?: number
  /** Probability of dropping an element on the way into A, while training. Default 0. */
  loraDropout?: number
  bias?: LoraBias
  /** Start the singular values from zero; false starts everything from normal numbers. Default true. */
  initLoraWeights?: boolean
  /** Which rows of an update are left, by the name of its singular values. Training sets it. */
  rankPattern?: Readonly<Record<string, readonly boolean[]>> | null
}

/** Fields that PEFT's AdaLoRA has of LoRA and does not read. */
const ignored = (
  'r use_rslora alpha_pattern init_lora_weights loftq_config eva_config corda_config lora_ga_config ' +
  'qalora_group_size megatron_core ensure_weight_tying'
).split(' ')

/**
 * What AdaLoRA adapts and how: PEFT's `AdaLoraConfig`.
 * @throws TorchLoraError INVALID_ARGUMENT for a value outside its range
 */
export class AdaLoraConfig extends LayeredConfig {
  readonly targetR: number
  readonly initR: number
  readonly tinit: number
  readonly tfinal: number
  readonly deltaT: number
  readonly beta1: number
  readonly beta2: number
  readonly orthRegWeight: number
  readonly totalStep: number | null
  readonly loraAlpha: number
  readonly loraDropout: number
  readonly bias: LoraBias
  readonly initLoraWeights: boolean
  readonly rankPattern: Readonly<Record<string, readonly boolean[]>> | null

  constructor(options: AdaLoraConfigOptions = {}) {
    super(options)
    this.targetR = options.targetR ?? 8
    this.initR = options.initR ?? 12
    this.tinit = options.tinit ?? 0
    this.tfinal = options.tfinal ?? 0
    this.deltaT = options.deltaT ?? 1
    this.beta1 = options.beta1 ?? 0.85
    this.beta2 = options.beta2 ?? 0.85
    this.orthRegWeight = options.orthRegWeight ?? 0.5
    this.totalStep = options.totalStep ?? null
    this.loraAlpha = options.loraAlpha ?? alphaOf(this.initR)
    this.loraDropout = options.loraDropout ?? 0
    this.bias = options.bias ?? 'none'
    this.initLoraWeights = options.initLoraWeights ?? true
    this.rankPattern = options.rankPattern ?? null
    const { totalStep, tinit, tfinal } = this
    this.check(options, [
      ...rankProblem('targetR', this.targetR),
      ...rankProblem('initR', this.initR),
      ...numberProblem('tinit', tinit, { whole: true }),
      ...numberProblem('tfinal', tfinal, { whole: true }),
      ...numberProblem('deltaT', this.deltaT, { least: 1, whole: true }),
      ...numberProblem('beta1', this.beta1, { least: Number.MIN_VALUE, below: 1 }),
      ...numberProblem('beta2', this.beta2, { least: Number.MIN_VALUE, below: 1 }),
      ...numberProblem('orthRegWeight', this.orthRegWeight),
      ...(totalStep === null ? [] : numberProblem('totalStep', totalStep, { least: 1, whole: true })),
      ...(totalStep === null ? [] : this.scheduleProblem(totalStep)),
      ...alphaProblem('loraAlpha', this.loraAlpha),
      ...numberProblem('loraDropout', this.loraDropout, { below: 1 }),
      ...biasProblem(this.bias, 'lora_only'),
      ...switchProblem('initLoraWeights', this.initLoraWeights),
      ...rowsProblem(this.rankPattern, this.initR),
    ])
  }

  get peftType(): string {
    return 'ADALORA'
  }

  override get trainedBiases(): 'none' | 'all' | 'adapted' {
    return this.bias === 'lora_only' ? 'adapted' : this.bias
  }

  /** Why ranks cannot shrink within so many updates. */
  scheduleProblem(totalStep: number): string[] {
    const { tinit, tfinal, targetR, initR } = this
    const problems =
      targetR > initR ? [`targetR must be at most initR, received ${targetR} and ${initR}`] : []
    if (tinit >= totalStep - tfinal)
      problems.push(
        `tinit and tfinal must leave updates between them for ranks to shrink, received ${tinit} and ${tfinal} of ${totalStep}`,
      )
    return problems
  }

  override toJson(taskType: string): Record<string, unknown> {
    // PEFT demands a number of updates, of an adapter that has not been trained too.
    return { ...super.toJson(taskType), total_step: this.totalStep ?? this.tinit + this.tfinal + 1 }
  }

  /** Reads PEFT's `adapter_config.json`. @throws TorchLoraError INVALID_FILE or UNSUPPORTED */
  static fromJson(json: Readonly<Record<string, unknown>>, file: string): AdaLoraConfig {
    return configFromJson(AdaLoraConfig, { ...peftsOwn, ...json }, { file, ignored })
  }
}

function rowsProblem(value: unknown, initR: number): string[] {
  if (value === null) return []
  if (typeof value === 'object' && !Array.isArray(value)) {
    const patterns: unknown[] = Object.values(value as object)
    const fit = (rows: unknown) =>
      Array.isArray(rows) && rows.length <= initR && rows.every((row) => typeof row === 'boolean')
    if (patterns.length <= 10_000 && patterns.every(fit)) return []
  }
  return [`rankPattern must be lists of true or false, at most initR long, by names, received ${show(value)}`]
}
