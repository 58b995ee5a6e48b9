import { TorchLoraError } from './errors.ts'
import { isTensor, type RecordedValue, type TensorHandle } from './handle.ts'
import { guarded, type NativeId, type NativeSchema } from './native.ts'
import { activeRecording, RecordedList, type Recording } from './recording.ts'

/** Makes the tensors that operators give. */
export type TensorFactory = (held: NativeId | RecordedValue) => TensorHandle

let makeTensor: TensorFactory

/** Says what tensors are made by. lib/tensor.ts calls this as it is loaded: it stands above this file. */
export function setTensorFactory(factory: TensorFactory): void {
  makeTensor = factory
}

/** An operator of libtorch's dispatcher, looked up at its first call. */
export class Operator {
  readonly name: string
  readonly overload: string
  #op: number | undefined
  #schema: NativeSchema | undefined

  /** @param qualified "aten::add.Tensor": namespace, name and overload as in the schema */
  constructor(qualified: string) {
    const dot = qualified.indexOf('.', qualified.indexOf('::'))
    this.name = dot < 0 ? qualified : qualified.slice(0, dot)
    this.overload = dot < 0 ? '' : qualified.slice(dot + 1)
  }

  /** Whether this libtorch has the operator. */
  get exists(): boolean {
    this.#op ??= guarded((native) => native.findOp(this.name, this.overload)) ?? undefined
    return this.#op !== undefined
  }

  /**
   * The operator's number in the addon.
   * @throws TorchLoraError UNSUPPORTED when this libtorch has no such operator
   */
  get op(): number {
    if (this.#op !== undefined || this.exists) return this.#op!
    const name = this.overload ? `${this.name}.${this.overload}` : this.name
    throw new TorchLoraError('UNSUPPORTED', `This libtorch has no operator ${name}.`, { op: name })
  }

  get schema(): NativeSchema {
    this.#schema ??= guarded((native) => native.schema(this.op))
    return this.#schema
  }

  /**
   * Calls the operator with its arguments in schema order; `undefined` takes the default. Eagerly on this
   * thread, or into the program being recorded. A result that is one of the arguments, as an in-place operator's is,
   * is the same object.
   */
  call(args: readonly unknown[]): unknown {
    const { op } = this
    const recording = activeRecording()
    const encoded = new Array<unknown>(args.length)
    let tensors = 0
    for (let i = 0; i < args.length; i++) {
      const value = args[i]
      if (isTensor(value)) {
        encoded[i] = recording ? recording.slotOf(value) : value.id
        tensors |= 1 << i
      } else if (Array.isArray(value) && value.some(isTensor)) {
        encoded[i] = this.#list(value, i, recording)
        tensors |= 1 << i
      } else if (value instanceof RecordedList && recording) {
        encoded[i] = { slot: recording.slotOfList(value) }
        tensors |= 1 << i
      } else encoded[i] = value
    }
    if (recording) return recording.call({ op, schema: this.schema, encoded, tensors, args })
    const result = guarded((native) => native.callOp(op, encoded, tensors))
    const { returns } = this.schema
    if (returns.length === 1) return decode(result, returns[0]!.type, args)
    if (returns.length === 0) return undefined
    return (result as unknown[]).map((value, i) => decode(value, returns[i]!.type, args))
  }

  /** A list of tensors, in which null stands for none, as their numbers. */
  #list(list: readonly unknown[], argument: number, recording: Recording | undefined): (number | null)[] {
    const encoded = new Array<number | null>(list.length)
    for (let i = 0; i < list.length; i++) {
      const value = list[i]
      if (isTensor(value)) encoded[i] = recording ? recording.slotOf(value) : value.id
      else if (value === null || value === undefined) encoded[i] = null
      else throw this.#notTensor(argument, value, i)
    }
    return encoded
  }

  #notTensor(argument: number, value: unknown, i: number): TorchLoraError {
    const name = this.schema.arguments[argument]?.name ?? argument
    return new TorchLoraError(
      'INVALID_ARGUMENT',
      `${this.name}: argument '${name}' is a list of tensors, but holds ${describe(value)} at ${i}. ` +
        'Make a tensor of it with Tensor.scalar.',
      { op: this.name },
    )
  }
}

const operators = new Map<string, Operator>()

/** The operator of that qualified name, one object for all its callers. */
export function operator(qualified: string): Operator {
  let found = operators.get(qualified)
  if (!found) {
    found = new Operator(qualified)
    operators.set(qualified, found)
  }
  return found
}

/**
 * Calls any operator by its qualified name, for the ones that have no typed function in `ops`:
 * `callOperator('aten::add.Tensor', x, y)`. Arguments in schema order, `undefined` for a default. A number in a
 * tensor's place counts as in PyTorch: a 0-dimensional tensor that decides no dtype.
 * @throws TorchLoraError UNSUPPORTED when this libtorch has no such operator; INVALID_ARGUMENT, NATIVE
 */
export function callOperator(qualified: string, ...args: unknown[]): unknown {
  return operator(qualified).call(args)
}

function describe(value: unknown): string {
  if (typeof value === 'object' || typeof value === 'function')
    return `an object (${value!.constructor?.name})`
  return `the ${typeof value} ${String(value)}`
}

function decode(value: unknown, type: string, args: readonly unknown[]): unknown {
  if (type === 'Tensor' || type === 'Tensor?') return tensorOf(value as NativeId | null, args)
  if (type === 'Tensor[]' || type === 'Tensor?[]') {
    return (value as (NativeId | null)[]).map((id) => tensorOf(id, args))
  }
  return value
}

/** A new tensor, or, for a negative number, the one among the arguments that has it. */
function tensorOf(id: NativeId | null, args: readonly unknown[]): TensorHandle | null {
  if (id === null) return null
  if (id > 0) return makeTensor(id)
  for (const value of args) {
    if (isTensor(value) && value.id === -id) return value
  }
  return args.flat().find((value) => isTensor(value) && value.id === -id) as TensorHandle
}
