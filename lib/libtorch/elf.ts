import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** What the dynamic linker reads in a shared library. */
export interface DynamicSection {
  /** DT_NEEDED: the names of the libraries to open with it. */
  needed: string[]
  /** DT_SONAME. */
  name?: string
}

/**
 * Reads the dynamic section of a 64-bit little-endian ELF file, as x86-64's and arm64's are.
 * @returns undefined for anything else
 */
export function dynamicSection(path: string): DynamicSection | undefined {
  const file = openSync(path, 'r')
  const { size: bytesInFile } = fstatSync(file)
  try {
    const read = (offset: bigint, length: number) => {
      if (offset + BigInt(length) > bytesInFile) return undefined
      const bytes = Buffer.alloc(length)
      return readSync(file, bytes, 0, length, Number(offset)) === length ? bytes : undefined
    }
    const header = read(0n, 64)
    if (header?.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1) return undefined
    const size = header.readUInt16LE(54)
    const count = header.readUInt16LE(56)
    const table = read(header.readBigUInt64LE(32), size * count)
    if (!table || size < 56) return undefined
    const segments = Array.from({ length: count }, (_, at) => {
      const segment = table.subarray(at * size, (at + 1) * size)
      return {
        type: segment.readUInt32LE(0),
        offset: segment.readBigUInt64LE(8),
        address: segment.readBigUInt64LE(16),
        length: segment.readBigUInt64LE(32),
      }
    })
    const dynamic = segments.find(({ type }) => type === 2)
    if (!dynamic || dynamic.length > 1n << 20n) return undefined
    const entries = read(dynamic.offset, Number(dynamic.length))
    if (!entries) return undefined
    const values: [tag: bigint, value: bigint][] = []
    for (let at = 0; at + 16 <= entries.length; at += 16)
      values.push([entries.readBigInt64LE(at), entries.readBigUInt64LE(at + 8)])
    const one = (tag: bigint) => values.find(([own]) => own === tag)?.[1]
    const [strings, length] = [one(5n), one(10n)]
    if (strings === undefined || length === undefined || length > 1n << 26n) return undefined
    const load = segments.find(
      ({ type, address, length: loaded }) => type === 1 && strings >= address && strings < address + loaded,
    )
    const names = load && read(strings - load.address + load.offset, Number(length))
    if (!names) return undefined
    const text = (at: bigint) => {
      const from = Number(at)
      const end = names.indexOf(0, from)
      return names.toString('utf8', from, end < 0 ? undefined : end)
    }
    const soname = one(14n)
    return {
      needed: values.filter(([tag]) => tag === 1n).map(([, value]) => text(value)),
      ...(soname !== undefined && { name: text(soname) }),
    }
  } finally {
    closeSync(file)
  }
}
