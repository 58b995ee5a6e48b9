import { object, type Rules } from '../options.ts'
import type { SampleOf, Task } from '../tasks/task.ts'
import type { Tokenizer } from '../tokenizer/index.ts'
import { Model } from './model.ts'

/** What model and tokenizer may be, among the options of a function. */
export const modelRules: Rules<{ model: Model; tokenizer: Tokenizer }> = {
  model: (value) => (value instanceof Model ? undefined : "a model, of AutoModelFor...'s fromPretrained"),
  tokenizer: object("a tokenizer, of AutoTokenizer's fromPretrained"),
}

/**
 * Examples as a model reads them, by its task.
 * @param options.maxLength tokens of a text at most. Default: what the model takes
 * @throws TorchLoraError INCOMPATIBLE for labels that are not the model's
 */
export function encodeExamples<T extends Task>({
  model,
  tokenizer,
  examples,
  maxLength = model.maxLength,
}: {
  model: Model<T>
  tokenizer: Tokenizer
  examples: readonly SampleOf<T>[]
  maxLength?: number | undefined
}): ReturnType<T['encode']> {
  const options = { maxLength: Math.min(maxLength, model.maxLength) }
  return model.task.encode(examples as never, tokenizer, options) as ReturnType<T['encode']>
}
