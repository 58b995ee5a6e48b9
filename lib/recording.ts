import { TorchLoraError } from './errors.ts'
import type { NativeId, NativeInstruction, NativeSchema } from './native.ts'
import type { Tensor } from './tensor.ts'

/** The number of a value in a program. */
export type Slot = number

/** A recorded list of tensors whose length is known only when the program runs. */
export class RecordedList {
  constructor(readonly slot: Slot) {}
}

/**
 * The instructions of a program while its function runs. Ops, gradients and gradient modes add themselves;
 * real tensors they meet (parameters, constants) are captured by reference.
 */
export class Recording {
  instructions: NativeInstruction[] = []
  readonly captured = new Map<NativeId, Slot>()
  slots = 0
  gradEnabled = true
  #symbolic: (slot: Slot) => Tensor

  constructor(symbolic: (slot: Slot) => Tensor) {
    this.#symbolic = symbolic
  }

  /** A new value. */
  newSlot(): Slot {
    return this.slots++
  }

  /** The slot that holds `tensor`: a recorded value's own, or that of a captured tensor. */
  slotOf(tensor: Tensor): Slot {
    if (tensor.slot !== undefined) return tensor.slot
    const known = this.captured.get(tensor.id)
    if (known !== undefined) return known
    const slot = this.newSlot()
    this.captured.set(tensor.id, slot)
    return slot
  }

  /** Records a call and returns its results as `callOp` would: tensors, or lists of them. */
  call(op: number, schema: NativeSchema, args: unknown[], encode: (value: unknown) => unknown): unknown {
    const outputs = schema.returns.map((result) => {
      if (result.type !== 'Tensor' && result.type !== 'Tensor[]') {
        throw new TorchLoraError(
          'RECORDING',
          `${schema.name} gives a ${result.type}, which has no value while a program is recorded. ` +
            'Call it outside compile(), or use an operator that gives a tensor.',
          { op: schema.name },
        )
      }
      return this.newSlot()
    })
    this.instructions.push({ kind: 'op', op, arguments: args.map(encode), outputs })
    const results = outputs.map((slot, i) =>
      schema.returns[i]!.type === 'Tensor' ? this.#symbolic(slot) : new RecordedList(slot),
    )
    return results.length === 1 ? results[0] : results
  }

  backward(loss: Tensor): void {
    this.instructions.push({ kind: 'backward', slot: this.slotOf(loss) })
  }

  gradient(tensor: Tensor): Tensor {
    const output = this.newSlot()
    this.instructions.push({ kind: 'gradient', slot: this.slotOf(tensor), outputs: [output] })
    return this.#symbolic(output)
  }

  clearGrad(tensors: readonly Tensor[]): void {
    this.instructions.push({ kind: 'clearGrad', slots: tensors.map((tensor) => this.slotOf(tensor)) })
  }

  /**
   * Records what `body` does as one instruction: see `checkpoint` in gradient-checkpoint.ts.
   * @throws TorchLoraError RECORDING when `body` does more than call operators
   */
  checkpoint(body: () => Tensor): Tensor {
    const outer = this.instructions
    const inner: NativeInstruction[] = []
    this.instructions = inner
    try {
      const output = this.slotOf(body())
      const other = inner.find(({ kind }) => kind !== 'op' && kind !== 'checkpoint')
      if (other) {
        throw new TorchLoraError(
          'RECORDING',
          `A checkpoint is run twice and may only call operators; it recorded '${other.kind}'.`,
        )
      }
      outer.push({ kind: 'checkpoint', instructions: inner, outputs: [output] })
      return this.#symbolic(output)
    } finally {
      this.instructions = outer
    }
  }

  setGradMode(enabled: boolean): void {
    this.gradEnabled = enabled
    this.instructions.push({ kind: 'gradMode', enabled })
  }
}

let active: Recording | undefined

/** The recording in progress on this thread, if any. Recording is synchronous, so there is at most one. */
export function activeRecording(): Recording | undefined {
  return active
}

/**
 * Runs `body` with `recording` active.
 * @throws TorchLoraError RECORDING when another recording is in progress
 */
export function record<T>(recording: Recording, body: () => T): T {
  if (active)
    throw new TorchLoraError('RECORDING', 'A program is already being recorded: compile() does not nest.')
  active = recording
  try {
    return body()
  } finally {
    active = undefined
  }
}
