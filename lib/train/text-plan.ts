import { createHash } from 'node:crypto'
import { packBatch, padToBucket, sequenceLengths } from '../data/index.ts'
import { graphDevice } from '../device.ts'
import type { World } from '../distributed/world.ts'
import { Predictor } from '../inference/predictor.ts'
import { encodeExamples } from '../models/encode-examples.ts'
import type { Model } from '../models/model.ts'
import { batchTensors } from '../nn/batch.ts'
import type { EncodedExamples, LossFunction, Task } from '../tasks/task.ts'
import type { Device } from '../tensor.ts'
import { checkVocabularies } from '../tokenizer/index.ts'
import { exampleLengths } from './batches.ts'
import { evaluateExamples } from './evaluate.ts'
import type { TextRun } from './options.ts'
import { quantizeBase, requireQuantizable } from './quantize-base.ts'
import type { DrawnBatch, Plan, Work } from './work.ts'

/** A model that is trained for its task, on texts. */
export class TextPlan implements Plan {
  readonly graphs: Device | undefined
  readonly metrics: readonly string[]
  readonly otherMetrics: readonly string[]

  /**
   * @throws TorchLoraError INVALID_ARGUMENT for metrics or a loss that the task has not; INCOMPATIBLE for labels that
   * are not the model's, or a tokenizer that is another model's; UNSUPPORTED for a base dtype that the model cannot have
   */
  constructor(private readonly run: TextRun) {
    const { model, tokenizer, labels, train, evaluate, bestMetric } = run
    const { task } = model
    if (labels) task.requireLabels(labels)
    if (run.baseDtype) requireQuantizable(model, run.baseDtype)
    checkVocabularies(tokenizer, model.config.vocabSize)
    this.graphs = graphDevice(model.device, run.cudaGraphs && !model.gradientCheckpointing)
    const chosen = task.chooseMetrics(evaluate ?? train, run.metrics)
    const also = bestMetric !== undefined && !chosen.includes(bestMetric) && task.canMeasure(bestMetric)
    this.metrics = also ? task.chooseMetrics(evaluate ?? train, [...chosen, bestMetric]) : chosen
    this.otherMetrics = task.metricNames.filter((name) => !this.metrics.includes(name))
    task.requireLoss(run)
  }

  get module(): Model {
    return this.run.model
  }

  get device(): Device {
    return this.run.model.device
  }

  async prepare(group: World): Promise<Work> {
    const { run, metrics } = this
    const { model, cudaGraphs } = run
    const { device, outputDType: dtype } = model
    const train = await encodeExamples({ ...run, examples: run.train })
    const held = run.evaluate ? await encodeExamples({ ...run, examples: run.evaluate }) : null
    if (run.baseDtype) await quantizeBase(model, run.baseDtype)
    const loss = model.task.trainingLoss(run, train.labels, { device, dtype })
    const predictor = new Predictor(model, { cudaGraphs })
    return new TextWork(model, {
      train,
      loss: run.loss ?? loss,
      truncated: cut(train) + (held ? cut(held) : 0),
      heldOut: held?.encodings.length ?? 0,
      evaluate:
        held &&
        (() => evaluateExamples(predictor, held, metrics, { maxBatchTokens: run.evaluationTokens, group })),
      dispose() {
        predictor.dispose()
        loss[Symbol.dispose]()
      },
    })
  }

  get maxLength(): number {
    const { model, maxLength } = this.run
    return Math.min(maxLength ?? model.maxLength, model.maxLength)
  }
}

interface TextWorkParts extends Pick<Work, 'truncated' | 'heldOut' | 'evaluate'> {
  train: EncodedExamples
  loss: LossFunction
  dispose?(): void
}

/** Encoded texts, in batches that are packed end to end. */
export class TextWork implements Work {
  readonly lengths: readonly number[]

  constructor(
    readonly model: Model,
    private readonly of: TextWorkParts,
  ) {
    this.lengths = exampleLengths(of.train)
  }

  get loss(): LossFunction {
    return this.of.loss
  }

  get truncated(): number {
    return this.of.truncated
  }

  get heldOut(): number {
    return this.of.heldOut
  }

  get evaluate(): Work['evaluate'] {
    return this.of.evaluate
  }

  get inParts(): boolean {
    return this.model.task.chunk !== undefined
  }

  get digest(): string {
    return digestOf(this.of.train, this.model.task)
  }

  draw(indices: Uint32Array, { seed, graphs }: { seed: number; graphs: boolean }): DrawnBatch {
    const { train } = this.of
    const { positions, config, device, outputDType: dtype, task } = this.model
    const sequences = task.sequences(train, indices, seed)
    const { chunk } = task
    const lay = (own: typeof sequences) => batchTensors(packBatch(own, { positions, tables: config }), device)
    const parts =
      chunk !== undefined && sequences.length > chunk
        ? Array.from({ length: Math.ceil(sequences.length / chunk) }, (_, n) => {
            return () => lay(sequences.slice(n * chunk, (n + 1) * chunk))
          })
        : null
    const packed = packBatch(sequences, { positions, tables: config })
    // A batch in parts is laid out part by part; of the whole only lengths and targets are of use.
    const shaped = graphs && !parts ? padToBucket(packed, config) : packed
    const targets = task.collate(train.labels, indices, {
      device,
      dtype,
      lengths: sequenceLengths(shaped),
      seed,
      classes: this.model.head.width,
    })
    return {
      examples: indices.length,
      tokens: packed.inputIds.length,
      targets,
      batch: () => batchTensors(shaped, device),
      parts,
    }
  }

  [Symbol.dispose](): void {
    this.of.dispose?.()
  }
}

/** How many texts lost their ends: one in windows has lost nothing. */
function cut({ encodings }: EncodedExamples): number {
  const later = new Set(encodings.flatMap(({ overflow }) => overflow))
  return encodings.filter((one) => one.truncated && one.overflow.length === 0 && !later.has(one)).length
}

/** Says whether two training sets are one: token ids, segments and labels, in order. */
function digestOf({ encodings, labels }: EncodedExamples, task: Task): string {
  const hash = createHash('sha256')
  for (const { ids, typeIds } of encodings) hash.update(ids).update(typeIds)
  task.digest(labels, hash)
  return `${encodings.length} with digest ${hash.digest('hex').slice(0, 16)}`
}
