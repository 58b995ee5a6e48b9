/**
 * The beginning of a .npy file of float32 numbers, rows times columns, row-major and little-endian: their bytes follow.
 * Source: numpy's `numpy/lib/format.py`, version 1.0.
 */
export function npyHeader(rows: number, columns: number): Uint8Array {
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`
  const before = 10
  const length = Math.ceil((before + description.length + 1) / 64) * 64 - before
  const header = Buffer.alloc(before + length)
  header.write('\x93NUMPY\x01\x00', 'latin1')
  header.writeUInt16LE(length, 8)
  header.write(`${description.padEnd(length - 1)}\n`, before, 'latin1')
  return header
}
