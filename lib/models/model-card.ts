import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { atPath, writeFileAtomically } from '../checkpoint/index.ts'
import { isHubName } from '../hub/names.ts'
import type { Task } from '../tasks/task.ts'
import { originOf } from './origin.ts'
import type { PretrainedModel } from './pretrained-model.ts'

/** What a training run has to say of the model that it leaves. */
export interface TrainingFacts {
  /** "lora", "full". */
  method: string
  /** The base model as it was given, a hub id or a folder; undefined where it is taken from where the model lay. */
  base?: string | undefined
  /** "mrpc", or the name of the file; undefined where nobody has said it. */
  dataset?: string | undefined
  rows: { train: number; evaluate: number }
  measured: readonly {
    name: string
    value: number
    interval?: readonly [low: number, high: number] | undefined
  }[]
  /** What the temperature of its probabilities is good for. */
  calibrated?: { temperature: number; ece: { before: number; after: number } } | undefined
  settings: readonly (readonly [name: string, value: string])[]
}

/** What is known of a model: of its training, or what the card of a folder says of it. */
interface Known {
  method: string | null
  facts?: TrainingFacts
  /** A card without its head. */
  body?: string
}

const known = new WeakMap<object, Known>()

/** Notes what a model was trained on and how well it does, for the card of whatever is saved of it. */
export function noteTraining(model: object, facts: TrainingFacts): void {
  known.set(model, { method: facts.method, facts })
}

/** A model that is again what it was before has nothing to say of a training. */
export function forgetTraining(model: object): void {
  known.delete(model)
}

/**
 * Notes what the card of a folder says of a model's training, where this library wrote that card: an adapter's tells of
 * the model that it is merged into.
 * @throws TorchLoraError INVALID_FILE where it cannot be read
 */
export async function noteCardOf(model: object, folder: string): Promise<void> {
  const card = await readCard(folder)
  if (!card?.own) return
  known.set(model, { method: card.method, body: card.body })
}

/**
 * Writes `README.md` into a model or adapter folder: the hub's card, with what is known of the model's training. A card
 * that somebody else wrote stays.
 * @param kind 'adapter' for a PEFT folder, 'model' for weights of their own
 * @throws TorchLoraError INVALID_FILE where it cannot be written, or the base model's own card cannot be read
 */
export async function writeModelCard(
  model: PretrainedModel & { task?: Task },
  folder: string,
  kind: 'adapter' | 'model',
): Promise<void> {
  const there = await readCard(folder)
  if (there && !there.own) return
  const directory = originOf(model)?.directory
  const origin = directory === undefined ? null : await readCard(directory)
  const licence = origin?.licence
  const { method, facts, body }: Partial<Known> = known.get(model) ?? (origin?.own ? origin : {})
  // A model that was trained before stands on what that one stood on.
  const before = !facts && origin?.own ? origin.base : undefined
  const base = nameOf(facts?.base) ?? before ?? nameOf(directory)
  const front = [
    '---',
    `library_name: ${kind === 'adapter' ? 'peft' : 'transformers'}`,
    ...(base ? [`base_model: ${JSON.stringify(base)}`] : []),
    ...(licence ? [`license: ${JSON.stringify(licence)}`] : []),
    ...(model.task ? [`pipeline_tag: ${model.task.pipeline ?? model.task.name}`] : []),
    `tags: [torch-lora${kind === 'adapter' && method ? `, ${tagOf(method)}` : ''}]`,
    '---',
    '',
  ]
  const text = facts
    ? trainingCard(facts, { base: base ?? 'a model', labels: model.task?.labels ?? [], licence })
    : (body ?? plainCard(base, licence))
  await writeFileAtomically(join(folder, 'README.md'), `${front.join('\n')}\n${text.trim()}\n`)
}

/** "LayerNorm tuning" as a tag. */
const tagOf = (method: string) => method.toLowerCase().replaceAll(' ', '-')

function trainingCard(
  { method, dataset, rows, measured, calibrated, settings }: TrainingFacts,
  { base, labels, licence }: { base: string; labels: readonly string[]; licence: string | undefined },
): string {
  const on = dataset === undefined ? '' : ` of ${dataset}`
  const shown = measured.map(
    ({ name, value, interval }) =>
      `| ${name} | ${value.toFixed(4)} | ${interval ? `${interval[0].toFixed(4)} to ${interval[1].toFixed(4)}` : ''} |`,
  )
  return [
    `# ${base.split('/').at(-1)}, ${method}${dataset === undefined ? '' : `, on ${dataset}`}`,
    '',
    `Trained by torch-lora (${method}) from ${base} on ${rows.train.toLocaleString('en')} rows${on}; measured on ${rows.evaluate.toLocaleString('en')} rows.${licenceSentence(licence)}`,
    '',
    labels.length > 0 ? `Labels: ${labels.map((label) => `\`${label}\``).join(', ')}.` : 'It gives a score.',
    '',
    '## Measured',
    '',
    ...(shown.length > 0
      ? ['| metric | value | 95 % interval |', '| --- | --- | --- |', ...shown]
      : ['Nothing was measured.']),
    ...(calibrated
      ? [
          '',
          `Its probabilities are those of the logits over ${calibrated.temperature.toPrecision(4)} (temperature scaling, \`calibration_temperature\`), fitted to these rows: the calibration error is ${calibrated.ece.after.toFixed(4)}, without it ${calibrated.ece.before.toFixed(4)}.`,
        ]
      : []),
    '',
    '## Training',
    '',
    '| setting | value |',
    '| --- | --- |',
    ...settings.map(([name, value]) => `| ${name} | ${value} |`),
  ].join('\n')
}

function plainCard(base: string | undefined, licence: string | undefined): string {
  const from = base ? `, from ${base}` : ''
  return `# ${base?.split('/').at(-1) ?? 'A model'}\n\nSaved by torch-lora${from}. Nothing is known here of how it was trained.${licenceSentence(licence)}`
}

function licenceSentence(licence: string | undefined): string {
  return licence
    ? ` The base model's licence: ${licence}.`
    : " The base model's licence is not known here; look it up before you share this."
}

/** A hub id as it is; of a folder its name, since a path of this machine means nothing elsewhere. */
function nameOf(dirOrId: string | undefined): string | undefined {
  if (dirOrId === undefined || isHubName(dirOrId)) return dirOrId
  const [, owner, name] = /models--(.+?)--([^/]+)\/snapshots\//.exec(dirOrId) ?? []
  return name === undefined ? basename(dirOrId) : `${owner}/${name}`
}

interface Card {
  /** Whether this library wrote it. */
  own: boolean
  licence: string | undefined
  base: string | undefined
  method: string | null
  body: string
}

async function readCard(folder: string): Promise<Card | null> {
  const file = join(folder, 'README.md')
  if (!existsSync(file)) return null
  const text = await atPath(file, () => readFile(file, 'utf8'))
  const [, front = '', body = text] = /^---\n(.*?)\n---\n?(.*)$/s.exec(text) ?? []
  const [own, method = null] = /^tags: \[torch-lora(?:, ([\w-]+))?\]$/m.exec(front) ?? []
  const quoted = (name: string) => new RegExp(`^${name}:\\s*["']?([\\w./-]+)`, 'm').exec(front)?.[1]
  return { own: own !== undefined, licence: quoted('license'), base: quoted('base_model'), method, body }
}
