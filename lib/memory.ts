import { readFileSync } from 'node:fs'
import { guarded, type NativeMemory, toTorchLoraError } from './native.ts'
import type { Tensor } from './tensor.ts'

/** Live native objects and bytes of libtorch's CPU tensors; `pending` and `waiting` are runs. */
export type Memory = NativeMemory

/** What is alive now. `cachedBytes` are kept for reuse; `emptyCache` returns them to the system. */
export function memory(): Memory {
  return guarded((native) => native.memory())
}

/**
 * Bytes of this process that were resident at most: libtorch's memory, JavaScript's, and mapped files as far as read.
 * Linux's own count (VmHWM); getrusage's carries over from the process that this one was forked from.
 */
export function peakResidentBytes(): number {
  const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(kib) * 1024
}

/** Makes the present number of live bytes the peak. */
export function resetPeakMemory(): void {
  guarded((native) => native.resetPeakMemory())
}

/**
 * Gives the pages of a checkpoint's file under `tensor` back to the system, for weights that were copied elsewhere:
 * a later read brings them in again. Nothing happens to a tensor that lies elsewhere or was written to in place.
 */
export function dropPages(tensor: Tensor): void {
  guarded((native) => native.dropPages(tensor.id))
}

/** Returns cached bytes to the system. */
export function emptyCache(): void {
  guarded((native) => native.emptyCache())
}

/**
 * Sets how many threads an operator may use, here and on the executor. Default: the number of cores.
 * @throws TorchLoraError INVALID_ARGUMENT below 1
 */
export async function setThreads(threads: number): Promise<void> {
  try {
    await guarded((native) => native.setThreads(threads)).promise
  } catch (thrown) {
    throw toTorchLoraError(thrown)
  }
}
