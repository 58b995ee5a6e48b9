import { expect, it } from 'vitest'
import { digestOfData } from '../../lib/train/data-digest.ts'

it('equal values have one digest, however the engine holds them', () => {
  const whole = [1, 2, 3]
  const wasDouble = [1.5, 2, 3]
  wasDouble[0] = 1
  const mixed: unknown[] = ['x', 2, 3]
  mixed[0] = 1
  expect(digestOfData([wasDouble])).toBe(digestOfData([whole]))
  expect(digestOfData([mixed])).toBe(digestOfData([whole]))
  expect(digestOfData([new Float32Array([1, 2]).subarray(1)])).toBe(digestOfData([new Float32Array([2])]))
})

it('other values have another', () => {
  const rows: unknown[] = [
    [1, 2],
    [2, 1],
    [[1], 2],
    [1, [2]],
    ['1', 2],
    ['12'],
    ['1', '2'],
    { x: 1, y: 2 },
    { x: 1, z: 2 },
    { x: 1, y: undefined },
    { x: 1, y: null },
    { x: 1, y: 2n },
    [true],
    ['true'],
    new Float32Array([1, 2]),
    new Float64Array([1, 2]),
    new Float32Array([1, 2]).buffer,
    new Map([['x', 1]]),
    new Set(['x']),
    new Date(1),
    [],
    {},
    null,
  ]
  expect(new Set(rows.map((row) => digestOfData([row]))).size).toBe(rows.length)
})

it.each<[string, () => unknown]>([
  ['a function', () => ({ f: () => 1 })],
  ['a promise', () => [Promise.resolve(1)]],
  [
    'itself',
    () => {
      const row: unknown[] = [0]
      row.push(row)
      return row
    },
  ],
])('a row that holds %s is refused', (what, row) => {
  expect(() => digestOfData([row()])).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(`it holds ${what}`),
    }),
  )
})
