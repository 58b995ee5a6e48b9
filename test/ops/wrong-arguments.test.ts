import { expect, it } from 'vitest'
import { callOperator } from '../../lib/dispatch.ts'
import { TorchLoraError } from '../../lib/errors.ts'
import * as ops from '../../lib/generated/ops.ts'
import { guarded } from '../../lib/native.ts'
import { Tensor } from '../../lib/tensor.ts'
import { mulberry } from '../random.ts'

// test/python/test_wrong_arguments.py begins with right calls and changes them. Here arguments are drawn by the types of
// each schema: what the converter of JavaScript's values lets through, and operators that nobody has listed.

const CALLS = 150

const tensors: (() => Tensor)[] = [
  () => Tensor.randn([5, 6]),
  () => Tensor.randn([4, 6]),
  () => Tensor.randn([7, 3, 2, 4]),
  () => Tensor.randn([7, 2, 4]),
  () => Tensor.randn([6]),
  () => Tensor.randn([0]),
  () => Tensor.randn([0, 6]),
  () => Tensor.randn([5, 6], { dtype: 'float64' }),
  () => ops.to(Tensor.randn([5, 6]), { dtype: 'bfloat16' }),
  () => Tensor.randn([6, 5]).t(),
  () => ops.expand(Tensor.randn([1, 6]), [2 ** 45, 6]),
  () => ops.empty([2 ** 40], { device: 'meta' }),
  () => Tensor.from([0, 4, 7], { dtype: 'int32' }),
  () => Tensor.from([0, -4, 2 ** 30], { dtype: 'int32' }),
  () => Tensor.from([[1, -1]], { dtype: 'int64' }),
  () => Tensor.scalar(4, 'int64'),
  () => Tensor.scalar(-1, 'int64'),
  () => Tensor.scalar(2 ** 52, 'int64'),
  () => Tensor.scalar(0.5),
]
const integers = [
  0,
  -1,
  1,
  2,
  3,
  6,
  64,
  2 ** 45,
  Number.MAX_SAFE_INTEGER,
  (1n << 62n) + 1n,
  -(1n << 63n),
  0.5,
]
const numbers = [0, 0.5, 1, -1, Number.NaN, Number.POSITIVE_INFINITY]

it('every operator of lora:: refuses, or answers, what JavaScript calls it with', () => {
  const names = guarded((native) => native.opNames()).filter((name) => name.startsWith('lora::'))
  expect(names.length).toBeGreaterThan(30)
  for (const name of names) {
    const below = mulberry([...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) >>> 0)
    const one = <T>(items: readonly T[]): T => items[below(items.length)]!
    const value = (type: string): unknown => {
      if (below(40) === 0) return one([null, 'text', {}, -1, 1n, true, []])
      if (type.endsWith('?')) return below(3) === 0 ? null : value(type.slice(0, -1))
      const list = /^List\[(.*)\]$|^(.*)\[\]$/.exec(type)
      const element = list?.[1] ?? list?.[2]
      if (element) return Array.from({ length: below(4) }, () => value(element))
      const optional = /^Optional\[(.*)\]$/.exec(type)
      if (optional) return below(3) === 0 ? null : value(optional[1]!)
      if (type === 'Tensor') return one(tensors)()
      if (type === 'int' || type === 'SymInt') return one(integers)
      if (type === 'float') return one(numbers)
      if (type === 'bool') return below(2) === 0
      throw new Error(`${name} has an argument of type ${type}, of which this test knows no values`)
    }
    const schema = guarded((native) => native.schema(native.findOp(name, '')!))
    for (let call = 0; call < CALLS; call++) {
      const given = schema.arguments.map(({ type }) => value(type))
      try {
        callOperator(name, ...given)
      } catch (error) {
        expect(error, `${name}: ${error}`).toBeInstanceOf(TorchLoraError)
        expect((error as TorchLoraError).message, name).not.toContain('INTERNAL ASSERT')
      }
    }
  }
})
