import { isMainThread } from 'node:worker_threads'
import { loadNative } from './addon.ts'
import { TorchLoraError, type TorchLoraErrorCode } from './errors.ts'
import { explainOutOfMemory } from './out-of-memory.ts'

/** The number of a native object in its table (native/js/addon_data.h). Never reused. */
export type NativeId = number

export interface NativeArgument {
  name: string
  type: string
  hasDefault: boolean
  kwargOnly: boolean
  fixedLength: boolean
  /** Written to by the operator. */
  mutated: boolean
  /** The letter that an argument and the results that share its memory have in common, as in `Tensor(a!)`. */
  alias: string | null
}

export interface NativeSchema {
  name: string
  overload: string
  text: string
  arguments: NativeArgument[]
  returns: NativeArgument[]
}

export interface NativeTensorInfo {
  shape: number[]
  dtype: DType
  device: string
  requiresGrad: boolean
}

/** How exactly float32 matrix products are computed, by PyTorch's names. */
export type Float32MatmulPrecision = 'highest' | 'high' | 'medium'

/** Element types, by their PyTorch names. */
export type DType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int64'
  | 'int32'
  | 'int16'
  | 'int8'
  | 'uint8'
  | 'bool'

/** What a program is made of, as native/js/programs.cpp reads it. */
export type NativeInstruction =
  | { kind: 'op'; op: number; arguments: unknown[]; tensors: number; outputs: (number | null)[] }
  | { kind: 'backward'; slot: number }
  | { kind: 'gradient'; slot: number; outputs: [number] }
  | { kind: 'clearGrad'; slots: number[] }
  | { kind: 'gradMode'; enabled: boolean }
  | { kind: 'recompute'; instructions: NativeInstruction[]; outputs: [number] }

export interface NativeProgram {
  slots: number
  inputs: number
  captured: [slot: number, tensor: NativeId][]
  instructions: NativeInstruction[]
  outputs: number[]
  /** The device whose work is captured as graphs (native/program/graphed.h). */
  graphs?: string
}

export interface NativeGraphReport {
  captures: number
  replays: number
  /** Why nothing is captured any more; '' while all is well. */
  refusal: string
}

export interface NativeSubmission<T> {
  promise: Promise<T>
  job: number
}

/** Live native objects and bytes of libtorch's CPU tensors, and of each CUDA device; `pending` and `waiting` are runs. */
export interface Memory {
  tensors: number
  programs: number
  pending: number
  waiting: number
  /** Of the storages under this thread's tensors, each once: what V8's garbage collector is told of. */
  heldBytes: number
  liveBytes: number
  peakBytes: number
  cachedBytes: number
  liveBlocks: number
  /** Of every CUDA device that this process has used. */
  cuda: CudaMemory[]
}

/** What libtorch's allocator holds on a CUDA device, and what the device has left, in bytes. */
export interface CudaMemory {
  /** 'cuda:N' */
  device: string
  /** In tensors. */
  liveBytes: number
  /** In tensors, at most, since the start or `resetPeakMemory`. */
  peakBytes: number
  /** In tensors or kept for reuse: what this process has taken from the device. */
  reservedBytes: number
  freeBytes: number
  totalBytes: number
}

/** Something that ran on a thread: an operator, a node of autograd, a share of an operator's work, a job. */
export interface TraceEvent {
  name: string
  /** The system's number of the thread. */
  thread: number
  /** Microseconds of the clock of `process.hrtime`. */
  begin: number
  /** Microseconds. */
  duration: number
}

export interface NativeSystem {
  builtFor: string
  threads: number
  cpuCapability: string
  /** What the kernels use beyond that: 'AVX512-BF16', 'AVX512-VNNI', 'AMX-BF16', 'AMX-INT8'. */
  instructions: readonly string[]
  cudaBuild: boolean
  cudaDevices: number
}

/** The addon's exports, one C++ function each (native/js/). */
export interface Native {
  findOp(name: string, overload: string): number | null
  schema(op: number): NativeSchema
  opNames(): string[]
  /** Bit i of `tensors` says that argument i holds tensors. A result that is one of them comes as the negative of its id. */
  callOp(op: number, args: unknown[], tensors: number): unknown

  fromBytes(bytes: Uint8Array, dtype: DType, shape: readonly number[], pinned: boolean): NativeId
  describe(tensor: NativeId): NativeTensorInfo
  readSync(tensor: NativeId): ArrayBuffer
  read(tensor: NativeId): NativeSubmission<ArrayBuffer>
  release(tensor: NativeId): void
  setRequiresGrad(tensor: NativeId, requiresGrad: boolean): void
  backward(tensor: NativeId): void
  /** `known` is the gradient read last; its negative comes back where it still is the gradient. */
  grad(tensor: NativeId, known: NativeId | null): NativeId | null
  clearGrad(tensor: NativeId): void
  setGradMode(enabled: boolean): boolean

  createProgram(program: NativeProgram): NativeId
  run(program: NativeId, inputs: NativeId[], maxQueue: number): NativeSubmission<unknown[]>
  cancel(job: number): boolean
  graphReport(program: NativeId): NativeGraphReport
  releaseProgram(program: NativeId): void

  openFile(path: string): NativeId
  mappedTensor(
    file: NativeId,
    byteOffset: number,
    byteLength: number,
    dtype: DType,
    shape: readonly number[],
    strides: readonly number[],
  ): NativeId
  releaseFile(file: NativeId): void
  dropPages(tensor: NativeId): void

  system(): NativeSystem
  setThreads(threads: number): NativeSubmission<void>
  manualSeed(seed: number): void
  rngState(device: string): NativeId
  setRngState(state: NativeId, device: string): void
  memory(): Memory
  resetPeakMemory(): void
  setFloat32MatmulPrecision(precision: Float32MatmulPrecision): void
  useDeterministicAlgorithms(on: boolean): void
  emptyCache(): void
  leave(): void

  startTrace(): void
  takeTrace(): TraceEvent[]
}

let loaded: Native | undefined

/**
 * The addon, opened at first use.
 * @throws TorchLoraError LIBTORCH_NOT_FOUND, LIBTORCH_VERSION, ADDON_NOT_FOUND
 */
export function native(): Native {
  if (loaded) return loaded
  const opened = loadNative() as Native
  // First, so that no other listener's error can keep it from being called. A worker's own end runs cleanup hooks.
  if (isMainThread) process.prependListener('exit', () => opened.leave())
  loaded = opened
  return opened
}

interface NativeFailure extends Error {
  code?: TorchLoraErrorCode
  op?: string
  shapes?: number[][]
}

/** A native exception as a TorchLoraError; anything else comes back as it is. */
export function toTorchLoraError(thrown: unknown): unknown {
  if (thrown instanceof TorchLoraError || !(thrown instanceof Error)) return thrown
  const failure = thrown as NativeFailure
  if (failure.code === undefined) return thrown
  // Of other ranks, not of the operator and its tensors.
  if (failure.code === 'DISTRIBUTED')
    return new TorchLoraError(failure.code, failure.message, { op: failure.op, cause: thrown })
  const where = failure.op === undefined ? '' : `${failure.op}: `
  const shapes = failure.shapes?.length
    ? ` (tensor shapes: ${failure.shapes.map((shape) => `[${shape.join(', ')}]`).join(', ')})`
    : ''
  const message = failure.code === 'OUT_OF_MEMORY' ? explainOutOfMemory(failure.message) : failure.message
  return new TorchLoraError(failure.code, `${where}${message}${shapes}`, {
    op: failure.op,
    shapes: failure.shapes,
    cause: thrown,
  })
}

/** Calls `body`; native exceptions leave as TorchLoraError. */
export function guarded<T>(body: (native: Native) => T): T {
  try {
    return body(native())
  } catch (thrown) {
    throw toTorchLoraError(thrown)
  }
}
