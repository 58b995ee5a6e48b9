import { readdirSync, readFileSync } from 'node:fs'
import { mapTensors, readCheckpoint } from '../../lib/checkpoint/index.ts'
import { AutoModelForSequenceClassification, AutoModelForTokenClassification } from '../../lib/models/auto.ts'
import type { Model } from '../../lib/models/model.ts'
import type { BatchTensors } from '../../lib/nn/batch.ts'
import { SequenceClassification } from '../../lib/tasks/sequence-classification.ts'
import type { TokenClassification } from '../../lib/tasks/token-classification.ts'
import { type DType, Tensor } from '../../lib/tensor.ts'

/** Fixtures that scripts/fixtures/make_fixtures.py wrote with transformers and peft. */
export const fixtures = new URL('../fixtures/', import.meta.url).pathname

export interface GoldenModel {
  purpose: string
  task: 'sequence' | 'token'
  lengths: number[]
}

export const manifest = JSON.parse(readFileSync(`${fixtures}manifest.json`, 'utf8')) as {
  models: Record<string, GoldenModel>
}

/** The names of all models. */
export const goldenModels = Object.keys(manifest.models)

/** A model, with the head of its task. */
export function loadGolden(
  name: string,
  { dtype = 'float32' }: { dtype?: DType } = {},
): Promise<Model<SequenceClassification | TokenClassification>> {
  const token = manifest.models[name]!.task === 'token'
  const auto = token ? AutoModelForTokenClassification : AutoModelForSequenceClassification
  return auto.fromPretrained(`${fixtures}models/${name}`, { dtype })
}

/** The labels of a golden file in the dtype that the model's loss wants: whole numbers are classes. */
export function goldenLabels(model: Model, tensors: Map<string, Tensor>): Tensor {
  const labels = tensors.get('labels')!
  const classes =
    !(model.task instanceof SequenceClassification) ||
    model.task.problemType === 'single_label_classification'
  return labels.to({ dtype: classes ? 'int64' : model.outputDType })
}

/** Adapter fixtures of a model: names like "bert-single--qv-r4". */
export function goldenAdapters(model: string): string[] {
  return readdirSync(`${fixtures}adapters`).filter((name) => name.startsWith(`${model}--`))
}

/** The tensors of a golden file. */
export async function golden(name: string): Promise<Map<string, Tensor>> {
  const { entries } = await readCheckpoint(`${fixtures}golden/${name}.safetensors`)
  return mapTensors(entries.values())
}

/** The packed batch of a golden file. */
export function goldenBatch(tensors: Map<string, Tensor>): BatchTensors {
  const int32 = (name: string) => tensors.get(name)!.to({ dtype: 'int32' })
  const cuSeqlens = int32('cu_seqlens')
  const ends = Array.from(cuSeqlens.readSync(), Number)
  const longest = Math.max(...ends.slice(1).map((end, b) => end - ends[b]!))
  return {
    inputIds: int32('input_ids'),
    positionIds: int32('position_ids'),
    tokenTypeIds: int32('token_type_ids'),
    cuSeqlens,
    maxSeqlen: Tensor.scalar(longest, 'int32'),
  }
}

/** The largest absolute difference. */
export function maxDifference(a: Tensor, b: Tensor): number {
  const [left, right] = [a.readSync(), b.readSync()]
  if (left.length !== right.length) throw new Error(`lengths differ: ${left.length} and ${right.length}`)
  let largest = 0
  for (let i = 0; i < left.length; i++) {
    const difference = Math.abs(Number(left[i]) - Number(right[i]))
    if (!(difference <= largest)) largest = difference
  }
  return largest
}

/** What a gradient may differ by in each dtype: of its own norm, and of all gradients' norm together. */
const allowed = {
  float64: { own: 1e-6, all: 1e-7 },
  float32: { own: 1e-4, all: 1e-4 },
} as const

/**
 * The worst difference of two sets of gradients, as a fraction of what is allowed. The part that is relative to all
 * gradients is for those that cancel: a key's bias has none but rounding, since softmax does not see it.
 */
export function gradientDifference(
  dtype: keyof typeof allowed,
  pairs: readonly { name: string; ours: Tensor; reference: Tensor }[],
): { name: string; fraction: number } {
  const norm = (values: ArrayLike<number | bigint>) => Math.hypot(...Array.from(values, Number))
  const references = pairs.map(({ reference }) => norm(reference.readSync()))
  const all = Math.hypot(...references)
  let worst = { name: '', fraction: 0 }
  for (const [i, { name, ours, reference }] of pairs.entries()) {
    const expected = reference.readSync()
    const difference = norm(
      Array.from(ours.readSync() as Float32Array | Float64Array, (value, j) => value - Number(expected[j])),
    )
    const fraction = difference / (allowed[dtype].own * references[i]! + allowed[dtype].all * all)
    if (!(fraction <= worst.fraction)) worst = { name, fraction }
  }
  return worst
}

/** The difference's norm over the reference's. */
export function relativeDifference(a: Tensor, reference: Tensor): number {
  const [left, right] = [a.readSync(), reference.readSync()]
  const norm = (values: number[]) => Math.hypot(...values)
  const difference = norm(Array.from(right as Float32Array, (value, i) => Number(left[i]) - Number(value)))
  return difference / (norm(Array.from(right as Float32Array, Number)) || 1)
}
