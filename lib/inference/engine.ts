import { mergeLora, unloadLora } from '../adapters/merge.ts'
import { hasLora } from '../adapters/state.ts'
import { TorchLoraError } from '../errors.ts'
import type { Model } from '../models/model.ts'
import { originOf } from '../models/origin.ts'
import type { LabelOptions } from '../tasks/label-config.ts'
import type { ModelInput, Task, TaskKind } from '../tasks/task.ts'
import type { DType } from '../tensor.ts'
import { checkVocabularies, type Tokenizer } from '../tokenizer/index.ts'
import { autoDType } from '../weight-dtype.ts'
import { Attributor } from './attributor.ts'
import { type FrozenModel, freezeModel } from './frozen-model.ts'
import { loadModel } from './load-model.ts'
import { MixedForward } from './mixed-forward.ts'
import type { FromOptions, SwapOptions } from './options.ts'
import { Predictor } from './predictor.ts'
import { readServedAdapter, type ServedAdapter } from './served-adapter.ts'

/** Something that requests hold while they run: it goes when it is retired and the last of them has ended. */
class Held<T> {
  #users = 0
  #retired = false
  #announce: ((gone: void | Promise<void>) => void) | undefined
  readonly #gone = new Promise<void>((resolve) => {
    this.#announce = resolve
  })

  constructor(
    readonly value: T,
    private readonly release: () => void | Promise<void>,
  ) {}

  hold(): void {
    this.#users++
  }

  letGo(): void {
    this.#users--
    this.#end()
  }

  /** Resolves when it is gone. */
  retire(): Promise<void> {
    this.#retired = true
    this.#end()
    return this.#gone
  }

  #end(): void {
    if (this.#users > 0 || !this.#retired) return
    const announce = this.#announce
    this.#announce = undefined
    if (announce) announce(this.release())
  }
}

export type HeldAdapter<T extends Task = Task> = Held<ServedAdapter<T>>

/** One text on its way through an engine. */
export interface EngineItem {
  sequence: ModelInput
  adapter: HeldAdapter | null
}

/** A model in memory, ready to run: weights frozen, tokenizer beside it, and the adapters that requests may name. */
export class Engine<T extends Task = Task> {
  readonly #predictor: Predictor
  readonly #mixed: MixedForward
  readonly #adapters = new Map<string, HeldAdapter<T>>()
  readonly #self: Held<null>
  /** Of the model, when its weights were frozen. */
  readonly #revision: number
  #attributor: Promise<Attributor> | undefined

  private constructor(
    readonly source: string,
    readonly model: Model<T>,
    readonly tokenizer: Tokenizer,
    frozen: FrozenModel<T>,
    /** The adapter that was merged, if any. */
    readonly merged: string | undefined,
    /** Whether the model itself can answer: its head was trained. */
    readonly hasHead: boolean,
    /** What its Linears compute with. */
    readonly dtype: DType,
    /** Why those, for people. */
    readonly dtypeReason: string,
    { cudaGraphs, owned, revision }: { cudaGraphs: boolean | undefined; owned: boolean; revision: number },
  ) {
    this.#revision = revision
    this.#predictor = new Predictor(frozen.model, { dispose: frozen.dispose, cudaGraphs })
    this.#mixed = new MixedForward(frozen)
    this.#self = new Held(null, async () => {
      for (const adapter of this.#adapters.values()) void adapter.retire()
      this.#predictor.dispose()
      this.#mixed.dispose()
      const attributor = await this.#attributor?.catch(() => undefined)
      attributor?.dispose()
      if (!owned) return
      disposeModel(model)
      await tokenizer.close()
    })
  }

  /**
   * Loads a model, merges `mergeAdapter`, and freezes the weights. All but reading indexes is the
   * executor's work.
   * @throws TorchLoraError as `loadModel`
   */
  static async load<T extends Task>(
    kind: TaskKind<T, LabelOptions>,
    dirOrId: string,
    { signal, dtype, cudaGraphs, mergeAdapter: adapter, ...options }: Omit<SwapOptions, 'adapters'>,
  ): Promise<Engine<T>> {
    const int8 = dtype === 'int8'
    const { model, tokenizer, headTrained } = await loadModel(kind, dirOrId, {
      ...options,
      adapter,
      dtype: int8 ? 'float32' : dtype,
    })
    try {
      // Packing merges on its own thread; where nothing is packed, merge here.
      if (adapter !== undefined && model.device !== 'cpu') mergeLora(model)
      const frozen = await freezeModel(model, { task: model.task.served() as T, int8, signal })
      return new Engine(
        dirOrId,
        model,
        tokenizer,
        frozen,
        adapter,
        headTrained,
        int8 ? 'int8' : model.dtype,
        dtype === 'auto' ? `auto: ${autoDType(model.device).because}` : 'asked for, or the default',
        {
          cudaGraphs,
          owned: true,
          revision: model.revision,
        },
      )
    } catch (thrown) {
      disposeModel(model)
      await tokenizer.close()
      throw thrown
    }
  }

  /**
   * A model that is in memory already, an adapter on it merged into what is packed. Model and tokenizer stay their
   * owner's, who keeps them, as they are, until the engine is retired.
   */
  static async of<T extends Task>(
    model: Model<T>,
    tokenizer: Tokenizer,
    { dtype, cudaGraphs, signal }: Pick<FromOptions, 'dtype' | 'cudaGraphs' | 'signal'>,
  ): Promise<Engine<T>> {
    const int8 = dtype === 'int8'
    checkVocabularies(tokenizer, model.config.vocabSize)
    const { revision } = model
    const frozen = await freezeModel(model, { task: model.task.served() as T, int8, signal })
    const merged = hasLora(model) ? 'the adapter on the model' : undefined
    return new Engine(
      originOf(model)?.directory ?? `a ${model.architecture} in memory`,
      model,
      tokenizer,
      frozen,
      merged,
      true,
      int8 ? 'int8' : model.dtype,
      int8 ? 'asked for' : 'that of the model in memory',
      { cudaGraphs, owned: false, revision },
    )
  }

  hold(): void {
    this.#self.hold()
  }

  letGo(): void {
    this.#self.letGo()
  }

  /** Frees everything once nobody holds the engine. */
  retire(): Promise<void> {
    return this.#self.retire()
  }

  /** Whether passes without adapters are replayed as CUDA graphs. */
  get capturesGraphs(): boolean {
    return this.#predictor.capturesGraphs
  }

  get adapters(): ReadonlyMap<string, HeldAdapter<T>> {
    return this.#adapters
  }

  /**
   * The adapter of that name; null for none.
   * @throws TorchLoraError INVALID_ARGUMENT for a name that is not loaded, or for none where the model has no head;
   * INCOMPATIBLE where its owner has changed the model since
   */
  adapter(name: string | undefined): HeldAdapter<T> | null {
    if (this.model.revision !== this.#revision)
      throw new TorchLoraError(
        'INCOMPATIBLE',
        'This was made of a model whose adapter has been applied, exchanged, merged or unloaded since: it would answer with what the model was. Make another, with `from`.',
      )
    const names = [...this.#adapters.keys()]
    const loaded = names.length > 0 ? `loaded: ${names.join(', ')}` : 'none is loaded'
    if (name === undefined) {
      if (this.hasHead) return null
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `${this.source} has no trained head: name an adapter (${loaded}).`,
      )
    }
    const found = this.#adapters.get(name)
    if (!found) throw new TorchLoraError('INVALID_ARGUMENT', `There is no adapter '${name}'; ${loaded}.`)
    return found
  }

  /**
   * Loads an adapter under a name, or another one in its place: requests that have begun end with the one they named.
   * @throws TorchLoraError as `readServedAdapter`; INVALID_ARGUMENT when an adapter is merged into the weights
   */
  async loadAdapter(
    name: string,
    source: string,
    options: { loraAlpha?: number | undefined } = {},
  ): Promise<void> {
    if (this.merged !== undefined)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `${this.merged} is merged into this model, so no other adapter fits: load the base model without mergeAdapter.`,
      )
    const adapter = await readServedAdapter(this.model, source, options)
    const before = this.#adapters.get(name)
    this.#adapters.set(name, new Held(adapter, () => adapter.dispose()))
    void before?.retire()
  }

  /** Takes an adapter away; requests that have begun still end with it. */
  unloadAdapter(name: string): void {
    void this.adapter(name)!.retire()
    this.#adapters.delete(name)
  }

  /** What explains the model's outputs, made when it is first asked for. @throws TorchLoraError OUT_OF_MEMORY, NATIVE */
  attributor(): Promise<Attributor> {
    this.#attributor ??= Attributor.of(this.model).catch((thrown) => {
      this.#attributor = undefined // the next call tries again
      throw thrown
    })
    return this.#attributor
  }

  /** Outputs of each text of a batch: its rows, row-major. */
  async run(items: readonly EngineItem[], signal: AbortSignal): Promise<Float32Array[]> {
    if (items.some(({ adapter }) => adapter !== null)) {
      return this.#mixed.run(
        items.map(({ sequence, adapter }) => ({ sequence, adapter: adapter?.value ?? null })),
        { signal },
      )
    }
    return this.#predictor.forward(
      items.map(({ sequence }) => sequence),
      { signal },
    )
  }
}

/**
 * An engine with further adapters; `headless` where others still come.
 * @throws TorchLoraError INCOMPATIBLE where nothing can answer, neither its own head nor an adapter's; as `Engine.load`
 */
export async function loadEngine<T extends Task>(
  kind: TaskKind<T, LabelOptions>,
  dirOrId: string,
  { adapters = {}, headless = false, ...options }: SwapOptions & { headless?: boolean | undefined },
): Promise<Engine<T>> {
  const engine = await Engine.load(kind, dirOrId, options)
  try {
    for (const [name, source] of Object.entries(adapters))
      await engine.loadAdapter(name, source, { loraAlpha: options.loraAlpha })
    if (!headless && !engine.hasHead && engine.adapters.size === 0)
      throw new TorchLoraError(
        'INCOMPATIBLE',
        `${dirOrId} has no trained ${kind.taskName} head, so its answers would be random: train one, or give an adapter.`,
      )
    return engine
  } catch (thrown) {
    await engine.retire()
    throw thrown
  }
}

/** The model's parameters, and those that its adapter put aside or brought. */
function disposeModel(model: Model): void {
  if (hasLora(model)) unloadLora(model)
  model.dispose()
}
