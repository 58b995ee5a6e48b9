import { tensorSources } from '../checkpoint/index.ts'
import type { EncoderConfig } from '../encoders/config.ts'
import type { Family } from '../encoders/family.ts'
import * as ops from '../generated/ops.ts'
import type { Head, Reads } from '../heads/head.ts'
import { type BatchTensors, firstTokens, lastTokens, type WantedRows } from '../nn/batch.ts'
import { Module } from '../nn/module.ts'
import { poolSequences } from '../nn/pooling.ts'
import type { LossFunction, Targets, Task } from '../tasks/task.ts'
import { isHalf, type Tensor, type TensorOptions } from '../tensor.ts'
import { fullDType } from '../weight-dtype.ts'
import { PretrainedModel } from './pretrained-model.ts'

/** An encoder, a head that reads it, and the task that says what the head's outputs mean. */
export class Model<T extends Task = Task> extends PretrainedModel {
  readonly head: Head
  /** What training adds to the task's loss, 0-dimensional: an adapter method's regularization. */
  readonly penalties = new Set<() => Tensor | null>()
  readonly #attached = new Set<Disposable>()

  constructor(
    family: Family,
    config: EncoderConfig,
    readonly task: T,
    options: TensorOptions = {},
  ) {
    super(family, config, options)
    this.head = task.head(family, config, options)
    this.head.tie(() => this.encoder.wordEmbeddings())
  }

  /** transformers' name of its class: "RobertaForSequenceClassification". */
  get architecture(): string {
    return this.family.architecture + this.task.architecture
  }

  get encoderPrefix(): string {
    return `${this.family.prefix}.`
  }

  /** Whether files name the encoder's tensors without its prefix: transformers' class is then the encoder itself. */
  get bare(): boolean {
    return this.task.architecture === 'Model'
  }

  override get savedModule(): Module {
    return this.bare ? this.encoder : this
  }

  override async writeBeside(directory: string): Promise<void> {
    const weights = new Map(
      Array.from(this.head.children(), ([name, child]) => [
        name,
        child instanceof Module ? tensorSources(child.namedParameters()) : [],
      ]),
    )
    await this.task.writeFolder(directory, { hiddenSize: this.config.hiddenSize, weights })
  }

  get headOutputs(): number {
    return this.task.width
  }

  taskConfig(): Record<string, unknown> {
    return this.task.toConfig()
  }

  /** The encoder under its prefix, the head's modules beside it: a checkpoint's names. */
  override *children(): Generator<[name: string, child: Tensor | Module]> {
    yield [this.family.prefix, this.encoder]
    yield* this.head.children()
  }

  override setChild(name: string, child: Tensor | Module): void {
    this.head.setChild(name, child)
  }

  protected override *parts(): Generator<Module> {
    yield this.encoder
    yield this.head
  }

  roleOf(path: string): 'body' | 'head' {
    for (const [name] of this.head.children()) if (path === name || path.startsWith(`${name}.`)) return 'head'
    return 'body'
  }

  /** Of the head and the outputs: float32 under half-precision weights, because the loss is formed of them. */
  get outputDType(): 'float32' | 'float64' {
    return fullDType(this.dtype)
  }

  /**
   * The rows that the head reads, in its dtype: [B, H] for a row a sequence, [T, H] for one a token.
   * @param wanted int32 [R], tokens of the batch, for a head that reads all of them: these alone, [R, H]
   */
  encode(batch: BatchTensors, wanted?: Tensor | null): Tensor {
    return this.encodeEmbedded(this.encoder.embed(batch), batch, wanted) // [rows, H]
  }

  /**
   * The same of what the first layer reads, `encoder.embed(batch)` or something in its place.
   * @param embedded [T, H]
   */
  encodeEmbedded(embedded: Tensor, batch: BatchTensors, wanted?: Tensor | null): Tensor {
    const { reads } = this.head
    const hidden = this.encoder.layers(embedded, batch, wantedRows(reads, batch, wanted)) // [rows, H]
    const rows = isHalf(this.dtype) ? hidden.to({ dtype: 'float32' }) : hidden // [rows, H]
    if (reads === 'first' || reads === 'last' || reads === 'tokens') return rows // [rows, H]
    return poolSequences(rows, batch, reads) // [B, H]
  }

  /**
   * Outputs of a packed batch.
   * @returns [B, width] or [T, width], by what the head reads, [R, width] for R wanted tokens; in the model's dtype,
   * float32 when that is half precision
   */
  forward(batch: BatchTensors, wanted?: Tensor | null): Tensor {
    return this.head.forward(this.encode(batch, wanted)) // [rows, width]
  }

  /**
   * The mean loss over a batch, 0-dimensional; while training with what `penalties` add.
   * @param outputs of `forward` @param targets as `task.collate` makes them
   * @param of the loss that is formed of them. Default: the task's.
   */
  loss(
    outputs: Tensor,
    targets: Targets,
    of: LossFunction = (all, wanted) => this.task.loss(all, wanted),
  ): Tensor {
    let loss = of(outputs, targets) // []
    if (!this.training) return loss
    for (const penalty of this.penalties) {
      const added = penalty()
      if (added) loss = ops.add(loss, added) // []
    }
    return loss
  }

  /** Gives the model something to dispose of when it is disposed of itself: what an adapter put aside. */
  attach(resource: Disposable): void {
    this.#attached.add(resource)
  }

  /** Forgets a resource that was attached to the model; it is no longer disposed of with it. */
  detach(resource: Disposable): void {
    this.#attached.delete(resource)
  }

  override dispose(): void {
    for (const resource of this.#attached) resource[Symbol.dispose]()
    this.#attached.clear()
    super.dispose()
  }
}

function wantedRows(reads: Reads, batch: BatchTensors, wanted?: Tensor | null): WantedRows | undefined {
  if (reads === 'first') return firstTokens(batch)
  if (reads === 'last') return lastTokens(batch)
  return wanted ? { indices: wanted, first: false } : undefined
}
