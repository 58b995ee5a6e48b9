import { TorchLoraError } from './errors.ts'
import { guarded, type NativeId } from './native.ts'

/** The number of a value in a program. */
export type Slot = number

/** A value of the program that `recording` records. */
export interface RecordedValue {
  readonly recording: object
  readonly slot: Slot
}

/** Called for every native tensor that JavaScript comes to hold. */
let onCreate: ((tensor: TensorHandle) => void) | undefined

/** Sets who is told of new tensors. Only `scope` calls this. */
export function setCreationListener(listener: (tensor: TensorHandle) => void): void {
  onCreate = listener
}

const registry = new FinalizationRegistry<NativeId>((id) => guarded((native) => native.release(id)))

/**
 * What a tensor is held by: a native tensor's number, or a value of a program being recorded. Knows nothing of
 * operators; `Tensor` adds everything else.
 */
export abstract class TensorHandle {
  #id: NativeId | undefined
  readonly #recorded: RecordedValue | undefined

  protected constructor(held: NativeId | RecordedValue) {
    if (typeof held !== 'number') {
      this.#recorded = held
      return
    }
    this.#id = held
    registry.register(this, held, this)
    onCreate?.(this)
  }

  /** The native number. For this library's own use. */
  get id(): NativeId {
    if (this.#id !== undefined) return this.#id
    if (this.#recorded) throw this.recordingError('use its value')
    throw new TorchLoraError('DISPOSED', 'This tensor was disposed of.')
  }

  /** The value of a program that this stands for, or undefined. For this library's own use. */
  get recorded(): RecordedValue | undefined {
    return this.#recorded
  }

  get disposed(): boolean {
    return this.#recorded === undefined && this.#id === undefined
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

  protected recordingError(what: string): TorchLoraError {
    return new TorchLoraError(
      'RECORDING',
      `While a program is recorded, a tensor has no value: cannot ${what}. ` +
        'Return the tensor from the compiled function and read it from the result.',
    )
  }
}
