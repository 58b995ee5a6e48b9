import { TorchLoraError } from '../errors.ts'
import { Random } from './random.ts'

export interface BatchSamplerOptions {
  /** Length in tokens of each example; its size is the number of examples. */
  lengths: ArrayLike<number>
  /** Greatest number of examples a batch. Default: no limit where `maxTokens` is given, else 16. */
  batchSize?: number | undefined
  /** Greatest number of tokens a batch, exactly, since nothing is padded. An example longer than this is alone. */
  maxTokens?: number | undefined
  /** A new order each epoch, from `seed`. Default true. */
  shuffle?: boolean | undefined
  /** Default 0. */
  seed?: number | undefined
  /** Leave out an epoch's last batch when it is smaller than `batchSize`. Default false. */
  dropLast?: boolean | undefined
}

/** Where a sampler stands. Plain JSON. */
export interface BatchSamplerState {
  /** Of what data and options: a state fits only a sampler made the same. */
  examples: number
  tokens: number
  batchSize: number | null
  maxTokens: number | null
  shuffle: boolean
  dropLast: boolean
  seed: number
  /** Epochs dealt out whole. */
  epoch: number
  /** Batches of the next dealt out. */
  batch: number
}

/**
 * Deals examples out in batches, epoch after epoch. The order of an epoch follows from the seed and the epoch's
 * number alone, so a run that resumes from {@link state} sees the batches that the stopped run would have seen.
 */
export class BatchSampler {
  readonly #lengths: ArrayLike<number>
  readonly #batchSize: number
  readonly #maxTokens: number
  readonly #shuffle: boolean
  readonly #seed: number
  readonly #dropLast: boolean
  readonly #tokens: number
  #epoch = 0
  #batch = 0
  #batches: Uint32Array[] | undefined

  /** @throws TorchLoraError INVALID_ARGUMENT for no examples or limits that are not whole numbers above 0 */
  constructor(options: BatchSamplerOptions) {
    const { lengths, batchSize, maxTokens } = options
    if (lengths.length === 0)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        'BatchSampler: expected at least one example, received none',
      )
    for (const [name, value] of Object.entries({ batchSize, maxTokens }))
      if (value !== undefined && (!Number.isInteger(value) || value < 1))
        throw new TorchLoraError(
          'INVALID_ARGUMENT',
          `${name}: expected a whole number above 0, received ${value}`,
        )
    this.#lengths = lengths
    this.#batchSize = batchSize ?? (maxTokens === undefined ? 16 : Number.POSITIVE_INFINITY)
    this.#maxTokens = maxTokens ?? Number.POSITIVE_INFINITY
    this.#shuffle = options.shuffle ?? true
    this.#seed = options.seed ?? 0
    this.#dropLast = options.dropLast ?? false
    let tokens = 0
    for (let i = 0; i < lengths.length; i++) tokens += lengths[i]!
    this.#tokens = tokens
    new Random(this.#seed) // refuses a bad seed here, not at the first batch
    if (this.batchesInEpoch === 0)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `dropLast: leaves no batch, since ${lengths.length} examples are fewer than batchSize ${batchSize}; lower batchSize or unset dropLast`,
      )
  }

  /** Epochs dealt out whole: the number, from 0, of the epoch that the next batch belongs to. */
  get epoch(): number {
    return this.#epoch
  }

  /** Batches of that epoch dealt out so far; 0 as soon as the one before has ended. */
  get batchInEpoch(): number {
    return this.#batch
  }

  /** Batches in that epoch. With `maxTokens` it may differ a little from epoch to epoch. */
  get batchesInEpoch(): number {
    return this.#plan().length
  }

  /** Batches of all of `epochs` epochs: what a learning-rate schedule must know beforehand. */
  totalBatches(epochs: number): number {
    if (!Number.isFinite(this.#maxTokens) || !this.#shuffle) return epochs * this.batchesInEpoch
    let total = 0
    for (let epoch = 0; epoch < epochs; epoch++) total += this.#planOf(epoch).length
    return total
  }

  /** Indices of the next batch's examples. The epoch has ended when {@link batchInEpoch} is 0 thereafter. */
  next(): Uint32Array {
    const plan = this.#plan()
    const batch = plan[this.#batch++]!
    if (this.#batch === plan.length) {
      this.#epoch++
      this.#batch = 0
      this.#batches = undefined
    }
    return batch
  }

  /** What {@link restore} needs, as plain JSON. */
  state(): BatchSamplerState {
    return { ...this.#identity(), epoch: this.#epoch, batch: this.#batch }
  }

  /**
   * Goes to where `state` was taken.
   * @throws TorchLoraError INCOMPATIBLE when it was taken with other data or options, naming each difference;
   * INVALID_ARGUMENT when its epoch or batch cannot be
   */
  restore(state: BatchSamplerState): void {
    const own = this.#identity()
    const differences = (Object.keys(own) as (keyof typeof own)[])
      .filter((key) => own[key] !== state[key])
      .map((key) => `${key} was ${state[key]}, is ${own[key]}`)
    if (differences.length > 0)
      throw new TorchLoraError(
        'INCOMPATIBLE',
        `the sampler's state is of another run: ${differences.join('; ')}; resume with the same data and options`,
      )
    const { epoch, batch } = state
    if (
      !Number.isInteger(epoch) ||
      epoch < 0 ||
      !Number.isInteger(batch) ||
      batch < 0 ||
      batch >= this.#planOf(epoch).length
    )
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `sampler state: expected an epoch and a batch of it, received epoch ${epoch}, batch ${batch}`,
      )
    this.#epoch = epoch
    this.#batch = batch
    this.#batches = undefined
  }

  #identity() {
    const finite = (n: number) => (Number.isFinite(n) ? n : null)
    return {
      examples: this.#lengths.length,
      tokens: this.#tokens,
      batchSize: finite(this.#batchSize),
      maxTokens: finite(this.#maxTokens),
      shuffle: this.#shuffle,
      dropLast: this.#dropLast,
      seed: this.#seed,
    }
  }

  #plan(): Uint32Array[] {
    this.#batches ??= this.#planOf(this.#epoch)
    return this.#batches
  }

  #planOf(epoch: number): Uint32Array[] {
    const n = this.#lengths.length
    const order = this.#shuffle
      ? new Random(this.#seed, epoch).permutation(n)
      : Uint32Array.from({ length: n }, (_, i) => i)
    const batches = cut(order, this.#lengths, this.#batchSize, this.#maxTokens)
    if (this.#dropLast && batches.at(-1)!.length < this.#batchSize && Number.isFinite(this.#batchSize))
      batches.pop()
    return batches
  }
}

/** Cuts `order` into batches of at most `batchSize` examples and `maxTokens` tokens; at least one example each. */
function cut(
  order: Uint32Array,
  lengths: ArrayLike<number>,
  batchSize: number,
  maxTokens: number,
): Uint32Array[] {
  const batches: Uint32Array[] = []
  let start = 0
  let tokens = 0
  for (let i = 0; i < order.length; i++) {
    const length = lengths[order[i]!]!
    if (i > start && (i - start === batchSize || tokens + length > maxTokens)) {
      batches.push(order.subarray(start, i))
      start = i
      tokens = 0
    }
    tokens += length
  }
  batches.push(order.subarray(start))
  return batches
}

/**
 * Batches for evaluation, in which order does not matter: longest examples first, so that neighbours are of like
 * length and memory runs out, if it must, in the first batch.
 *
 * @throws TorchLoraError INVALID_ARGUMENT for limits that are not whole numbers above 0
 */
export function evaluationBatches(
  lengths: ArrayLike<number>,
  limits: { batchSize?: number | undefined; maxTokens?: number | undefined },
): Uint32Array[] {
  for (const [name, value] of Object.entries(limits))
    if (value !== undefined && (!Number.isInteger(value) || value < 1))
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `${name}: expected a whole number above 0, received ${value}`,
      )
  if (lengths.length === 0) return []
  const { batchSize, maxTokens } = limits
  const order = longestFirst(lengths)
  return cut(
    order,
    lengths,
    batchSize ?? (maxTokens === undefined ? 32 : Number.POSITIVE_INFINITY),
    maxTokens ?? Number.POSITIVE_INFINITY,
  )
}

/** Indices by falling length, equal lengths in order. By counting: a comparing sort of a large set takes too long. */
function longestFirst(lengths: ArrayLike<number>): Uint32Array {
  let most = 0
  for (let i = 0; i < lengths.length; i++) most = Math.max(most, lengths[i]!)
  const next = new Uint32Array(most + 2)
  for (let i = 0; i < lengths.length; i++) next[lengths[i]!]!++
  let start = 0
  for (let length = most; length >= 0; length--) {
    const count = next[length]!
    next[length] = start
    start += count
  }
  const order = new Uint32Array(lengths.length)
  for (let i = 0; i < lengths.length; i++) order[next[lengths[i]!]!++] = i
  return order
}
