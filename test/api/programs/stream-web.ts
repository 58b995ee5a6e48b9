import { TextClassifier } from 'torch-lora'
import type { Given } from './given.ts'

/** The same with web streams; a row that fails does not end the stream. */
export async function main({ base, rows }: Given) {
  await using classifier = await TextClassifier.load(base, { warmUp: false })
  const source = new ReadableStream<unknown>({
    start(controller) {
      for (const { text } of rows) controller.enqueue(text)
      controller.enqueue(3)
      controller.close()
    },
  })
  let [right, failed] = [0, 0]
  const results = classifier.classifyAll(source, { input: (row) => row as string, onError: 'yield' })
  for await (const result of results) {
    if (result.error) failed++
    else right++
  }
  return { right, failed }
}
