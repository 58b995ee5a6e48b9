import { callOperator, setTensorFactory } from './dispatch.ts'
import { TorchLoraError } from './errors.ts'
import { methods, type TensorMethods } from './generated/methods.ts'
import { Holding, type RecordedValue, recordingError, setTensorCheck } from './handle.ts'
import { type DType, guarded, type NativeId, toTorchLoraError } from './native.ts'
import { any, type Rules, readOptions } from './options.ts'
import { defineMethod } from './overloads.ts'
import { activeRecording } from './recording.ts'
import {
  decode,
  dtypeOf,
  type NestedNumbers,
  nestedShape,
  type TensorData,
  typedArray,
} from './tensor-data.ts'

export type { DType } from './native.ts'
export type { NestedNumbers, TensorData } from './tensor-data.ts'

/** Whether a dtype has 16 bits: weights may, what training moves may not. */
export function isHalf(dtype: DType): boolean {
  return dtype === 'float16' || dtype === 'bfloat16'
}

/** 'cpu', 'cuda' or 'cuda:N'. */
export type Device = string

/** What a new tensor is, and where. */
export interface TensorOptions {
  dtype?: DType | undefined
  device?: Device | undefined
}

/** What {@link TensorOptions} may be: names alone, since the operators check what they are given. */
export const tensorRules: Rules<TensorOptions> = { dtype: any, device: any }
const fromRules: Rules<FromOptions> = { ...tensorRules, shape: any }

function create(op: string, args: unknown[], options: TensorOptions): Tensor {
  const { dtype = 'float32', device } = readOptions(
    `Tensor.${op.slice('aten::'.length)}`,
    options,
    tensorRules,
  )
  // dtype, layout, device: the order in which every factory's schema has them
  return callOperator(op, ...args, dtype, undefined, device) as Tensor
}

/** What {@link Tensor.from} takes beside the data. */
export interface FromOptions extends TensorOptions {
  shape?: readonly number[] | undefined
}

/** The operators that are methods: `x.matmul(y).softmax(-1)`. */
export interface Tensor extends TensorMethods {}

/**
 * A libtorch tensor. Its memory is native: `dispose()` frees it at once, a `scope` frees what was made inside,
 * and the garbage collector frees what is left, some time later.
 *
 * While a program is recorded (`compile`), a tensor stands for a value to come and has neither shape nor data.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the static block below defines every method of the table
export class Tensor {
  readonly #held: Holding
  /** The gradient that was read last, for as long as somebody holds it. */
  #grad: WeakRef<Tensor> | undefined

  private constructor(held: NativeId | RecordedValue) {
    this.#held = new Holding(this, held)
  }

  static {
    setTensorCheck((value) => value instanceof Tensor)
    setTensorFactory((held) => new Tensor(held))
    for (const [name, [operator, overloads]] of Object.entries(methods)) {
      Object.defineProperty(Tensor.prototype, name, {
        value: defineMethod(operator, overloads),
        writable: true,
      })
    }
  }

  /** Wraps a native tensor. @internal */
  static wrap(id: NativeId): Tensor {
    return new Tensor(id)
  }

  /** A value of the program being recorded. @internal */
  static symbolic(value: RecordedValue): Tensor {
    return new Tensor(value)
  }

  /**
   * A tensor with a copy of `data`. To a CUDA device it goes by way of pinned memory, without waiting for the device.
   * @param data a typed array (its type gives the dtype), or numbers nested to the shape (float32)
   * @param options.shape defaults to the nesting, or to [length]
   * @param options.dtype for numbers: float32 by default, or int32, int64, float64, bool
   * @throws TorchLoraError INVALID_ARGUMENT when the shape does not fit the data or rows differ in length
   */
  static from(data: TensorData | NestedNumbers, options: FromOptions = {}): Tensor {
    const { device = 'cpu' } = readOptions('Tensor.from', options, fromRules)
    let values: TensorData
    let shape = options.shape
    let dtype = options.dtype
    if (ArrayBuffer.isView(data)) {
      values = data
      dtype ??= dtypeOf(data)
      shape ??= [data.length]
    } else {
      dtype ??= 'float32'
      shape ??= nestedShape(data)
      const flat = (Array.isArray(data) ? data.flat(Number.POSITIVE_INFINITY as 1) : [data]) as number[]
      values = typedArray(dtype, flat)
    }
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    const onDevice = device !== 'cpu'
    const tensor = Tensor.wrap(guarded((native) => native.fromBytes(bytes, dtype!, shape!, onDevice)))
    if (!onDevice) return tensor
    const moved = callOperator(
      'aten::to.dtype_layout',
      tensor,
      undefined,
      undefined,
      device,
      undefined,
      true,
    ) as Tensor
    tensor.dispose() // libtorch keeps pinned memory until the copy has been made
    return moved
  }

  /** A 0-dimensional tensor: how a number that changes from run to run enters a program. */
  static scalar(value: number, dtype: DType = 'float32', device: Device = 'cpu'): Tensor {
    return Tensor.from(value, { dtype, device })
  }

  /** Zeros of a shape. */
  static zeros(shape: readonly number[], options: TensorOptions = {}): Tensor {
    return create('aten::zeros', [shape], options)
  }

  /** Ones of a shape. */
  static ones(shape: readonly number[], options: TensorOptions = {}): Tensor {
    return create('aten::ones', [shape], options)
  }

  /** One value everywhere. */
  static full(shape: readonly number[], value: number, options: TensorOptions = {}): Tensor {
    return create('aten::full', [shape, value], { dtype: 'float32', ...options })
  }

  /** Standard normal numbers from the default generator (`manualSeed`). */
  static randn(shape: readonly number[], options: TensorOptions = {}): Tensor {
    return create('aten::randn', [shape], options)
  }

  /** Uniform numbers in [0, 1) from the default generator. */
  static rand(shape: readonly number[], options: TensorOptions = {}): Tensor {
    return create('aten::rand', [shape], options)
  }

  /** The whole numbers 0, 1, ... end - 1, int64 by default. */
  static arange(end: number, options: TensorOptions = {}): Tensor {
    return create('aten::arange', [end], { dtype: 'int64', ...options })
  }

  /** This tensor in another dtype or on another device; itself when nothing changes. */
  to(options: TensorOptions): Tensor {
    const { dtype, device } = readOptions('Tensor.to', options, tensorRules)
    return callOperator('aten::to.dtype_layout', this, dtype, undefined, device) as Tensor
  }

  /** The native number. @internal */
  get id(): NativeId {
    return this.#held.id
  }

  /** The value of a program that this stands for, or undefined. @internal */
  get recorded(): RecordedValue | undefined {
    return this.#held.recorded
  }

  get disposed(): boolean {
    return this.#held.disposed
  }

  /** Frees the native tensor now. A second call does nothing. */
  dispose(): void {
    this.#held.release()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  /** Sizes, outermost first; [] for a scalar. */
  get shape(): number[] {
    return this.#describe('read its shape').shape
  }

  get dtype(): DType {
    return this.#describe('read its dtype').dtype
  }

  get device(): Device {
    return this.#describe('read its device').device
  }

  /** The number of elements. */
  get numel(): number {
    return this.shape.reduce((product, size) => product * size, 1)
  }

  /** Whether autograd follows this tensor. Settable on floating-point leaves. */
  get requiresGrad(): boolean {
    return this.#describe('read requiresGrad').requiresGrad
  }

  set requiresGrad(value: boolean) {
    guarded((native) => native.setRequiresGrad(this.id, value))
  }

  /**
   * The gradient that backward() accumulated, or null; read twice it is one object. A view: it changes with the next
   * backward(). In a program, reading it is an instruction, and a run fails with NATIVE when there is none.
   */
  get grad(): Tensor | null {
    const recording = activeRecording()
    if (recording) return recording.gradient(this) as Tensor
    const last = this.#grad?.deref()
    const known = last === undefined || last.disposed ? null : last.id
    const id = guarded((native) => native.grad(this.id, known))
    if (id === null) return null
    if (id < 0) return last!
    const grad = new Tensor(id)
    this.#grad = new WeakRef(grad)
    return grad
  }

  /** Drops the accumulated gradient. */
  clearGrad(): void {
    const recording = activeRecording()
    if (recording) recording.clearGrad([this])
    else guarded((native) => native.clearGrad(this.id))
  }

  /**
   * Accumulates d(this)/d(leaf) into the gradient of every leaf that requires one.
   * @throws TorchLoraError NATIVE when this is not a scalar or nothing requires a gradient
   */
  backward(): void {
    const recording = activeRecording()
    if (recording) recording.backward(this)
    else guarded((native) => native.backward(this.id))
  }

  /** The elements, row-major, copied; waits for the device. `read()` does not block. */
  readSync(): TensorData {
    return this.#toArray((id) => guarded((native) => native.readSync(id)))
  }

  /** The elements, row-major, copied off the main thread, after the runs that were submitted before. */
  async read(): Promise<TensorData> {
    const { dtype } = this
    return decode(await this.#readBuffer(), dtype)
  }

  /** The same elements as bytes of this tensor's dtype, little-endian: what a checkpoint file holds. */
  async bytes(): Promise<Uint8Array> {
    return new Uint8Array(await this.#readBuffer())
  }

  /**
   * The one element as a number.
   * @throws TorchLoraError INVALID_ARGUMENT when there is not exactly one
   */
  item(): number {
    const { shape } = this
    if (shape.some((size) => size !== 1)) {
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `item() needs exactly one element, received shape [${shape.join(', ')}].`,
      )
    }
    return Number(this.readSync()[0])
  }

  /** The elements as nested arrays of numbers. */
  toArray(): NestedNumbers {
    const { shape } = this
    const flat = Array.from(this.readSync() as ArrayLike<number | bigint>, Number)
    const build = (dimension: number, offset: number, stride: number): NestedNumbers => {
      if (dimension === shape.length) return flat[offset]!
      const inner = stride / shape[dimension]!
      return Array.from({ length: shape[dimension]! }, (_, i) =>
        build(dimension + 1, offset + i * inner, inner),
      )
    }
    return build(0, 0, flat.length)
  }

  toString(): string {
    if (this.recorded) return `Tensor(recorded, slot ${this.recorded.slot})`
    if (this.disposed) return 'Tensor(disposed)'
    const { shape, dtype, device } = this.#describe('print it')
    return `Tensor([${shape.join(', ')}], ${dtype}, ${device})`
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }

  #describe(what: string) {
    if (this.recorded) throw recordingError(what)
    return guarded((native) => native.describe(this.id))
  }

  #toArray(read: (id: NativeId) => ArrayBuffer): TensorData {
    const { dtype } = this.#describe('read its values')
    return decode(read(this.id), dtype)
  }

  async #readBuffer(): Promise<ArrayBuffer> {
    const { id } = this
    try {
      return await guarded((native) => native.read(id)).promise
    } catch (thrown) {
      throw toTorchLoraError(thrown)
    }
  }
}
