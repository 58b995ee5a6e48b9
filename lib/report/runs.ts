import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { z } from 'zod'
import { readJson } from '../checkpoint/index.ts'
import { TorchLoraError } from '../errors.ts'
import { type EvaluationFile, evaluationFile } from '../train/evaluation-file.ts'
import { type LearningRatesFile, learningRatesFile } from '../train/learning-rates-file.ts'
import { runSummary } from '../train/run-summary.ts'

/** A finished run as `torch-lora train` wrote it. */
export interface Run extends z.infer<typeof runSummary> {
  folder: string
  /** Name of the base model: the last part of its path or id. */
  model: string
  /** What it is called in figures: `full`, `r8a16`, `r8a16 bfloat16`, or the name that a sweep's recipe gives. */
  label: string
  /** What frozen weights were in: `float32`, `bfloat16`, `int8 base`. */
  precision: string
  losses: { epoch: number; loss: number }[]
  evaluations: { epoch: number; metrics: Record<string, number> }[]
  /** The search for the learning rate that it began with; undefined where it had none. */
  learningRates?: LearningRatesFile
  /** All that there is to say of the best model; undefined for runs from before it was kept. */
  evaluation?: EvaluationFile
}

const cellFile = z.object({
  method: z.string(),
  learningRate: z.number().nullable(),
  name: z.string(),
  /** Of a search. */
  drawn: z.record(z.string(), z.number()).optional(),
})

/**
 * Reads runs from folders: each is a run, or holds runs at any depth up to three (a sweep's folder, or several).
 * Folders of runs that are not finished have no summary.json, and are passed over.
 * @throws TorchLoraError INVALID_ARGUMENT for a folder without a finished run; INVALID_FILE naming file and line
 */
export async function readRuns(folders: readonly string[]): Promise<Run[]> {
  const found = new Map<string, string>() // as given, by absolute path: a page may be shown to others
  for (const folder of folders) {
    const here = await findRuns(folder, 3)
    if (here.length === 0) {
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `${folder} holds no finished run: expected a folder that \`torch-lora train\` or \`torch-lora sweep\` wrote, with a summary.json in it or below it.`,
        { file: folder },
      )
    }
    for (const path of here) found.set(resolve(path), path)
  }
  return Promise.all(Array.from(found.values(), readRun))
}

async function findRuns(folder: string, depth: number): Promise<string[]> {
  if (existsSync(join(folder, 'summary.json'))) return [folder]
  if (depth === 0) return []
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const below = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name))
  return (await Promise.all(below.sort().map((path) => findRuns(path, depth - 1)))).flat()
}

async function readRun(folder: string): Promise<Run> {
  const read = await readJson(join(folder, 'summary.json'), runSummary)
  const cell = join(folder, 'cell.json')
  const named = existsSync(cell) ? await readJson(cell, cellFile) : null
  const details = join(folder, 'evaluation.json')
  const rates = join(folder, 'learning-rates.json')
  const lines = await readMetrics(join(folder, 'metrics.jsonl'))
  const { dtype, baseDtype } = read.configuration
  const precision = baseDtype ? `${baseDtype} base` : (read.dtype ?? dtype ?? 'float32')
  return {
    ...read,
    folder,
    model: basename(read.configuration.model),
    label: named
      ? labelOf(named)
      : [methodOf(read), ...(precision === 'float32' ? [] : [precision])].join(' '),
    precision,
    ...(existsSync(rates) && { learningRates: await readJson(rates, learningRatesFile) }),
    ...(existsSync(details) && { evaluation: await readJson(details, evaluationFile) }),
    losses: lines.flatMap((line) => (line.type === 'step' ? [{ epoch: line.epoch, loss: line.loss }] : [])),
    evaluations: lines.flatMap((line) => {
      if (line.type !== 'evaluation') return []
      const { type: _, step: __, epoch, ...rest } = line
      const metrics = Object.entries(rest).filter(
        (entry): entry is [string, number] => typeof entry[1] === 'number',
      )
      return [{ epoch, metrics: Object.fromEntries(metrics) }]
    }),
  }
}

/** The method of a sweep's cell, and its learning rate where that is an axis of the sweep, or what was drawn for it. */
function labelOf({ method, learningRate, name, drawn }: z.infer<typeof cellFile>): string {
  if (drawn)
    return [method, ...Object.entries(drawn).map(([setting, value]) => `${setting} ${value}`)].join(' ')
  return learningRate !== null && name.includes(`-lr${learningRate}-`)
    ? `${method} lr ${learningRate}`
    : method
}

function methodOf({ method, configuration }: z.infer<typeof runSummary>): string {
  if (method === 'full') return 'full'
  const { r = 8, alpha = 2 * r, adapter } = configuration
  if (adapter) return 'adapter'
  return method === 'lora' ? `r${r}a${alpha}` : method
}

const metricsLine = z.discriminatedUnion('type', [
  z.object({ type: z.literal('step'), step: z.number(), epoch: z.number(), loss: z.number() }),
  z.looseObject({ type: z.literal('evaluation'), step: z.number(), epoch: z.number() }),
])

async function readMetrics(file: string): Promise<z.infer<typeof metricsLine>[]> {
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new TorchLoraError('INVALID_FILE', `${file}: cannot be read (${cause.code})`, { file, cause })
  })
  const lines = text.split('\n').filter(Boolean)
  return lines.map((line, i) => {
    try {
      return metricsLine.parse(JSON.parse(line))
    } catch (cause) {
      throw new TorchLoraError(
        'INVALID_FILE',
        `${file}, line ${i + 1}: expected a step or an evaluation as \`torch-lora train\` writes it, received ${line.slice(0, 80)}`,
        { file, cause },
      )
    }
  })
}
