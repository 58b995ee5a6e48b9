import { expect, it } from 'vitest'
import { compile, noGrad, ops, Tensor } from '../lib/index.ts'
import { startTrace, takeTrace } from '../lib/trace.ts'

const clock = () => Number(process.hrtime.bigint()) / 1000

it("keeps what ran while it was asked for: operators within their job, on the executor's thread", async () => {
  using x = Tensor.randn([64, 32])
  const gram = compile((a: Tensor) => noGrad(() => ops.softmax(ops.matmul(a, a.t()), -1)))
  ;(await gram(x)).dispose()
  const begun = clock()
  startTrace()
  ;(await gram(x)).dispose()
  const events = takeTrace()
  const ended = clock()

  const jobs = events.filter(({ name }) => name === 'job')
  expect(jobs).toHaveLength(1)
  const [job] = jobs as [(typeof jobs)[0]]
  expect(job.thread).not.toBe(process.pid)
  expect(job.begin).toBeGreaterThanOrEqual(begun)
  expect(job.begin + job.duration).toBeLessThanOrEqual(ended)
  for (const name of ['aten::matmul', 'aten::mm', 'aten::softmax']) {
    const found = events.filter((event) => event.name === name)
    expect(found, name).toHaveLength(1)
    expect(found[0]!.thread).toBe(job.thread)
    expect(found[0]!.begin).toBeGreaterThanOrEqual(job.begin)
    expect(found[0]!.begin + found[0]!.duration).toBeLessThanOrEqual(job.begin + job.duration)
  }

  ;(await gram(x)).dispose()
  expect(takeTrace()).toEqual([])
})

it('shows nodes of autograd by their names, and shares of an operator', async () => {
  using x = Tensor.randn([512, 256])
  x.requiresGrad = true
  using weight = Tensor.randn([256, 256])
  const step = compile(() => {
    ops.sum(ops.gelu(ops.matmul(x, weight))).backward()
    return null
  })
  startTrace()
  await step()
  const names = new Set(takeTrace().map(({ name }) => name))
  for (const name of ['aten::_backward', 'GeluBackward0', 'MmBackward0']) expect(names, name).toContain(name)
})
