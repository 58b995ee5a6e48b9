import { Command } from 'commander'
import { type DatasetFlags, readDataset, withDataset } from './dataset.ts'
import { interruptible } from './failure.ts'
import { adapterOptions, type ModelFlags, withAdapter } from './model-flags.ts'
import { applyRunFlags, type RunFlags, wholeNumber, withDevice } from './options.ts'
import { progressBar } from './progress.ts'

interface EvaluateFlags extends DatasetFlags, RunFlags, ModelFlags {
  maxLength?: number
  json?: boolean
}

/** `torch-lora evaluate`: loss and metrics of a model, with an adapter or without, on labelled texts. */
export function evaluateCommand(): Command {
  const command = new Command('evaluate')
    .description('Measure a classifier on a GLUE task or on your own labelled file')
    .requiredOption('--model <dir or id>', 'the model, or the base model of --adapter')
  withAdapter(command)
  withDataset(command, { training: false })
  command
    .option(
      '--max-length <tokens>',
      'cut texts to so many tokens (default: what the model takes)',
      wholeNumber,
    )
    .option('--json', 'print the metrics as JSON on stdout')
  return withDevice(command).action(evaluate)
}

async function evaluate(flags: EvaluateFlags): Promise<void> {
  const { loadClassifier } = await import('../inference/load-classifier.ts')
  const { Predictor } = await import('../inference/predictor.ts')
  const { evaluateExamples } = await import('../train/evaluate.ts')

  const dataset = await readDataset(flags, { training: false })
  const place = await applyRunFlags(flags)
  const { model, tokenizer } = await loadClassifier(flags.model, {
    ...adapterOptions(flags),
    ...place,
  })
  const { encodings, labels } = await model.task.encode(dataset.evaluate, tokenizer, {
    maxLength: Math.min(flags.maxLength ?? model.maxLength, model.maxLength),
  })
  const bar = progressBar('evaluating {bar} {percentage}% {value}/{total} texts | {eta_formatted} left')
  bar.start(encodings.length, 0)
  const metrics = await interruptible((signal) =>
    evaluateExamples(
      new Predictor(model, { cudaGraphs: flags.cudaGraphs }),
      { encodings, labels },
      dataset.metrics ?? model.task.defaultMetrics,
      {
        signal,
        onProgress: (done) => bar.update(done),
      },
    ),
  ).finally(() => bar.stop())
  await tokenizer.close()
  if (flags.json) console.log(JSON.stringify({ examples: encodings.length, ...metrics }))
  else
    for (const [name, value] of Object.entries(metrics)) console.log(`${name.padEnd(22)} ${value.toFixed(4)}`)
}
