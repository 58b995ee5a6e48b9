import { type Command, InvalidArgumentError } from 'commander'
import type { DType } from '../tensor.ts'

/** Parsers for commander: each says what was expected. */

export function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0)
    throw new InvalidArgumentError('expected a whole number of at least 0.')
  return value
}

export function countingNumber(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('expected a whole number of at least 1.')
  return value
}

export function positiveNumber(text: string): number {
  const value = Number(text)
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('expected a number above 0.')
  return value
}

/** `30s`, `500ms` or `2m` as milliseconds; a number alone is of seconds. */
export function duration(text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text) ?? []
  const milliseconds = Number(number) * { ms: 1, s: 1000, m: 60_000 }[unit as 's']
  if (!(milliseconds > 0))
    throw new InvalidArgumentError('expected a time above 0 with its unit: 500ms, 30s or 2m.')
  return milliseconds
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

/** `256,128,64` as numbers. */
export function sizes(text: string): number[] {
  return list(text).map(wholeNumber)
}

/** Options of every verb that runs a model. */
export interface RunFlags {
  device: string
  dtype: DType | 'auto'
  tf32?: boolean
  threads?: number
  /** False with `--no-cuda-graphs`. */
  cudaGraphs: boolean
}

/** PyTorch's names, and the short ones of transformers' flags. */
const dtypes: Readonly<Record<string, DType | 'auto'>> = {
  float32: 'float32',
  bfloat16: 'bfloat16',
  bf16: 'bfloat16',
  float16: 'float16',
  fp16: 'float16',
  auto: 'auto',
}

/** One of `names`. */
function dtypeOf(names: Readonly<Record<string, DType | 'auto'>>, besides = '') {
  return (text: string): DType | 'auto' => {
    if (Object.hasOwn(names, text)) return names[text]!
    throw new InvalidArgumentError(`expected one of ${Object.keys(names).join(', ')}.${besides}`)
  }
}

/** Sets what holds for the whole process, and gives where and in what type a model loads. */
export async function applyRunFlags({ device, dtype, tf32, threads }: RunFlags) {
  const { setFloat32MatmulPrecision, setThreads } = await import('../memory.ts')
  if (threads) await setThreads(threads)
  if (tf32) setFloat32MatmulPrecision('high')
  return { device, dtype }
}

/**
 * Adds `--device`, `--dtype` (int8 too for verbs that hold a model for inference alone), `--tf32`, `--no-cuda-graphs` and
 * `--threads`.
 * @param options.besides what the refusal of another type adds, from a blank on
 */
export function withDevice(command: Command, { int8 = false, besides = '' } = {}): Command {
  return command
    .option('--device <name>', "'auto', 'cpu', 'cuda' or 'cuda:N'", 'auto')
    .option(
      '--dtype <name>',
      `of the base model's weights: float32, bf16, fp16, or auto (bf16 where it is fast)${int8 ? ', or int8 on the CPU' : '; adapters and the head are float32 under any'}`,
      dtypeOf(int8 ? { ...dtypes, int8: 'int8' } : dtypes, besides),
      'float32',
    )
    .option('--tf32', 'let a CUDA device round the factors of float32 products to TF32')
    .option('--no-cuda-graphs', 'launch every operation on a CUDA device by itself')
    .option('--threads <count>', 'processor threads an operator may use (default: all cores)', wholeNumber)
}
