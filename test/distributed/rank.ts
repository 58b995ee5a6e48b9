// One rank, as the tests start it: runs the scenario of its first argument and prints a line of JSON for each thing it
// has to say. Distribution is between processes, so each rank is one.

import { callOperator } from '../../lib/dispatch.ts'
import { allReduceInProgram } from '../../lib/distributed/collectives.ts'
import { distributed } from '../../lib/distributed/index.ts'
import { TorchLoraError } from '../../lib/errors.ts'
import * as ops from '../../lib/generated/ops.ts'
import { compile } from '../../lib/program.ts'
import { Tensor } from '../../lib/tensor.ts'

const [scenario = '', timeout = '20000'] = process.argv.slice(2)
const say = (what: unknown) => process.stdout.write(`${JSON.stringify(what)}\n`)
const timeoutMs = Number(timeout)

const scenarios: Record<string, () => Promise<void>> = {
  async collectives() {
    const { rank, worldSize } = distributed
    say({ rank, worldSize, localRank: distributed.localRank })
    const sum = Tensor.from([rank + 1, 10 * (rank + 1)])
    await distributed.allReduce(sum)
    const greatest = Tensor.from(BigInt64Array.of(BigInt(rank), BigInt(-rank)))
    await distributed.allReduce(greatest, { op: 'max' })
    const mean = Tensor.from([rank + 1], { dtype: 'float64' })
    await distributed.allReduce(mean, { op: 'avg' })
    const column = ops.select(
      Tensor.from([
        [rank, 1],
        [rank, 1],
      ]),
      1,
      0,
    ) // not contiguous
    await distributed.allReduce(column)
    const parameter = Tensor.full([2], rank === 1 ? 7 : 0)
    parameter.requiresGrad = true
    await distributed.broadcast(parameter, { from: 1 })
    const gathered = await distributed.allGather(Tensor.from([rank, rank]))
    await distributed.barrier()
    say({
      sum: sum.toArray(),
      greatest: Array.from(greatest.toArray() as unknown as bigint[], Number),
      mean: mean.toArray(),
      column: column.toArray(),
      parameter: parameter.toArray(),
      requiresGrad: parameter.requiresGrad,
      gathered: gathered.toArray(),
    })
  },

  /** The same as interop.py. */
  async interop() {
    const sum = Tensor.from(Array.from({ length: 1000 }, (_, i) => i * (distributed.rank + 1)))
    await distributed.allReduce(sum)
    const sent = Tensor.full([5], distributed.rank === 0 ? 42 : 0)
    await distributed.broadcast(sent)
    await distributed.barrier()
    const gathered = await distributed.allGather(Tensor.from([distributed.rank + 0.5]))
    say({
      sum: (sum.toArray() as number[]).slice(-2),
      sent: (sent.toArray() as number[])[4],
      gathered: (gathered.toArray() as number[][]).flat(),
    })
  },

  /** Sums in recorded programs, in one order on all ranks however they are awaited; a signal ends none of them. */
  async program() {
    const total = Tensor.zeros([2])
    const add = compile((x: Tensor) => {
      const doubled = ops.mul(x, 2)
      allReduceInProgram(doubled)
      ops.add_(total, doubled)
      return { doubled }
    })
    const graphed = compile(
      (x: Tensor) => {
        const y = ops.mul(x, 3)
        allReduceInProgram(y)
        return ops.add(y, 1)
      },
      { graphs: 'cpu' },
    )
    const controller = new AbortController()
    const first = add.run([Tensor.from([distributed.rank, 1])], { signal: controller.signal })
    setImmediate(() => controller.abort())
    const results = await Promise.all([first, add(Tensor.from([1, 1])), graphed(Tensor.from([1]))])
    const again = []
    for (let i = 0; i < 3; i++) again.push((await graphed(Tensor.from([i]))).toArray())
    say({
      first: results[0].doubled.toArray(),
      total: total.toArray(),
      graphed: results[2].toArray(),
      again,
      replays: graphed.graphReport.replays,
    })
  },

  /** Rank 1 fails before its exchange, with another run queued behind that one. */
  async owed() {
    const table = Tensor.from([
      [1, 2],
      [3, 4],
    ])
    const step = compile((index: Tensor) => {
      const row = ops.embedding(table, index)
      allReduceInProgram(row)
      return row
    })
    const at = (index: number) => step(Tensor.from(BigInt64Array.of(BigInt(index))))
    say((await at(0)).toArray())
    const both = await Promise.allSettled([at(distributed.rank === 1 ? 7 : 0), at(1)])
    say(both.map((run) => (run.status === 'rejected' ? run.reason.code : run.value.toArray())))
    say(both.map((run) => (run.status === 'rejected' ? run.reason.message : '')))
  },

  async agree() {
    await distributed.agree({ data: 'abc', options: { epochs: 3, seed: distributed.rank === 2 ? 1 : 0 } })
  },

  async alike() {
    await distributed.agree({
      version: '1',
      options: distributed.rank === 0 ? { a: 1, b: 2 } : { b: 2, a: 1 },
    })
    say('alike')
  },

  /** Goes on for ever; a test ends one of the ranks. */
  async forever() {
    const x = Tensor.ones([1 << 16])
    say({ pid: process.pid })
    for (;;) await distributed.allReduce(x, { op: 'avg' })
  },

  /** Rank 2 computes for a while after every exchange; tests end rank 1 meanwhile. */
  async busy() {
    const x = Tensor.ones([4])
    for (;;) {
      await distributed.allReduce(x, { op: 'avg' })
      say({ pid: process.pid })
      if (distributed.rank === 2) await new Promise((resolve) => setTimeout(resolve, 9000))
    }
  },

  /** Rank 1 lives, but does not come in time. */
  async late() {
    if (distributed.rank === 1) await new Promise((resolve) => setTimeout(resolve, 3 * timeoutMs))
    await distributed.allReduce(Tensor.ones([4]))
  },

  /**
   * Rank 0 does not come for a while; 2 waits for it in vain, and 3 for 1, which a test ends. What is left of the group
   * then: errors, and an end.
   */
  async after() {
    const x = Tensor.ones([4])
    await distributed.barrier()
    say({ pid: process.pid })
    if (distributed.rank === 0) await new Promise((resolve) => setTimeout(resolve, 10_000))
    const messages = [
      await distributed.broadcast(x).catch(messageOf),
      await distributed.barrier().catch(messageOf),
    ]
    await distributed.close()
    say({ messages })
  },

  /** Rank 1 never comes, and rank 0 is told to end while it waits. */
  async exit() {
    if (distributed.rank === 1) {
      await new Promise((resolve) => setTimeout(resolve, 60_000))
      return
    }
    process.on('SIGTERM', () => process.exit(143))
    void distributed.barrier()
    say({ pid: process.pid })
    await new Promise((resolve) => setTimeout(resolve, 60_000))
  },

  /** Rank 1 has an error of its own. */
  async error() {
    await distributed.barrier()
    if (distributed.rank === 1) throw new TorchLoraError('INVALID_FILE', 'dev.jsonl, line 3: no text.')
    await distributed.barrier()
  },

  /** Rank 1 dies in the middle of the first two attempts. */
  async restart() {
    const x = Tensor.ones([4])
    const { restartCount } = world
    for (let i = 0; i < 50; i++) {
      await distributed.allReduce(x, { op: 'avg' })
      if (i === 20 && restartCount < 2 && distributed.rank === 1) process.kill(process.pid, 'SIGKILL')
    }
    say({ done: true, restartCount })
  },

  async again() {
    await distributed.init().catch((error) => say({ code: error.code }))
    await distributed.close()
    await distributed.init({ timeoutMs })
    const x = Tensor.ones([1])
    await distributed.allReduce(x)
    say({ sum: x.toArray() })
  },

  async derivative() {
    const x = Tensor.ones([2])
    x.requiresGrad = true
    const y = compile(() => {
      const gathered = callOperator('lora_c10d::all_gather', x) as Tensor
      ops.sum(gathered).backward()
      return null
    })
    await y().catch((error) => say({ code: error.code, message: error.message }))
  },
}

function messageOf(error: unknown): string {
  return (error as Error).message
}

const began = performance.now()
const world = await distributed.init({ timeoutMs }).catch(fail)
try {
  await scenarios[scenario]!()
  await distributed.close()
} catch (error) {
  if (scenario === 'error') throw error // as a program without a catch of its own
  fail(error)
}

function fail(error: unknown): never {
  const { code, message } = error as TorchLoraError
  say({ code, message, ms: Math.round(performance.now() - began) })
  process.exit(3)
}
