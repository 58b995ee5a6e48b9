const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Thrown when a pickle needs bytes beyond the ones at hand: more may be read, or the file is truncated. */
export class PickleTruncated extends Error {}

/** A position in the bytes of a pickle, and the number formats of its opcodes. */
export class PickleReader {
  readonly #bytes: Buffer
  position: number

  constructor(bytes: Buffer, position = 0) {
    this.#bytes = bytes
    this.position = position
  }

  /** The next `count` bytes, a view. */
  take(count: number): Buffer {
    const end = this.position + count
    if (end > this.#bytes.length) throw new PickleTruncated(`needs ${count} bytes at ${this.position}`)
    const view = this.#bytes.subarray(this.position, end)
    this.position = end
    return view
  }

  uint8(): number {
    return this.take(1)[0] as number
  }

  uint16(): number {
    return this.take(2).readUInt16LE()
  }

  int32(): number {
    return this.take(4).readInt32LE()
  }

  uint32(): number {
    return this.take(4).readUInt32LE()
  }

  /** A length; one beyond 2^53 is as truncated as any that exceeds the file. */
  uint64(): number {
    return Number(this.take(8).readBigUInt64LE())
  }

  /** Big-endian, the one such format in pickles. */
  float64(): number {
    return this.take(8).readDoubleBE()
  }

  /** A line without its newline, as protocol 0 writes. */
  line(): string {
    const end = this.#bytes.indexOf(10, this.position)
    if (end < 0) throw new PickleTruncated(`needs a line end after ${this.position}`)
    const text = this.#bytes.toString('latin1', this.position, end)
    this.position = end + 1
    return text
  }

  text(length: number): string {
    return UTF8.decode(this.take(length))
  }

  /** Little-endian two's complement of any length. */
  long(length: number): number | bigint {
    const bytes = this.take(length)
    if (length === 0) return 0
    const hex = Buffer.from(bytes).reverse().toString('hex')
    const value = BigInt.asIntN(length * 8, BigInt(`0x${hex}`))
    return narrow(value)
  }
}

/** A number where one is exact. */
export function narrow(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
