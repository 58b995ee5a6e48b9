/**
 * A classifier of your own. In the folder that you run this from: train.jsonl and dev.jsonl, each line
 * {"text": "The invoice shows the wrong sum.", "label": "billing"}
 *
 *   npx tsx examples/train.ts
 *
 * A base model other than roberta-base, a folder or a name on the Hugging Face hub, is the first argument.
 */
// In a project of your own: from 'torch-lora'.
import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  applyLora,
  LabelSet,
  LoraConfig,
  mergeLora,
  readExamples,
  Trainer,
} from '../lib/index.ts'

const base = process.argv[2] ?? 'roberta-base'
const train = await readExamples('train.jsonl')
const evaluate = await readExamples('dev.jsonl')
const labels = LabelSet.fromExamples(train).names

const tokenizer = await AutoTokenizer.fromPretrained(base)
const model = await AutoModelForSequenceClassification.fromPretrained(base, { labels, device: 'auto' })
applyLora(model, new LoraConfig({ r: 8, loraAlpha: 16, targetModules: ['query', 'value'] }))

const trainer = new Trainer({ model, tokenizer, train, evaluate })
for await (const event of trainer.run()) {
  if (event.type === 'evaluation') console.log(`epoch ${event.epoch}:`, event.metrics)
}

await mergeLora(model).savePretrained('support-classifier') // an ordinary Hugging Face model folder
await tokenizer.close()
console.log('merged model written to support-classifier')
