import { TorchLoraError } from '../errors.ts'

/** State of {@link Random}: four unsigned 32-bit words. Plain JSON. */
export type RandomState = [number, number, number, number]

/**
 * A small deterministic generator, xoshiro128** (Blackman and Vigna, "Scrambled Linear Pseudorandom Number
 * Generators", 2021; prng.di.unimi.it/xoshiro128starstar.c), its state filled by MurmurHash3's finaliser. Same seed, same numbers on every
 * machine; its state goes through JSON. Not for secrets.
 */
export class Random {
  readonly #s: Uint32Array

  /**
   * @param seed any whole number; `stream` gives independent sequences of one seed (an epoch's number, say)
   * @throws TorchLoraError INVALID_ARGUMENT for a seed that is not a safe integer
   */
  constructor(seed: number, stream = 0) {
    if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(stream))
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `seed: expected a whole number, received ${seed} (stream ${stream})`,
      )
    const low = (n: number) => n >>> 0
    const high = (n: number) => Math.floor(n / 2 ** 32) >>> 0
    let mix = 0
    const next = () => {
      mix = (mix + 0x9e3779b9) >>> 0
      let z = mix
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
      return (z ^ (z >>> 16)) >>> 0
    }
    for (const word of [low(seed), high(seed), low(stream), high(stream)]) mix = (next() ^ word) >>> 0
    this.#s = Uint32Array.from([next(), next(), next(), next()])
    if (this.#s.every((word) => word === 0)) this.#s[0] = 1 // the one state the generator cannot leave
  }

  /** A uniform unsigned 32-bit integer. */
  uint32(): number {
    const s = this.#s
    const rotate = (x: number, k: number) => (x << k) | (x >>> (32 - k))
    const result = Math.imul(rotate(Math.imul(s[1]!, 5), 7), 9) >>> 0
    const t = s[1]! << 9
    s[2]! ^= s[0]!
    s[3]! ^= s[1]!
    s[1]! ^= s[2]!
    s[0]! ^= s[3]!
    s[2]! ^= t
    s[3] = rotate(s[3]!, 11)
    return result
  }

  /** A uniform integer of [0, bound), without bias; `bound` is at most 2^32. */
  below(bound: number): number {
    const reject = 2 ** 32 - (2 ** 32 % bound)
    for (;;) {
      const x = this.uint32()
      if (x < reject) return x % bound
    }
  }

  /** 0 to n-1 in random order (Fisher and Yates). */
  permutation(n: number): Uint32Array {
    const order = Uint32Array.from({ length: n }, (_, i) => i)
    for (let i = n - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const swap = order[i]!
      order[i] = order[j]!
      order[j] = swap
    }
    return order
  }

  state(): RandomState {
    return Array.from(this.#s) as RandomState
  }

  /** @throws TorchLoraError INVALID_ARGUMENT when `state` is not four unsigned 32-bit words, one of them not 0 */
  restore(state: RandomState): void {
    const valid =
      Array.isArray(state) &&
      state.length === 4 &&
      state.every((w) => Number.isInteger(w) && w >= 0 && w < 2 ** 32) &&
      state.some((w) => w !== 0)
    if (!valid)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `random state: expected four unsigned 32-bit numbers, not all 0, received ${JSON.stringify(state)}`,
      )
    this.#s.set(state)
  }
}
