import { outdate } from '../captures.ts'
import { TorchLoraError } from '../errors.ts'
import type { Model } from '../models/model.ts'
import type { Optimizer } from '../optim/optimizer.ts'
import type { Tensor } from '../tensor.ts'
import type { AdaptedModule, AdapterMethod } from './method.ts'
import type { PeftConfig } from './peft-config.ts'

/** What an adapter has done to a model, which disposes of it when it is disposed of itself. */
export interface LoraState extends Disposable {
  /** The name that the adapter was given: 'default' where none was. */
  readonly name: string
  config: PeftConfig
  readonly method: AdapterMethod
  /** The adapted modules, by path. */
  readonly layers: Map<string, AdaptedModule>
  /** What they share, by its name in files. */
  readonly shared: Map<string, Tensor>
  /** Parameters of the base model that train in full: the head, modulesToSave, biases. By path. */
  readonly trained: Set<string>
  /** Those of `trained` that a method which wraps nothing was asked for. */
  readonly copied: ReadonlySet<string>
  /**
   * The model's own tensors in the place of which the adapter's stand, so that `unloadLora` gives the base model back
   * bit for bit. While another adapter is active, the adapter's own.
   */
  readonly before: Map<string, Tensor>
  /** Base parameters that `mergeLora` has put aside, by path; null while not merged. */
  merged: Map<string, Tensor> | null
  /** Whether base weights are others while it is active, of which the adapter holds the rest: PiSSA, OLoRA. */
  readonly changed: boolean
  /** Whether it was read from a file that holds the head. */
  bringsHead?: boolean
  /** The task's temperature before it. While another adapter is active, the adapter's own. */
  temperature: number
  /** What it adds to the loss while it is active. */
  readonly penalty?: (() => Tensor | null) | undefined
}

interface Adapters {
  active: LoraState | null
  readonly byName: Map<string, LoraState>
}

const adapters = new WeakMap<Model, Adapters>()

/**
 * The model's active adapter.
 * @throws TorchLoraError INVALID_ARGUMENT when it has none
 */
export function loraState(model: Model): LoraState {
  const state = adapters.get(model)?.active
  if (!state)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      'This model has no adapter: call applyLora, applyAdapter or loadAdapter first.',
    )
  return state
}

export function hasLora(model: Model): boolean {
  return !!adapters.get(model)?.active
}

/** The names of a model's adapters, in the order in which they came; the active one's is `activeAdapter`. */
export function adapterNames(model: Model): string[] {
  return [...(adapters.get(model)?.byName.keys() ?? [])]
}

/** @throws TorchLoraError INVALID_ARGUMENT where the model has an adapter of that name */
export function requireFreeName(model: Model, adapterName: string): void {
  if (!adapterNames(model).includes(adapterName)) return
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `This model already has an adapter '${adapterName}': merge or unload it first, or give this one another adapterName.`,
  )
}

/** The name of the adapter that acts; null for none. `active_adapter` of PEFT. */
export function activeAdapter(model: Model): string | null {
  return adapters.get(model)?.active?.name ?? null
}

/**
 * One of the model's adapters.
 * @throws TorchLoraError INVALID_ARGUMENT when the model has none of that name
 */
export function adapterState(model: Model, name: string): LoraState {
  const state = adapters.get(model)?.byName.get(name)
  if (state) return state
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `The model has no adapter '${name}'. It has ${adapterNames(model).join(', ') || 'none'}.`,
  )
}

/**
 * Makes another of the model's adapters act, with its own head; the one before is kept. `set_adapter` of PEFT. A
 * function that was compiled of the model means the new one from its next call on.
 * @throws TorchLoraError INVALID_ARGUMENT when the model has no adapter of that name, or is merged
 */
export function setAdapter<M extends Model>(model: M, name: string): M {
  const state = adapterState(model, name)
  const own = adapters.get(model)!
  if (own.active === state) return model
  putAside(model)
  own.active = state
  putInPlace(model, state)
  return model
}

/**
 * Removes one of the model's adapters. Where it was the active one, none is active then. `delete_adapter` of PEFT.
 * @throws TorchLoraError INVALID_ARGUMENT when the model has no adapter of that name, or is merged
 */
export function deleteAdapter<M extends Model>(model: M, name: string): M {
  const state = adapterState(model, name)
  const own = adapters.get(model)!
  if (own.active === state) putAside(model)
  own.byName.delete(name)
  model.detach(state)
  state[Symbol.dispose]()
  return model
}

/** Takes the active adapter out of the model, and keeps it. @returns it, null for none */
export function putAside(model: Model): LoraState | null {
  const own = adapters.get(model)
  if (!own?.active) return null
  const { active } = own
  if (active.merged)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `Adapter '${active.name}' is merged: call unmergeLora(model) first.`,
    )
  for (const [path, layer] of active.layers) {
    model.replaceModule(path, layer.base)
    for (const [, tensor] of layer.adapterParameters()) outdate(tensor.id)
  }
  exchange(model, active)
  if (active.penalty) model.penalties.delete(active.penalty)
  own.active = null
  return active
}

/** Adds an adapter whose layers stand in the model already, as the active one. */
export function addState(model: Model, state: LoraState): void {
  const own = adapters.get(model) ?? { active: null, byName: new Map() }
  adapters.set(model, own)
  own.byName.set(state.name, state)
  own.active = state
  if (state.penalty) model.penalties.add(state.penalty)
  model.attach(state)
}

/** Forgets all of a model's adapters, and disposes of those that are not active; the caller has taken the active one. */
export function forgetLora(model: Model): void {
  const own = adapters.get(model)
  if (!own) return
  for (const state of own.byName.values()) {
    model.detach(state)
    if (state.penalty) model.penalties.delete(state.penalty)
    if (state !== own.active) state[Symbol.dispose]()
  }
  adapters.delete(model)
}

function putInPlace(model: Model, state: LoraState): void {
  exchange(model, state)
  if (state.penalty) model.penalties.add(state.penalty)
  for (const [path, layer] of state.layers) model.replaceModule(path, layer)
}

function exchange(model: Model, state: LoraState): void {
  const { before } = state
  for (const [path, tensor] of before) {
    const out = model.exchangeParameter(path, tensor)
    before.set(path, out)
    outdate(out.id) // a compiled function means what stands in the model
  }
  ;[model.task.temperature, state.temperature] = [state.temperature, model.task.temperature]
}

/**
 * The optimizer with what the active adapter's method does after each update: AdaLoRA allocates ranks. The same where it
 * does nothing, or where the optimizer does not move all of the adapter. What is put around it does not dispose of it.
 */
export function adapterOptimizer(model: Model, inner: Optimizer): Optimizer {
  const state = adapters.get(model)?.active
  if (!state?.method.optimizer) return inner
  const moved = new Set(inner.parameters.map(([, parameter]) => parameter))
  const added = [...state.layers.values()].flatMap((layer) => layer.adapterParameters())
  return added.every(([, tensor]) => moved.has(tensor)) ? state.method.optimizer(state, inner) : inner
}
