import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { adapterTensors } from '../lib/adapters/adapter.ts'
import { applyLora } from '../lib/adapters/apply.ts'
import { packBatch } from '../lib/data/index.ts'
import * as fused from '../lib/generated/fused.ts'
import * as ops from '../lib/generated/ops.ts'
import { noGrad } from '../lib/grad-mode.ts'
import { memory } from '../lib/memory.ts'
import { AutoModelForSequenceClassification } from '../lib/models/auto.ts'
import { batchTensors } from '../lib/nn/batch.ts'
import { AdamW } from '../lib/optim/adamw.ts'
import { compile } from '../lib/program.ts'
import { manualSeed } from '../lib/random.ts'
import { recompute } from '../lib/recompute.ts'
import { Tensor } from '../lib/tensor.ts'
import { compileTrainingStep } from '../lib/train/step.ts'
import { fixtures } from './models/golden.ts'

// The CPU's graphs run their work again: what is tested here is all that lies around a capture.
const graphs = 'cpu'

describe('compile with graphs', () => {
  it('runs a shape when it is met, captures it when it comes back, and replays it from then on', async () => {
    using double = compile((x: Tensor) => ops.mul(x, 2), { graphs })
    const run = async (...values: number[]) => (await double(Tensor.from(values))).toArray()
    expect(await run(1, 2)).toEqual([2, 4])
    expect(double.graphReport).toEqual({ captures: 0, replays: 0 })
    expect(await run(3, 4)).toEqual([6, 8])
    expect(await run(5, 6)).toEqual([10, 12])
    expect(double.graphReport).toEqual({ captures: 1, replays: 2 })
    expect(await run(7)).toEqual([14])
    expect(await run(8)).toEqual([16])
    expect(double.graphReport).toEqual({ captures: 2, replays: 3 })
  })

  it('gives results that the next run leaves alone, and takes arguments that stay as they are', async () => {
    using both = compile((x: Tensor) => ({ same: x, twice: ops.mul(x, 2) }), { graphs })
    const inputs = [1, 2, 3].map((value) => Tensor.from([value]))
    const results = []
    for (const input of inputs) results.push(await both(input))
    expect(results.map(({ same }) => same.toArray())).toEqual([[1], [2], [3]])
    expect(results.map(({ twice }) => twice.toArray())).toEqual([[2], [4], [6]])
    expect(inputs.map((input) => input.toArray())).toEqual([[1], [2], [3]])
  })

  it('takes a whole number on the CPU for a part of the shape, and other numbers for values', async () => {
    using scaled = compile((x: Tensor, by: Tensor) => ops.mul(x, by), { graphs })
    const run = async (by: Tensor) => (await scaled(Tensor.from([3]), by)).toArray()
    for (const value of [2, 3, 4, 5]) expect(await run(Tensor.scalar(value))).toEqual([3 * value])
    expect(scaled.graphReport).toEqual({ captures: 1, replays: 3 })
    for (const value of [2, 3, 2, 3]) expect(await run(Tensor.scalar(value, 'int32'))).toEqual([3 * value])
    expect(scaled.graphReport).toEqual({ captures: 3, replays: 5 })
  })

  it('sees changes to what it has captured, and leaves out what copies to the CPU', async () => {
    const weight = Tensor.from([1])
    using program = compile((x: Tensor) => ops.add(ops.mul(x, weight).to({ device: 'cpu' }), 1), {
      graphs,
    })
    for (const value of [1, 2, 3]) {
      noGrad(() => ops.fill_(weight, value))
      expect((await program(Tensor.from([10]))).toArray()).toEqual([10 * value + 1])
    }
    expect(program.graphReport).toEqual({ captures: 1, replays: 2 })
  })

  it('keeps the graphs that were used last', async () => {
    using program = compile((x: Tensor) => ops.mul(x, 2), { graphs })
    const run = (length: number) => program(Tensor.zeros([length]))
    for (let length = 1; length <= 65; length++) for (let i = 0; i < 2; i++) await run(length)
    expect(program.graphReport.captures).toBe(65)
    await run(65)
    await run(2)
    expect(program.graphReport).toEqual({ captures: 65, replays: 67 })
    await run(1) // the first to be dropped: met anew
    expect(program.graphReport).toEqual({ captures: 65, replays: 67 })
  })

  it('draws other masks in every run, and the same from the same seed, with graphs or without', async () => {
    const masks = async (options: { graphs?: string }) => {
      using program = compile((x: Tensor) => [fused.dropout(x, 0.5), fused.dropout(x, 0.5)] as const, options)
      manualSeed(11)
      const found = []
      for (let i = 0; i < 4; i++) {
        const pair = await program(Tensor.ones([4, 64]))
        found.push(...pair.map((mask) => JSON.stringify(mask.toArray())))
      }
      program.dispose()
      return found
    }
    const [first, again, without] = [await masks({ graphs }), await masks({ graphs }), await masks({})]
    expect(new Set(first).size).toBe(8)
    expect(again).toEqual(first)
    expect(without).toEqual(first)
  })

  it('runs without graphs where it cannot be captured, and says so once', async () => {
    const warnings: string[] = []
    const listen = ({ message }: Error) => warnings.push(message)
    process.on('warning', listen)
    const w = Tensor.ones([2])
    w.requiresGrad = true
    using step = compile(
      (x: Tensor) => {
        ops.sum(recompute(() => ops.mul(x, w))).backward()
        const gradient = w.grad!.clone()
        w.clearGrad()
        return gradient
      },
      { graphs },
    )
    for (let i = 1; i < 5; i++) expect((await step(Tensor.from([i, i]))).toArray()).toEqual([i, i])
    expect(step.graphReport).toEqual({ captures: 0, replays: 0 })
    await new Promise(setImmediate)
    process.off('warning', listen)
    expect(warnings).toEqual([expect.stringMatching(/without CUDA graphs: recomputation/)])
  })

  it('fails as ever, and goes on', async () => {
    using product = compile((a: Tensor, b: Tensor) => ops.matmul(a, b), { graphs })
    const run = (columns: number) => product(Tensor.ones([2, 3]), Tensor.ones([columns, 2]))
    for (let i = 0; i < 3; i++)
      await expect(run(4)).rejects.toMatchObject({ code: 'NATIVE', op: 'aten::matmul' })
    for (let i = 0; i < 3; i++)
      expect((await run(3)).toArray()).toEqual([
        [3, 3],
        [3, 3],
      ])
  })

  it('refuses a device that nothing makes graphs on', async () => {
    using program = compile((x: Tensor) => ops.mul(x, 2), { graphs: 'meta' })
    await expect(program(Tensor.ones([1]))).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })

  it('goes on the executor, after what was submitted before, and not on the event loop', async () => {
    const bytes = () => memory().liveBytes
    const program = compile((x: Tensor) => ops.mul(x, 2), { graphs })
    using slow = compile((x: Tensor) => {
      let y = x
      for (let i = 0; i < 20; i++) y = ops.mul(ops.matmul(y, y), 1 / 512)
      return y
    })
    const count = 1 << 24 // 64 MiB, of which a graph holds an argument and a result
    using x = Tensor.ones([count])
    const before = bytes()
    for (let i = 0; i < 3; i++) (await program(x)).dispose()
    const running = slow(Tensor.ones([512, 512]))
    program.dispose()
    expect(bytes() - before).toBeGreaterThan(4 * count)
    ;(await running).dispose()
    ;(await slow(Tensor.ones([1, 1]))).dispose()
    expect(bytes() - before).toBeLessThan(4 * count)
  })

  it('frees everything with the program', async () => {
    const before = memory()
    const program = compile((x: Tensor) => fused.dropout(x, 0.5), { graphs })
    for (let i = 0; i < 4; i++) (await program(Tensor.ones([1 << 16]))).dispose()
    expect(memory().liveBytes).toBeGreaterThan(before.liveBytes)
    program.dispose()
    expect(memory().programs).toBe(before.programs)
  })
})

const folders = await mkdtemp(join(tmpdir(), 'graphs-'))
afterAll(() => rm(folders, { recursive: true }))

describe('a training step with graphs', () => {
  const lengths = [
    [3, 17, 1, 9],
    [12, 4, 4, 7],
    [5, 5, 24, 2],
  ]

  async function train(options: { graphs?: string; group?: number }) {
    const { group = 1 } = options
    const folder = join(folders, 'model')
    await cp(`${fixtures}models/roberta-single`, folder, { recursive: true })
    const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))
    // Attention's own mask follows the batch's shape.
    await writeFile(
      join(folder, 'config.json'),
      JSON.stringify({ ...config, attention_probs_dropout_prob: 0 }),
    )
    const model = await AutoModelForSequenceClassification.fromPretrained(folder)
    manualSeed(7)
    applyLora(model, { r: 4, loraAlpha: 8, loraDropout: 0.1, initLoraWeights: false })
    using optimizer = new AdamW(model.trainableParameters())
    const step = compileTrainingStep(model, optimizer, {
      maxGradNorm: 1,
      graphs: options.graphs,
      keepGradients: options.graphs !== undefined && group > 1,
    })
    manualSeed(3)
    const numbers: number[] = []
    for (let round = 0; round < 4; round++)
      for (const [i, sizes] of lengths.entries()) {
        const packed = packBatch(
          sizes.map((length, b) => ({
            ids: Int32Array.from({ length }, (_, t) => 5 + ((7 * t + 3 * b) % 20)),
            typeIds: new Int32Array(length),
          })),
          { positions: model.positions },
        )
        const inputs = {
          batch: batchTensors(packed),
          targets: { labels: Tensor.from(BigInt64Array.from(sizes, (_, b) => BigInt(b % 2))) },
          lossScale: Tensor.scalar(1 / group),
        }
        if ((i + 1) % group !== 0) numbers.push((await step.accumulate(inputs)).loss.item())
        else {
          const rate = Tensor.scalar(1e-3 / (round + 1))
          const { loss, gradNorm } = await step.update({ ...inputs, learningRate: rate })
          numbers.push(loss.item(), gradNorm.item())
        }
      }
    const report = step.graphReport
    step.dispose()
    return { numbers, adapter: Array.from(adapterTensors(model), ([, tensor]) => tensor.readSync()), report }
  }

  it.each([1, 3])('trains as without, dropout on, to the bit; batches an update: %i', async (group) => {
    const without = await train({ group })
    const replayed = await train({ graphs, group })
    expect(replayed.numbers).toEqual(without.numbers)
    expect(replayed.adapter).toEqual(without.adapter)
    expect(without.report).toEqual({ captures: 0, replays: 0 })
    expect(replayed.report.captures).toBe(3)
    expect(replayed.report.replays).toBeGreaterThanOrEqual(8)
  })
})
