import { type Command, InvalidArgumentError, Option } from 'commander'

/** Parsers for commander: each says what was expected. */

export function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0)
    throw new InvalidArgumentError('expected a whole number of at least 0.')
  return value
}

export function positiveNumber(text: string): number {
  const value = Number(text)
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('expected a number above 0.')
  return value
}

export function nonNegativeNumber(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0) || !Number.isFinite(value))
    throw new InvalidArgumentError('expected a number of at least 0.')
  return value
}

export function fraction(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value < 1))
    throw new InvalidArgumentError('expected a number of at least 0 and below 1.')
  return value
}

/** `query,value` as a list. */
export function list(text: string): string[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean)
  if (names.length === 0) throw new InvalidArgumentError('expected names separated by commas.')
  return names
}

/** `epoch`, or a number of updates. */
export function interval(text: string): 'epoch' | number {
  if (text === 'epoch') return text
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError("expected 'epoch' or a number of updates.")
  return value
}

/** Options of every verb that runs a model. */
export interface RunFlags {
  device: string
  threads?: number
}

/** Adds `--device` and `--threads`. */
export function withDevice(command: Command): Command {
  return command
    .option('--device <name>', "'auto', 'cpu', 'cuda' or 'cuda:N'", 'auto')
    .option('--threads <count>', 'processor threads an operator may use (default: all cores)', wholeNumber)
}

/** Adds `--dtype`, of the verbs that hold a model for inference alone. */
export function withDType(command: Command): Command {
  return command.addOption(
    new Option('--dtype <name>', 'what the model computes with; int8 on the CPU only').choices([
      'float32',
      'bfloat16',
      'float16',
      'int8',
    ]),
  )
}
