import { rerank } from '../routes/rerank.ts'
import type { TaskName } from '../served-models.ts'
import { fillMask } from './fill-mask.ts'
import type { HubTask } from './hub-task.ts'
import { questionAnswering } from './question-answering.ts'
import { sentenceSimilarity } from './sentence-similarity.ts'
import { textClassification } from './text-classification.ts'
import { tokenClassification } from './token-classification.ts'

/** Hugging Face's clients have no form for rankings: a reranker takes the body of its own route. */
const reranking: HubTask = { task: 'reranking', request: rerank.request, answer: rerank.answer }

/** How models answer Hugging Face's form, by their task. */
export const hubTasks: readonly HubTask[] = [
  textClassification,
  tokenClassification,
  sentenceSimilarity,
  reranking,
  questionAnswering,
  fillMask,
]

/** How models of a task answer it. */
export function hubTaskOf(task: TaskName): HubTask {
  return hubTasks.find((one) => one.task === task)!
}
