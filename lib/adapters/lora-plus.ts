import type { Model } from '../models/model.ts'

/** LoRA+ (Hayou et al., 2024): PEFT's arguments of `create_loraplus_optimizer`. */
export interface LoraPlusOptions {
  /** The learning rate of B, of biases and of all else with one dimension is so many times A's. At least 1. */
  loraplusLrRatio: number
  /** The learning rate of LoRA's factors of embeddings. Default 1e-6. */
  loraplusLrEmbedding?: number
}

/**
 * The factor on the learning rate of each parameter, by path. Source: peft 0.21, optimizers/loraplus.py.
 * @param options.learningRate the peak one, of A
 */
export function loraPlusScale(
  model: Model,
  { learningRate, loraplusLrRatio, loraplusLrEmbedding = 1e-6 }: LoraPlusOptions & { learningRate: number },
): (path: string) => number {
  const narrow = new Set(
    model.trainableParameters().flatMap(([path, { shape }]) => (shape.length === 1 ? [path] : [])),
  )
  return (path) => {
    if (/\.lora_embedding_[AB]$/.test(path)) return loraplusLrEmbedding / learningRate
    return narrow.has(path) || /\.lora_B(\.weight)?$/.test(path) ? loraplusLrRatio : 1
  }
}
