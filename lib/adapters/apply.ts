import { TorchLoraError } from '../errors.ts'
import type { Model } from '../models/model.ts'
import { Linear } from '../nn/linear.ts'
import type { Tensor } from '../tensor.ts'
import { LoraConfig, type LoraConfigOptions } from './config.ts'
import type { AdaptedLinear } from './method.ts'
import { methodOf } from './registry.ts'
import { isTarget } from './targets.ts'

/** What LoRA has done to a model, which disposes of it when it is disposed of itself. */
export interface LoraState extends Disposable {
  config: LoraConfig
  /** The adapted Linears, by path. */
  layers: Map<string, AdaptedLinear>
  /** Parameters of the base model that train in full: the head, modulesToSave, biases. By path. */
  trained: Set<string>
  /** What they were before, so that `unloadLora` gives the base model back bit for bit. */
  before: Map<string, Tensor>
  /** Base weights that `mergeLora` has put aside, by path of the Linear; null while not merged. */
  merged: Map<string, Tensor> | null
}

const states = new WeakMap<Model, LoraState>()

/**
 * The LoRA state of a model.
 * @throws TorchLoraError INVALID_ARGUMENT when it has none
 */
export function loraState(model: Model): LoraState {
  const state = states.get(model)
  if (!state)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      'This model has no LoRA adapter: call applyLora or loadAdapter first.',
    )
  return state
}

export function hasLora(model: Model): boolean {
  return states.has(model)
}

/** Forgets a model's adapter, whose tensors the caller has taken or freed. */
export function forgetLora(model: Model): void {
  model.detach(loraState(model))
  states.delete(model)
}

/**
 * Adapts a model in place (Hu et al., 2022): every parameter is frozen, each target Linear gets trainable A [R, in]
 * and B [out, R] in float32, and the head trains in full. B starts at zero, so the model's outputs do not change.
 *
 * Freshly initialised parameters (a head or pooler that was missing from the checkpoint) train and are saved too:
 * frozen and unsaved, they would make the saved adapter useless.
 * @throws TorchLoraError INVALID_ARGUMENT when the config matches no Linear, names a module that is not there, or
 * the model already has an adapter
 */
export function applyLora<M extends Model>(model: M, options: LoraConfig | LoraConfigOptions = {}): M {
  if (states.has(model)) {
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      'This model already has a LoRA adapter: merge or unload it first.',
    )
  }
  const config = options instanceof LoraConfig ? options : new LoraConfig(options)
  const targets = config.targetModules ?? model.family.loraTargets
  const saved = modulesToSave(model, config)
  const linears = findTargets(model, config, targets, saved)
  const trained = trainedParameters(model, config, linears, saved)

  model.setRequiresGrad(false)
  const before = new Map<string, Tensor>()
  for (const [path, parameter] of [...model.namedParameters()]) {
    if (!trained.has(path)) continue
    const copy = parameter.clone()
    copy.requiresGrad = true
    before.set(path, model.exchangeParameter(path, copy))
  }
  const method = methodOf(config)
  const layers = new Map(
    Array.from(linears, ([path, linear]) => [path, method.wrap(linear, { path, config })]),
  )
  for (const [path, layer] of layers) model.replaceModule(path, layer)
  const state: LoraState = {
    config: config.with({
      targetModules: targets === 'all-linear' ? [...layers.keys()] : targets,
      modulesToSave: saved,
    }),
    layers,
    trained,
    before,
    merged: null,
    [Symbol.dispose]() {
      for (const layer of this.layers.values())
        for (const [, tensor] of layer.adapterParameters()) tensor.dispose()
      for (const tensor of [...this.before.values(), ...(this.merged?.values() ?? [])]) tensor.dispose()
    },
  }
  states.set(model, state)
  model.attach(state)
  return model
}

/** The modules of the head that PEFT trains for this task: those of its names that the model has. */
function savedHeads({ task, head }: Model): string[] {
  const names = Array.from(head.children(), ([name]) => name)
  return task.savedModules.filter((saved) =>
    names.some((name) => name === saved || name.startsWith(`${saved}.`)),
  )
}

/** The names PEFT would list: the head, what the config adds, and what was freshly initialised. */
function modulesToSave(model: Model, config: LoraConfig): string[] {
  const names = new Set([...savedHeads(model), ...(config.modulesToSave ?? [])])
  for (const path of model.freshParameters) {
    const owner = path.slice(0, path.lastIndexOf('.'))
    if (![...names].some((name) => covers(name, path))) names.add(owner)
  }
  // PEFT writes every name by which transformers knows such a head.
  for (const name of model.task.savedModules) names.add(name)
  return [...names]
}

/**
 * Whether a module that `name` means holds the parameter at `path`. PEFT compares ends of names (other.py:
 * _set_trainable), so that DistilBERT's pre_classifier is one of those that "classifier" means.
 */
function covers(name: string, path: string): boolean {
  const owners = path.split('.').slice(0, -1)
  return owners.some((_, i) =>
    owners
      .slice(0, i + 1)
      .join('.')
      .endsWith(name),
  )
}

function findTargets(
  model: Model,
  config: LoraConfig,
  targets: readonly string[] | string,
  saved: string[],
): Map<string, Linear> {
  const layers = new Map<string, Linear>()
  for (const [path, module] of model.namedModules()) {
    if (!(module instanceof Linear) || saved.some((name) => covers(name, `${path}.weight`))) continue
    if (isTarget(config, targets, path)) layers.set(path, module)
  }
  if (layers.size === 0) {
    const linears = [...model.namedModules()].filter(([, module]) => module instanceof Linear)
    const names = new Set(linears.map(([path]) => path.split('.').at(-1)))
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `targetModules ${JSON.stringify(targets).slice(0, 400)} matches no Linear of this model. Its Linears are called ${[...names].join(', ')}.`,
    )
  }
  return layers
}

function trainedParameters(
  model: Model,
  config: LoraConfig,
  layers: Map<string, Linear>,
  saved: string[],
): Set<string> {
  const paths = [...model.namedParameters()].map(([path]) => path)
  const missing = (config.modulesToSave ?? []).filter(
    (name) => !model.task.savedModules.includes(name) && !paths.some((path) => covers(name, path)),
  )
  if (missing.length > 0) {
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `modulesToSave names modules that this model does not have: ${missing.slice(0, 8).join(', ').slice(0, 400)}.`,
    )
  }
  return new Set(
    paths.filter((path) => {
      if (saved.some((name) => covers(name, path))) return true
      if (!path.endsWith('.bias')) return false
      return (
        config.bias === 'all' || (config.bias === 'lora_only' && layers.has(path.slice(0, -'.bias'.length)))
      )
    }),
  )
}
