/** Joins what the stages of scripts/gpu/run.sh left behind into OUT/<gpu>.json and OUT/<gpu>.md. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

interface Training {
  machine: string
  gpu: string
  torch: string
  settings: Record<string, unknown>
  gemmTflops: number
  sides: Record<string, { examplesPerSecond: number; tflops: number; peakBytes: number }>
}
interface Inference {
  settings: Record<string, unknown>
  sides: Record<string, { p50Milliseconds: number; textsPerSecond: number }>
}

const [out] = process.argv.slice(2)
const stages = process.env.TORCH_LORA_GPU_RESULTS
if (!out || !stages) throw new Error('report: expected a folder to write to, and TORCH_LORA_GPU_RESULTS')
const read = async <T>(name: string): Promise<T | undefined> => {
  const text = await readFile(join(stages, `${name}.json`), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as T)
}
const training = await read<Training>('training')
const inference = await read<Inference>('inference')
if (!training && !inference)
  throw new Error(`report: neither training nor inference has left figures in ${stages}`)

const gpu = (training?.gpu ?? 'gpu').toLowerCase().replace(/[^a-z0-9]+/g, '-')
const lines = [`# ${training?.gpu ?? 'GPU'}`, '']
if (training) {
  const { settings, sides, gemmTflops } = training
  const ours = sides.ours!
  lines.push(
    `LoRA r=8, roberta-base shapes, ${settings.layers} layers, ${settings.dtype}, ${settings.real ? "SST-2's texts" : 'lengths like SST-2’s'}, batch ${settings.batchSize}; torch ${training.torch}. A matrix product of the same dtype reaches ${gemmTflops.toFixed(2)} TFLOP/s.`,
    '',
    '| | examples/s | ours over it | TFLOP/s | peak memory |',
    '| --- | --- | --- | --- | --- |',
  )
  for (const [name, { examplesPerSecond, tflops, peakBytes }] of Object.entries(sides))
    lines.push(
      `| ${name} | ${examplesPerSecond.toFixed(1)} | ${(ours.examplesPerSecond / examplesPerSecond).toFixed(2)}x | ${tflops.toFixed(2)} | ${(peakBytes / 2 ** 20).toFixed(0)} MiB |`,
    )
  lines.push('')
}
if (inference) {
  lines.push(
    '| inference | one text of 64 tokens, p50 | texts/s | ours over it |',
    '| --- | --- | --- | --- |',
  )
  for (const [name, { p50Milliseconds, textsPerSecond }] of Object.entries(inference.sides))
    lines.push(
      `| ${name} | ${p50Milliseconds.toFixed(2)} ms | ${textsPerSecond.toFixed(0)} | ${(inference.sides.ours!.textsPerSecond / textsPerSecond).toFixed(2)}x |`,
    )
  lines.push('')
}
await mkdir(out, { recursive: true })
await writeFile(join(out, `${gpu}.json`), `${JSON.stringify({ training, inference }, null, 2)}\n`)
await writeFile(join(out, `${gpu}.md`), lines.join('\n'))
console.log(lines.join('\n'))
