/** Lower case, without punctuation, articles and spaces that mean nothing: SQuAD's `normalize_answer`. */
export function normalizeAnswer(text: string): string {
  return text
    .toLowerCase()
    .replace(/[!-/:-@[-`{-~]/g, '')
    .replace(/\b(a|an|the)\b/g, ' ')
    .split(/\s+/)
    .filter(Boolean)
    .join(' ')
}

/** Whether an answer is the one given, and how far their words are the same; '' is no answer. SQuAD 2.0's script. */
export function answerScores(predicted: string, gold: string): { exact: number; f1: number } {
  const [ours, theirs] = [normalizeAnswer(predicted), normalizeAnswer(gold)]
  const exact = ours === theirs ? 1 : 0
  const [a, b] = [ours, theirs].map((text) => (text === '' ? [] : text.split(' ')))
  if (a!.length === 0 || b!.length === 0) return { exact, f1: a!.length === b!.length ? 1 : 0 }
  const counts = new Map<string, number>()
  for (const word of b!) counts.set(word, (counts.get(word) ?? 0) + 1)
  let same = 0
  for (const word of a!) {
    const left = counts.get(word) ?? 0
    if (left > 0) same++
    counts.set(word, left - 1)
  }
  return { exact, f1: same === 0 ? 0 : (2 * same) / (a!.length + b!.length) }
}

/** The best of several given answers; with none, no answer is right. */
export function bestScores(predicted: string, golds: readonly string[]): { exact: number; f1: number } {
  const kept = golds.filter((gold) => normalizeAnswer(gold) !== '')
  const all = (kept.length > 0 ? kept : ['']).map((gold) => answerScores(predicted, gold))
  return { exact: Math.max(...all.map(({ exact }) => exact)), f1: Math.max(...all.map(({ f1 }) => f1)) }
}
