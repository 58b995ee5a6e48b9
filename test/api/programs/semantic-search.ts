import { cosineSimilarity, TextEmbedder } from 'torch-lora'
import type { Given } from './given.ts'

/** The nearest of the user's own rows to a question, by vectors that are made once. */
export async function main({ base, rows }: Given) {
  await using embedder = await TextEmbedder.load(base, { warmUp: false })
  const index: { text: string; vector: Float32Array }[] = []
  for await (const { row, embedding } of embedder.embedAll(rows, {
    input: ({ text }) => text,
    dimensions: 16,
  }))
    index.push({ text: row.text, vector: embedding })
  const query = await embedder.embed(rows[3]!.text, { dimensions: 16 })
  const [best] = index
    .map(({ text, vector }) => ({ text, score: cosineSimilarity(query, vector) }))
    .sort((a, b) => b.score - a.score)
  return { found: best?.text === rows[3]!.text, rows: index.length, dimensions: query.length }
}
