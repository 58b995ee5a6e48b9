import { Command } from 'commander'
import { TorchLoraError } from '../errors.ts'
import { type DatasetFlags, readDataset, withDataset } from './dataset.ts'
import { interruptible } from './failure.ts'
import { measureTexts } from './measure-texts.ts'
import { adapterOptions, type ModelFlags, maxLengthOption, modelOption, withAdapter } from './model-flags.ts'
import { applyRunFlags, list, type RunFlags, withDevice } from './options.ts'

interface EvaluateFlags extends DatasetFlags, RunFlags, ModelFlags {
  maxLength?: number
  metrics?: string[]
  errors?: string
  out?: string
  against?: string
  json?: boolean
}

/** `torch-lora evaluate`: loss and metrics of a model, with an adapter or without, on labelled texts. */
export function evaluateCommand(): Command {
  const command = new Command('evaluate')
    .description('Measure a model on a GLUE task or on your own labelled file')
    .addOption(modelOption())
  withAdapter(command)
  withDataset(command, { training: false })
  command
    .addOption(maxLengthOption())
    .option(
      '--metrics <names>',
      "what to measure (default: the task's own; a wrong name lists what there is)",
      list,
    )
    .option('--errors <file>', 'write every text it got wrong as a line of JSON, the most confident first')
    .option('--out <file>', 'write metrics, intervals, classes and confusion matrix as JSON')
    .option('--against <file>', "compare with another model's --out on the same texts, by McNemar's test")
    .option('--json', 'print the metrics as JSON on stdout')
  return withDevice(command).action(evaluate)
}

async function evaluate(flags: EvaluateFlags): Promise<void> {
  const { readJson, writeFileAtomically, writeJson } = await import('../checkpoint/index.ts')
  const { loadModel } = await import('../inference/load-model.ts')
  const { taskOfModel } = await import('../inference/task-of-model.ts')
  const { compareEvaluations, evaluationFile } = await import('../train/evaluation-file.ts')
  const { SequenceClassification } = await import('../tasks/sequence-classification.ts')
  const { counted } = await import('../report/words.ts')
  const { evaluationTable } = await import('./evaluation-table.ts')

  const other = flags.against ? await readJson(flags.against, evaluationFile) : null
  const own = await taskOfModel(flags.model, { adapter: flags.adapter })
  const dataset = await readDataset(
    { ...flags, taskType: flags.taskType ?? own?.kind.taskName },
    { training: false },
  )
  for (const line of dataset.type.describe?.(dataset.evaluate) ?? []) console.error(line)
  const place = await applyRunFlags(flags)
  const { model, tokenizer } = await loadModel(dataset.type.kind, flags.model, {
    ...adapterOptions(flags),
    ...place,
    ...dataset.type.tokenizer,
  })
  const { task } = model
  const hasClasses = task instanceof SequenceClassification && task.problemType !== 'regression'
  if (!hasClasses && (flags.errors ?? flags.against))
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `--errors and --against are of answers that are right or wrong, those of texts with classes: this model is for ${task instanceof SequenceClassification ? 'scores' : dataset.type.kind.taskName}.`,
    )
  const { evaluation, wrong } = await interruptible((signal) =>
    measureTexts(model, tokenizer, {
      what: 'evaluating',
      examples: dataset.evaluate,
      metrics: flags.metrics ?? dataset.metrics,
      maxLength: flags.maxLength,
      cudaGraphs: flags.cudaGraphs,
      signal,
    }),
  )
  await tokenizer.close()
  const comparison = other && compareEvaluations(evaluation, other)
  if (flags.errors)
    await writeFileAtomically(flags.errors, wrong.map((answer) => `${JSON.stringify(answer)}\n`).join(''))
  if (flags.out) await writeJson(flags.out, evaluation)
  if (flags.json) {
    const { metrics: found, answers: _, worst: __, ...rest } = evaluation
    console.log(JSON.stringify({ ...found, ...rest, ...(comparison && { comparison }) }))
    return
  }
  console.log(evaluationTable(evaluation))
  if (flags.errors) console.log(`\n${counted(wrong.length, 'wrong answer')}: ${flags.errors}`)
  if (comparison) {
    const { firstOnly, secondOnly, pValue } = comparison
    console.log(
      `\nRight alone: this model ${firstOnly}, the other ${secondOnly}; McNemar's exact p ${pValue.toPrecision(2)}${pValue < 0.05 ? '' : ', which is no evidence of a difference'}.`,
    )
  }
}
