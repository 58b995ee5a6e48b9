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
const stateShape = z.looseObject({
  quant_type: z.string(),
  blocksize: z.int().min(1),
  dtype: z.enum(['float32', 'bfloat16', 'float16']),
  shape: z.tuple([z.int().min(1), z.int().min(1)]),
  nested_blocksize: z.int().min(1).optional(),
  nested_offset: z.number().optional(),
})

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
 * @throws TorchLoraError INVALID_FILE for a shape, a type or a number of codes or scales that does not fit; UNSUPPORTED
 * for another kind of code than nf4
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
    check(weight, nf4)
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
function check(weight: string, { state, codes, parts }: Nf4): void {
  const values = elementCount(state.shape) ?? Number.POSITIVE_INFINITY
  const blocks = Math.ceil(values / state.blocksize)
  const nested = state.nested_blocksize !== undefined
  const wanted: [what: string, entry: TensorEntry | undefined, dtype: string, count: number][] = [
    ['codes', codes, 'uint8', Math.ceil(values / 2)],
    ['quant_map', parts.get('quant_map'), 'float32', 16],
    ['absmax', parts.get('absmax'), nested ? 'uint8' : 'float32', blocks],
  ]
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

/** The weight that codes stand for, as bitsandbytes has it, in the dtype that it was quantized from: [out, in] */
export function dequantize({ state, codes, parts }: Nf4): Tensor {
  return scope(() =>
    noGrad(() => {
      const named = [codes, ...parts.values()].map((entry, i): TensorEntry => ({ ...entry, name: String(i) }))
      const mapped = mapTensors(named)
      const at = new Map([...parts.keys()].map((part, i) => [part, mapped.get(String(i + 1))!]))
      const values = state.shape[0] * state.shape[1]
      const packed = ops.flatten(mapped.get('0')!).to({ dtype: 'int32' }) // [values / 2]
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
  return ops.add(ops.mul(levels, nested), state.nested_offset ?? 0)
}
