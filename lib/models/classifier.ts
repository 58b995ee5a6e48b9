import * as ops from '../generated/ops.ts'
import { Module } from '../nn/module.ts'
import { type Device, type DType, isHalf, type Tensor } from '../tensor.ts'
import type { BatchTensors } from './batch.ts'
import type { ClassifierConfig } from './config.ts'
import { LayerStack } from './layer-stack.ts'
import { type Family, type FromPretrainedOptions, loadPretrained, savePretrained } from './pretrained.ts'

/**
 * How a family numbers positions.
 * - `zero`: 0, 1, 2, ... in each sequence (BERT, DeBERTa).
 * - `afterPadding`: the n-th token (from 1) that is not `padTokenId` has position padTokenId + n, and a token that is
 *   has position padTokenId (RoBERTa; `create_position_ids_from_input_ids` of transformers' modeling_roberta.py).
 */
export type PositionScheme = { kind: 'zero' } | { kind: 'afterPadding'; padTokenId: number }

/** A sequence classifier of any family: what the trainer, LoRA, and inference know of a model. */
export abstract class SequenceClassifier extends Module {
  /** The checkpoint prefix of the body ("roberta"); the parameters outside it are the head. */
  abstract readonly basePrefix: string
  abstract readonly positions: PositionScheme
  /** The modules outside the body: always trained and saved with an adapter. */
  abstract readonly headModules: readonly string[]
  /** What LoRA adapts when nothing is said: query and value. */
  abstract readonly loraTargets: readonly string[]
  /** Parameters that were missing from the checkpoint and start fresh, by path. */
  readonly freshParameters = new Set<string>()
  /** The longest sequence the position embeddings allow, special tokens included. */
  abstract readonly maxLength: number

  constructor(readonly config: ClassifierConfig) {
    super()
  }

  /** Loads this family from a folder or the hub; see `AutoModelForSequenceClassification.fromPretrained`. */
  static fromPretrained<M extends SequenceClassifier>(
    this: Family<M>,
    dirOrId: string,
    options?: FromPretrainedOptions,
  ): Promise<M> {
    // biome-ignore lint/complexity/noThisInStatic: the family that is asked, which a base class cannot name
    return loadPretrained([this], dirOrId, options)
  }

  /**
   * Whether training computes a layer's activations again in the backward pass instead of keeping them: about a third
   * more work for a fraction of the memory. Values and gradients stay what they are. Set it before training begins.
   * `gradient_checkpointing_enable` and `_disable` of transformers.
   */
  setGradientCheckpointing(enabled: boolean): void {
    for (const [, module] of this.namedModules())
      if (module instanceof LayerStack) module.gradientCheckpointing = enabled
  }

  get gradientCheckpointing(): boolean {
    const stacks = [...this.namedModules()].map(([, module]) => module)
    return stacks.some((module) => module instanceof LayerStack && module.gradientCheckpointing)
  }

  /** Where the parameters are. */
  get device(): Device {
    for (const [, parameter] of this.namedParameters()) return parameter.device
    return 'cpu'
  }

  /** Of the body's weights. */
  get dtype(): DType {
    for (const [path, parameter] of this.namedParameters()) if (!this.isOfHead(path)) return parameter.dtype
    return 'float32'
  }

  /** Whether `head` reads the parameter at `path`: pooler and classifier. */
  isOfHead(path: string): boolean {
    const owners = [...this.headModules, 'pooler', `${this.basePrefix}.pooler`]
    return owners.some((owner) => path.startsWith(`${owner}.`))
  }

  /** What the head reads of each sequence: the body's output for the first token. [B, H] */
  abstract encode(batch: BatchTensors): Tensor

  /** Logits of encoded sequences: pooler and classifier. [B, H] -> [B, labels] */
  abstract head(first: Tensor): Tensor

  /**
   * `encode` in the head's dtype: the head is float32 under half-precision weights, because it is small and trained,
   * and the loss is formed of what it gives. [B, H]
   */
  encodeForHead(batch: BatchTensors): Tensor {
    const first = this.encode(batch) // [B, H]
    return isHalf(this.dtype) ? first.to({ dtype: 'float32' }) : first // [B, H]
  }

  /**
   * Logits of a packed batch.
   * @returns [B, labels] in the model's dtype, float32 when that is half precision
   */
  forward(batch: BatchTensors): Tensor {
    return this.head(this.encodeForHead(batch))
  }

  /**
   * The mean loss over a batch, 0-dimensional: cross-entropy, binary cross-entropy, or squared error, by
   * `config.problemType`.
   * @param logits [B, labels]
   * @param labels int64 [B] (single label; -100 for a sequence that does not count), float32 [B, labels] (multi-label),
   * or float32 [B] (regression)
   * @param options.weights float32 [B]: of each sequence in the mean; for multi-label and regression. Default: all alike
   */
  loss(logits: Tensor, labels: Tensor, { weights = null }: { weights?: Tensor | null } = {}): Tensor {
    const { problemType } = this.config
    if (problemType === 'single_label_classification') return ops.crossEntropyLoss(logits, labels)
    const reduction = weights ? noReduction : undefined
    // libtorch 2.11 has no derivative of a loss between two types.
    const target = this.dtype === 'float64' ? labels.to({ dtype: 'float64' }) : labels
    if (problemType === 'multi_label_classification') {
      const losses = ops.binaryCrossEntropyWithLogits(logits, target, { reduction }) // [B, labels] or []
      return weights ? weighted(ops.meanDim(losses, [1]), weights) : losses
    }
    const losses = ops.mseLoss(ops.view(logits, [-1]), target, { reduction }) // [B] or []
    return weights ? weighted(losses, weights) : losses
  }

  /**
   * Writes an ordinary Hugging Face model folder: `config.json`, `model.safetensors`, and the tokenizer's files where
   * the model was loaded from a folder that has them.
   * @throws TorchLoraError INVALID_ARGUMENT when an adapter is not merged: `mergeLora` first, or `saveAdapter`
   */
  savePretrained(directory: string): Promise<void> {
    return savePretrained(this, directory)
  }

  /** The dropout probability in front of the head. */
  protected get headDropout(): number {
    if (!this.training) return 0
    return this.config.classifierDropout ?? this.config.hiddenDropoutProb
  }
}

/** at::Reduction::None */
const noReduction = 0

/** sum(w l) / sum(w): [B], [B] -> [] */
function weighted(losses: Tensor, weights: Tensor): Tensor {
  return ops.div(ops.sum(ops.mul(losses, weights)), ops.sum(weights))
}
