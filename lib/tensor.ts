import { callOperator } from './dispatch.ts'
import { TorchLoraError } from './errors.ts'
import { type DType, guarded, type NativeId, toTorchLoraError } from './native.ts'
import { activeRecording, type Slot } from './recording.ts'

export type { DType } from './native.ts'

/** Whether a dtype has 16 bits: weights may, what training moves may not. */
export function isHalf(dtype: DType): boolean {
  return dtype === 'float16' || dtype === 'bfloat16'
}

/** 'cpu', 'cuda' or 'cuda:N'. */
export type Device = string

/** Numbers in nested arrays, as `Tensor.from` takes and `toArray` gives them. */
export type NestedNumbers = number | NestedNumbers[]

/** What reading a tensor gives: half precision is widened to Float32Array, bool is 0 and 1. */
export type TensorData =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const

export interface TensorOptions {
  dtype?: DType
  device?: Device
}

function create(op: string, args: unknown[], { dtype = 'float32', device }: TensorOptions): Tensor {
  // dtype, layout, device: the order in which every factory's schema has them
  return callOperator(op, ...args, dtype, undefined, device) as Tensor
}

/** Called for every native tensor that JavaScript comes to hold; `scope` uses it. */
let onCreate: ((tensor: Tensor) => void) | undefined

/** Sets who is told of new tensors, and returns who was told before. Only `scope` calls this. */
export function setCreationListener(listener: typeof onCreate): typeof onCreate {
  const before = onCreate
  onCreate = listener
  return before
}

const registry = new FinalizationRegistry<NativeId>((id) => guarded((native) => native.release(id)))

/**
 * A libtorch tensor. Its memory is native: `dispose()` frees it at once, a `scope` frees what was made inside,
 * and the garbage collector frees what is left, some time later.
 *
 * While a program is recorded (`compile`), a tensor stands for a value to come and has neither shape nor data.
 */
export class Tensor {
  #id: NativeId | undefined
  readonly #slot: Slot | undefined

  private constructor(id: NativeId | undefined, slot: Slot | undefined) {
    this.#id = id
    this.#slot = slot
  }

  /** Wraps a native tensor. For this library's own use. */
  static wrap(id: NativeId): Tensor {
    const tensor = new Tensor(id, undefined)
    registry.register(tensor, id, tensor)
    onCreate?.(tensor)
    return tensor
  }

  /** A value of the program being recorded. For this library's own use. */
  static symbolic(slot: Slot): Tensor {
    return new Tensor(undefined, slot)
  }

  /**
   * A tensor with a copy of `data`. To a CUDA device it goes by way of pinned memory, without waiting for the device.
   * @param data a typed array (its type gives the dtype), or numbers nested to the shape (float32)
   * @param options.shape defaults to the nesting, or to [length]
   * @param options.dtype for numbers: float32 by default, or int32, int64, float64, bool
   * @throws TorchLoraError INVALID_ARGUMENT when the shape does not fit the data or rows differ in length
   */
  static from(
    data: TensorData | NestedNumbers,
    options: { shape?: readonly number[]; dtype?: DType; device?: Device } = {},
  ): Tensor {
    const { device = 'cpu' } = options
    let values: TensorData
    let shape = options.shape
    let dtype = options.dtype
    if (ArrayBuffer.isView(data)) {
      values = data
      dtype ??= (Object.keys(arrays) as (keyof typeof arrays)[]).find((name) => data instanceof arrays[name])
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

  /** The transpose of a matrix, a view. */
  t(): Tensor {
    return callOperator('aten::t', this) as Tensor
  }

  /** The same memory without autograd's history. */
  detach(): Tensor {
    return callOperator('aten::detach', this) as Tensor
  }

  /** A copy of its own memory. */
  clone(): Tensor {
    return callOperator('aten::clone', this) as Tensor
  }

  /** This tensor in another dtype or on another device; itself when nothing changes. */
  to(options: TensorOptions): Tensor {
    const { dtype, device } = options
    return callOperator('aten::to.dtype_layout', this, dtype, undefined, device) as Tensor
  }

  /** The native number. For this library's own use. */
  get id(): NativeId {
    if (this.#slot !== undefined) throw this.#recordingError('use its value')
    if (this.#id === undefined) throw new TorchLoraError('DISPOSED', 'This tensor was disposed of.')
    return this.#id
  }

  /** The slot of a recorded value, or undefined. For this library's own use. */
  get slot(): Slot | undefined {
    return this.#slot
  }

  get disposed(): boolean {
    return this.#slot === undefined && this.#id === undefined
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
   * The gradient that backward() accumulated, or null. A view: it changes with the next backward(). In a program,
   * reading it is an instruction, and a run fails with NATIVE when there is none.
   */
  get grad(): Tensor | null {
    const recording = activeRecording()
    if (recording) return recording.gradient(this)
    const id = guarded((native) => native.grad(this.id))
    return id === null ? null : Tensor.wrap(id)
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

  /** Frees the native tensor now. A second call does nothing. */
  dispose(): void {
    if (this.#id === undefined) return
    registry.unregister(this)
    const id = this.#id
    this.#id = undefined
    guarded((native) => native.release(id))
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  toString(): string {
    if (this.#slot !== undefined) return `Tensor(recorded, slot ${this.#slot})`
    if (this.#id === undefined) return 'Tensor(disposed)'
    const { shape, dtype, device } = this.#describe('print it')
    return `Tensor([${shape.join(', ')}], ${dtype}, ${device})`
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }

  #describe(what: string) {
    if (this.#slot !== undefined) throw this.#recordingError(what)
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

  #recordingError(what: string): TorchLoraError {
    return new TorchLoraError(
      'RECORDING',
      `While a program is recorded, a tensor has no value: cannot ${what}. ` +
        'Return the tensor from the compiled function and read it from the result.',
    )
  }
}

function nestedShape(data: NestedNumbers): number[] {
  if (!Array.isArray(data)) return []
  const inner = data.length === 0 ? [] : nestedShape(data[0]!)
  for (const row of data) {
    const shape = nestedShape(row)
    if (shape.length !== inner.length || shape.some((size, d) => size !== inner[d])) {
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `Rows must have one shape: expected [${inner.join(', ')}], received [${shape.join(', ')}].`,
      )
    }
  }
  return [data.length, ...inner]
}

function typedArray(dtype: DType, values: number[]): TensorData {
  switch (dtype) {
    case 'float16':
    case 'bfloat16':
      throw new TorchLoraError(
        'UNSUPPORTED',
        `Make a float32 tensor and convert it with ops.to(x, '${dtype}').`,
      )
    case 'int64':
      return BigInt64Array.from(values, (value) => BigInt(value))
    default:
      return arrays[dtype].from(values)
  }
}

function decode(buffer: ArrayBuffer, dtype: DType): TensorData {
  if (dtype === 'bfloat16') {
    const bits = new Uint16Array(buffer)
    const wide = new Uint32Array(bits.length)
    for (let i = 0; i < bits.length; i++) wide[i] = bits[i]! << 16
    return new Float32Array(wide.buffer)
  }
  if (dtype === 'float16') return Float32Array.from(new Uint16Array(buffer), halfToFloat)
  return new arrays[dtype](buffer)
}

/** IEEE 754 binary16 to a number. */
function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
