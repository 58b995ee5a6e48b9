import type { Encoding } from '../tokenizer/index.ts'

/** A stretch of a context that may answer a question. */
export interface Answer {
  /** '' for no answer. */
  text: string
  /** In UTF-16 code units of the context; 0 and 0 for no answer. */
  start: number
  end: number
  /** Probability among the candidates. */
  score: number
}

/** Which answers of a context are given. */
export interface AnswerOptions {
  /** Candidates at most. Default 20. */
  nBest?: number
  /** Tokens of an answer at most. Default 30. */
  maxAnswerLength?: number
  /** Whether no answer is a candidate. Default false. */
  noAnswer?: boolean
  /** No answer is chosen where its score, start plus end logit, is more than this above the best other's. Default 0. */
  nullThreshold?: number
}

interface Candidate {
  start: number
  end: number
  logit: number
}

/**
 * The answers that the outputs of a question's windows say, best first; scores are a softmax over them, as
 * transformers' `postprocess_qa_predictions` has it.
 * @param windows of the question with its context, with offsets @param outputs [tokens, 2] of each: start and end logits
 */
export function decodeAnswers(
  context: string,
  { windows, outputs }: { windows: readonly Encoding[]; outputs: readonly Float32Array[] },
  { nBest = 20, maxAnswerLength = 30, noAnswer = false, nullThreshold = 0 }: AnswerOptions = {},
): Answer[] {
  const found = new Map<string, Candidate>()
  let none = Number.POSITIVE_INFINITY
  for (const [w, window] of windows.entries()) {
    const logits = outputs[w]!
    none = Math.min(none, logits[0]! + logits[1]!)
    for (const one of candidatesOf(window, logits, { nBest, maxAnswerLength })) {
      const key = `${one.start} ${one.end}`
      const known = found.get(key)
      if (!known || known.logit < one.logit) found.set(key, one)
    }
  }
  const spans = [...found.values()].sort((a, b) => b.logit - a.logit).slice(0, nBest)
  const empty = { start: 0, end: 0, logit: none }
  const best = spans[0]
  const emptyFirst = noAnswer && (!best || none - best.logit > nullThreshold)
  const all = noAnswer ? (emptyFirst ? [empty, ...spans] : [...spans, empty]) : spans
  if (all.length === 0) return []
  const top = Math.max(...all.map(({ logit }) => logit))
  const weights = all.map(({ logit }) => Math.exp(logit - top))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return all.map(({ start, end }, i) => ({
    text: context.slice(start, end),
    start,
    end,
    score: weights[i]! / sum,
  }))
}

/** Pairs of the best starts and ends of a window, within the context and in order. */
function candidatesOf(
  { offsets, sequenceIds }: Encoding,
  logits: Float32Array,
  { nBest, maxAnswerLength }: { nBest: number; maxAnswerLength: number },
): Candidate[] {
  const inside = Array.from(sequenceIds!.keys()).filter((t) => sequenceIds![t] === 1)
  const best = (side: 0 | 1) =>
    [...inside].sort((a, b) => logits[2 * b + side]! - logits[2 * a + side]!).slice(0, nBest)
  const ends = best(1)
  return best(0).flatMap((start) =>
    ends
      .filter((end) => end >= start && end - start < maxAnswerLength)
      .map((end) => ({
        start: offsets![2 * start]!,
        end: offsets![2 * end + 1]!,
        logit: logits[2 * start]! + logits[2 * end + 1]!,
      })),
  )
}
