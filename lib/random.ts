import { guarded } from './native.ts'
import { type Device, Tensor } from './tensor.ts'

/**
 * Seeds libtorch's generators, CPU and CUDA. Every random op, dropout included, follows from it.
 * @throws TorchLoraError INVALID_ARGUMENT unless the seed is a safe integer
 */
export function manualSeed(seed: number): void {
  seeded = true
  guarded((native) => native.manualSeed(seed))
}

let seeded = false

/** Seeds with 0 where nobody has seeded in this process: what starts fresh starts alike in every run. */
export function seedUnlessSeeded(): void {
  if (!seeded) manualSeed(0)
}

/**
 * The state of a device's generator, to be kept in a checkpoint. Of the CPU's unless said otherwise: our own operators
 * draw their seeds there on any device, but attention in half precision draws from the generator of its CUDA device.
 */
export function rngState(device: Device = 'cpu'): Uint8Array {
  using state = Tensor.wrap(guarded((native) => native.rngState(device)))
  return state.readSync() as Uint8Array
}

/**
 * Puts a device's generator back.
 * @throws TorchLoraError NATIVE when `state` is not what `rngState` gave
 */
export function setRngState(state: Uint8Array, device: Device = 'cpu'): void {
  using tensor = Tensor.from(state)
  guarded((native) => native.setRngState(tensor.id, device))
}

/** Runs `body` with the generator at `seed`, and sets it back to where it was: as seeded as it was. */
export function withSeed<T>(seed: number, body: () => T): T {
  const before = rngState()
  const wasSeeded = seeded
  manualSeed(seed)
  try {
    return body()
  } finally {
    setRngState(before)
    seeded = wasSeeded
  }
}
