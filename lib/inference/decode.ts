import type { ProblemType } from '../data/problem-type.ts'
import { argmax, sigmoid, softmax } from '../tasks/arithmetic.ts'

/** What the logits of one text mean. */
export interface Prediction {
  /** The most probable label; for multi-label every label above 0.5, joined by "|"; '' for regression. */
  label: string
  /** Probability of `label` (of the most probable one for multi-label), or the value for regression. */
  score: number
  logits: number[]
}

/** A label and its probability; for regression the output's name and its value. */
export interface LabelScore {
  label: string
  score: number
}

/** Reads one row of logits by the problem that the head was trained for. */
export function decodeLogits(
  logits: readonly number[],
  problemType: ProblemType,
  labels: readonly string[],
): Prediction {
  switch (problemType) {
    case 'regression':
      return { label: '', score: logits[0]!, logits: [...logits] }
    case 'multi_label_classification': {
      const probabilities = sigmoid(logits)
      const chosen = labels.filter((_, i) => probabilities[i]! > 0.5)
      return { label: chosen.join('|'), score: Math.max(...probabilities), logits: [...logits] }
    }
    case 'single_label_classification': {
      const probabilities = softmax(logits)
      const best = argmax(probabilities)
      return { label: labels[best]!, score: probabilities[best]!, logits: [...logits] }
    }
  }
}

/** Every label with its probability, best first; for regression the one value. At most `topK`. */
export function rankLabels(
  logits: readonly number[],
  problemType: ProblemType,
  labels: readonly string[],
  topK = labels.length,
): LabelScore[] {
  const scores =
    problemType === 'regression'
      ? logits
      : problemType === 'multi_label_classification'
        ? sigmoid(logits)
        : softmax(logits)
  const ranked = labels.map((label, i) => ({ label, score: scores[i]! }))
  return ranked.sort((a, b) => b.score - a.score).slice(0, topK)
}
