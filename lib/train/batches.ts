import type { EncodedExamples } from '../tasks/task.ts'

/** Tokens of each example, in all the texts that it is made of. */
export function exampleLengths({ encodings, groups }: EncodedExamples): number[] {
  if (!groups) return encodings.map(({ ids }) => ids.length)
  return groups.map((group) => group.reduce((sum, i) => sum + encodings[i]!.ids.length, 0))
}
