/**
 * What torch-lora gives on a machine, as JSON: one prediction in each dtype, the loss of one training step, one request
 * that is served. run.mjs runs it here and under emulation; it lies beside the package that it imports.
 */
import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  applyLora,
  LoraConfig,
  TextClassifier,
  Trainer,
} from 'torch-lora'
import { createServer } from 'torch-lora/serve'

const folder = process.argv[2]!
const text = 'the film was great, and the invoice shows the wrong sum.'

const logits: Record<string, readonly number[]> = {}
for (const dtype of ['float32', 'bfloat16', 'float16', 'int8'] as const) {
  const classifier = await TextClassifier.load(folder, { dtype })
  logits[dtype] = (await classifier.classify(text)).logits
  await classifier.close()
}

const tokenizer = await AutoTokenizer.fromPretrained(folder)
const model = await AutoModelForSequenceClassification.fromPretrained(folder)
applyLora(model, new LoraConfig({ r: 4, loraAlpha: 8, targetModules: ['query', 'value'] }))
const train = ['bad', 'good', 'good', 'bad'].map((label) => ({ text: `this one is ${label}`, label }))
const trainer = new Trainer({ model, tokenizer, train, maxSteps: 1, batchSize: 4 })
let step: { loss: number; gradNorm: number } | undefined
for await (const event of trainer.run())
  if (event.type === 'step') step = { loss: event.loss, gradNorm: event.gradNorm }
await tokenizer.close()

const app = await createServer(folder)
const url = await app.listen({ port: 0, host: '127.0.0.1' })
const response = await fetch(`${url}/predict`, {
  method: 'POST',
  headers: { 'content-type': 'application/json', connection: 'close' },
  body: JSON.stringify({ inputs: text }),
})
const served = { status: response.status, answer: await response.json() }
await app.close()

console.log(JSON.stringify({ arch: process.arch, logits, step, served }))
