import { TorchLoraError } from '../errors.ts'
import type { SequenceClassifier } from '../models/classifier.ts'
import * as init from '../nn/init.ts'
import { Linear } from '../nn/linear.ts'
import { type DType, Tensor } from '../tensor.ts'
import { LoraConfig, type LoraConfigOptions } from './config.ts'
import { isTarget, nameMatches, patternValue } from './targets.ts'

/** What LoRA has done to a model. */
export interface LoraState {
  config: LoraConfig
  /** The adapted Linears, by path. */
  layers: Map<string, Linear>
  /** Parameters of the base model that train in full: the head, modulesToSave, biases. By path. */
  trained: Set<string>
  /** What they were before, so that `unloadLora` gives the base model back bit for bit. */
  before: Map<string, Tensor>
  /** Base weights that `mergeLora` has put aside, by path of the Linear; null while not merged. */
  merged: Map<string, Tensor> | null
}

const states = new WeakMap<SequenceClassifier, LoraState>()

/**
 * The LoRA state of a model.
 * @throws TorchLoraError INVALID_ARGUMENT when it has none
 */
export function loraState(model: SequenceClassifier): LoraState {
  const state = states.get(model)
  if (!state)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      'This model has no LoRA adapter: call applyLora or loadAdapter first.',
    )
  return state
}

export function hasLora(model: SequenceClassifier): boolean {
  return states.has(model)
}

/** Forgets a model's adapter. Only `unloadLora` calls this. */
export function forgetLora(model: SequenceClassifier): void {
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
export function applyLora<M extends SequenceClassifier>(
  model: M,
  options: LoraConfig | LoraConfigOptions = {},
): M {
  if (states.has(model)) {
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      'This model already has a LoRA adapter: merge or unload it first.',
    )
  }
  const config = options instanceof LoraConfig ? options : new LoraConfig(options)
  const targets = config.targetModules ?? model.loraTargets
  const saved = modulesToSave(model, config)
  const layers = findTargets(model, config, targets, saved)
  const trained = trainedParameters(model, config, layers, saved)

  model.setRequiresGrad(false)
  const before = new Map<string, Tensor>()
  for (const [path, parameter] of [...model.namedParameters()]) {
    if (!trained.has(path)) continue
    const copy = parameter.clone()
    copy.requiresGrad = true
    before.set(path, model.exchangeParameter(path, copy))
  }
  for (const [path, layer] of layers) layer.update = createUpdate(config, path, layer)
  states.set(model, {
    config: config.with({
      targetModules: targets === 'all-linear' ? [...layers.keys()] : targets,
      modulesToSave: saved,
    }),
    layers,
    trained,
    before,
    merged: null,
  })
  return model
}

/** The names PEFT would list: the head, what the config adds, and what was freshly initialised. */
function modulesToSave(model: SequenceClassifier, config: LoraConfig): string[] {
  const names = new Set([...model.headModules, ...(config.modulesToSave ?? [])])
  for (const path of model.freshParameters) {
    const owner = path.slice(0, path.lastIndexOf('.'))
    if (![...names].some((name) => covers(name, path))) names.add(owner)
  }
  // PEFT writes both names by which transformers knows a head.
  if (names.has('classifier')) names.add('score')
  return [...names]
}

/** Whether the module called `name` holds the parameter at `path`. */
function covers(name: string, path: string): boolean {
  const owners = path.split('.').slice(0, -1)
  return owners.some((_, i) => nameMatches([name], owners.slice(0, i + 1).join('.')))
}

function findTargets(
  model: SequenceClassifier,
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
  model: SequenceClassifier,
  config: LoraConfig,
  layers: Map<string, Linear>,
  saved: string[],
): Set<string> {
  const paths = [...model.namedParameters()].map(([path]) => path)
  const missing = (config.modulesToSave ?? []).filter(
    (name) => name !== 'score' && !paths.some((path) => covers(name, path)),
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

function createUpdate(config: LoraConfig, path: string, layer: Linear) {
  const r = patternValue(config.rankPattern, path, config.r)
  const alpha = patternValue(config.alphaPattern, path, config.loraAlpha)
  // float32 under half-precision weights too: the update is what training moves, by steps half precision would lose.
  const { device, dtype: weightDtype } = layer.weight
  const dtype: DType = weightDtype === 'float64' ? 'float64' : 'float32'
  const A =
    config.initLoraWeights === 'gaussian'
      ? init.normal([r, layer.inFeatures], 1 / r, { device, dtype })
      : init.kaimingUniform([r, layer.inFeatures], { device, dtype })
  const B =
    config.initLoraWeights === false
      ? init.kaimingUniform([layer.outFeatures, r], { device, dtype })
      : Tensor.zeros([layer.outFeatures, r], { device, dtype })
  A.requiresGrad = true
  B.requiresGrad = true
  return { A, B, scaling: config.scaling(r, alpha), dropout: config.loraDropout }
}
