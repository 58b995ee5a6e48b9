import { TorchLoraError } from '../errors.ts'
import { any, readOptions, requireObject, show } from '../options.ts'
import { choiceProblem, namesProblem, numbersProblem } from './config-checks.ts'
import type { AdapterMethod } from './method.ts'
import { refuseUnfollowed } from './peft-fields.ts'

/** The fields that every method's configuration has, PEFT's in camelCase; every one is optional. */
export interface PeftConfigOptions {
  /**
   * What to adapt: names that a path ends with, a regular expression (string) that a whole path matches, or
   * 'all-linear' for every Linear that does not train in full, as the head does. Default: the family's.
   */
  targetModules?: readonly string[] | string | null | undefined
  /** What to leave out, in the same forms. */
  excludeModules?: readonly string[] | string | null | undefined
  /** Modules trained in full and saved with the adapter. The head, and whatever was freshly initialised, always are. */
  modulesToSave?: readonly string[] | null | undefined
  /** Only written to adapter_config.json. */
  baseModelNameOrPath?: string | null | undefined
}

/** What an adapter changes and how: one class a method, PEFT's, field for field. */
export abstract class PeftConfig {
  readonly targetModules: readonly string[] | string | null
  readonly excludeModules: readonly string[] | string | null
  readonly modulesToSave: readonly string[] | null
  readonly baseModelNameOrPath: string | null

  constructor(options: PeftConfigOptions) {
    requireObject(new.target.name, options)
    this.targetModules = options.targetModules ?? null
    this.excludeModules = options.excludeModules ?? null
    this.modulesToSave = options.modulesToSave ?? null
    this.baseModelNameOrPath = options.baseModelNameOrPath ?? null
  }

  /** `peft_type` of adapter_config.json. */
  abstract get peftType(): string

  /** The method that adapts by it, where that is one of one's own: what `applyAdapter` does follows from the config alone. */
  get method(): AdapterMethod | null {
    return null
  }

  /** Which biases of the base model train: none, all, or those of what the method adapts. */
  get trainedBiases(): 'none' | 'all' | 'adapted' {
    return 'none'
  }

  /** The same with other fields. */
  with(options: Partial<this>): this {
    const Config = this.constructor as new (options: object) => this
    return new Config({ ...this, ...options })
  }

  /** PEFT's `adapter_config.json`. */
  toJson(taskType: string | null): Record<string, unknown> {
    const own = Object.entries(this).map(([name, value]) => [snakeCase(name), value])
    return {
      peft_type: this.peftType,
      task_type: taskType,
      inference_mode: true,
      ...Object.fromEntries(own),
    }
  }

  /**
   * The last word of every constructor.
   * @throws TorchLoraError INVALID_ARGUMENT naming every field out of range and every option that there is none of
   */
  protected check(options: object, problems: readonly string[]): void {
    readOptions(
      this.constructor.name,
      options,
      Object.fromEntries(Object.keys(this).map((name) => [name, any])),
    )
    const all = [
      ...problems,
      ...namesProblem('targetModules', this.targetModules, { expression: true }),
      ...namesProblem('excludeModules', this.excludeModules, { expression: true }),
      ...namesProblem('modulesToSave', this.modulesToSave),
    ]
    if (Array.isArray(this.targetModules) && this.targetModules.length === 0)
      all.push('targetModules must name a module')
    if (all.length > 0)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `${this.constructor.name}: ${all.slice(0, 20).join('; ')}.`,
      )
  }
}

/** The options of methods that can be kept to some layers. */
export interface LayeredConfigOptions extends PeftConfigOptions {
  /** Only these layers, by number. */
  layersToTransform?: readonly number[] | number | null | undefined
  /** The name in front of the layer's number in a path, "layer". */
  layersPattern?: readonly string[] | string | null | undefined
}

/** The configuration of a method that can be kept to some layers. */
export abstract class LayeredConfig extends PeftConfig {
  readonly layersToTransform: readonly number[] | number | null
  readonly layersPattern: readonly string[] | string | null

  constructor(options: LayeredConfigOptions) {
    super(options)
    this.layersToTransform = options.layersToTransform ?? null
    this.layersPattern = options.layersPattern ?? null
  }

  protected override check(options: object, problems: readonly string[]): void {
    super.check(options, [
      ...problems,
      ...namesProblem('layersPattern', this.layersPattern, { expression: true }),
      ...numbersProblem('layersToTransform', this.layersToTransform, 'layers'),
    ])
  }
}

/** The names of `bias` in PEFT's configurations, of which the last depends on the method: lora_only, vera_only. */
export function biasProblem(value: unknown, own: string): string[] {
  return choiceProblem('bias', value, ['none', 'all', own])
}

/**
 * A configuration from PEFT's `adapter_config.json`.
 * @param options.ignored fields of the file that say nothing of what a saved adapter computes
 * @throws TorchLoraError INVALID_FILE, or UNSUPPORTED naming each field that cannot be honoured
 */
export function configFromJson<Config extends PeftConfig>(
  Config: new (options: object) => Config,
  json: Readonly<Record<string, unknown>>,
  { file, ignored = [] }: { file: string; ignored?: readonly string[] | undefined },
): Config {
  const blank = new Config({ targetModules: ['any'] })
  if (json.peft_type !== blank.peftType)
    throw new TorchLoraError(
      'UNSUPPORTED',
      `${file}: peft_type is ${show(json.peft_type)}, ${Config.name} reads "${blank.peftType}".`,
      { file },
    )
  if (json.target_modules === undefined || json.target_modules === null)
    throw new TorchLoraError('INVALID_FILE', `${file}: target_modules is missing.`, { file })
  const fields = Object.keys(blank).map(snakeCase)
  refuseUnfollowed(json, { file, understood: [...fields, ...ignored] })
  const given = Object.entries(json).filter(
    ([field, value]) => fields.includes(field) && !ignored.includes(field) && value !== null,
  )
  try {
    return new Config(Object.fromEntries(given.map(([field, value]) => [camelCase(field), value])))
  } catch (thrown) {
    if (!(thrown instanceof TorchLoraError)) throw thrown
    const message = thrown.message
      .replace(`${Config.name}: `, '')
      .replace(/\b[a-z]+[a-z0-9]*(?:[A-Z][a-z0-9]*)+(?=( must|\[))/g, snakeCase)
    throw new TorchLoraError('INVALID_FILE', `${file}: ${message}`, { file, cause: thrown })
  }
}

/** PEFT's names are snake case, but for one. */
const exceptions: Readonly<Record<string, string>> = { deltaT: 'deltaT' }

function snakeCase(name: string): string {
  return exceptions[name] ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function camelCase(field: string): string {
  return field.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}
