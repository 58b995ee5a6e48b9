import { TorchLoraError } from '../errors.ts'
import type { Model } from '../models/model.ts'
import { Linear } from '../nn/linear.ts'
import type { Module } from '../nn/module.ts'
import { type Rules, readOptions, string } from '../options.ts'
import { seedUnlessSeeded } from '../random.ts'
import type { Tensor } from '../tensor.ts'
import { LoraConfig, type LoraConfigOptions } from './config.ts'
import { type AdaptedModule, type AdapterMethod, disposeAdapted } from './method.ts'
import type { PeftConfig } from './peft-config.ts'
import { methodOf } from './registry.ts'
import { addState, type LoraState, putAside, requireFreeName, setAdapter } from './state.ts'
import { isTarget } from './targets.ts'

/** Under which name an adapter is kept beside others. */
export interface AdapterName {
  /** Default 'default'. A model that has an active adapter keeps it active: `setAdapter` changes that. */
  adapterName?: string | undefined
}

/** What {@link AdapterName} may be. */
export const adapterNameRules: Rules<AdapterName> = { adapterName: string }

/**
 * Adapts a model in place (Hu et al., 2022): every parameter is frozen, each target Linear gets trainable A [R, in]
 * and B [out, R] in float32, and the head trains in full. B starts at zero, so the model's outputs do not change.
 * The same as `applyAdapter` with a `LoraConfig`.
 * @throws TorchLoraError as `applyAdapter`
 */
export function applyLora<M extends Model>(
  model: M,
  options: LoraConfig | LoraConfigOptions = {},
  name: AdapterName = {},
): M {
  return applyAdapter(model, options instanceof LoraConfig ? options : new LoraConfig(options), name)
}

/**
 * Adapts a model in place by the method that the configuration means: every parameter is frozen but those that the
 * method adds or trains, and the head, which trains in full. `get_peft_model` of PEFT.
 *
 * Freshly initialised parameters (a head or pooler that was missing from the checkpoint) train and are saved too:
 * frozen and unsaved, they would make the saved adapter useless.
 * @throws TorchLoraError INVALID_ARGUMENT when the config is none, matches nothing that the method adapts, names a module that is
 * not there, or the model already has an adapter of that name
 */
export function applyAdapter<M extends Model>(model: M, config: PeftConfig, options: AdapterName = {}): M {
  const { adapterName = 'default' } = readOptions('applyAdapter', options, adapterNameRules)
  requireFreeName(model, adapterName)
  const active = putAside(model)
  try {
    addState(model, adapt(model, config, adapterName))
  } finally {
    if (active) setAdapter(model, active.name)
  }
  return model
}

function adapt(model: Model, given: PeftConfig, name: string): LoraState {
  const method = methodOf(given)
  const config = method.complete(model, given)
  const targets = config.targetModules!
  const saved = modulesToSave(model, config)
  const modules = findTargets(model, { config, targets, saved, method })
  const copied = new Set(
    method.copies === undefined
      ? []
      : [...modules].flatMap(([path, module]) => Array.from(module.namedParameters(path), ([own]) => own)),
  )
  const trained = trainedParameters(model, { config, modules, saved, copied })

  seedUnlessSeeded()
  const shared = method.share?.(modules, config) ?? new Map<string, Tensor>()
  const layers = new Map<string, AdaptedModule>()
  for (const [path, module] of modules) {
    const layer = method.wrap(module, { path, config, shared })
    if (layer) layers.set(path, layer)
  }
  for (const [path, layer] of method.also?.(model, config) ?? []) {
    if (layers.has(path))
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `${path} is one of targetModules and has trainableTokenIndices: choose one of them.`,
      )
    layers.set(path, layer)
  }

  model.setRequiresGrad(false)
  const before = new Map<string, Tensor>()
  for (const [path, parameter] of [...model.namedParameters()]) {
    if (!trained.has(path)) continue
    const copy = parameter.clone()
    copy.requiresGrad = true
    before.set(path, model.exchangeParameter(path, copy))
  }
  for (const [path, { residual }] of layers)
    if (residual) before.set(`${path}.weight`, model.exchangeParameter(`${path}.weight`, residual))
  for (const [path, layer] of layers) model.replaceModule(path, layer)
  const state: LoraState = {
    name,
    method,
    config: config.with({
      targetModules: targets === 'all-linear' ? [...layers.keys()] : targets,
      modulesToSave: saved,
    }),
    layers,
    shared,
    trained,
    copied,
    before,
    merged: null,
    temperature: model.task.temperature,
    changed: [...layers.values()].some(({ residual }) => residual !== null),
    ...(method.penalty && { penalty: () => method.penalty!(state) }),
    [Symbol.dispose]() {
      for (const layer of this.layers.values()) disposeAdapted(layer)
      for (const tensor of [...this.before.values(), ...(this.merged?.values() ?? [])]) tensor.dispose()
      for (const tensor of this.shared.values()) tensor.dispose()
    },
  }
  return state
}

/** The modules of the head that PEFT trains for this task: those of its names that the model has. */
function savedHeads({ task, head }: Model): string[] {
  const names = Array.from(head.children(), ([name]) => name)
  return task.savedModules.filter((saved) =>
    names.some((name) => name === saved || name.startsWith(`${saved}.`)),
  )
}

/** The names PEFT would list: the head, what the config adds, and what was freshly initialised. */
function modulesToSave(model: Model, config: PeftConfig): string[] {
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
  {
    config,
    targets,
    saved,
    method,
  }: { config: PeftConfig; targets: readonly string[] | string; saved: string[]; method: AdapterMethod },
): Map<string, Module> {
  const found = new Map<string, Module>()
  for (const [path, module] of model.namedModules()) {
    if (!method.adapts(module) || saved.some((name) => covers(name, `${path}.weight`))) continue
    if (targets === 'all-linear' && !(module instanceof Linear)) continue
    if (isTarget(config, targets, path)) found.set(path, module)
  }
  if (found.size === 0) {
    const fitting = [...model.namedModules()].filter(([, module]) => method.adapts(module))
    const names = new Set(fitting.map(([path]) => path.split('.').at(-1)))
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `targetModules ${JSON.stringify(targets).slice(0, 400)} matches no ${method.unit} of this model. Of ${method.unit} it has ${[...names].join(', ')}.`,
    )
  }
  return found
}

function trainedParameters(
  model: Model,
  {
    config,
    modules,
    saved,
    copied,
  }: {
    config: PeftConfig
    modules: ReadonlyMap<string, Module>
    saved: string[]
    copied: ReadonlySet<string>
  },
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
  const { trainedBiases } = config
  return new Set(
    paths.filter((path) => {
      if (copied.has(path) || saved.some((name) => covers(name, path))) return true
      if (!path.endsWith('.bias')) return false
      return (
        trainedBiases === 'all' ||
        (trainedBiases === 'adapted' && modules.has(path.slice(0, -'.bias'.length)))
      )
    }),
  )
}
