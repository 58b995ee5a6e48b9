import { z } from 'zod'
import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { scope } from '../scope.ts'
import type { Tensor } from '../tensor.ts'
import { type CheckpointIndex, elementCount, invalidFile, type TensorEntry } from './entry.ts'
import { mapTensors } from './tensors.ts'

/**
 * How bitsandbytes says what a 4-bit weight is (`QuantState.as_dict`): a weight is codes of a table of 16 numbers, in
 * blocks that are scaled each by its largest value; those scales may be codes themselves, of a table of 256.
 */
const stateShape = z
  .looseObject({
    quant_type: z.literal('nf4'),
    blocksize: z.int().min(1),
    dtype: z.enum(['float32', 'bfloat16', 'float16']),
    shape: z.tuple([z.int().min(1), z.int().min(1)]),
    nested_blocksize: z.int().min(1).optional(),
    nested_offset: z.number().min(0).optional(),
  })
  .refine(
    (state) => (state.nested_blocksize === undefined) === (state.nested_offset === undefined),
    'expected nested_blocksize and nested_offset, or neither',
  )

/**
 * The sixteen values of NormalFloat (Dettmers et al., "QLoRA", 2023, appendix E), as bitsandbytes has them in float32:
 * quantiles of a normal distribution, scaled to [-1, 1], with an exact zero.
 */
export const nf4Levels: Readonly<Float32Array> = Float32Array.from([
  -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
  -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
  0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])

/** The largest number of each type that a weight may be quantized from. */
const largest = { float32: 3.4028234663852886e38, bfloat16: 3.3895313892515355e38, float16: 65504 } as const

/**
 * How far below zero the code of a scale may put it, as a share of its block's largest: bitsandbytes' table of 256 numbers
 * is nowhere coarser, and the scale of a block of zeros falls to either side.
 */
const rounding = 1 / 64

/** A weight in 4 bits: what is said of it, and where its parts lie. */
export interface Nf4 {
  state: z.infer<typeof stateShape>
  codes: TensorEntry
  parts: ReadonlyMap<Part, TensorEntry>
}

type Part = 'absmax' | 'quant_map' | 'nested_absmax' | 'nested_quant_map'
const partNames: readonly Part[] = ['absmax', 'quant_map', 'nested_absmax', 'nested_quant_map']
const mark = '.quant_state.bitsandbytes__'

/**
 * The index with every 4-bit weight of bitsandbytes (Dettmers et al., QLoRA, 2023) as one entry of the shape that it
 * stands for, to be read by {@link dequantize}.
 * @throws TorchLoraError INVALID_FILE for a shape, a type or a number of codes or scales that does not fit, for a scale
 * that is no magnitude and for a table that is not NormalFloat's; UNSUPPORTED for another kind of code than nf4
 */
export function withQuantized(index: CheckpointIndex): CheckpointIndex {
  const marked = [...index.entries.keys()].filter((name) => name.includes(mark))
  if (marked.length === 0) return index
  const entries = new Map(index.entries)
  for (const name of marked) {
    const [weight, kind] = name.split(mark) as [string, string]
    const said = entries.get(name)!
    if (kind !== 'nf4')
      throw new TorchLoraError(
        'UNSUPPORTED',
        `${said.file}: ${weight} is of ${kind} codes; of 4-bit codes nf4 is read.`,
        {
          file: said.file,
        },
      )
    const codes = entries.get(weight)
    if (!codes) throw invalidFile(said.file, `${name} is there, ${weight} is not`)
    const parts = new Map<Part, TensorEntry>()
    for (const part of partNames) {
      const entry = entries.get(`${weight}.${part}`)
      if (entry) parts.set(part, entry)
      entries.delete(`${weight}.${part}`)
    }
    entries.delete(name)
    const state = readState(said)
    const nf4: Nf4 = { state, codes, parts }
    checkCounts(weight, nf4)
    checkNumbers(weight, nf4)
    entries.set(weight, { ...codes, shape: [...state.shape], nf4 })
  }
  return { ...index, entries }
}

function readState(entry: TensorEntry): Nf4['state'] {
  if (entry.dtype !== 'uint8' || entry.byteLength > 2 ** 16)
    throw invalidFile(entry.file, `${entry.name}: expected a short text as bytes`)
  const bytes = scope(() => mapTensors([entry]).get(entry.name)!.readSync() as Uint8Array)
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw invalidFile(entry.file, `${entry.name}: expected JSON`, cause)
  }
  const parsed = stateShape.safeParse(json)
  if (!parsed.success) throw invalidFile(entry.file, `${entry.name}: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}

/** Whether the parts hold as many numbers as the shape takes. */
function checkCounts(weight: string, { state, codes, parts }: Nf4): void {
  const values = elementCount(state.shape) ?? Number.POSITIVE_INFINITY
  const blocks = Math.ceil(values / state.blocksize)
  const nested = state.nested_blocksize !== undefined
  const wanted: [what: string, entry: TensorEntry | undefined, dtype: string, count: number][] = [
    ['codes', codes, 'uint8', Math.ceil(values / 2)],
    ['quant_map', parts.get('quant_map'), 'float32', 16],
    ['absmax', parts.get('absmax'), nested ? 'uint8' : 'float32', blocks],
  ]
  const foreign = [...parts.keys()].find((part) => part.startsWith('nested_'))
  if (!nested && foreign)
    throw invalidFile(
      codes.file,
      `${weight}: ${foreign} is there, and its quant_state has no nested_blocksize`,
    )
  if (nested) {
    wanted.push(['nested_quant_map', parts.get('nested_quant_map'), 'float32', 256])
    wanted.push([
      'nested_absmax',
      parts.get('nested_absmax'),
      'float32',
      Math.ceil(blocks / state.nested_blocksize!),
    ])
  }
  for (const [what, entry, dtype, count] of wanted) {
    if (entry?.dtype === dtype && elementCount(entry.shape) === count) continue
    const found = entry ? `${elementCount(entry.shape)} of ${entry.dtype}` : 'none'
    const problem = `${weight}: expected ${count} ${what} of ${dtype} for [${state.shape.join(', ')}] in blocks of ${state.blocksize}, found ${found}`
    throw invalidFile(codes.file, problem)
  }
}

/** Whether scales and tables hold what bitsandbytes makes of numbers: no other would be a weight. */
function checkNumbers(weight: string, { state, codes, parts }: Nf4): void {
  scope(() => {
    const at = partsOf(parts)
    const numbers = (part: Part) => at.get(part)!.readSync() as Float32Array
    const refuse = (part: Part, index: number, found: number, expected: string): never => {
      throw invalidFile(codes.file, `${weight}: ${part}[${index}] is ${found}, expected ${expected}`)
    }
    const each = (
      part: Part,
      fits: (value: number, i: number) => boolean,
      expected: (i: number) => string,
    ) => {
      for (const [i, value] of numbers(part).entries())
        if (!fits(value, i)) refuse(part, i, value, expected(i))
    }
    each(
      'quant_map',
      (value, i) => value === nf4Levels[i],
      (i) => `${nf4Levels[i]}, as the table of nf4 has it`,
    )
    const most = largest[state.dtype]
    const isMagnitude = (value: number) => value >= 0 && value <= most
    const magnitude = () => `the largest magnitude of a block, from 0 to what ${state.dtype} holds`
    if (state.nested_blocksize === undefined) return each('absmax', isMagnitude, magnitude)
    each(
      'nested_quant_map',
      (value) => Math.abs(value) <= 1,
      () => 'a number from -1 to 1',
    )
    each('nested_absmax', isMagnitude, magnitude)
    const nested = numbers('nested_absmax')
    for (const [i, scale] of (noGrad(() => scalesOf(state, at)).readSync() as Float32Array).entries()) {
      const least = -rounding * nested[Math.floor(i / state.nested_blocksize)]!
      if (!(scale >= least && scale <= most)) refuse('absmax', i, scale, magnitude())
    }
  })
}

/** The parts on the pages of their file. */
function partsOf(parts: Nf4['parts']): ReadonlyMap<Part, Tensor> {
  const named = Array.from(parts, ([part, entry]): TensorEntry => ({ ...entry, name: part }))
  return mapTensors(named) as ReadonlyMap<string, Tensor> as ReadonlyMap<Part, Tensor>
}

/** The weight that codes stand for, as bitsandbytes has it, in the dtype that it was quantized from: [out, in] */
export function dequantize({ state, codes, parts }: Nf4): Tensor {
  return scope(() =>
    noGrad(() => {
      const at = partsOf(parts)
      const values = state.shape[0] * state.shape[1]
      const packed = ops.flatten(mapTensors([codes]).get(codes.name)!).to({ dtype: 'int32' }) // [values / 2]
      const high = ops.bitwiseRightShift(packed, 4)
      const low = ops.bitwiseAnd(packed, 15)
      const index = ops.narrow(ops.flatten(ops.stack([high, low], { dim: 1 })), 0, 0, values) // [values]
      const levels = ops.indexSelect(at.get('quant_map')!, 0, index)
      const scales = ops.narrow(
        ops.flatten(ops.expand(ops.unsqueeze(scalesOf(state, at), 1), [-1, state.blocksize])),
        0,
        0,
        values,
      ) // [values]
      return ops.view(ops.mul(levels, scales), [...state.shape]).to({ dtype: state.dtype })
    }),
  )
}

/** The largest value of each block: [blocks] */
function scalesOf(state: Nf4['state'], at: ReadonlyMap<Part, Tensor>): Tensor {
  const absmax = ops.flatten(at.get('absmax')!)
  if (state.nested_blocksize === undefined) return absmax
  const levels = ops.indexSelect(at.get('nested_quant_map')!, 0, absmax.to({ dtype: 'int32' })) // [blocks]
  const size = state.nested_blocksize
  const nested = ops.narrow(
    ops.flatten(ops.expand(ops.unsqueeze(at.get('nested_absmax')!, 1), [-1, size])),
    0,
    0,
    levels.shape[0]!,
  ) // [blocks]
  return ops.add(ops.mul(levels, nested), state.nested_offset!)
}
