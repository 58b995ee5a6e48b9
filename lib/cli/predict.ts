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
  const { TextClassifier } = await import('../inference/text-classifier.ts')
  const { setThreads } = await import('../memory.ts')

  const examples = await readExamples(flags.input, { columns: { label: null } })
  if (flags.threads) await setThreads(flags.threads)
  await using classifier = await TextClassifier.load(flags.model, {
    adapter: flags.adapter,
    loraAlpha: flags.alpha,
    device: flags.device,
    maxLength: flags.maxLength,
    warmUp: false,
    signal,
  })
  const bar = progressBar('predicting {bar} {percentage}% {value}/{total} texts | {eta_formatted} left')
  let truncated = 0
  bar.start(examples.length, 0)
  try {
    for await (const prediction of classifier.classifyAll(examples, { signal })) {
      const { label, score, logits } = prediction
      if (prediction.truncated) truncated++
      const line = flags.json ? JSON.stringify({ label, score, logits }) : `${label}\t${score.toFixed(4)}`
      if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain')
      bar.increment()
    }
  } finally {
    bar.stop()
  }
  if (truncated > 0)
    console.error(
      `${truncated} texts are longer than the model takes (${classifier.maxLength} tokens) and were cut.`,
    )
}
