import type { Model } from '../models/model.ts'
import type { Tokenizer } from '../tokenizer/index.ts'
import type { MeasuredOptions } from '../train/measured.ts'
import { textsBar } from './progress.ts'

interface MeasureTextsOptions extends Omit<MeasuredOptions, 'metrics' | 'onProgress'> {
  what: string
  /** Default: the task's. */
  metrics?: readonly string[] | undefined
  maxLength?: number | undefined
}

/** All that there is to say of a model on labelled texts (`measured`), with a bar that says how far it is. */
export async function measureTexts(model: Model, tokenizer: Tokenizer, options: MeasureTextsOptions) {
  const { encodeExamples } = await import('../models/encode-examples.ts')
  const { measured } = await import('../train/measured.ts')
  const { what, examples, maxLength, ...running } = options
  const metrics = model.task.chooseMetrics(examples, options.metrics)
  const encoded = await encodeExamples({ model, tokenizer, examples, maxLength })
  const bar = textsBar(what)
  bar.start(encoded.encodings.length, 0)
  const onProgress = (done: number) => bar.update(done)
  return await measured(model, encoded, { ...running, examples, metrics, onProgress }).finally(() =>
    bar.stop(),
  )
}
