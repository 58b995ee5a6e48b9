import { TorchLoraError } from './errors.ts'
import { isTensor, type RecordedValue, type Slot, type TensorHandle } from './handle.ts'
import type { NativeId, NativeInstruction, NativeSchema } from './native.ts'

/** A recorded list of tensors whose length is known only when the program runs. */
export class RecordedList implements RecordedValue {
  constructor(
    readonly recording: Recording,
    readonly slot: Slot,
  ) {}
}

/** A call of an operator as `Operator.call` has prepared it. */
interface RecordedCall {
  op: number
  schema: NativeSchema
  /** The arguments with slots for tensors; bit i of `tensors` says that argument i has some. */
  encoded: unknown[]
  tensors: number
  /** The arguments as they came. */
  args: readonly unknown[]
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
  #symbolic: (value: RecordedValue) => TensorHandle
  /** Values of a part that is recomputed: they are gone when it ends. */
  #gone = new Set<Slot>()

  constructor(symbolic: (value: RecordedValue) => TensorHandle) {
    this.#symbolic = symbolic
  }

  /** A new value. */
  newSlot(): Slot {
    return this.slots++
  }

  /** A stand-in for a new value. */
  newTensor(): TensorHandle {
    return this.#symbolic({ recording: this, slot: this.newSlot() })
  }

  /**
   * The slot that holds `tensor`: a recorded value's own, or that of a captured tensor.
   * @throws TorchLoraError RECORDING for a value of another program, or of a part that is recomputed
   */
  slotOf(tensor: TensorHandle): Slot {
    const { recorded } = tensor
    if (recorded) return this.#own(recorded)
    const known = this.captured.get(tensor.id)
    if (known !== undefined) return known
    const slot = this.newSlot()
    this.captured.set(tensor.id, slot)
    return slot
  }

  /** The same of a list. */
  slotOfList(list: RecordedList): Slot {
    return this.#own(list)
  }

  #own({ recording, slot }: RecordedValue): Slot {
    if (recording === this && !this.#gone.has(slot)) return slot
    const where = recording === this ? 'inside a recomputed part' : 'while another program was recorded'
    throw new TorchLoraError(
      'RECORDING',
      `This tensor stands for a value ${where} and has none here. Return it from there instead of keeping it in a variable.`,
    )
  }

  /** Records a call and returns its results as an eager call would: tensors, or lists of them. */
  call({ op, schema, encoded, tensors, args }: RecordedCall): unknown {
    const outputs: (Slot | null)[] = []
    const results = schema.returns.map((result) => {
      if (result.type !== 'Tensor' && result.type !== 'Tensor[]') {
        throw new TorchLoraError(
          'RECORDING',
          `${schema.name} gives a ${result.type}, which has no value while a program is recorded. ` +
            'Call it outside compile(), or use an operator that gives a tensor.',
          { op: schema.name },
        )
      }
      // What is written in place keeps its slot.
      const written = result.mutated
        ? schema.arguments.findIndex(({ mutated, alias }) => mutated && alias === result.alias)
        : -1
      if (isTensor(args[written])) {
        outputs.push(null)
        return args[written]
      }
      const slot = this.newSlot()
      outputs.push(slot)
      const value = { recording: this, slot }
      return result.type === 'Tensor' ? this.#symbolic(value) : new RecordedList(this, slot)
    })
    this.instructions.push({ kind: 'op', op, arguments: encoded, tensors, outputs })
    if (results.length === 0) return undefined
    return results.length === 1 ? results[0] : results
  }

  backward(loss: TensorHandle): void {
    this.instructions.push({ kind: 'backward', slot: this.slotOf(loss) })
  }

  gradient(tensor: TensorHandle): TensorHandle {
    const slot = this.slotOf(tensor)
    const output = this.newSlot()
    this.instructions.push({ kind: 'gradient', slot, outputs: [output] })
    return this.#symbolic({ recording: this, slot: output })
  }

  clearGrad(tensors: readonly TensorHandle[]): void {
    this.instructions.push({ kind: 'clearGrad', slots: tensors.map((tensor) => this.slotOf(tensor)) })
  }

  /**
   * Records what `body` does as one instruction: see recompute.ts.
   * @throws TorchLoraError RECORDING when `body` does more than call operators
   */
  recompute(body: () => TensorHandle): TensorHandle {
    const outer = this.instructions
    const inner: NativeInstruction[] = []
    this.instructions = inner
    try {
      const output = this.slotOf(body())
      const other = inner.find(({ kind }) => kind !== 'op' && kind !== 'recompute')
      if (other) {
        throw new TorchLoraError(
          'RECORDING',
          `A recomputed part is run twice and may only call operators; it recorded '${other.kind}'.`,
        )
      }
      outer.push({ kind: 'recompute', instructions: inner, outputs: [output] })
      for (const instruction of inner) {
        for (const slot of 'outputs' in instruction ? instruction.outputs : []) {
          if (slot !== null && slot !== output) this.#gone.add(slot)
        }
      }
      return this.#symbolic({ recording: this, slot: output })
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
