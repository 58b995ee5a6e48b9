/**
 * What a call of an operator costs from JavaScript: on tensors of one element, where the operator itself does next to
 * nothing. `npx tsx bench/calls.ts`; microseconds a call, the least of 400 rounds, so that a busy machine shows little.
 */
import { callOperator, compile, ops, scope, Tensor } from '../lib/index.ts'

const x = Tensor.ones([1])
const y = Tensor.ones([1])

/** Microseconds a call of `body`: a hundred in a scope, which frees their tensors. */
function cost(body: () => unknown): number {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 400; round++) {
    const start = process.hrtime.bigint()
    scope(() => {
      for (let j = 0; j < 100; j++) body()
      return null
    })
    least = Math.min(least, Number(process.hrtime.bigint() - start) / 1000 / 100)
  }
  return least
}

const bodies: Record<string, () => unknown> = {
  'callOperator add': () => callOperator('aten::add.Tensor', x, y),
  'ops.add': () => ops.add(x, y),
  'ops.add, alpha': () => ops.add(x, y, { alpha: 2 }),
  'ops.add_': () => ops.add_(x, y),
  'ops.cat of four': () => ops.cat([x, y, x, y], { dim: 0 }),
  'ops.softmax': () => ops.softmax(x, -1),
}
for (const [name, body] of Object.entries(bodies)) {
  cost(body)
  console.log(`${name.padEnd(24)} ${cost(body).toFixed(2)} us`)
}

let least = Number.POSITIVE_INFINITY
for (let i = 0; i < 60; i++) {
  const start = process.hrtime.bigint()
  const program = compile((a: Tensor, b: Tensor) => {
    let sum = a
    for (let j = 0; j < 200; j++) sum = ops.add(sum, b)
    return sum
  })
  const run = program(x, y) // records at once
  least = Math.min(least, Number(process.hrtime.bigint() - start) / 1000 / 200)
  await run
  program.dispose()
}
console.log(`${'recorded'.padEnd(24)} ${least.toFixed(2)} us`)
