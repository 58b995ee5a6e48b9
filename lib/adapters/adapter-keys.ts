import { LanguageHead } from '../heads/language.ts'
import type { Model } from '../models/model.ts'
import type { AdapterMethod } from './method.ts'
import type { LoraState } from './state.ts'

/**
 * The names of an adapter's tensors in files. PEFT: save_and_load.py; loralib: microsoft/LoRA, whose checkpoints
 * lack ".weight" after lora_A and lora_B.
 */

const prefix = 'base_model.model.'

/**
 * The model's path of a tensor in a file, or null for one that only PEFT's wrapping needs.
 * @param method whose files they are; LoRA's where it is not known yet
 */
export function pathOfKey(key: string, method?: AdapterMethod): string | null {
  if (/\.original_module\./.test(key)) return null
  return key
    .replace(prefix, '')
    .replace(/\.(lora_[AB])(\.default)?(\.weight)?$/, method?.bareFactors ? '.$1' : '.$1.weight')
    .replace(/\.(lora_magnitude_vector)(\.default)?(\.weight)?$/, '.$1')
    .replace(/\.modules_to_save(\.default)?\./, '.')
    .replace('.base_layer.', '.')
    .replace(`.${method?.copies ?? 'base_layer'}.`, '.')
}

/**
 * The model's path of a tensor in a file; null for one that only PEFT needs. transformers has the bias of a decoder of
 * words under two names, and PEFT writes both.
 */
export function placeOfKey(model: Model, key: string, method: AdapterMethod): string | null {
  const path = pathOfKey(key, method)
  const { prefix } = model.family
  if (path === null) return null
  if (model.head instanceof LanguageHead) return path.replace(/\.decoder\.bias$/, '.bias')
  const whole = !model.bare || path.startsWith(`${prefix}.`) || model.roleOf(path) === 'head'
  return whole ? path : `${prefix}.${path}`
}

/** PEFT's name for the parameter at `path`. */
export function keyOfPath(path: string, { layers, shared, copied, method }: LoraState): string {
  if (shared.has(path)) return path
  const owner = path.slice(0, path.lastIndexOf('.'))
  const name = path.slice(owner.length + 1)
  if (copied.has(path)) return `${prefix}${owner}.${method.copies}.${name}`
  const layer = layers.get(owner)
  const adapted = layer && !layer.adapterParameters().some(([added]) => added === name)
  return prefix + (adapted ? `${owner}.base_layer.${name}` : path)
}
