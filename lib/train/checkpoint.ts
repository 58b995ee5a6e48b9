import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { readCheckpoint, readJson, writeJson, writeSafetensors } from '../checkpoint/index.ts'
import type { BatchSamplerState } from '../data/index.ts'
import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { mapTensors, tensorSources } from '../models/load.ts'
import { scope } from '../scope.ts'
import type { Tensor } from '../tensor.ts'

/** Tensors that a checkpoint holds, by name. They are written in place when it is restored. */
export type CheckpointTensors = ReadonlyMap<string, Tensor>

/** An evaluation as files hold it. */
export const evaluationSchema = z.object({
  step: z.number(),
  epoch: z.number(),
  // JSON writes NaN, the correlation of a constant, as null.
  metrics: z.record(
    z.string(),
    z
      .number()
      .nullable()
      .transform((value) => value ?? Number.NaN),
  ),
})

const trainerState = z.object({
  format: z.literal(1),
  step: z.number().int().min(0),
  /** What must not change between the runs. */
  identity: z.record(z.string(), z.unknown()),
  sampler: z.custom<BatchSamplerState>((value) => typeof value === 'object' && value !== null),
  /** Of libtorch's CPU generator, base64. */
  rng: z.string(),
  best: evaluationSchema.nullable(),
  final: evaluationSchema.nullable(),
  evaluationsWithoutGain: z.number().int(),
  /** What the run took up to here. */
  spent: z
    .object({
      wallSeconds: z.number(),
      cpuSeconds: z.number(),
      trainSeconds: z.number(),
      examples: z.number(),
      tokens: z.number(),
    })
    .default({ wallSeconds: 0, cpuSeconds: 0, trainSeconds: 0, examples: 0, tokens: 0 }),
})

/** Where a run stands, but for its tensors. */
export type TrainerState = z.infer<typeof trainerState>

const folderName = /^step-(\d+)$/

/**
 * Writes `<directory>/step-N/` with `tensors.safetensors` and `trainer.json`, then removes older ones. The folder
 * appears whole: it is filled under another name and renamed.
 */
export async function saveCheckpoint(
  directory: string,
  tensors: CheckpointTensors,
  state: TrainerState,
): Promise<string> {
  const path = join(directory, `step-${state.step}`)
  const temporary = join(directory, `.step-${state.step}.${process.pid}.tmp`)
  await rm(temporary, { recursive: true, force: true })
  await mkdir(temporary, { recursive: true })
  // At once: what takes time is the disk's word that they are there.
  await Promise.all([
    writeSafetensors(join(temporary, 'tensors.safetensors'), tensorSources(tensors)),
    writeJson(join(temporary, 'trainer.json'), state),
  ])
  await rm(path, { recursive: true, force: true })
  await rename(temporary, path)
  for (const name of await readdir(directory)) {
    const step = folderName.exec(name)?.[1]
    const stale = step !== undefined ? Number(step) < state.step : name.endsWith('.tmp')
    if (stale) await rm(join(directory, name), { recursive: true, force: true })
  }
  return path
}

/** The newest checkpoint of a run, or null. */
export async function latestCheckpoint(directory: string): Promise<string | null> {
  const names = await readdir(directory).catch(() => [])
  const steps = names
    .map((name) => Number(folderName.exec(name)?.[1] ?? Number.NaN))
    .filter((step) => !Number.isNaN(step))
  return steps.length === 0 ? null : join(directory, `step-${Math.max(...steps)}`)
}

/** Reads where the run stood. @throws TorchLoraError INVALID_FILE */
export async function readTrainerState(path: string): Promise<TrainerState> {
  return readJson(join(path, 'trainer.json'), trainerState)
}

/** Writes tensors to one file, atomically. */
export async function saveTensors(file: string, tensors: CheckpointTensors): Promise<void> {
  await writeSafetensors(file, tensorSources(tensors))
}

/**
 * Copies a file's tensors into `tensors`, every one of which must be there with its shape.
 * @throws TorchLoraError INCOMPATIBLE naming every tensor that does not fit
 */
export async function restoreTensors(file: string, tensors: CheckpointTensors): Promise<void> {
  const { entries } = await readCheckpoint(file)
  const bad = [...tensors].filter(([name, tensor]) => entries.get(name)?.shape.join() !== tensor.shape.join())
  if (bad.length > 0 || entries.size !== tensors.size) {
    const names = bad.slice(0, 8).map(([name]) => name)
    throw new TorchLoraError(
      'INCOMPATIBLE',
      `${file} is of another run: ${entries.size} tensors, expected ${tensors.size}${names.length ? `; missing or of another shape: ${names.join(', ')}` : ''}.`,
      { file },
    )
  }
  scope(() => {
    const values = mapTensors(entries.values())
    noGrad(() => {
      for (const [name, tensor] of tensors) ops.copy_(tensor, values.get(name)!)
    })
  })
}
