import { beforeAll, expect, it } from 'vitest'
import { callOperator } from '../../lib/dispatch.ts'
import { openBackends } from '../../lib/distributed/backends.ts'
import { TorchLoraError } from '../../lib/errors.ts'
import * as ops from '../../lib/generated/ops.ts'
import { Tensor } from '../../lib/tensor.ts'

// What JavaScript can call by name once the library is open, without a group and with arguments of no use.

beforeAll(() => {
  openBackends('gloo')
})

const parameter = () => {
  const tensor = Tensor.ones([2, 3])
  tensor.requiresGrad = true
  return tensor
}

it.each<[string, unknown[], RegExp]>([
  ['join', ['localhost', 65536, false, 0, 1, 0, 100], /port must be from 0 to 65535, received 65536/],
  ['join', ['localhost', -1, false, 0, 1, 0, 100], /port must be from 0 to 65535/],
  ['join', ['localhost', 1, false, 2, 2, 0, 100], /rank must be from 0 to size - 1, received rank 2 of 2/],
  ['join', ['localhost', 1, false, 0, 2 ** 40, 0, 100], /rank must be from 0 to size - 1/],
  ['join', ['localhost', 1, false, 0, 1, 0, 0], /timeout_ms must be from 1/],
  ['all_reduce_', [Tensor.ones([2]), 'median'], /op must be sum, avg, min or max|no group/i],
  ['all_gather', [ops.empty([2], { device: 'meta' })], /memory of its own/],
  ['adopt_gradients', [Tensor.zeros([5]), [parameter()]], /buffer of 5 elements is shorter/],
  ['adopt_gradients', [Tensor.zeros([2, 6]), [parameter()]], /one dimension/],
  [
    'adopt_gradients',
    [Tensor.zeros([6], { dtype: 'float64' }), [parameter()]],
    /parameters must be of Double/,
  ],
])('lora_c10d::%s refuses %j', (name, given, message) => {
  expect(() => callOperator(`lora_c10d::${name}`, ...given)).toThrow(message)
  try {
    callOperator(`lora_c10d::${name}`, ...given)
  } catch (error) {
    expect(error).toBeInstanceOf(TorchLoraError)
  }
})
