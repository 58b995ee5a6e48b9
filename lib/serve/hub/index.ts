import type { TaskName } from '../served-models.ts'
import type { HubTask } from './hub-task.ts'
import { textClassification } from './text-classification.ts'
import { tokenClassification } from './token-classification.ts'

/** How models answer Hugging Face's form, by their task. */
export const hubTasks: readonly HubTask[] = [textClassification, tokenClassification]

/** How models of a task answer it. */
export function hubTaskOf(task: TaskName): HubTask {
  return hubTasks.find((one) => one.task === task)!
}
