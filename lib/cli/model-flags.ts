import { type Command, Option } from 'commander'
import { type ProblemType, problemTypes } from '../data/problem-type.ts'
import { list, positiveNumber } from './options.ts'

/** What the outputs of a head mean. */
export interface LabelFlags {
  labels?: string[]
  problemType?: ProblemType
}

/** The options of a verb that runs a model, with an adapter or without. */
export interface AdapterFlags {
  model: string
  adapter?: string
  alpha?: number
}

/** The same of a verb to which labels mean something. */
export interface ModelFlags extends AdapterFlags, LabelFlags {
  head?: 'load' | 'keep'
}

interface AdapterHelp {
  adapter?: string
  required?: boolean
}

/** Adds `--adapter` and `--alpha`. */
export function withAdapterFile(
  command: Command,
  { adapter = 'a PEFT adapter folder, or a loralib checkpoint', required = false }: AdapterHelp = {},
): Command {
  return command
    .addOption(new Option('--adapter <dir or file>', adapter).makeOptionMandatory(required))
    .option('--alpha <number>', 'for a loralib checkpoint, which does not say its alpha', positiveNumber)
}

/** Adds `--adapter`, `--alpha`, `--head`, `--labels` and `--problem-type`. */
export function withAdapter(command: Command, help: AdapterHelp = {}): Command {
  withAdapterFile(command, help).addOption(
    new Option(
      '--head <which>',
      "'load' takes the adapter's head, 'keep' the model's own (default: the adapter's where it brings one)",
    ).choices(['load', 'keep']),
  )
  return withLabels(command, {
    labels: 'names of the classes, in the order of the logits, where the model does not name them',
  })
}

/** Adds `--long-text` to a verb whose models read one window of a text. */
export function withLongTexts(command: Command): Command {
  return command.addOption(
    new Option('--long-text <what>', "what becomes of a longer text: cut it, or 'refuse' with an error")
      .choices(['truncate', 'refuse'])
      .default('truncate'),
  )
}

/** Adds `--labels` and `--problem-type`. */
export function withLabels(command: Command, { labels }: { labels: string }): Command {
  return command
    .option('--labels <names>', labels, list)
    .addOption(
      new Option(
        '--problem-type <name>',
        'what labels are, where neither model nor data say it: one class, several, or a score',
      ).choices([...problemTypes]),
    )
}

/** The flags of `withAdapter` as the classes that serve take them. */
export function servingOptions(flags: ModelFlags) {
  const { adapter: mergeAdapter, ...rest } = adapterOptions(flags)
  return { mergeAdapter, ...rest }
}

/** The flags of `withAdapter` as `loadModel` takes them. */
export function adapterOptions({ adapter, alpha, head, labels, problemType }: ModelFlags) {
  return { adapter, loraAlpha: alpha, head, labels, problemType }
}
