/**
 * How long whole runs of the Trainer on SST-2 take on a GPU: 60 epochs of roberta-base (the poster's figure 3) and 3 of
 * deberta-v2-xlarge (figure 4), with LoRA of rank and alpha 8.
 *
 *   npx tsx bench/gpu/epochs.ts --data GLUE --tokenizer FOLDER [--model deberta-v2-xlarge] [--epochs N] [--whole]
 *     [--steps 2000] [--device cuda:0] [--dtype bfloat16] [--layers N] [--batch-size 16]
 *
 * Random weights of the real shapes; the real texts in the Trainer's own order, evaluations included. Without --whole the
 * clock runs for --steps updates, after a quarter as many before it, and for an evaluation: minutes are what those make of
 * all updates and evaluations. Prints and keeps which of the two it was.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  AutoModelForSequenceClassification,
  applyLora,
  type DType,
  loadGlue,
  Trainer,
} from '../../lib/index.ts'
import { memory, peakResidentBytes } from '../../lib/memory.ts'
import { flags, keep, writeModel } from './settings.ts'

const { model: name, whole, device, dtype, data } = flags
const deberta = name === 'deberta-v2-xlarge'
const epochs = Number(flags.epochs ?? (deberta ? 3 : 60))
const steps = Number(flags.steps)
const before = Math.ceil(steps / 4)
if (!data || !flags.tokenizer) {
  console.log(`${name}: without --data and --tokenizer there are no real texts to train on`)
  process.exit(3)
}
const folder = await mkdtemp(join(tmpdir(), 'bench-gpu-epochs-'))
try {
  const tokenizer = (await writeModel(folder))!
  const train = await loadGlue('sst2', { split: 'train', dataDir: data })
  const evaluate = await loadGlue('sst2', { split: 'validation', dataDir: data })
  const model = await AutoModelForSequenceClassification.fromPretrained(folder, {
    labels: train.labels.names,
    device,
    dtype: dtype as DType,
  })
  applyLora(model, { r: 8, loraAlpha: 8 })
  const trainer = new Trainer({
    model,
    tokenizer,
    train: train.examples,
    evaluate: evaluate.examples,
    epochs,
    batchSize: Number(flags['batch-size']),
    learningRate: deberta ? 6e-5 : 5e-4,
    evaluateEvery: whole ? 'epoch' : Math.max(before, Math.ceil(steps / 2)), // the first of two meets its shapes
    loadBest: false,
  })
  const stop = new AbortController()
  let total = 0
  let tokens = 0
  let began = 0
  let evaluation = 0 // seconds of the last
  let evaluating = 0 // seconds of all, on the clock
  let seconds = 0 // of `steps` updates
  let minutes = 0
  for await (const event of trainer.run({ signal: stop.signal })) {
    if (event.type === 'start') total = event.totalSteps
    if (event.type === 'evaluation') {
      evaluation = event.seconds
      if (began > 0) evaluating += event.seconds
    }
    if (event.type === 'step') {
      if (whole || event.step > before) tokens += event.tokens
      if (event.step === before) began = performance.now()
      if (!whole && event.step === before + steps) {
        seconds = (performance.now() - began) / 1000 - evaluating
        stop.abort()
      }
    }
    if (event.type === 'end' && whole) {
      seconds = event.summary.trainSeconds
      minutes = event.summary.wallSeconds / 60
    }
  }
  if (!whole) minutes = ((seconds / steps) * total + evaluation * epochs) / 60
  await tokenizer.close()
  const figures = {
    settings: { model: name, epochs, device, dtype, layers: flags.layers, batchSize: flags['batch-size'] },
    whole,
    timedSteps: whole ? total : steps,
    totalSteps: total,
    millisecondsPerStep: (1000 * seconds) / (whole ? total : steps),
    evaluationSeconds: evaluation,
    minutes,
    peakBytes: memory().cuda[0]?.peakBytes ?? peakResidentBytes(),
  }
  await keep(`epochs-${name}`, figures)
  console.log(
    `${name}: ${epochs} epochs of SST-2, ${total} updates: ${minutes.toFixed(2)} minutes${whole ? '' : `, from ${steps} updates`}; ${figures.millisecondsPerStep.toFixed(2)} ms an update, ${evaluation.toFixed(2)} s an evaluation, ${(tokens / seconds).toFixed(0)} tokens/s`,
  )
} finally {
  await rm(folder, { recursive: true })
}
