import { TorchLoraError } from './errors.ts'
import { guarded, type NativeId, type NativeSchema } from './native.ts'
import { activeRecording, RecordedList } from './recording.ts'
import { Tensor } from './tensor.ts'

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

  /**
   * The operator's number in the addon.
   * @throws TorchLoraError UNSUPPORTED when this libtorch has no such operator
   */
  get op(): number {
    if (this.#op === undefined) {
      const op = guarded((native) => native.findOp(this.name, this.overload))
      if (op === null) {
        const name = this.overload ? `${this.name}.${this.overload}` : this.name
        throw new TorchLoraError('UNSUPPORTED', `This libtorch has no operator ${name}.`, { op: name })
      }
      this.#op = op
    }
    return this.#op
  }

  get schema(): NativeSchema {
    this.#schema ??= guarded((native) => native.schema(this.op))
    return this.#schema
  }

  /**
   * Calls the operator with its arguments in schema order; `undefined` takes the default. Eagerly on this
   * thread, or into the program being recorded.
   */
  call(args: unknown[]): unknown {
    const { op } = this
    const recording = activeRecording()
    if (recording) {
      return recording.call(op, this.schema, args, (value) =>
        encode(value, (tensor) => recording.slotOf(tensor)),
      )
    }
    const result = guarded((native) =>
      native.callOp(
        op,
        args.map((value) => encode(value, (tensor) => tensor.id)),
      ),
    )
    const { returns } = this.schema
    if (returns.length === 1) return decode(result, returns[0]!.type)
    if (returns.length === 0) return undefined
    return (result as unknown[]).map((value, i) => decode(value, returns[i]!.type))
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
 * `callOperator('aten::add.Tensor', x, y)`. Arguments in schema order, `undefined` for a default.
 * @throws TorchLoraError UNSUPPORTED when this libtorch has no such operator; INVALID_ARGUMENT, NATIVE
 */
export function callOperator(qualified: string, ...args: unknown[]): unknown {
  return operator(qualified).call(args)
}

function encode(value: unknown, tensor: (value: Tensor) => number): unknown {
  if (value instanceof Tensor) return tensor(value)
  if (value instanceof RecordedList) return { slot: value.slot }
  if (Array.isArray(value)) return value.map((element) => encode(element, tensor))
  return value
}

function decode(value: unknown, type: string): unknown {
  if (type === 'Tensor' || type === 'Tensor?') return value === null ? null : Tensor.wrap(value as NativeId)
  if (type === 'Tensor[]') return (value as NativeId[]).map((id) => Tensor.wrap(id))
  return value
}
