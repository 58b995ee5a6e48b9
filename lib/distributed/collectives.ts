import { callOperator } from '../dispatch.ts'
import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { any, readOptions } from '../options.ts'
import { type Compiled, compile } from '../program.ts'
import { Tensor } from '../tensor.ts'
import { currentWorld, inGroup } from './world.ts'

/** How values of ranks become one. */
export type Reduction = 'sum' | 'avg' | 'min' | 'max'

const programs = new Map<string, Compiled<readonly [Tensor], Tensor | null>>()

/** A program of one operator, kept: it runs on the executor's thread, behind what was submitted before. */
function exchange(
  key: string,
  body: (x: Tensor) => Tensor | null,
): Compiled<readonly [Tensor], Tensor | null> {
  let program = programs.get(key)
  if (!program) {
    program = compile((x: Tensor) => noGrad(() => body(x)))
    programs.set(key, program)
  }
  return program
}

/**
 * Replaces `x` on every rank by the sum (or mean, least, greatest) of all ranks' `x`, elementwise. Every rank calls it,
 * with one shape and dtype. Alone it changes nothing. In a program: `allReduceInProgram`.
 * @throws TorchLoraError DISTRIBUTED when a rank is gone or does not come within the timeout
 */
export async function allReduce(x: Tensor, options: { op?: Reduction | undefined } = {}): Promise<void> {
  const { op = 'sum' } = readOptions('allReduce', options, { op: any })
  if (!['sum', 'avg', 'min', 'max'].includes(op))
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `allReduce: op must be sum, avg, min or max, received '${op}'.`,
    )
  if (!inGroup()) return
  await exchange(`all_reduce ${op}`, (tensor) => {
    allReduceInProgram(tensor, { op })
    return null
  })(x)
}

/** The same as an instruction of a program that is being recorded (`compile`), for a process in a group. */
export function allReduceInProgram(x: Tensor, { op = 'sum' }: { op?: Reduction | undefined } = {}): void {
  callOperator('lora_c10d::all_reduce_', x, op)
}

/**
 * Replaces `x` on every rank by the `x` of one.
 * @param options.from that rank; default 0
 * @throws TorchLoraError INVALID_ARGUMENT for a rank that there is not; DISTRIBUTED
 */
export async function broadcast(x: Tensor, options: { from?: number | undefined } = {}): Promise<void> {
  const { from = 0 } = readOptions('broadcast', options, { from: any })
  const { worldSize } = currentWorld()
  if (!Number.isInteger(from) || from < 0 || from >= worldSize)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `broadcast: from must be a rank, 0 to ${worldSize - 1}, received ${from}.`,
    )
  if (!inGroup()) return
  await exchange(`broadcast ${from}`, (tensor) => {
    callOperator('lora_c10d::broadcast_', tensor, from)
    return null
  })(x)
}

/**
 * Every rank's `x`, in the order of ranks, on every rank.
 * @param x one shape and dtype on all ranks
 * @returns [W, ...x.shape]
 * @throws TorchLoraError DISTRIBUTED
 */
export async function allGather(x: Tensor): Promise<Tensor> {
  if (!inGroup()) return ops.stack([x])
  const gathered = await exchange(
    'all_gather',
    (tensor) => callOperator('lora_c10d::all_gather', tensor) as Tensor,
  )(x)
  return gathered!
}

/** Bytes of every rank, in the order of ranks; they may differ in length. @throws TorchLoraError DISTRIBUTED */
export async function allGatherBytes(bytes: Uint8Array): Promise<Uint8Array[]> {
  if (!inGroup()) return [bytes]
  using own = Tensor.from(BigInt64Array.of(BigInt(bytes.length)))
  using all = await allGather(own) // [W, 1]
  const lengths = Array.from((await all.read()) as BigInt64Array, Number)
  const padded = new Uint8Array(Math.max(...lengths, 1))
  padded.set(bytes)
  using row = Tensor.from(padded)
  using rows = await allGather(row) // [W, longest]
  const data = (await rows.read()) as Uint8Array
  return lengths.map((length, rank) => data.slice(rank * padded.length, rank * padded.length + length))
}

/** Ends when every rank has come here. @throws TorchLoraError DISTRIBUTED */
export async function barrier(): Promise<void> {
  const { backend, localRank } = currentWorld()
  if (backend === undefined) return
  using program = compile(() => {
    callOperator('lora_c10d::barrier', backend === 'nccl' ? `cuda:${localRank}` : undefined)
    return null
  })
  await program()
}
