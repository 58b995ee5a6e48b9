import { readFileSync } from 'node:fs'
import { TorchLoraError } from './errors.ts'
import { type Float32MatmulPrecision, guarded, type Memory, toTorchLoraError } from './native.ts'
import type { Tensor } from './tensor.ts'

export type { CudaMemory, Float32MatmulPrecision, Memory } from './native.ts'

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

/**
 * How exactly float32 matrix products are computed from here on; `torch.set_float32_matmul_precision`. 'highest', the
 * default, is float32; 'high' lets a CUDA device round the factors to TF32 (10 bits of fraction, several times
 * faster); 'medium' lets it round to bfloat16.
 * @throws TorchLoraError INVALID_ARGUMENT for another word
 */
export function setFloat32MatmulPrecision(precision: Float32MatmulPrecision): void {
  if (!['highest', 'high', 'medium'].includes(precision)) {
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `float32 matmul precision must be 'highest', 'high' or 'medium', received '${precision}'.`,
    )
  }
  guarded((native) => native.setFloat32MatmulPrecision(precision))
}

/**
 * Whether results may depend on the order in which a CUDA device does its work; `torch.use_deterministic_algorithms`. With
 * `true`, from here on, the same work on the same device gives the same bits: gradients of libtorch's flash attention are
 * added up in a fixed order, which takes longer, and DeBERTa's attention is trained by a composition of operators that is
 * slower, takes more memory and is not captured as CUDA graphs. An operator that has no such algorithm is an error. To be
 * called before a CUDA device is used: cuBLAS then reads CUBLAS_WORKSPACE_CONFIG, which is set to `:4096:8` unless it is
 * set. On the CPU results are the same in any case. Default false.
 * @throws TorchLoraError INVALID_ARGUMENT unless it is a boolean
 */
export function useDeterministicAlgorithms(on: boolean): void {
  if (typeof on !== 'boolean')
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `deterministic algorithms: expected true or false, received ${on}.`,
    )
  guarded((native) => native.useDeterministicAlgorithms(on))
}

/** Returns cached bytes to the system. */
export function emptyCache(): void {
  guarded((native) => native.emptyCache())
}

/**
 * Sets how many threads an operator may use, here and on the executor. Default: the number of cores.
 * @throws TorchLoraError INVALID_ARGUMENT unless it is a whole number from 1 to 1024
 */
export async function setThreads(threads: number): Promise<void> {
  try {
    await guarded((native) => native.setThreads(threads)).promise
  } catch (thrown) {
    throw toTorchLoraError(thrown)
  }
}
