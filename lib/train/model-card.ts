import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { atPath, writeFileAtomically } from '../checkpoint/index.ts'
import { isHubName } from '../hub/names.ts'
import type { EvaluationFile } from './evaluation-file.ts'
import type { TrainingSummary } from './events.ts'

/** What a model card is made of. */
export interface ModelCard {
  /** As it was given: a hub id, or a folder. */
  base: string
  /** Where the base model lies, for the licence that its own card names. */
  baseFolder?: string | undefined
  /** 'adapter' for a PEFT folder, 'model' for weights of their own. */
  kind: 'adapter' | 'model'
  method: string
  /** "mrpc", or the name of the file. */
  dataset: string
  rows: { train: number; evaluate: number }
  labels: readonly string[]
  summary: TrainingSummary
  evaluation?: EvaluationFile | undefined
  machine: string
}

/**
 * Writes `README.md` into a model or adapter folder: the hub's card, with what it was trained on and how well it does.
 * @throws TorchLoraError INVALID_FILE where it cannot be written, or the base model's own card cannot be read
 */
export async function writeModelCard(folder: string, card: ModelCard): Promise<void> {
  await writeFileAtomically(join(folder, 'README.md'), modelCard(card, await licenceOf(card.baseFolder)))
}

function modelCard(card: ModelCard, licence: string | undefined): string {
  const { summary, evaluation, rows } = card
  const metrics = evaluation?.metrics ?? summary.best?.metrics ?? {}
  // A folder of this machine means nothing elsewhere.
  const base = isHubName(card.base) ? card.base : card.base.split('/').at(-1)!
  const { epochs, batchSize, learningRate, headLearningRate } = summary.settings
  const front = [
    '---',
    `library_name: ${card.kind === 'adapter' ? 'peft' : 'transformers'}`,
    `base_model: ${JSON.stringify(base)}`,
    ...(licence ? [`license: ${JSON.stringify(licence)}`] : []),
    'pipeline_tag: text-classification',
    'tags: [torch-lora' + (card.kind === 'adapter' ? `, ${card.method}` : '') + ']',
    '---',
  ]
  const shown = Object.entries(metrics).map(([name, value]) => {
    const between = evaluation?.intervals?.[name]
    return `| ${name} | ${value.toFixed(4)} | ${between ? `${between[0].toFixed(4)} to ${between[1].toFixed(4)}` : ''} |`
  })
  return `${[
    ...front,
    '',
    `# ${base.split('/').at(-1)}, ${card.method}, on ${card.dataset}`,
    '',
    `Trained by torch-lora (${card.method}) from ${base} on ${rows.train.toLocaleString('en')} rows of ${card.dataset}; measured on ${rows.evaluate.toLocaleString('en')} rows.${licence ? ` The base model's licence: ${licence}.` : " The base model's licence is not known here; look it up before you share this."}`,
    '',
    card.labels.length > 0
      ? `Labels: ${card.labels.map((label) => `\`${label}\``).join(', ')}.`
      : 'It gives a score.',
    '',
    '## Measured',
    '',
    ...(shown.length > 0
      ? ['| metric | value | 95 % interval |', '| --- | --- | --- |', ...shown]
      : ['Nothing was measured.']),
    '',
    ...(evaluation?.calibrated
      ? [
          `Its probabilities are those of the logits over ${evaluation.calibrated.temperature.toPrecision(4)} (temperature scaling, \`calibration_temperature\`), fitted to these rows: the calibration error is ${evaluation.calibrated.ece.after.toFixed(4)}, without it ${evaluation.calibrated.ece.before.toFixed(4)}.`,
          '',
        ]
      : []),
    '## Training',
    '',
    '| setting | value |',
    '| --- | --- |',
    `| updates | ${summary.steps} (${epochs} epochs${batchSize ? ` in batches of ${batchSize}` : ''}) |`,
    `| learning rate | ${learningRate}${headLearningRate === learningRate ? '' : `, ${headLearningRate} of the head`} |`,
    `| trained parameters | ${summary.trainableParameters.toLocaleString('en')} |`,
    `| time | ${summary.wallSeconds.toFixed(0)} seconds |`,
    `| hardware | ${card.machine} |`,
  ].join('\n')}\n`
}

/** The licence that the base model's own card names. */
async function licenceOf(folder: string | undefined): Promise<string | undefined> {
  const file = folder && join(folder, 'README.md')
  if (!file || !existsSync(file)) return undefined
  const front = /^---\n(.*?)\n---/s.exec(await atPath(file, () => readFile(file, 'utf8')))?.[1]
  return front && /^license:\s*["']?([\w.-]+)/m.exec(front)?.[1]
}
