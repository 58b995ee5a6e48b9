import { TorchLoraError } from '../errors.ts'
import type { Model } from '../models/model.ts'
import { EmbeddingLike } from '../nn/embedding.ts'
import { type Linear, LinearLike, type LowRank, type Segment } from '../nn/linear.ts'
import type { Module } from '../nn/module.ts'
import type { Optimizer } from '../optim/optimizer.ts'
import type { Tensor, TensorOptions } from '../tensor.ts'
import type { PeftConfig } from './peft-config.ts'
import type { LoraState } from './state.ts'

/**
 * A module that an adapter method has wrapped. It stands in the module's place in the model, under the same paths; what
 * the method adds is in `adapterParameters`, by the names that PEFT's files have.
 */
export interface AdaptedModule extends Module {
  readonly base: Module
  adapterParameters(): [name: string, parameter: Tensor][]
  /** What a merge puts in the place of the base's parameters, by name. */
  mergedParameters(): Record<string, Tensor>
  /** The same change as a low-rank update of a Linear, dropout apart; null where it is none. */
  lowRank(): LowRank | null
  /** What the base's weight is while it acts, where that is another: it is then disposed of with the adapter. */
  readonly residual: Tensor | null
  /** Tensors of its own beside the parameters. */
  constants(): Tensor[]
}

/** Frees an adapted module's own tensors, not the base's. */
export function disposeAdapted(layer: AdaptedModule): void {
  for (const [, tensor] of layer.adapterParameters()) tensor.dispose()
  for (const tensor of layer.constants()) tensor.dispose()
}

/** An adapted Linear. */
export abstract class AdaptedLinear extends LinearLike implements AdaptedModule {
  readonly inFeatures: number
  readonly outFeatures: number

  constructor(readonly base: Linear) {
    super()
    this.inFeatures = base.inFeatures
    this.outFeatures = base.outFeatures
    this.training = base.training
  }

  get weight(): Tensor {
    return this.base.weight
  }

  get bias(): Tensor | null {
    return this.base.bias
  }

  override *children(): Generator<[name: string, child: Tensor | Module]> {
    yield* this.base.children()
  }

  override setChild(name: string, child: Tensor | Module): void {
    this.base.setChild(name, child)
  }

  override initial(name: string, options: TensorOptions = {}): Tensor {
    return this.base.initial(name, options)
  }

  abstract override adapterParameters(): [name: string, parameter: Tensor][]

  abstract override segment(): Segment | null

  mergedParameters(): Record<string, Tensor> {
    return { weight: this.effectiveWeight() }
  }

  abstract lowRank(): LowRank | null

  get residual(): Tensor | null {
    return null
  }

  constants(): Tensor[] {
    return []
  }
}

/** An adapted table of embeddings. */
export abstract class AdaptedEmbedding extends EmbeddingLike implements AdaptedModule {
  constructor(readonly base: EmbeddingLike) {
    super()
    this.training = base.training
  }

  get weight(): Tensor {
    return this.base.weight
  }

  override *children(): Generator<[name: string, child: Tensor | Module]> {
    yield* this.base.children()
  }

  override setChild(name: string, child: Tensor | Module): void {
    this.base.setChild(name, child)
  }

  override initial(name: string, options: TensorOptions = {}): Tensor {
    return this.base.initial(name, options)
  }

  abstract override adapterParameters(): [name: string, parameter: Tensor][]

  abstract mergedParameters(): Record<string, Tensor>

  /** None of a Linear. */
  lowRank(): null {
    return null
  }

  get residual(): null {
    return null
  }

  constants(): Tensor[] {
    return []
  }
}

/**
 * Checks that a table is read by index: DeBERTa reads one whole, of which other rows would change nothing.
 * @param options.by what is to adapt it @param options.remedy what to do, for the message
 * @throws TorchLoraError INVALID_ARGUMENT
 */
export function requireIndexed(path: string, { by, remedy }: { by: string; remedy: string }): void {
  if (!path.endsWith('rel_embeddings')) return
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `${by} cannot adapt ${path}, which is read whole and never by index: ${remedy}.`,
  )
}

/** What a method is asked to adapt, and with which configuration. */
export interface Target<Config extends PeftConfig = PeftConfig> {
  path: string
  config: Config
  /** What all modules of the adapter share, by PEFT's names in files. */
  shared: ReadonlyMap<string, Tensor>
}

/** How a configuration gives a layer its rank, and which tensor of a file has that as its first dimension. */
export interface FileRanks {
  /** Its path; the group is the layer's. */
  tensor: RegExp
  dimensions: number
  rankOf(layer: string): number
  /**
   * The configuration with no rank beyond those of a file.
   * @param most of the file's ranks
   * @param others the Linears that the file lacks
   */
  bound(most: number, others: () => readonly string[]): PeftConfig
}

/** A way to adapt a model. A configuration of one's own carries it (`PeftConfig.method`); PEFT's are in the registry. */
export interface AdapterMethod {
  /** The name that its papers and users give it. */
  readonly name: string
  /** Whether one of PEFT's configurations means this method. */
  handles?(config: PeftConfig): boolean
  /** The class that a file's configuration becomes, for `loadAdapter` with this method. */
  readonly Config?: (new (options: object) => PeftConfig) | undefined
  /** The ranks that files are held to before anything is allocated by them. Default: it has none. */
  ranks?(config: PeftConfig): FileRanks
  /** The peak learning rate of a Trainer that is given none; undefined for LoRA's, by the encoder's width. */
  learningRate?(config: PeftConfig): number | undefined
  /**
   * The configuration with what it leaves to the model's family: targetModules at least.
   * @throws TorchLoraError INVALID_ARGUMENT for a family of which nothing is known
   */
  complete(model: Model, config: PeftConfig): PeftConfig
  /** What it can adapt, for messages: 'Linear'. */
  readonly unit: string
  /** Whether it can adapt such a module. */
  adapts(module: Module): boolean
  /** What all adapted modules share, by PEFT's names in files. Default: nothing. */
  share?(modules: ReadonlyMap<string, Module>, config: PeftConfig): Map<string, Tensor>
  /** Whether its files hold what is shared under that name. Default: they do. */
  isSaved?(name: string, config: PeftConfig): boolean
  /** The module at its path, adapted; null where the method only trains the module's own parameters. */
  wrap(module: Module, target: Target): AdaptedModule | null
  /** What else of a model its configuration adapts, by path. Default: nothing. */
  also?(model: Model, config: PeftConfig): Map<string, AdaptedModule>
  /** What training adds to the task's loss, []; null for nothing. */
  penalty?(state: LoraState): Tensor | null
  /** What stands around the optimizer while such an adapter trains, and does not dispose of it. */
  optimizer?(state: LoraState, inner: Optimizer): Optimizer
  /** The configuration and tensors by path as files have them, where they are not those in memory. */
  saved?(
    state: LoraState,
    tensors: ReadonlyMap<string, Tensor>,
  ): { config: PeftConfig; tensors: Map<string, Tensor> }
  /** What PEFT's files put between a module's path and its parameters, where `wrap` gives null. */
  readonly copies?: string | undefined
  /** What the metadata of its files say, where PEFT's configuration does not tell it from another. */
  readonly mark?: string | undefined
  /** Whether lora_A and lora_B are parameters in PEFT's files, without ".weight". */
  readonly bareFactors?: boolean | undefined
}

/** The configuration with these targets where it has none. */
export function withTargets<Config extends PeftConfig>(
  config: Config,
  targetModules: readonly string[] | string,
): Config {
  return config.targetModules === null ? config.with({ targetModules } as Partial<Config>) : config
}

/** @returns what no family of that name has a default of */
export function noDefault({ family }: Model, method: string, options: string): TorchLoraError {
  return new TorchLoraError(
    'INVALID_ARGUMENT',
    `${method} has no default for models of type '${family.modelType}': give ${options}.`,
  )
}
