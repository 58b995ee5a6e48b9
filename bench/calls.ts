/**
 * What a call of an operator costs from JavaScript: on tensors of one element, where the operator itself does next to
 * nothing. `npx tsx bench/calls.ts`; microseconds a call, the least of nine rounds.
 */
import { callOperator, compile, ops, scope, Tensor } from '../lib/index.ts'

const calls = 2000
const x = Tensor.ones([1])
const y = Tensor.ones([1])

/** Microseconds a call of `body`, tensors freed by a scope every hundred calls. */
function cost(body: () => unknown): number {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 9; round++) {
    const start = process.hrtime.bigint()
    for (let i = 0; i < calls; i += 100) {
      scope(() => {
        for (let j = 0; j < 100; j++) body()
        return null
      })
    }
    least = Math.min(least, Number(process.hrtime.bigint() - start) / 1000 / calls)
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

const start = process.hrtime.bigint()
for (let i = 0; i < 20; i++) {
  const program = compile((a: Tensor, b: Tensor) => {
    let sum = a
    for (let j = 0; j < 1000; j++) sum = ops.add(sum, b)
    return sum
  })
  await program(x, y)
  program.dispose()
}
const recorded = Number(process.hrtime.bigint() - start) / 1000 / 20_000
console.log(`${'recorded and run once'.padEnd(24)} ${recorded.toFixed(2)} us`)
