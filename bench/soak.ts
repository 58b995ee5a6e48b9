/**
 * Whether memory stays flat: a thousand training steps and ten thousand predictions.
 *
 *   npx tsx bench/soak.ts --model FOLDER [--steps 1000] [--predictions 10000]
 *
 * Sentences of mixed length, LoRA r=8, batch 16. Prints live tensors, bytes of live tensors and resident memory after
 * warm-up and at the end.
 */
import { parseArgs } from 'node:util'
import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  applyLora,
  type Example,
  memory,
  mergeLora,
  Trainer,
} from '../lib/index.ts'
import { Predictor } from '../lib/inference/predictor.ts'
import { machine } from './worker.ts'

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string' },
    steps: { type: 'string', default: '1000' },
    predictions: { type: 'string', default: '10000' },
  },
})
if (!flags.model) throw new Error('say which model: --model FOLDER')

const words = ['a', 'film', 'with', 'no', 'heart', 'and', 'great', 'music', 'that', 'never', 'ends', 'well']
const sentence = (n: number) =>
  Array.from({ length: 3 + ((n * 7) % 29) }, (_, i) => words[(n + i * i) % words.length]).join(' ')
const examples = (count: number): Example[] =>
  Array.from({ length: count }, (_, n) => ({ text: sentence(n), label: n % 2 ? 'yes' : 'no' }))

const tokenizer = await AutoTokenizer.fromPretrained(flags.model)
const model = await AutoModelForSequenceClassification.fromPretrained(flags.model, {
  labels: ['no', 'yes'],
  seed: 0,
})
applyLora(model, { r: 8, loraAlpha: 16 })

const report = (what: string) => {
  globalThis.gc?.()
  const { tensors, liveBytes, cachedBytes } = memory()
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`
  console.log(
    `${what.padEnd(34)} ${String(tensors).padStart(5)} tensors  ${mib(liveBytes).padStart(10)} live  ${mib(cachedBytes).padStart(10)} kept  ${mib(process.memoryUsage.rss()).padStart(11)} resident`,
  )
}

console.log(await machine())
const steps = Number(flags.steps)
const trainer = new Trainer({
  model,
  tokenizer,
  train: examples(16 * steps),
  epochs: 1,
  batchSize: 16,
  learningRate: 1e-4,
})
for await (const event of trainer.run()) {
  if (event.type === 'step' && event.step === Math.ceil(steps / 10))
    report(`after ${event.step} training steps`)
  if (event.type === 'step' && event.step === steps) report(`after ${event.step} training steps`)
}
const predictor = new Predictor(mergeLora(model))
const predictions = Number(flags.predictions)
for (let done = 0; done < predictions; done += 1) {
  await predictor.outputs(await tokenizer.encodeBatch([sentence(done)]))
  if (done === Math.ceil(predictions / 10)) report(`after ${done} predictions`)
}
report(`after ${predictions} predictions`)
await tokenizer.close()
