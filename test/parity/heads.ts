import {
  AutoModelForMaskedLM,
  AutoModelForQuestionAnswering,
  AutoModelForReranking,
  AutoModelForSentenceSimilarity,
  AutoModelForSequenceClassification,
  AutoModelForTokenClassification,
} from '../../lib/models/auto.ts'
import type { Model } from '../../lib/models/model.ts'
import type { Targets } from '../../lib/tasks/task.ts'
import { Tensor } from '../../lib/tensor.ts'
import { goldenBatch } from '../models/golden.ts'
import type { ParityCase } from './cases.ts'

const autos = {
  sequence: AutoModelForSequenceClassification,
  token: AutoModelForTokenClassification,
  question: AutoModelForQuestionAnswering,
  masked: AutoModelForMaskedLM,
  reranking: AutoModelForReranking,
  sentence: AutoModelForSentenceSimilarity,
} as const

/** The model of a case with the head of its task. */
export function loadCase(
  { task, pooling, normalize }: ParityCase,
  folder: string,
  dtype: 'float32' | 'float64',
): Promise<Model> {
  if (task === 'sentence')
    return autos.sentence.fromPretrained(folder, {
      dtype,
      pooling: pooling!,
      normalize: normalize!,
      loss: 'cosine',
    })
  return autos[task].fromPretrained(folder, { dtype })
}

/** The loss of a case's batch against its labels. */
export function lossOf({ task }: ParityCase, model: Model, values: Map<string, Tensor>): Tensor {
  const batch = goldenBatch(values)
  const targets = targetsOf(task, model, values)
  return model.loss(model.forward(batch, targets.rows), targets)
}

function targetsOf(task: ParityCase['task'], model: Model, values: Map<string, Tensor>): Targets {
  const given = values.get('labels')! // whole numbers are classes
  if (task === 'sequence' || task === 'token')
    return { labels: given.to({ dtype: given.dtype === 'int32' ? 'int64' : model.outputDType }) }
  const labels = Array.from(given.readSync(), Number)
  if (task === 'masked') {
    const rows = labels.flatMap((label, t) => (label === -100 ? [] : [t]))
    const words = Tensor.from(
      rows.map((t) => labels[t]!),
      { dtype: 'int64' },
    )
    return { rows: Tensor.from(Int32Array.from(rows)), labels: words }
  }
  const ends = Array.from(values.get('cu_seqlens')!.readSync(), Number)
  const lengths = ends.slice(1).map((end, b) => end - ends[b]!)
  const options = { device: 'cpu', dtype: model.outputDType as 'float32' | 'float64', lengths }
  const all = (count: number) => Array.from({ length: count }, (_, i) => i)
  if (task === 'question') {
    const places = { windows: [], questions: [], places: Int32Array.from(labels) }
    return model.task.collate(places, all(lengths.length), options)
  }
  if (task === 'reranking') {
    const queries = new Int32Array(labels.length)
    return model.task.collate({ relevance: Float32Array.from(labels), queries }, all(labels.length), options)
  }
  const groups = all(labels.length).map((i) => [2 * i, 2 * i + 1])
  return model.task.collate({ groups, scores: Float64Array.from(labels) }, all(labels.length), options)
}
