/**
 * LoRA steps of roberta-base on a GPU beside PEFT, eager and compiled, on SST-2's real lengths, in one run; beside them
 * the step without the low-rank part, and what the device's matrix products reach.
 *
 *   TORCH_LORA_PYTHON=.../python npx tsx bench/gpu/training.ts [--data GLUE --tokenizer ROBERTA_BASE_FOLDER]
 *     [--device cuda:0] [--dtype bfloat16] [--layers 12] [--batches 64] [--batch-size 16] [--rounds 5]
 *     [--sides ours,peft] [--name training] [--ready 300]
 *
 * Random weights of the real shapes, the same files and token ids on all sides; r=8 on query and value, dropout 0.1 in
 * the model, AdamW, clipping at 1. The sides take turns; medians. TFLOP/s: three products of the frozen weights a token
 * and layer (forward, and the gradient of the input twice as wide), which is what a LoRA step must at least compute.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pass } from '../comparison.ts'
import { machine, median, ourWorker, peerWorker, type Worker } from '../worker.ts'
import { flags, keep, trainingBatches, writeModel } from './settings.ts'

const folder = await mkdtemp(join(tmpdir(), 'bench-gpu-training-'))
try {
  const tokenizer = await writeModel(folder)
  const batches = await trainingBatches(tokenizer)
  await tokenizer?.close()
  const side = async (name: string, extra: object, start: (file: string) => Worker) => {
    const file = join(folder, `${name.replaceAll(' ', '-')}.json`)
    const { device, dtype } = flags
    await writeFile(file, JSON.stringify({ model: folder, batches, loraDropout: 0, device, dtype, ...extra }))
    return [name, start(file)] as const
  }
  const ours = (file: string) => ourWorker('training-ours.ts', [file])
  const peer = (file: string) => peerWorker('peft_training.py', [file])
  const wanted = flags.sides?.split(',')
  const started = [
    ['ours', { graphs: true }, ours],
    ['ours without graphs', {}, ours],
    ['ours without LoRA', { graphs: true, r: 0 }, ours],
    ['peft', {}, peer],
    ['peft compiled', { compile: true }, peer],
    ['peft reduce-overhead', { compile: true, mode: 'reduce-overhead' }, peer],
  ] as const
  const sides = await Promise.all(
    started
      .filter(([name]) => !wanted || wanted.includes(name))
      .map(([name, extra, start]) => side(name, extra, start)),
  )
  // A side that fails, or is not ready in time, is left out. What was measured is kept at once: should the stage run out of
  // its own time, it stands.
  const passes = new Map<string, Pass[]>()
  const failed = new Map<string, string>()
  const attempt = async (name: string, body: () => Promise<void>) => {
    if (failed.has(name)) return
    await body().catch((error: Error) => {
      failed.set(name, error.message)
      passes.delete(name)
      console.error(`${name} is left out: ${error.message}`)
    })
  }
  let roof: { device: string; torch: string; tflops: number } | undefined
  const gemm = peerWorker('gemm.py', [flags.device, flags.dtype, flags.device === 'cpu' ? '512' : '8192'])
  await attempt('a matrix product', async () => {
    roof = await gemm.next()
  })
  gemm.close()

  const examples = batches.flat().length
  const tokens = batches.flat().reduce((sum, { ids }) => sum + ids.length, 0)
  const flops = 2 * 2 * tokens * Number(flags.layers ?? 12) * (4 * 768 * 768 + 2 * 768 * 3072)
  const figures = () =>
    Object.fromEntries(
      Array.from(passes, ([name, of]) => {
        const seconds = median(of.map((pass) => pass.seconds))
        const { peakBytes, reservedBytes } = of.at(-1)!
        const figure = { examplesPerSecond: examples / seconds, tflops: flops / seconds / 1e12 }
        return [name, { ...figure, peakBytes, reservedBytes }]
      }),
    )
  const { device, dtype, layers = '12' } = flags
  const keepFigures = async () =>
    keep(flags.name!, {
      machine: await machine(),
      gpu: roof?.device,
      torch: roof?.torch,
      settings: {
        device,
        dtype,
        layers,
        real: Boolean(flags.data),
        batchSize: flags['batch-size'],
        examples,
        tokens,
      },
      gemmTflops: roof?.tflops,
      sides: figures(),
      failed: Object.fromEntries(failed),
    })

  const seconds = Number(flags.ready)
  await Promise.all(
    sides.map(([name, worker]) => attempt(name, async () => void (await worker.ready({ seconds })))),
  )
  for (let round = -1; round < Number(flags.rounds); round++)
    for (const [name, worker] of sides)
      await attempt(name, async () => {
        const pass = await worker.ask<Pass>('pass')
        if (round < 0) return
        passes.set(name, [...(passes.get(name) ?? []), pass])
        await keepFigures()
      })
  for (const [, worker] of sides) worker.close()
  if (passes.size === 0) throw new Error('no side has left a figure')
  await keepFigures()
  if (roof)
    console.log(
      `${roof.device}, torch ${roof.torch}, ${dtype}; a matrix product reaches ${roof.tflops.toFixed(2)} TFLOP/s`,
    )
  const found = figures()
  for (const [name, { examplesPerSecond, tflops, peakBytes }] of Object.entries(found))
    console.log(
      `${name.padEnd(18)}${examplesPerSecond.toFixed(1).padStart(10)} examples/s ${tflops.toFixed(2).padStart(8)} TFLOP/s ${(peakBytes / 2 ** 20).toFixed(0).padStart(7)} MiB ${((found.ours?.examplesPerSecond ?? Number.NaN) / examplesPerSecond).toFixed(2)}x`,
    )
} finally {
  await rm(folder, { recursive: true })
}
