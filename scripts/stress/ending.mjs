/**
 * One try of scripts/stress/endings.mjs: a process that trains (in the main thread and in workers) and ends in the way,
 * and after the time, that its arguments say: `node ending.mjs WAY MILLISECONDS`.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

const [way, delay] = isMainThread
  ? [process.argv[2], Number(process.argv[3])]
  : [workerData.way, workerData.delay]
const workers = isMainThread && way.startsWith('worker') ? 3 : 0

/** Ends as `way` says, on a timer of its own: at any moment of loading, recording, running or settling. */
const ends = {
  exit: () => process.exit(37),
  throw: () => {
    throw new Error('uncaught, as asked for')
  },
  reject: () => void Promise.reject(new Error('unhandled, as asked for')),
}
if (isMainThread) {
  // As the CLI does it: a first Ctrl-C stops in good order, a second at once.
  let stopping = false
  process.on('SIGINT', () => {
    if (stopping) process.exit(130)
    stopping = true
  })
  if (ends[way]) setTimeout(ends[way], delay)
  if (way === 'listener') {
    setTimeout(() => process.exit(37), delay)
    process.on('exit', () => {
      throw new Error('a listener that fails')
    })
  }
} else {
  if (way === 'worker-exit') setTimeout(() => process.exit(3), delay)
  if (way === 'worker-throw') setTimeout(ends.throw, delay)
}

async function train() {
  const { callOperator, compile, ops, Tensor } = await import('../../dist/index.js')
  const weights = Array.from({ length: 4 }, () => Tensor.randn([256, 256]))
  for (const weight of weights) weight.requiresGrad = true
  const step = compile((/** @type {import('../../dist/index.js').Tensor} */ x) => {
    let y = x
    for (const weight of weights) y = ops.softmax(ops.matmul(y, weight), -1)
    const loss = ops.sum(y)
    loss.backward()
    for (const weight of weights) callOperator('aten::mul_.Scalar', weight.detach(), 1)
    for (const weight of weights) weight.clearGrad()
    return loss
  })
  const x = Tensor.randn([512, 256])
  ops.matmul(x, weights[0]) // in parallel, on this thread
  process.send?.('running')
  parentPort?.postMessage('running')
  for (;;) {
    const waiting = Array.from({ length: 8 }, () => step(x))
    for (const loss of await Promise.all(waiting)) await loss.read()
  }
}

if (workers > 0) {
  const over = Array.from({ length: workers }, async (_, i) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { way, delay: delay + 10 * i } })
    worker.on('error', (error) => {
      if (!error.message.includes('as asked for')) throw error
    })
    const ended = new Promise((resolve) => worker.on('exit', resolve))
    if (way === 'worker-terminate') {
      await sleep(delay + 10 * i)
      await worker.terminate()
    }
    return await ended
  })
  if (way === 'worker-main') setTimeout(() => process.exit(37), delay)
  await Promise.all(over)
  process.exitCode = 5
} else {
  await train()
}
