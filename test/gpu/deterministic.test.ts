import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adapterTensors } from '../../lib/adapters/adapter.ts'
import {
  AdamW,
  AutoModelForSequenceClassification,
  AutoTokenizer,
  applyLora,
  compile,
  fused,
  manualSeed,
  ops,
  Tensor,
  Trainer,
  useDeterministicAlgorithms,
} from '../../lib/index.ts'
import { compileTrainingStep } from '../../lib/train/step.ts'
import { fixtures } from '../models/golden.ts'
import { tinyExamples, tinyModel } from '../train/tiny.ts'
import { device, missing, onCuda, takeWarnings } from './device.ts'
import { adapted, inputs } from './models.ts'

if (missing) console.log(`test/gpu: skipped, ${missing}`)

/** Where scripts/gpu/dry-cuda writes launches down: there values mean nothing. */
const trace = process.env.DRY_CUDA_TRACE

/** Of 200, 130 and 77 tokens: beyond 64, libtorch's flash attention. */
const bounds = [0, 200, 330, 407]
const [tokens, heads, size] = [407, 4, 64]

/** Gradients of attention to its input, and to a table of positions where there is one, three times over. */
async function gradients(positions: boolean): Promise<string[]> {
  const options = { device, dtype: 'bfloat16' } as const
  const cuSeqlens = Tensor.from(bounds, { dtype: 'int32', device })
  manualSeed(2)
  const qkv = Tensor.randn([tokens, 3, heads, size], options)
  const table = Tensor.randn([64, heads, size], options)
  const weights = Tensor.randn([tokens, heads, size], options)
  qkv.requiresGrad = true
  table.requiresGrad = positions
  const program = compile(
    (by: Tensor, longest: Tensor) => {
      const out = positions
        ? fused.disentangledAttention(qkv, table, table, cuSeqlens, longest, 32, 512)
        : fused.varlenAttention(qkv, cuSeqlens, longest)
      ops.sum(ops.mul(ops.mul(out, weights), by)).backward()
      const found = (positions ? [qkv, table] : [qkv]).map((leaf) => leaf.grad!.clone())
      for (const leaf of [qkv, table]) leaf.clearGrad()
      return found
    },
    { graphs: positions ? undefined : device },
  )
  const found: string[] = []
  for (let run = 0; run < 3; run++) {
    const results = await program(Tensor.ones([1], options), Tensor.scalar(200, 'int32'))
    found.push(JSON.stringify(results.map((gradient) => gradient.to({ dtype: 'float32' }).toArray())))
  }
  program.dispose()
  return found
}

/** The launches that a piece of work makes on the dry runtime, in graphs and outside. */
async function launches(work: () => Promise<unknown>): Promise<string[]> {
  const before = (await readFile(trace!, 'utf8')).length
  await work()
  const lines = (await readFile(trace!, 'utf8')).slice(before).trim().split('\n')
  return lines.flatMap((line) => {
    const { graph = [], launch = [] } = JSON.parse(line)
    return [graph, launch].flat()
  })
}

describe.skipIf(missing ?? !onCuda)(`deterministic algorithms on ${device}`, () => {
  beforeAll(() => useDeterministicAlgorithms(true))
  afterAll(() => useDeterministicAlgorithms(false))

  it.skipIf(trace)('give the gradients of attention the same bits, with positions and without', async () => {
    for (const positions of [false, true]) expect(new Set(await gradients(positions)).size).toBe(1)
  })

  it.runIf(trace)(
    'are what flash attention is asked for, and there are none of our tables’ sums',
    async () => {
      const fixed = await launches(() => gradients(false))
      const tables = await launches(() => gradients(true))
      useDeterministicAlgorithms(false)
      const free = await launches(() => gradients(false))
      const freeTables = await launches(() => gradients(true))
      useDeterministicAlgorithms(true)
      const backward = (chain: string[]) =>
        new Set(chain.filter((launch) => launch.includes('flash_bwd_dq_dk_dv')))
      expect(backward(fixed).size).toBe(1)
      expect(backward(free).size).toBe(1)
      expect(backward(fixed)).not.toEqual(backward(free)) // of other numbers of blocks
      const own = (chain: string[]) => chain.filter((launch) => launch.includes('fragment_'))
      expect(own(freeTables).length).toBeGreaterThan(0)
      expect(own(tables)).toEqual([])
    },
  )

  it.each(['bert-single', 'roberta-single', 'deberta-v3', 'deberta-v2'])(
    'there are for every operator of a step of %s; the same bits from the same seed',
    async (name) => {
      const steps = async () => {
        const model = await adapted(`${fixtures}models/${name}`, device, 'bfloat16')
        using optimizer = new AdamW(model.trainableParameters())
        const step = compileTrainingStep(model, optimizer, { maxGradNorm: 1 })
        manualSeed(3)
        for (let i = 0; i < 3; i++)
          await step.update({
            ...inputs(model, [3, 17, 1, 9], device),
            learningRate: Tensor.scalar(1e-3),
          })
        step.dispose()
        return [...adapterTensors(model)].map(([path, tensor]) => [path, tensor.toArray()])
      }
      const first = await steps()
      const again = await steps()
      if (!trace) expect(again).toEqual(first)
    },
  )

  it('a run that is stopped, in half precision with dropout, goes on to the bits of one that is not', async () => {
    const folder = await tinyModel()
    const outputDir = await mkdtemp(join(tmpdir(), 'deterministic-'))
    await using tokenizer = await AutoTokenizer.fromPretrained(folder)
    const run = async (more: { outputDir?: string; resume?: boolean }, stopAfter?: number) => {
      manualSeed(5)
      const base = await AutoModelForSequenceClassification.fromPretrained(folder, {
        device,
        dtype: 'bfloat16',
      })
      const model = applyLora(base, { r: 4, loraDropout: 0.1 })
      const options = { train: tinyExamples(64), epochs: 2, batchSize: 8, learningRate: 1e-2, seed: 3 }
      const trainer = new Trainer({ model, tokenizer, ...options, ...more })
      const controller = new AbortController()
      let last = 0
      for await (const event of trainer.run({ signal: controller.signal })) {
        if (event.type !== 'step') continue
        last = event.step
        if (last === stopAfter) controller.abort()
      }
      return { last, weights: [...adapterTensors(model)].map(([path, tensor]) => [path, tensor.toArray()]) }
    }
    try {
      const whole = await run({})
      expect((await run({ outputDir }, 5)).last).toBeLessThan(16)
      const resumed = await run({ outputDir, resume: true })
      expect([whole.last, resumed.last]).toEqual([16, 16])
      if (!trace) expect(resumed.weights).toEqual(whole.weights)
    } finally {
      for (const made of [folder, outputDir]) await rm(made, { recursive: true })
    }
  })

  it('an operator without one is an error', async () => {
    const [x, at] = [Tensor.zeros([4], { device }), Tensor.from([1, 1], { dtype: 'int64', device })]
    expect(() => ops.put_(x, at, Tensor.ones([2], { device }))).toThrow(/deterministic implementation/)
    expect(await takeWarnings()).toEqual([])
  })
})
