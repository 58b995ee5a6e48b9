/** Joins what the stages of scripts/gpu/run.sh left behind into OUT/<gpu>.json and OUT/<gpu>.md. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

interface Training {
  machine: string
  settings: { dtype: string; layers: string; real: boolean; batchSize: string }
  /** What a matrix product said of the machine, where it ran. */
  gpu?: string
  torch?: string
  gemmTflops?: number
  sides: Record<
    string,
    { examplesPerSecond: number; tflops: number; peakBytes: number; reservedBytes?: number }
  >
}
interface Inference {
  settings: Record<string, unknown>
  sides: Record<string, { p50Milliseconds: number; p99Milliseconds: number; textsPerSecond: number }>
}
interface Epochs {
  settings: { epochs: number; layers?: string }
  whole: boolean
  timedSteps: number
  totalSteps: number
  minutes: number
}

const [out] = process.argv.slice(2)
const stages = process.env.TORCH_LORA_GPU_RESULTS
if (!out || !stages) throw new Error('report: expected a folder to write to, and TORCH_LORA_GPU_RESULTS')
const read = async <T>(name: string): Promise<T | undefined> => {
  const text = await readFile(join(stages, `${name}.json`), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as T)
}
const training = (await read<Training>('training')) ?? (await read<Training>('alone'))
const inference = await read<Inference>('inference')
const figure3 = await read<Epochs>('epochs-roberta-base')
const figure4 = await read<Epochs>('epochs-deberta-v2-xlarge')
if (!training && !inference && !figure3 && !figure4)
  throw new Error(`report: no stage has left figures in ${stages}`)

const lines = [`# ${training?.gpu ?? 'GPU'}`, '']

/** What was measured beside what it should reach, and what was expected before the first run (scripts/gpu/first-run.md). */
const goals: string[] = []
const goal = (what: string, measured: string, target: string, reached: boolean, expected: string) =>
  goals.push(`| ${what} | ${measured} | ${target} | ${reached ? 'yes' : 'no'} | ${expected} |`)
const times = (x: number) => `${x.toFixed(2)}x`
const percent = (share: number) => `${(100 * share).toFixed(1)} %`

if (training) {
  const { settings, sides, gemmTflops } = training
  const { ours } = sides
  // NaN beside a side that has failed: then there is no such goal.
  const over = (name: string) =>
    (ours?.examplesPerSecond ?? Number.NaN) / (sides[name]?.examplesPerSecond ?? Number.NaN)
  for (const [name, least, expected] of [
    ['peft', 3, 'about 10x'],
    ['peft compiled', 1.5, '1.5x'],
    ['peft reduce-overhead', 1.5, '1.5x'],
  ] as const)
    if (over(name))
      goal(`LoRA step over ${name}`, times(over(name)), `${least}x`, over(name) >= least, expected)
  if (over('ours without graphs'))
    goal('graphs over none', times(over('ours without graphs')), '1x', over('ours without graphs') >= 1, '3x')
  const low = 1 - over('ours without LoRA')
  if (low) goal("the low-rank part's share of a step", percent(low), 'at most 5 %', low <= 0.05, '12 %')
  const roof = ours && gemmTflops ? ours.tflops / gemmTflops : Number.NaN
  if (roof)
    goal(
      'share of what a matrix product reaches',
      percent(roof),
      '60 %',
      roof >= 0.6,
      '5 % at 200 tokens a step',
    )
  lines.push(
    `LoRA r=8, roberta-base shapes, ${settings.layers} layers, ${settings.dtype}, ${settings.real ? "SST-2's texts" : 'lengths like SST-2’s'}, batch ${settings.batchSize}${training.torch ? `; torch ${training.torch}` : ''}.${gemmTflops ? ` A matrix product of the same dtype reaches ${gemmTflops.toFixed(2)} TFLOP/s.` : ''}`,
    '',
    '| | examples/s | ours over it | TFLOP/s | peak memory | ours beside it | reserved |',
    '| --- | --- | --- | --- | --- | --- | --- |',
  )
  const mebibytes = (bytes: number | undefined) =>
    bytes === undefined ? '-' : `${(bytes / 2 ** 20).toFixed(0)} MiB`
  for (const [name, { examplesPerSecond, tflops, peakBytes, reservedBytes }] of Object.entries(sides))
    lines.push(
      `| ${name} | ${examplesPerSecond.toFixed(1)} | ${times(over(name))} | ${tflops.toFixed(2)} | ${mebibytes(peakBytes)} | ${ours ? percent(ours.peakBytes / peakBytes) : '-'} | ${mebibytes(reservedBytes ?? undefined)} |`,
    )
  lines.push('')
}
for (const [name, epochs, most, expected] of [
  ['roberta-base', figure3, 5, '4.5 to 5 min'],
  ['deberta-v2-xlarge', figure4, 6, '1 to 1.5 min'],
] as const) {
  if (!epochs) continue
  const { settings, whole, timedSteps, totalSteps, minutes } = epochs
  const how = whole ? `${totalSteps} updates` : `from ${timedSteps} of ${totalSteps} updates`
  const layers = settings.layers === undefined ? '' : `, ${settings.layers} layers`
  goal(
    `${settings.epochs} epochs of SST-2, ${name}${layers} (${how})`,
    `${minutes.toFixed(2)} min`,
    `${most} min`,
    minutes <= most,
    expected,
  )
}
if (inference) {
  const { ours, 'transformers compiled': compiled } = inference.sides
  if (ours)
    goal(
      'one text of 64 tokens, p50',
      `${ours.p50Milliseconds.toFixed(2)} ms`,
      'below 1 ms',
      ours.p50Milliseconds < 1,
      '0.4 to 0.5 ms',
    )
  if (ours && compiled) {
    const over = ours.textsPerSecond / compiled.textsPerSecond
    goal('texts a second over transformers, compiled', times(over), '2x', over >= 2, '2x')
  }
  lines.push(
    '| inference | one text of 64 tokens, p50 | p99 | texts/s | ours over it |',
    '| --- | --- | --- | --- | --- |',
  )
  for (const [name, { p50Milliseconds, p99Milliseconds, textsPerSecond }] of Object.entries(inference.sides))
    lines.push(
      `| ${name} | ${p50Milliseconds.toFixed(2)} ms | ${p99Milliseconds.toFixed(2)} ms | ${textsPerSecond.toFixed(0)} | ${times((ours?.textsPerSecond ?? Number.NaN) / textsPerSecond)} |`,
    )
  lines.push('')
}
lines.push('| | measured | target | reached | expected |', '| --- | --- | --- | --- | --- |', ...goals, '')

const gpu = (training?.gpu ?? 'gpu').toLowerCase().replace(/[^a-z0-9]+/g, '-')
await mkdir(out, { recursive: true })
await writeFile(
  join(out, `${gpu}.json`),
  `${JSON.stringify({ training, inference, figure3, figure4 }, null, 2)}\n`,
)
await writeFile(join(out, `${gpu}.md`), lines.join('\n'))
console.log(lines.join('\n'))
