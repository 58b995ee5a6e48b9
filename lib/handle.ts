import { outdate } from './captures.ts'
import { TorchLoraError } from './errors.ts'
import { guarded, type NativeId } from './native.ts'

/** The number of a value in a program. */
export type Slot = number

/** A value of the program that `recording` records. */
export interface RecordedValue {
  readonly recording: object
  readonly slot: Slot
}

/** A tensor as operators, programs and scopes see it, which know nothing of its methods. */
export interface TensorHandle {
  /** The native number. */
  readonly id: NativeId
  /** The value of a program that this stands for, or undefined. */
  readonly recorded: RecordedValue | undefined
  readonly disposed: boolean
  dispose(): void
}

let known: (value: unknown) => boolean = () => false

/** Says what tensors are known by. lib/tensor.ts calls this as it is loaded: it stands above this file. */
export function setTensorCheck(check: (value: unknown) => boolean): void {
  known = check
}

/** Whether a value is a tensor. */
export function isTensor(value: unknown): value is TensorHandle {
  return known(value)
}

/** Called for every native tensor that JavaScript comes to hold. */
let onCreate: ((tensor: TensorHandle) => void) | undefined

/** Sets who is told of new tensors. Only `scope` calls this. */
export function setCreationListener(listener: (tensor: TensorHandle) => void): void {
  onCreate = listener
}

const registry = new FinalizationRegistry<NativeId>((id) => guarded((native) => native.release(id)))

/** What a tensor is held by: a native tensor's number, or a value of a program being recorded. */
export class Holding {
  #id: NativeId | undefined
  readonly recorded: RecordedValue | undefined

  /** @param owner the tensor, which must not be held from here: the garbage collector may take it */
  constructor(owner: TensorHandle, held: NativeId | RecordedValue) {
    if (typeof held !== 'number') {
      this.recorded = held
      return
    }
    this.#id = held
    registry.register(owner, held, this)
    onCreate?.(owner)
  }

  get id(): NativeId {
    if (this.#id !== undefined) return this.#id
    if (this.recorded) throw recordingError('use its value')
    throw new TorchLoraError('DISPOSED', 'This tensor was disposed of.')
  }

  get disposed(): boolean {
    return this.recorded === undefined && this.#id === undefined
  }

  release(): void {
    if (this.#id === undefined) return
    registry.unregister(this)
    const id = this.#id
    this.#id = undefined
    guarded((native) => native.release(id))
    outdate(id)
  }
}

/** What is thrown for a value that there is not while a program is recorded. */
export function recordingError(what: string): TorchLoraError {
  return new TorchLoraError(
    'RECORDING',
    `While a program is recorded, a tensor has no value: cannot ${what}. ` +
      'Return the tensor from the compiled function and read it from the result.',
  )
}
