import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { type Activation, activations } from '../nn/activation.ts'
import type { Embedding } from '../nn/embedding.ts'
import { LayerNorm } from '../nn/layer-norm.ts'
import { Linear, type LinearLike } from '../nn/linear.ts'
import { Module } from '../nn/module.ts'
import { isHalf, Tensor, type TensorOptions } from '../tensor.ts'
import { Head } from './head.ts'

/** How a family's head for masked words is built, and what a checkpoint calls its parts. */
export interface LanguageLayout {
  hiddenSize: number
  /** Of the table of words, which is the decoder. */
  embeddingSize: number
  vocabSize: number
  act: Activation
  layerNormEps: number
  std: number
  /** The checkpoint's names: "cls.predictions.transform.dense", "...LayerNorm", and the module that holds the bias. */
  dense: string
  norm: string
  bias: string
  /** Which of the three have a bias; all where nothing is said. */
  biases?: { dense: boolean; norm: boolean; decoder: boolean }
}

/** The bias of the decoder, [vocabulary]: a parameter under a module's name. */
class DecoderBias extends Module {
  bias: Tensor

  constructor(
    readonly size: number,
    options: TensorOptions,
  ) {
    super()
    this.bias = this.initial('bias', options)
  }

  override initial(name: string, options: TensorOptions = {}): Tensor {
    return name === 'bias' ? Tensor.zeros([this.size], options) : super.initial(name)
  }
}

/**
 * LN(act(W x + b)) E^T + c, where E is the encoder's own table of words: the head of transformers' `...ForMaskedLM`. The
 * decoder is no parameter of its own and so stays the table's, whatever trains, is merged or saved.
 */
export class LanguageHead extends Head {
  readonly reads = 'tokens'
  readonly width: number
  dense: LinearLike
  norm: LayerNorm
  decoder: DecoderBias | null
  readonly #act: Activation
  #words: () => Embedding = () => {
    throw new TorchLoraError('INVALID_ARGUMENT', 'This head stands on no encoder.')
  }

  constructor(layout: LanguageLayout, options: TensorOptions) {
    super({ dense: layout.dense, norm: layout.norm, decoder: layout.bias })
    const { hiddenSize, embeddingSize, vocabSize, act, layerNormEps, std } = layout
    const { biases = { dense: true, norm: true, decoder: true } } = layout
    this.width = vocabSize
    this.#act = act
    this.dense = new Linear(hiddenSize, embeddingSize, { std, bias: biases.dense, ...options })
    this.norm = new LayerNorm(embeddingSize, layerNormEps, { bias: biases.norm, ...options })
    this.decoder = biases.decoder ? new DecoderBias(vocabSize, options) : null
  }

  override tie(words: () => Embedding): void {
    this.#words = words
  }

  forward(rows: Tensor): Tensor {
    const { weight } = this.#words() // [V, E]
    const table = isHalf(weight.dtype) ? weight.to({ dtype: 'float32' }) : weight // [V, E]
    const x = activations[this.#act](this.dense.forward(rows, { rows: 'wanted' })) // [rows, E]
    return ops.linear(this.norm.forward(x), table, this.decoder?.bias ?? null) // [rows, V]
  }
}
