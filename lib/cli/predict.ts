import { once } from 'node:events'
import { Command } from 'commander'
import { readExamples } from '../data/index.ts'
import { interruptible } from './failure.ts'
import { positiveNumber, type RunFlags, wholeNumber, withDevice } from './options.ts'
import { progressBar } from './progress.ts'

interface PredictFlags extends RunFlags {
  model: string
  adapter?: string
  alpha?: number
  input: string
  maxLength?: number
  json?: boolean
}

/** Texts tokenized and run together; their results are printed before the next are taken. */
const chunkSize = 1024

/** `torch-lora predict`: a line an input line, in order. */
export function predictCommand(): Command {
  const command = new Command('predict')
    .description('Classify the texts of a file; one line of output for each, in order')
    .requiredOption('--model <dir or id>', 'the model, or the base model of --adapter')
    .requiredOption('--input <file>', 'texts: .jsonl with {"text", "textPair"?} a line, or .json, .csv, .tsv')
    .option('--adapter <dir or file>', 'a PEFT adapter folder, or a loralib checkpoint')
    .option('--alpha <number>', 'for a loralib checkpoint, which does not say its alpha', positiveNumber)
    .option(
      '--max-length <tokens>',
      'cut texts to so many tokens (default: what the model takes)',
      wholeNumber,
    )
    .option('--json', 'print {"label", "score", "logits"} a line instead of label and score')
  return withDevice(command).action((flags: PredictFlags) =>
    interruptible((signal) => predict(flags, signal)),
  )
}

async function predict(flags: PredictFlags, signal: AbortSignal): Promise<void> {
  const { decodeLogits } = await import('../inference/decode.ts')
  const { loadClassifier } = await import('../inference/load-classifier.ts')
  const { Predictor } = await import('../inference/predictor.ts')
  const { mergeLora } = await import('../lora/merge.ts')
  const { setThreads } = await import('../memory.ts')

  const examples = await readExamples(flags.input, { columns: { label: null } })
  if (flags.threads) await setThreads(flags.threads)
  const { model, tokenizer } = await loadClassifier(flags.model, {
    adapter: flags.adapter,
    loraAlpha: flags.alpha,
    device: flags.device,
  })
  if (flags.adapter) mergeLora(model)
  const predictor = new Predictor(model)
  const { labels, problemType } = model.config
  const bar = progressBar('predicting {bar} {percentage}% {value}/{total} texts | {eta_formatted} left')
  let truncated = 0
  bar.start(examples.length, 0)
  try {
    for (let start = 0; start < examples.length; start += chunkSize) {
      const chunk = examples.slice(start, start + chunkSize)
      const encodings = await tokenizer.encodeBatch(
        chunk.map(({ text, textPair }) => (textPair === undefined ? text : [text, textPair])),
        { maxLength: Math.min(flags.maxLength ?? model.maxLength, model.maxLength) },
      )
      truncated += encodings.filter((encoding) => encoding.truncated).length
      const logits = await predictor.logits(encodings, {
        signal,
        onProgress: (done) => bar.update(start + done),
      })
      for (let i = 0; i < chunk.length; i++) {
        const row = Array.from(logits.subarray(i * labels.length, (i + 1) * labels.length))
        const prediction = decodeLogits(row, problemType, labels)
        const line = flags.json
          ? JSON.stringify(prediction)
          : `${prediction.label}\t${prediction.score.toFixed(4)}`
        if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain')
      }
    }
  } finally {
    bar.stop()
    await tokenizer.close()
  }
  if (truncated > 0)
    console.error(
      `${truncated} texts are longer than the model takes (${model.maxLength} tokens) and were cut.`,
    )
}
