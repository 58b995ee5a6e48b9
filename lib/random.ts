import { guarded } from './native.ts'
import { Tensor } from './tensor.ts'

/** Seeds libtorch's generators, CPU and CUDA. Every random op, dropout included, follows from it. */
export function manualSeed(seed: number): void {
  guarded((native) => native.manualSeed(seed))
}

/** The state of the CPU generator, to be kept in a checkpoint. */
export function rngState(): Uint8Array {
  using state = Tensor.wrap(guarded((native) => native.rngState()))
  return state.readSync() as Uint8Array
}

/**
 * Puts the CPU generator back.
 * @throws TorchLoraError NATIVE when `state` is not what `rngState` gave
 */
export function setRngState(state: Uint8Array): void {
  using tensor = Tensor.from(state)
  guarded((native) => native.setRngState(tensor.id))
}

/** Runs `body` with the generator at `seed`, and sets it back to where it was. */
export function withSeed<T>(seed: number, body: () => T): T {
  const before = rngState()
  manualSeed(seed)
  try {
    return body()
  } finally {
    setRngState(before)
  }
}
