import { type Command, Option } from 'commander'
import { type ProblemType, problemTypes } from '../data/problem-type.ts'
import { type LongText, longTexts } from '../inference/long-texts.ts'
import { givenOptions } from '../options.ts'
import { applyRunFlags, list, positiveNumber, type RunFlags, wholeNumber } from './options.ts'

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

/** The same of a verb that answers the lines of a file. */
export interface LoadingFlags<L extends LongText = LongText> extends ModelFlags, RunFlags {
  maxLength?: number
  longText?: L
  windowOverlap?: number
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

/** `--model`, of a verb that may put an adapter on it. */
export function modelOption(): Option {
  return new Option('--model <dir or id>', 'the model, or the base model of --adapter').makeOptionMandatory()
}

/** `--max-length`. */
export function maxLengthOption({ of = 'a text', otherwise = 'what the model takes' } = {}): Option {
  const said = `tokens of ${of} at most (default: ${otherwise})`
  return new Option('--max-length <tokens>', said).argParser(wholeNumber)
}

/** `--long-text` of a verb whose models read one window of a text. */
export function longTextOption(): Option {
  const said = "what becomes of a longer text: 'truncate' cuts it; 'refuse' is an error (default: truncate)"
  return new Option('--long-text <what>', said).choices(['truncate', 'refuse'])
}

/** `--long-text` and `--window-overlap` of a verb whose models may read several. */
export function withWindows(command: Command, { of = '', otherwise = 'truncate' } = {}): Command {
  return command
    .addOption(
      new Option(
        '--long-text <what>',
        `what becomes of a longer text${of}: 'truncate' cuts it; 'windows' reads it in overlapping windows, whose entities and answers are put together and whose logits are averaged; 'refuse' is an error (default: windows to tag and to answer, else ${otherwise})`,
      ).choices(longTexts),
    )
    .option(
      '--window-overlap <tokens>',
      'that neighbouring windows share (default: a quarter of a window, at most 64)',
      wholeNumber,
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

/**
 * How a verb that answers the lines of a file loads its model. What is not given is left away: a class refuses by name
 * what it has no option for.
 */
export async function loadingOptions<L extends LongText>(flags: LoadingFlags<L>, signal: AbortSignal) {
  const { cudaGraphs, maxLength, longText, windowOverlap } = flags
  return givenOptions({
    ...servingOptions(flags),
    ...(await applyRunFlags(flags)),
    ...{ cudaGraphs, maxLength, longText, windowOverlap, warmUp: false, signal },
  })
}

/** The flags of `withAdapter` as `loadModel` takes them. */
export function adapterOptions({ adapter, alpha, head, labels, problemType }: ModelFlags) {
  return { adapter, loraAlpha: alpha, head, labels, problemType }
}
