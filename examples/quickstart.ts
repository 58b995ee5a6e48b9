/**
 * The whole job on real data, in about two minutes on two cores: a pretrained encoder, LoRA on labelled texts, accuracy
 * on held-out texts before and after, merging, what each form costs, and predictions.
 *
 * `npm run quickstart` prepares the checkout and then runs this; `npm run quickstart -- --help` lists its options.
 */
import { writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { progressBar } from '../lib/cli/progress.ts'
// In a project of your own all of these come from 'torch-lora'.
import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  applyLora,
  type Example,
  type Model,
  manualSeed,
  mergeLora,
  saveAdapter,
  type Tokenizer,
  TorchLoraError,
  Trainer,
  type TrainingSummary,
} from '../lib/index.ts'
import { decodeLogits } from '../lib/inference/decode.ts'
import { Predictor } from '../lib/inference/predictor.ts'
import type { Encoding } from '../lib/tokenizer/index.ts'
import { findEncoder } from './quickstart/encoder.ts'
import { medianLatencies } from './quickstart/latency.ts'
import { checkOutputFolder, replaceFolder, resultFile } from './quickstart/output-folder.ts'
import { duration, mebibytes, metricValue, report, shellWord, shorten, whole } from './quickstart/report.ts'
import { sentencesFor } from './quickstart/sentences.ts'
import { checkTask, findTexts } from './quickstart/texts.ts'

export interface QuickstartOptions {
  /** A model folder or hub id; default all-MiniLM-L6-v2. */
  model?: string
  /** Folder of GLUE's folders. */
  data?: string
  /** A GLUE task, or 'spam'; default sst2 where it can be had. */
  task?: string
  out: string
  trainSize?: number
  evalSize?: number
}

const seed = 0
const maxLength = 128
const lora = { r: 8, loraAlpha: 16, targetModules: 'all-linear' }
const training = { epochs: 2, batchSize: 32, learningRate: 1e-3, warmupRatio: 0.06 }
/** What two slow cores train on in a minute and a half; the number of texts follows from their length. */
const trainingTokens = 200_000

/** Runs the quickstart; ends with ABORTED when `signal` does, leaving nothing half-written. */
export async function quickstart(options: QuickstartOptions, signal: AbortSignal): Promise<void> {
  const began = performance.now()
  checkTask(options.task)
  await checkOutputFolder(options.out)

  report.heading('Pretrained encoder and labelled texts')
  const say = report.note
  const encoder = await findEncoder(options.model, { say, signal })
  const texts = await findTexts({ ...options, evalSize: options.evalSize ?? 872, say, signal })
  const { labels } = texts
  const model = await AutoModelForSequenceClassification.fromPretrained(encoder.directory, {
    ...(labels.names.length > 0 ? { labels: labels.names } : { numLabels: 1 }),
    problemType: labels.problemType,
    head: 'fresh', // whatever the encoder was trained for before
    seed,
  })
  await using tokenizer = await AutoTokenizer.fromPretrained(encoder.directory)
  const encode = (examples: readonly Example[]) => encodeExamples(tokenizer, examples, model)
  const heldOut = await encode(texts.heldOut)
  const trainSize = options.trainSize ?? (await affordableTexts(texts.train, encode))
  const train = texts.train.slice(0, trainSize)
  const parameters = [...model.namedParameters()].reduce((sum, [, { numel }]) => sum + numel, 0)
  report.row('encoder', encoder.name, `${whole(parameters)} parameters`)
  report.row('', shownPath(encoder.directory))
  report.row(
    'texts',
    `${texts.title}: ${whole(train.length)} to learn from, ${whole(heldOut.length)} held out`,
  )

  // A program holds the parameters it was recorded with: this one stays the base model, with its fresh head.
  using base = new Predictor(model)
  const measure = async (predictor: Predictor) => {
    const logits = await predictor.outputs(heldOut, { signal })
    const scores = model.task.score(logits, labels.encode(texts.heldOut), [texts.metric])
    return { logits, value: scores[texts.metric]! }
  }

  report.heading(`LoRA of rank ${lora.r} on every Linear, and a head`)
  const before = await measure(base)
  manualSeed(seed)
  applyLora(model, { ...lora, baseModelNameOrPath: encoder.name })
  const trainer = new Trainer({ model, tokenizer, train, maxLength, seed, ...training })
  const summary = await trainWithBar(trainer, signal)
  using adapted = new Predictor(model)
  const after = await measure(adapted)
  const metric = texts.metric.replaceAll('_', ' ')
  report.row(
    `held-out ${metric}`,
    `before ${metricValue(texts.metric, before.value)}`,
    'a fresh head guesses',
  )
  report.row('', `after  ${metricValue(texts.metric, after.value)}`)
  report.row('training', duration(summary.trainSeconds), `${whole(summary.tokensPerSecond)} tokens a second`)
  const share = ((100 * summary.trainableParameters) / parameters).toFixed(2)
  report.row('trainable', `${whole(summary.trainableParameters)} parameters`, `${share} % of the model's`)
  const fullStateBytes = 8 * parameters // AdamW keeps two float32 numbers a parameter
  report.row(
    'optimizer state',
    mebibytes(summary.optimizerStateBytes),
    `full fine-tuning: ${mebibytes(fullStateBytes)}`,
  )

  report.heading('Merged into an ordinary model')
  using merged = new Predictor(mergeLora(model, { keepBase: true }))
  const afterMerge = await measure(merged)
  const difference = largestDifference(after.logits, afterMerge.logits)
  const agreeing = countAgreeing(after.logits, afterMerge.logits, model.task)
  if (agreeing !== undefined) report.row('same predictions', `${whole(agreeing)} of ${whole(heldOut.length)}`)
  report.row('largest difference', difference.toExponential(1), 'between the logits, merged and not')
  const typical = [...heldOut].sort((a, b) => a.ids.length - b.ids.length)[heldOut.length >> 1]!
  const latency = await medianLatencies({ base, adapted, merged }, typical, { rounds: 60, signal })
  const milliseconds = (value: number) => `${value.toFixed(2).padStart(6)} ms`
  report.row(
    'one text',
    `base     ${milliseconds(latency.base)}`,
    `of ${typical.ids.length} tokens, median of 60`,
  )
  report.row('', `adapter  ${milliseconds(latency.adapted)}`)
  report.row('', `merged   ${milliseconds(latency.merged)}`)

  const examples = sentencesFor(texts.task)
  report.heading('A few texts it has never seen')
  const logits = await merged.outputs(await encode(examples), { signal })
  const predictions = examples.map((example, i) => {
    const row = Array.from(logits[i]!)
    const { label, score } = decodeLogits(row, model.task)
    report.row(label || 'score', `${score.toFixed(3)}  ${describe(example)}`)
    return { ...example, label, score }
  })

  await replaceFolder(options.out, async (folder) => {
    await model.savePretrained(join(folder, 'model'))
    await saveAdapter(model, join(folder, 'adapter'))
    await writeFile(join(folder, 'train.jsonl'), jsonLines(train))
    await writeFile(join(folder, 'held-out.jsonl'), jsonLines(texts.heldOut))
    const result = {
      encoder: encoder.name,
      task: texts.task,
      trainTexts: train.length,
      heldOutTexts: heldOut.length,
      metric: texts.metric,
      before: before.value,
      after: after.value,
      trainableParameters: summary.trainableParameters,
      totalParameters: parameters,
      optimizerStateBytes: summary.optimizerStateBytes,
      fullOptimizerStateBytes: fullStateBytes,
      trainSeconds: summary.trainSeconds,
      tokensPerSecond: summary.tokensPerSecond,
      mergedLabelsAgreeing: agreeing,
      mergedLogitDifference: difference,
      latencyMilliseconds: latency,
      predictions,
    }
    await writeFile(join(folder, resultFile), `${JSON.stringify(result, null, 2)}\n`)
  })
  sayWhatNext(options.out, encoder.directory, performance.now() - began)
}

async function encodeExamples(
  tokenizer: Tokenizer,
  examples: readonly Example[],
  model: Model,
): Promise<Encoding[]> {
  return await tokenizer.encodeBatch(
    examples.map(({ text, textPair }) => (textPair === undefined ? text : ([text, textPair] as const))),
    { maxLength: Math.min(maxLength, model.maxLength) },
  )
}

/** How many texts `trainingTokens` are enough for, judged by the first thousand. */
async function affordableTexts(
  examples: readonly Example[],
  encode: (examples: readonly Example[]) => Promise<Encoding[]>,
): Promise<number> {
  const sample = await encode(examples.slice(0, 1000))
  const mean = sample.reduce((sum, { ids }) => sum + ids.length, 0) / sample.length
  const affordable = Math.floor(trainingTokens / training.epochs / mean / 100) * 100
  return Math.min(examples.length, Math.max(affordable, 100))
}

async function trainWithBar(trainer: Trainer, signal: AbortSignal): Promise<TrainingSummary> {
  const bar = progressBar(
    '  training {bar} {percentage}% | loss {loss} | {tokens} tokens/s | {eta_formatted} left',
  )
  let loss = Number.NaN
  let rate = Number.NaN
  const smooth = (old: number, value: number) => (Number.isNaN(old) ? value : 0.95 * old + 0.05 * value)
  try {
    for await (const event of trainer.run({ signal })) {
      if (event.type === 'start') bar.start(event.totalSteps, 0, { loss: '-', tokens: '-' })
      if (event.type === 'step') {
        loss = smooth(loss, event.loss)
        rate = smooth(rate, event.tokens / event.seconds)
        bar.update(event.step, { loss: loss.toFixed(4), tokens: whole(rate) })
      }
      if (event.type === 'end') {
        if (event.summary.interrupted)
          throw new TorchLoraError('ABORTED', 'The training was interrupted; nothing was written.')
        return event.summary
      }
    }
  } finally {
    bar.stop()
  }
  throw new TorchLoraError('ABORTED', 'The training ended before its end.')
}

function largestDifference(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  const apart = a.map((row, i) =>
    row.reduce((most, value, j) => Math.max(most, Math.abs(value - b[i]![j]!)), 0),
  )
  return Math.max(...apart)
}

/** Texts to which both give the same label; undefined for scores, which are never quite the same. */
function countAgreeing(
  a: readonly Float32Array[],
  b: readonly Float32Array[],
  task: Parameters<typeof decodeLogits>[1],
): number | undefined {
  if (task.problemType === 'regression') return undefined
  const label = (logits: Float32Array) => decodeLogits(Array.from(logits), task).label
  return a.filter((logits, i) => label(logits) === label(b[i]!)).length
}

function describe({ text, textPair }: Example): string {
  return textPair === undefined ? shorten(text, 70) : `${shorten(text, 50)} / ${shorten(textPair, 50)}`
}

function jsonLines(examples: readonly Example[]): string {
  return examples
    .map(({ text, textPair, label }) => `${JSON.stringify({ text, textPair, label })}\n`)
    .join('')
}

/** Relative to here where that is shorter. */
function shownPath(path: string): string {
  const near = relative(process.cwd(), resolve(path))
  return near.startsWith('..') ? resolve(path) : near || '.'
}

function sayWhatNext(out: string, encoder: string, milliseconds: number): void {
  const file = (name: string) => shellWord(join(shownPath(out), name))
  const base = shellWord(shownPath(encoder))
  report.heading(`Saved in ${shownPath(out)}, after ${duration(milliseconds / 1000)}`)
  report.row('model/', 'the merged model: a Hugging Face folder to serve')
  report.row('adapter/', "what training changed, in PEFT's format")
  report.row('*.jsonl', 'the texts: {"text": ..., "label": ...} a line, as yours may be')
  report.heading('What to try next')
  // Cut as above, so that the figures are the same.
  const cut = `--max-length ${maxLength}`
  report.line(`npx torch-lora evaluate --model ${file('model')} --eval ${file('held-out.jsonl')} ${cut}`)
  report.line(
    `npx torch-lora predict --model ${base} --adapter ${file('adapter')} --input ${file('held-out.jsonl')} ${cut}`,
  )
  report.line(
    `npx torch-lora train --model ${base} --train ${file('train.jsonl')} --eval ${file('held-out.jsonl')} ${cut} --out runs/mine`,
  )
  report.line(`npx torch-lora serve --model ${file('model')}`)
  console.log()
}
