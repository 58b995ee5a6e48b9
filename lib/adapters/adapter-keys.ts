import type { LoraState } from './apply.ts'

/**
 * The names of an adapter's tensors in files. PEFT: save_and_load.py; loralib: microsoft/LoRA, whose checkpoints
 * lack ".weight" after lora_A and lora_B.
 */

const prefix = 'base_model.model.'

/** The model's path of a tensor in a file, or null for one that only PEFT's wrapping needs. */
export function pathOfKey(key: string): string | null {
  if (/\.original_module\./.test(key)) return null
  return key
    .replace(prefix, '')
    .replace(/\.(lora_[AB])(\.default)?(\.weight)?$/, '.$1.weight')
    .replace(/\.(lora_magnitude_vector)(\.default)?(\.weight)?$/, '.$1')
    .replace(/\.modules_to_save(\.default)?\./, '.')
    .replace('.base_layer.', '.')
}

/** PEFT's name for the parameter at `path`. */
export function keyOfPath(path: string, { layers }: LoraState): string {
  const owner = path.slice(0, path.lastIndexOf('.'))
  const name = path.slice(owner.length + 1)
  const layer = layers.get(owner)
  const adapted = layer && !layer.adapterParameters().some(([added]) => added === name)
  return prefix + (adapted ? `${owner}.base_layer.${path.slice(owner.length + 1)}` : path)
}
