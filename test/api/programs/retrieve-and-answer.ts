import {
  AutoModelForQuestionAnswering,
  AutoModelForReranking,
  AutoTokenizer,
  QuestionAnswerer,
  TextReranker,
} from 'torch-lora'
import type { Given } from './given.ts'

/** The passage that answers best, and the answer in it: two models in one process. */
export async function main({ base, rows }: Given) {
  await using tokenizer = await AutoTokenizer.fromPretrained(base)
  using scoring = await AutoModelForReranking.fromPretrained(base, { head: 'fresh' })
  using reading = await AutoModelForQuestionAnswering.fromPretrained(base)
  await using reranker = await TextReranker.from(scoring, tokenizer, { warmUp: false })
  await using answerer = await QuestionAnswerer.from(reading, tokenizer, { warmUp: false })
  const question = 'what was good'
  const passages = rows.map(({ text }) => text)
  const [best] = await reranker.rank(question, passages, { topK: 1 })
  const context = passages[best!.index]!
  const { answer, start, end } = await answerer.answer({ question, context })
  return { within: context.slice(start, end) === answer, ranked: best!.score > 0 && best!.score < 1 }
}
