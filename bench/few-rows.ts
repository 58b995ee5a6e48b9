/**
 * What few rows teach: the README's training on easy texts of three classes, with the settings that are chosen where
 * none are given, measured on texts of which none is among those to train on.
 *
 *   npx tsx bench/few-rows.ts --model MINILM [--rows 200,40] [--seeds 0,1,2]
 *
 * Prints a line a run: accuracy of the best evaluation and the last, epochs, seconds and those of the processor; and of each number of rows the
 * mean and the least over the seeds. A seed is that of the fresh head and adapter, of batch order and of dropout.
 */
import { parseArgs } from 'node:util'
import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  applyLora,
  LoraConfig,
  manualSeed,
  Trainer,
} from '../lib/index.ts'
import { tickets } from '../test/train/tickets.ts'
import { machine } from './worker.ts'

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string' },
    rows: { type: 'string', default: '200,40' },
    seeds: { type: 'string', default: '0,1,2' },
  },
})
const base = flags.model
if (!base) throw new Error('say where the encoder is: --model FOLDER')
const numbers = (text: string) => text.split(',').map(Number)

await using tokenizer = await AutoTokenizer.fromPretrained(base)

async function run(rows: number, seed: number) {
  const train = tickets(rows, 1)
  const known = new Set(train.map(({ text }) => text))
  const evaluate = tickets(400, 2).filter(({ text }) => !known.has(text))
  manualSeed(seed)
  using model = await AutoModelForSequenceClassification.fromPretrained(base!, {
    labels: ['billing', 'bug', 'praise'],
    seed,
  })
  applyLora(model, new LoraConfig({ r: 8, loraAlpha: 16, targetModules: ['query', 'value'] }))
  const summary = await new Trainer({ model, tokenizer, train, evaluate, seed }).train()
  const best = summary.best!.metrics.accuracy!
  console.log(
    `${rows} rows, seed ${seed}: accuracy ${best.toFixed(3)}, after the last epoch ${summary.final!.metrics.accuracy!.toFixed(3)}, on ${evaluate.length} texts; ${summary.settings.epochs} epochs, ${summary.wallSeconds.toFixed(1)} s, ${summary.cpuSeconds.toFixed(1)} of the processor`,
  )
  return { best, seconds: summary.wallSeconds }
}

console.log(await machine())
for (const rows of numbers(flags.rows)) {
  const results = []
  for (const seed of numbers(flags.seeds)) results.push(await run(rows, seed))
  const accuracies = results.map(({ best }) => best)
  const mean = accuracies.reduce((sum, each) => sum + each, 0) / accuracies.length
  const slowest = Math.max(...results.map(({ seconds }) => seconds))
  console.log(
    `${rows} rows: accuracy ${mean.toFixed(3)} on average, ${Math.min(...accuracies).toFixed(3)} at least; at most ${slowest.toFixed(0)} s`,
  )
}
