import type { ProblemType } from '../data/problem-type.ts'
import { argmax } from '../tasks/arithmetic.ts'
import type { SequenceClassification } from '../tasks/sequence-classification.ts'

/** What the logits of one text mean. `L` are the labels, `P` the problem, where they are known. */
export interface Prediction<L extends string = string, P extends ProblemType = ProblemType> {
  /** The most probable label; for multi-label every label above 0.5, joined by "|"; '' for regression. */
  label: P extends 'single_label_classification' ? L : P extends 'regression' ? '' : string
  /** Probability of `label` (of the most probable one for multi-label), or the value for regression. */
  score: number
  logits: number[]
}

/** A label and its probability; for regression the output's name and its value. */
export interface LabelScore<L extends string = string> {
  label: L
  score: number
}

/** Reads one row of logits by the problem that the head was trained for. */
export function decodeLogits(logits: readonly number[], task: SequenceClassification): Prediction {
  const scores = task.scores(logits)
  const best = argmax(scores)
  const score = scores[best]!
  switch (task.problemType) {
    case 'regression':
      return { label: '', score, logits: [...logits] }
    case 'multi_label_classification':
      return { label: task.labels.filter((_, i) => scores[i]! > 0.5).join('|'), score, logits: [...logits] }
    case 'single_label_classification':
      return { label: task.labels[best]!, score, logits: [...logits] }
  }
}

/** Every label with its probability, best first; for regression the one value. At most `topK`. */
export function rankLabels(
  scores: readonly number[],
  labels: readonly string[],
  { topK = labels.length }: { topK?: number | undefined } = {},
): LabelScore[] {
  const ranked = labels.map((label, i) => ({ label, score: scores[i]! }))
  return ranked.sort((a, b) => b.score - a.score).slice(0, topK)
}
