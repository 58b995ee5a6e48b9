import { TorchLoraError } from '../errors.ts'
import { any, type Rules, readOptions } from '../options.ts'
import { refuseUnfollowed } from './peft-fields.ts'

/** Which biases train: none, all of the model's, or those of the layers that LoRA adapts. */
export type LoraBias = 'none' | 'all' | 'lora_only'

/** How A and B start: A kaiming-uniform and B zero; A normal(0, 1/r) and B zero; or both kaiming-uniform. */
export type LoraInit = true | 'gaussian' | false

/** PEFT's `LoraConfig` in camelCase; every field is optional. */
export interface LoraConfigOptions {
  /** Rank of the update. Default 8. */
  r?: number
  /** The update is scaled by loraAlpha/r (loraAlpha/sqrt(r) with useRslora). Default 8. */
  loraAlpha?: number
  /** Probability of dropping an element on the way into A, while training. Default 0. */
  loraDropout?: number
  /**
   * Linears to adapt: names that a path ends with, a regular expression (string) that a whole path matches, or
   * 'all-linear' for every Linear that does not train in full, as the head does. Default: query and value, by the
   * family's names.
   */
  targetModules?: readonly string[] | string
  /** Linears to leave out, in the same forms. */
  excludeModules?: readonly string[] | string | null
  bias?: LoraBias
  /** Modules trained in full and saved with the adapter. The head, and whatever was freshly initialised, always are. */
  modulesToSave?: readonly string[] | null
  useRslora?: boolean
  /** Train a magnitude for each output beside the update's direction (DoRA). Default false. */
  useDora?: boolean
  initLoraWeights?: LoraInit
  /** Other ranks, by the end of a path or a regular expression. */
  rankPattern?: Readonly<Record<string, number>>
  /** Other alphas, likewise. */
  alphaPattern?: Readonly<Record<string, number>>
  /** Only these layers, by number. */
  layersToTransform?: readonly number[] | number | null
  /** The name in front of the layer's number in a path, "layer". */
  layersPattern?: readonly string[] | string | null
  /** Only written to adapter_config.json. */
  baseModelNameOrPath?: string | null
}

/** Names alone: values are checked field by field, those of files too. */
const rules: Rules<LoraConfigOptions> = {
  r: any,
  loraAlpha: any,
  loraDropout: any,
  targetModules: any,
  excludeModules: any,
  bias: any,
  modulesToSave: any,
  useRslora: any,
  useDora: any,
  initLoraWeights: any,
  rankPattern: any,
  alphaPattern: any,
  layersToTransform: any,
  layersPattern: any,
  baseModelNameOrPath: any,
}

/** Names a list may hold: more than a model has modules. */
const mostNames = 10_000

/**
 * What LoRA adapts and how: PEFT's `LoraConfig`, field for field.
 * @throws TorchLoraError INVALID_ARGUMENT for a value outside its range
 */
export class LoraConfig {
  readonly r: number
  readonly loraAlpha: number
  readonly loraDropout: number
  readonly targetModules: readonly string[] | string | null
  readonly excludeModules: readonly string[] | string | null
  readonly bias: LoraBias
  readonly modulesToSave: readonly string[] | null
  readonly useRslora: boolean
  readonly useDora: boolean
  readonly initLoraWeights: LoraInit
  readonly rankPattern: Readonly<Record<string, number>>
  readonly alphaPattern: Readonly<Record<string, number>>
  readonly layersToTransform: readonly number[] | number | null
  readonly layersPattern: readonly string[] | string | null
  readonly baseModelNameOrPath: string | null

  constructor(options: LoraConfigOptions = {}) {
    readOptions('LoraConfig', options, rules)
    this.r = options.r ?? 8
    this.loraAlpha = options.loraAlpha ?? 8
    this.loraDropout = options.loraDropout ?? 0
    this.targetModules = options.targetModules ?? null
    this.excludeModules = options.excludeModules ?? null
    this.bias = options.bias ?? 'none'
    this.modulesToSave = options.modulesToSave ?? null
    this.useRslora = options.useRslora ?? false
    this.useDora = options.useDora ?? false
    this.initLoraWeights = options.initLoraWeights ?? true
    this.rankPattern = options.rankPattern ?? {}
    this.alphaPattern = options.alphaPattern ?? {}
    this.layersToTransform = options.layersToTransform ?? null
    this.layersPattern = options.layersPattern ?? null
    this.baseModelNameOrPath = options.baseModelNameOrPath ?? null
    this.#check()
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
    if (json.peft_type !== 'LORA') {
      throw new TorchLoraError(
        'UNSUPPORTED',
        `${file}: peft_type is ${JSON.stringify(json.peft_type)?.slice(0, 100)}; supported: "LORA".`,
        { file },
      )
    }
    if (json.target_modules === undefined || json.target_modules === null) {
      throw new TorchLoraError('INVALID_FILE', `${file}: target_modules is missing.`, { file })
    }
    refuseUnfollowed(json, file)
    try {
      return new LoraConfig({
        r: json.r as number | undefined,
        loraAlpha: json.lora_alpha as number | undefined,
        loraDropout: json.lora_dropout as number | undefined,
        targetModules: json.target_modules as string[] | string,
        excludeModules: json.exclude_modules as string[] | string | null,
        bias: json.bias as LoraBias | undefined,
        modulesToSave: json.modules_to_save as string[] | null,
        useRslora: (json.use_rslora ?? undefined) as boolean | undefined,
        useDora: (json.use_dora ?? undefined) as boolean | undefined,
        rankPattern: json.rank_pattern as Record<string, number> | undefined,
        alphaPattern: json.alpha_pattern as Record<string, number> | undefined,
        layersToTransform: json.layers_to_transform as number[] | number | null,
        layersPattern: json.layers_pattern as string[] | string | null,
        baseModelNameOrPath: json.base_model_name_or_path as string | null,
      })
    } catch (thrown) {
      if (!(thrown instanceof TorchLoraError)) throw thrown
      const message = thrown.message
        .replace(/^LoraConfig: /, '')
        .replace(/[a-z][A-Z](?=[A-Za-z]*( must|\[))/g, snake)
      throw new TorchLoraError('INVALID_FILE', `${file}: ${message}`, { file, cause: thrown })
    }
  }

  /** PEFT's `adapter_config.json`. */
  toJson(taskType: string): Record<string, unknown> {
    return {
      peft_type: 'LORA',
      task_type: taskType,
      base_model_name_or_path: this.baseModelNameOrPath,
      inference_mode: true,
      r: this.r,
      lora_alpha: this.loraAlpha,
      lora_dropout: this.loraDropout,
      target_modules: this.targetModules,
      exclude_modules: this.excludeModules,
      bias: this.bias,
      modules_to_save: this.modulesToSave,
      use_rslora: this.useRslora,
      use_dora: this.useDora,
      init_lora_weights: this.initLoraWeights,
      rank_pattern: this.rankPattern,
      alpha_pattern: this.alphaPattern,
      fan_in_fan_out: false,
      layers_to_transform: this.layersToTransform,
      layers_pattern: this.layersPattern,
    }
  }

  /** The same with other fields. */
  with(options: LoraConfigOptions): LoraConfig {
    return new LoraConfig({ ...(this as unknown as LoraConfigOptions), ...options })
  }

  #check(): void {
    const problems = [
      ...rankProblem('r', this.r),
      ...alphaProblem('loraAlpha', this.loraAlpha),
      ...namesProblem('targetModules', this.targetModules, { expression: true }),
      ...namesProblem('excludeModules', this.excludeModules, { expression: true }),
      ...namesProblem('modulesToSave', this.modulesToSave),
      ...namesProblem('layersPattern', this.layersPattern, { expression: true }),
      ...patternProblems('rankPattern', this.rankPattern, rankProblem),
      ...patternProblems('alphaPattern', this.alphaPattern, alphaProblem),
    ]
    const { loraDropout, bias, useRslora, useDora, initLoraWeights, layersToTransform } = this
    if (typeof loraDropout !== 'number' || !(loraDropout >= 0 && loraDropout < 1))
      problems.push(`loraDropout must be at least 0 and below 1, received ${show(loraDropout)}`)
    if (!['none', 'all', 'lora_only'].includes(bias))
      problems.push(`bias must be 'none', 'all' or 'lora_only', received ${show(bias)}`)
    if (typeof useDora !== 'boolean')
      problems.push(`useDora must be true or false, received ${show(useDora)}`)
    if (typeof useRslora !== 'boolean')
      problems.push(`useRslora must be true or false, received ${show(useRslora)}`)
    if (![true, false, 'gaussian'].includes(initLoraWeights))
      problems.push(`initLoraWeights must be true, false or 'gaussian', received ${show(initLoraWeights)}`)
    if (Array.isArray(this.targetModules) && this.targetModules.length === 0)
      problems.push('targetModules must name a module')
    const layers = [layersToTransform ?? []].flat()
    if (layers.length > mostNames || !layers.every((layer) => Number.isSafeInteger(layer)))
      problems.push(`layersToTransform must be numbers of layers, received ${show(layersToTransform)}`)
    if (problems.length > 0)
      throw new TorchLoraError('INVALID_ARGUMENT', `LoraConfig: ${problems.slice(0, 20).join('; ')}.`)
  }
}

/** A value, cut to a length that a message can hold. */
function show(value: unknown): string {
  const text = typeof value === 'string' ? `'${value}'` : (JSON.stringify(value) ?? 'nothing')
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}

function rankProblem(name: string, value: unknown): string[] {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) < 2 ** 31) return []
  return [`${name} must be a whole number of at least 1, received ${show(value)}`]
}

function alphaProblem(name: string, value: unknown): string[] {
  if (typeof value === 'number' && value > 0 && Number.isFinite(value)) return []
  return [`${name} must be a number above 0, received ${show(value)}`]
}

function namesProblem(name: string, value: unknown, { expression = false } = {}): string[] {
  if (value === null || (expression && typeof value === 'string')) return []
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
    return [
      `${name} must be ${expression ? 'a regular expression or ' : ''}a list of names, received ${show(value)}`,
    ]
  return value.length > mostNames
    ? [`${name} must be at most ${mostNames} names, received ${value.length}`]
    : []
}

function patternProblems(
  name: string,
  value: unknown,
  problem: (name: string, value: unknown) => string[],
): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return [`${name} must be values by patterns, received ${show(value)}`]
  const entries = Object.entries(value)
  if (entries.length > mostNames)
    return [`${name} must be at most ${mostNames} patterns, received ${entries.length}`]
  return entries.flatMap(([pattern, each]) => problem(`${name}[${show(pattern)}]`, each))
}

/** loraAlpha as PEFT's file has it, lora_alpha; two letters at a time. */
function snake(letters: string): string {
  return `${letters[0]}_${letters[1]!.toLowerCase()}`
}
