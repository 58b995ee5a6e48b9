/**
 * libtorch itself, typed: eager operators, derivatives, and programs that run off the main thread.
 *
 *   npx tsx examples/ops.ts
 */
// In a project of your own: from 'torch-lora'.
import { compile, manualSeed, memory, ops, scope, Tensor } from '../lib/index.ts'

manualSeed(0)

// Eager: each call runs at once. `scope` frees what its body made, except what it returns.
const gram = scope(() => {
  const x = Tensor.randn([64, 32])
  return ops.matmul(x, x.t()) // [64, 64]
})
console.log('gram        ', gram.shape, gram.dtype)

// Derivatives, as in PyTorch: d/dw of the sum of w² is 2w.
const w = Tensor.from([1, 2, 3])
w.requiresGrad = true
scope(() => ops.sum(ops.mul(w, w)).backward())
console.log('2w          ', await w.grad!.read())

// Recorded at its first call, replayed natively from then on: the event loop stays free while it runs.
const attention = compile((x: Tensor) => ops.softmax(ops.matmul(x, x.t()), -1))
using scores = await attention(Tensor.randn([512, 64])) // [512, 512]
console.log('attention   ', scores.shape, `${attention.instructionCount} instructions`)

// One program serves every shape.
using fewer = await attention(Tensor.randn([7, 64])) // [7, 7]
console.log('again       ', fewer.shape)

const { tensors, liveBytes } = memory()
console.log('alive       ', `${tensors} tensors, ${liveBytes} bytes`)
