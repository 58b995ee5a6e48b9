/**
 * The tokens with the greatest logits, by falling probability among all.
 * @param logits of the vocabulary @param among tokens to choose from; null for all
 */
export function likeliest(
  logits: Float32Array,
  { topK, among }: { topK: number; among: readonly number[] | null },
): { id: number; score: number }[] {
  let largest = Number.NEGATIVE_INFINITY
  for (const logit of logits) if (logit > largest) largest = logit
  let sum = 0
  for (const logit of logits) sum += Math.exp(logit - largest)
  const best: number[] = [] // by falling logit
  const offer = (id: number) => {
    if (best.length === topK && !(logits[id]! > logits[best[topK - 1]!]!)) return
    let [low, high] = [0, best.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (logits[best[middle]!]! >= logits[id]!) low = middle + 1
      else high = middle
    }
    best.splice(low, 0, id)
    if (best.length > topK) best.pop()
  }
  if (among) for (const id of new Set(among)) offer(id)
  else for (let id = 0; id < logits.length; id++) offer(id)
  return best.map((id) => ({ id, score: Math.exp(logits[id]! - largest) / sum }))
}
