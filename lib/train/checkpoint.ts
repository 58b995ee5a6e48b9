import { rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import {
  atPath,
  listFolder,
  makeFolder,
  mapTensors,
  readCheckpoint,
  readJson,
  tensorSources,
  writeJson,
  writeSafetensors,
} from '../checkpoint/index.ts'
import type { BatchSamplerState } from '../data/index.ts'
import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { scope } from '../scope.ts'
import type { Tensor } from '../tensor.ts'
import { verifyChecksums, writeChecksums } from './checksums.ts'

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

const samplerState = z.looseObject({ epoch: z.int().min(0), batch: z.int().min(0) })

const trainerState = z.object({
  format: z.literal(2),
  step: z.int().min(0),
  /** What must not change between the runs. */
  identity: z.record(z.string(), z.unknown()),
  /** Batches of an update, of all ranks together; as many as gradientAccumulationSteps where it is not said. */
  batchesPerUpdate: z.int().min(1).optional(),
  sampler: z.custom<BatchSamplerState>((value) => samplerState.safeParse(value).success),
  /** Of libtorch's CPU generator, base64. */
  rng: z.base64(),
  /** Of the model's CUDA device, from which attention in half precision draws; absent on the CPU. */
  deviceRng: z.base64().optional(),
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

/** How many are kept: should the newest be damaged, the run goes on from the one before. */
const kept = 2

/**
 * Writes `<directory>/step-N/` with `tensors.safetensors`, `trainer.json` and the checksums of both, then removes all
 * but the newest two. The folder appears whole: it is filled under another name and renamed.
 * @throws TorchLoraError INVALID_FILE when the disk refuses; the older checkpoints are still there
 */
export async function saveCheckpoint(
  directory: string,
  tensors: CheckpointTensors,
  state: TrainerState,
): Promise<string> {
  const path = await placeFolder(directory, `step-${state.step}`, {
    'tensors.safetensors': (file) => writeSafetensors(file, tensorSources(tensors)),
    'trainer.json': (file) => writeJson(file, state),
  })
  await prune(directory, state.step)
  return path
}

/** Writes files and their checksums into a folder that appears whole: filled under another name and renamed. */
async function placeFolder(
  directory: string,
  name: string,
  files: Readonly<Record<string, (file: string) => Promise<void>>>,
): Promise<string> {
  const path = join(directory, name)
  const temporary = join(directory, `.${name}.${process.pid}.tmp`)
  await atPath(temporary, () => rm(temporary, { recursive: true, force: true }))
  await makeFolder(temporary)
  // At once: what takes time is the disk's word that they are there.
  await Promise.all(Object.entries(files).map(([file, write]) => write(join(temporary, file))))
  await writeChecksums(temporary, Object.keys(files))
  await atPath(path, async () => {
    await rm(path, { recursive: true, force: true })
    await rename(temporary, path)
  })
  return path
}

/** Removes checkpoints that are older than the newest two up to `step`, and what a killed run left half written. */
async function prune(directory: string, step: number): Promise<void> {
  const names = await listFolder(directory)
  const old = steps('step', names)
    .filter((each) => each <= step)
    .slice(kept)
    .map((each) => `step-${each}`)
  for (const name of [...old, ...names.filter((name) => name.endsWith('.tmp'))])
    await atPath(directory, () => rm(join(directory, name), { recursive: true, force: true }))
}

/** The updates that there are folders `<kind>-N` of, the last first. */
function steps(kind: 'step' | 'best', names: readonly string[]): number[] {
  return names
    .flatMap((name) => (name.startsWith(`${kind}-`) ? (/^\d{1,15}$/.exec(name.slice(5))?.[0] ?? []) : []))
    .map(Number)
    .sort((a, b) => b - a)
}

/**
 * Writes `<directory>/best-N/`, the parameters of the best evaluation so far, and removes those that neither it nor a
 * kept checkpoint goes back to.
 * @throws TorchLoraError INVALID_FILE when the disk refuses; the one before is still there
 */
export async function saveBest(
  directory: string,
  parameters: CheckpointTensors,
  step: number,
): Promise<void> {
  await placeFolder(directory, `best-${step}`, {
    'tensors.safetensors': (file) => writeSafetensors(file, tensorSources(parameters)),
  })
  const names = await listFolder(directory)
  const bests = steps('best', names)
  const needed = [step, ...steps('step', names)].map((at) => bests.find((best) => best <= at))
  for (const best of bests)
    if (!needed.includes(best))
      await atPath(directory, () => rm(join(directory, `best-${best}`), { recursive: true, force: true }))
}

/**
 * Copies the parameters of the best evaluation, made after update `step`, back.
 * @throws TorchLoraError INVALID_FILE where they are missing or damaged, INCOMPATIBLE where they are of another run
 */
export async function restoreBest(
  directory: string,
  parameters: CheckpointTensors,
  step: number,
): Promise<void> {
  await verifyBest(directory, step)
  await restoreTensors(join(directory, `best-${step}`, 'tensors.safetensors'), parameters)
}

/** Reads the best evaluation's parameters again. @throws TorchLoraError INVALID_FILE for missing or damaged ones */
export async function verifyBest(directory: string, step: number): Promise<void> {
  await verifyChecksums(join(directory, `best-${step}`), ['tensors.safetensors'])
}

type TotalSteps = (batchesPerUpdate: number | undefined) => number

/** A checkpoint that cannot be gone on from, and why. */
export interface DamagedCheckpoint {
  path: string
  problem: string
}

/**
 * The newest checkpoint of a run that is whole, and those newer that are not; null where there is none at all.
 * @param limits.totalSteps updates of the whole run, by its batchesPerUpdate: a checkpoint of more is none of this run
 * @throws TorchLoraError INVALID_FILE when there are checkpoints and every one of them is damaged
 */
export async function findCheckpoint(
  directory: string,
  { totalSteps }: { totalSteps: TotalSteps },
): Promise<{ path: string; state: TrainerState; damaged: DamagedCheckpoint[] } | null> {
  const damaged: DamagedCheckpoint[] = []
  for (const step of steps('step', await listFolder(directory))) {
    const path = join(directory, `step-${step}`)
    try {
      return { path, state: await readWhole(path, { step, totalSteps }), damaged }
    } catch (thrown) {
      if (!(thrown instanceof TorchLoraError)) throw thrown
      damaged.push({ path, problem: thrown.message })
    }
  }
  if (damaged.length === 0) return null
  const problems = damaged.map(({ problem }) => problem).join('; ')
  throw new TorchLoraError(
    'INVALID_FILE',
    `${directory} holds no checkpoint that is whole: ${problems}. Train into another folder, or remove this one to start anew.`,
    { file: directory },
  )
}

/** Where the run stood, of a checkpoint whose files are what was written. @throws TorchLoraError INVALID_FILE */
async function readWhole(
  path: string,
  { step, totalSteps }: { step: number; totalSteps: TotalSteps },
): Promise<TrainerState> {
  await verifyChecksums(path, ['tensors.safetensors', 'trainer.json'])
  const state = await readJson(join(path, 'trainer.json'), trainerState)
  const most = totalSteps(state.batchesPerUpdate)
  if (state.step === step && step <= most) return state
  throw new TorchLoraError(
    'INVALID_FILE',
    `${path} is of update ${state.step}, expected ${basename(path)} of a run of ${most} updates`,
    { file: path },
  )
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
