import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { callOperator } from '../../lib/dispatch.ts'
import { compile, emptyCache, fused, manualSeed, memory, ops, Tensor } from '../../lib/index.ts'
import { guarded } from '../../lib/native.ts'
import { device, missing, onCuda, takeWarnings } from './device.ts'

if (missing) console.log(`test/gpu: skipped, ${missing}`)

const of = () => memory().cuda.find((entry) => entry.device === device)!

/** Where scripts/gpu/dry-cuda writes launches and waits down. */
const trace = process.env.DRY_CUDA_TRACE

/** ATen's own dropout, which draws from the device's generator. */
const dropped = (x: Tensor) => ops.dropout(x, 0.5, true)

/** Twelve captures that take their time, each replayed twice. */
async function longCaptures() {
  const work = compile(
    (x: Tensor) => {
      let y = x
      for (let i = 0; i < 200; i++) y = dropped(ops.mul(y, 1))
      return y
    },
    { graphs: device },
  )
  for (let size = 1; size <= 12; size++)
    for (let run = 0; run < 3; run++) (await work(Tensor.ones([size, 8], { device }))).dispose()
  const report = work.graphReport
  work.dispose()
  return report
}

describe.skipIf(missing ?? !onCuda)(`captures on ${device}`, () => {
  let kept: Tensor[] = []
  beforeEach(() => manualSeed(1))
  afterEach(() => {
    for (const tensor of kept.splice(0)) tensor.dispose()
    kept = []
    emptyCache()
  })

  it('one that fails leaves generator, allocator and earlier graphs as they were', async () => {
    const earlier = compile((x: Tensor) => dropped(x), { graphs: device })
    const mask = async () => JSON.stringify((await earlier(Tensor.ones([4, 64], { device }))).toArray())
    const masks = [await mask(), await mask(), await mask()]
    emptyCache()
    const before = of().reservedBytes
    for (let i = 0; i < 3; i++) {
      // How many there are is read back from the device, which no capture bears.
      const failing = compile((x: Tensor) => callOperator('aten::nonzero', dropped(x)) as Tensor, {
        graphs: device,
      })
      for (let run = 0; run < 3; run++) {
        using x = Tensor.ones([1 << 20], { device }) // 4 MB, which would count below as long as nobody collects it
        ;(await failing(x)).dispose()
      }
      expect(failing.graphReport).toEqual({ captures: 0, replays: 0 })
      failing.dispose()
    }
    expect(await takeWarnings()).toEqual(Array(3).fill(expect.stringMatching(/without CUDA graphs/)))
    ops.dropout(Tensor.ones([8], { device }), 0.5, true) // a generator that believes itself captured would refuse
    masks.push(await mask(), await mask())
    expect(earlier.graphReport).toEqual({ captures: 1, replays: 4 })
    if (!trace) expect(new Set(masks).size).toBe(5)
    const fresh = compile((x: Tensor) => dropped(x), { graphs: device })
    for (let run = 0; run < 3; run++) await fresh(Tensor.ones([4, 64], { device }))
    expect(fresh.graphReport).toEqual({ captures: 1, replays: 2 })
    fresh.dispose()
    await compile((x: Tensor) => x, {})(Tensor.ones([1])) // the release has gone before it through the executor
    emptyCache()
    expect(of().reservedBytes - before).toBeLessThanOrEqual(4 << 20) // nothing of the failed captures' pools is left
    earlier.dispose()
  })

  it('out of memory: the cache of the run before is given back, and the capture succeeds', async () => {
    const count = 1 << 26 // 256 MiB
    const work = compile((x: Tensor) => ops.mul(ops.add(x, x), 0.5), { graphs: device })
    const x = Tensor.ones([count], { device })
    kept.push(x)
    emptyCache()
    // What is left holds the argument's copy and one run, not a run in the cache and another in a graph.
    const room = 5 * 4 * count
    let left = of().freeBytes - room
    for (let part = 1 << 30; part >= 1 << 24; part /= 2)
      for (; left >= part; left -= part) kept.push(Tensor.zeros([part / 4], { device }))
    for (let run = 0; run < 3; run++) (await work(x)).dispose()
    expect(work.graphReport).toEqual({ captures: 1, replays: 2 })
    work.dispose()
  })

  it("bear the event loop's copies and draws meanwhile, and that it gives memory back", async () => {
    let going = true
    let turns = 0
    const busy = (async () => {
      while (going) {
        using there = Tensor.from(Float32Array.of(turns), { device })
        ops.dropout(there, 0.5, true).dispose()
        expect(there.readSync()).toHaveLength(1)
        emptyCache() // which the allocator refuses while a capture is under way
        turns++
        await new Promise(setImmediate)
      }
    })()
    const report = await longCaptures()
    going = false
    await busy
    expect(report).toEqual({ captures: 12, replays: 24 })
    expect(turns).toBeGreaterThan(0)
  })

  it('bear that results of earlier runs are freed meanwhile', async () => {
    const work = compile(
      (x: Tensor) => {
        let y = x
        for (let i = 0; i < 200; i++) y = ops.mul(y, 1)
        return y.to({ device: 'cpu' }) // into pinned memory
      },
      { graphs: device },
    )
    const run = async (size: number) => {
      using x = Tensor.ones([size, 8], { device })
      return await work(x)
    }
    const results: Tensor[] = []
    for (let i = 0; i < 400; i++) results.push(await run(1))
    for (let size = 2; size <= 13; size++) {
      results.push(await run(size))
      let going = true
      const captured = run(size).finally(() => {
        going = false
      })
      while (going) {
        results.shift()?.dispose()
        Tensor.from([1], { device }).dispose() // looks which pinned memory is free again
        await new Promise(setImmediate)
      }
      results.push(await captured)
    }
    for (const result of results) result.dispose()
    expect(work.graphReport).toEqual({ captures: 13, replays: 411 })
    work.dispose()
  })

  it("bear another worker's replays meanwhile, its captures, and graphs that go", async () => {
    // Plain JavaScript, of the build: a worker inherits no hooks.
    const built = new URL('../../dist/index.js', import.meta.url).href
    const worker = new Worker(
      `import(${JSON.stringify(built)}).then(async ({ compile, ops, Tensor }) => {
        const { parentPort } = require('node:worker_threads')
        const device = ${JSON.stringify(device)}
        let going = true
        parentPort.once('message', () => { going = false })
        const counts = { captures: 0, replays: 0 }
        const x = Tensor.ones([64], { device })
        for (let program = 0; going || program < 2; program++) {
          const work = compile((given) => ops.dropout(given, 0.5, true), { graphs: device })
          for (let run = 0; run < 20; run++) (await work(x)).dispose()
          for (const what of ['captures', 'replays']) counts[what] += work.graphReport[what]
          work.dispose()
          if (program === 0) parentPort.postMessage('at work')
          await new Promise(setImmediate)
        }
        parentPort.postMessage(counts)
      })`,
      { eval: true },
    )
    try {
      expect(await once(worker, 'message')).toEqual(['at work'])
      expect(await longCaptures()).toEqual({ captures: 12, replays: 24 })
      worker.postMessage('enough')
      const [counts] = (await once(worker, 'message')) as [{ captures: number; replays: number }]
      expect(counts.captures).toBeGreaterThanOrEqual(2)
      expect(counts.replays).toBe(19 * counts.captures)
    } finally {
      await worker.terminate()
    }
  })

  it.runIf(trace)('are taken apart on the executor, since each waits for the device', async () => {
    const waits = () => readFileSync(trace!, 'utf8').split('"wait":"cudaStreamSynchronize"').length
    const work = compile((x: Tensor) => ops.mul(x, 2), { graphs: device })
    for (let size = 1; size <= 12; size++)
      for (let run = 0; run < 2; run++) (await work(Tensor.ones([size], { device }))).dispose()
    using slow = compile((x: Tensor) => {
      let y = x
      for (let i = 0; i < 20; i++) y = ops.mul(ops.matmul(y, y), 1 / 512)
      return y
    })
    const running = slow(Tensor.ones([512, 512]))
    const before = waits()
    work.dispose()
    expect(waits()).toBe(before)
    await running
    await slow(Tensor.ones([1, 1]))
    expect(waits()).toBeGreaterThanOrEqual(before + 12)
  })

  it("adapters' gradients lie beside the product that the chain goes on with", async () => {
    const shapes = { x: [24, 32], weight: [48, 32], a: [8, 32], b: [48, 8], by: [24, 48] }
    const start = Object.entries(shapes).map(([name, shape]) => ({ name, value: Tensor.randn(shape) }))
    const gradients = async (on: string, graphs?: string) => {
      const { x, weight, a, b, by } = Object.fromEntries(
        start.map(({ name, value }) => [name, value.clone().to({ device: on })]),
      ) as Record<keyof typeof shapes, Tensor>
      const leaves = [x, a, b]
      for (const leaf of leaves) leaf.requiresGrad = true
      const work = compile(
        (factor: Tensor) => {
          ops.sum(ops.mul(fused.linear(x, [weight], [], [a], [b], [2]), ops.mul(by, factor))).backward()
          return leaves.map((leaf) => {
            const gradient = leaf.grad!.clone()
            leaf.clearGrad()
            return gradient
          })
        },
        graphs ? { graphs } : {},
      )
      let found: number[] = []
      for (let run = 0; run < 3; run++)
        found = (await work(Tensor.ones([1], { device: on }))).flatMap((one) => [
          ...(one.readSync() as Float32Array),
        ])
      if (graphs) expect(work.graphReport).toEqual({ captures: 1, replays: 2 })
      work.dispose()
      return found
    }
    const [ours, right] = [await gradients(device, device), await gradients('cpu')]
    if (!trace) return expect(ours.every((value, i) => Math.abs(value - right[i]!) < 1e-3)).toBe(true)
    const lines = readFileSync(trace, 'utf8').trim().split('\n')
    const graph = JSON.parse(lines.findLast((line) => line.startsWith('{"graph"'))!)
    expect(graph.beside).toBeGreaterThanOrEqual(1)
    expect(graph.beside).toBeLessThan(graph.graph.length / 2)
  })

  it('many programs have their graphs beside each other', async () => {
    const programs = Array.from({ length: 40 }, (_, i) =>
      compile((x: Tensor) => ops.add(x, i), { graphs: device }),
    )
    for (let run = 0; run < 3; run++)
      for (const [i, program] of programs.entries()) {
        const [value] = (await program(Tensor.ones([1], { device }))).toArray() as number[]
        if (!trace) expect(value).toBe(1 + i)
      }
    for (const program of programs) {
      expect(program.graphReport).toEqual({ captures: 1, replays: 2 })
      program.dispose()
    }
  })

  it('the results of runs that are submitted together come in their order', async () => {
    const work = compile((x: Tensor) => ops.mul(x, 3).to({ device: 'cpu' }), { graphs: device })
    const values = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => (await work(Tensor.from([i], { device }))).toArray()),
    )
    if (!trace) expect(values).toEqual(Array.from({ length: 20 }, (_, i) => [3 * i]))
    expect(work.graphReport).toEqual({ captures: 1, replays: 19 })
    work.dispose()
  })
})

describe.skipIf(missing ?? guarded((native) => native.system()).cudaDevices < 2)('a second device', () => {
  it('captures and replays as the first does', async () => {
    const results = []
    for (const place of ['cuda:0', 'cuda:1']) {
      const work = compile((x: Tensor) => ops.softmax(ops.matmul(x, x), -1).to({ device: 'cpu' }), {
        graphs: place,
      })
      const x = Tensor.from(
        [1, 2, 3, 4].map((value) => [value, 1, value, 2]),
        { device: place },
      )
      for (let run = 0; run < 3; run++) results.push((await work(x)).toArray())
      expect(work.graphReport).toEqual({ captures: 1, replays: 2 })
      work.dispose()
    }
    for (const result of results) expect(result).toEqual(results[0])
  })
})
