/**
 * Inference of roberta-base on a GPU beside transformers, eager and compiled, in one run: one text of 64 tokens at a
 * time, and the texts of many batches.
 *
 *   TORCH_LORA_PYTHON=.../python npx tsx bench/gpu/inference.ts [--data GLUE --tokenizer ROBERTA_BASE_FOLDER]
 *     [--device cuda:0] [--dtype bfloat16] [--layers 12] [--texts 2048] [--rounds 5]
 *
 * The same weights and token ids on all sides; batches of 32 texts, padded to their longest by the peers. The sides
 * take turns; medians, and the median and p99 of a thousand for one text. Logits must agree as far as the dtype allows.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median, ourWorker, peerWorker } from '../worker.ts'
import { flags, keep, trainingBatches, writeModel } from './settings.ts'

interface Answer {
  milliseconds: number
  logits: number[][]
}

const allowed: Record<string, number> = { float32: 1e-3, float16: 2e-2, bfloat16: 1.5e-1 }
const { device, dtype } = flags
const folder = await mkdtemp(join(tmpdir(), 'bench-gpu-inference-'))
try {
  flags['batch-size'] = '32'
  flags.batches = String(Math.ceil(Number(flags.texts) / 32))
  const tokenizer = await writeModel(folder)
  await tokenizer?.close()
  const rows = (await trainingBatches(undefined)).map((batch) => batch.map(({ ids }) => ids))
  const sides = {
    ours: ourWorker('inference-ours.ts', [folder, dtype!, device!]),
    transformers: peerWorker('transformers_inference.py', [folder, dtype!, device!, 'eager']),
    'transformers compiled': peerWorker('transformers_inference.py', [folder, dtype!, device!, 'compile']),
  }
  const names = Object.keys(sides) as (keyof typeof sides)[]
  // A side that fails, or is not ready in time, is left out; what was measured is kept after every round.
  const failed: Record<string, string> = {}
  const alive = () => names.filter((name) => !(name in failed))
  const attempt = (name: string, body: () => Promise<void>) =>
    body().catch((error: Error) => {
      failed[name] = error.message
      console.error(`${name} is left out: ${error.message}`)
    })
  const seconds = Number(flags.ready)
  await Promise.all(
    names.map((name) => attempt(name, async () => void (await sides[name].ready({ seconds })))),
  )
  const one = [Array.from({ length: 64 }, (_, i) => 10 + i)]
  const latency = Object.fromEntries(names.map((name) => [name, [] as number[]]))
  const passes = Object.fromEntries(names.map((name) => [name, [] as number[]]))
  const singles = device === 'cpu' ? 3 : 1000
  for (const name of alive())
    await attempt(name, async () => {
      await sides[name].ask<Answer>({ batches: [one, one, one] })
      for (let i = 0; i < singles; i++) {
        const { milliseconds } = await sides[name].ask<Answer>({ batches: [one] })
        latency[name]!.push(milliseconds)
      }
    })
  const texts = rows.flat().length
  const figures = () =>
    Object.fromEntries(
      alive().map((name) => [
        name,
        {
          p50Milliseconds: median(latency[name]!),
          p99Milliseconds: [...latency[name]!].sort((a, b) => a - b)[Math.ceil(0.99 * singles) - 1]!,
          textsPerSecond: texts / median(passes[name]!),
        },
      ]),
    )
  const keepFigures = () =>
    keep('inference', {
      settings: { device, dtype, layers: flags.layers ?? '12', texts },
      sides: figures(),
      failed,
    })
  let right: number[] = []
  // Two rounds before the clock starts: ours captures a shape when it comes back.
  for (let round = -2; round < Number(flags.rounds); round++) {
    for (const name of alive())
      await attempt(name, async () => {
        const { milliseconds, logits } = await sides[name].ask<Answer>({ batches: rows })
        if (round >= 0) passes[name]!.push(milliseconds / 1000)
        const flat = logits.flat()
        if (name === 'ours') right = flat
        if (right.length === 0) return // ours has failed: nothing to compare with
        const apart = Math.max(...flat.map((value, i) => Math.abs(value - right[i]!)))
        if (!(apart < allowed[dtype!]!)) throw new Error(`logits are ${apart} from ours`)
      })
    if (round >= 0) await keepFigures()
  }
  for (const name of names) sides[name].close()
  if (alive().length === 0) throw new Error('no side has left a figure')
  const found = figures()
  for (const [name, { p50Milliseconds, p99Milliseconds, textsPerSecond }] of Object.entries(found))
    console.log(
      `${name.padEnd(24)}${p50Milliseconds.toFixed(2).padStart(8)} ms one text of 64 tokens, p99 ${p99Milliseconds.toFixed(2)} ms ${textsPerSecond.toFixed(0).padStart(8)} texts/s ${((found.ours?.textsPerSecond ?? Number.NaN) / textsPerSecond).toFixed(2)}x`,
    )
} finally {
  await rm(folder, { recursive: true })
}
