import { spawnSync } from 'node:child_process'
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { applyLora } from '../../lib/adapters/apply.ts'
import type { Example } from '../../lib/data/index.ts'
import { alone } from '../../lib/distributed/world.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import type { Model } from '../../lib/models/model.ts'
import { AutoTokenizer, type Tokenizer } from '../../lib/tokenizer/index.ts'
import { BestModel } from '../../lib/train/best-model.ts'
import { findCheckpoint } from '../../lib/train/checkpoint.ts'
import { writeChecksums } from '../../lib/train/checksums.ts'
import type { TrainerEvent } from '../../lib/train/events.ts'
import { lockRun } from '../../lib/train/run-lock.ts'
import { Trainer } from '../../lib/train/trainer.ts'
import { failure } from '../checkpoint/support.ts'
import { tinyExamples, tinyModel } from './tiny.ts'

let folder: string
let tokenizer: Tokenizer
beforeAll(async () => {
  folder = await tinyModel()
  tokenizer = await AutoTokenizer.fromPretrained(folder)
  return () => tokenizer.close()
})

/** What each Trainer trains. */
const models = new WeakMap<Trainer, Model>()

const temporary = () => mkdtemp(join(tmpdir(), 'run-'))

async function trainer(
  outputDir: string,
  options: { epochs?: number; resume?: boolean; evaluate?: Example[] } = {},
) {
  const model = await AutoModelForSequenceClassification.fromPretrained(folder, { seed: 3 })
  applyLora(model, { r: 2, loraAlpha: 4 })
  const run = new Trainer({
    model,
    tokenizer,
    train: tinyExamples(48),
    batchSize: 8,
    epochs: 2,
    checkpointEvery: 4,
    learningRate: 0.01,
    outputDir,
    ...options,
  })
  models.set(run, model)
  return run
}

async function finish(run: Trainer): Promise<TrainerEvent[]> {
  const events: TrainerEvent[] = []
  for await (const event of run.run()) events.push(event)
  return events
}

const parameters = (run: Trainer) =>
  Array.from(models.get(run)!.trainableParameters(), ([, tensor]) => tensor.readSync())

/** A run of 12 updates with checkpoints after 4, 8 and 12, of which it keeps two. */
async function wholeRun(): Promise<{ outputDir: string; checkpoints: string; values: unknown }> {
  const outputDir = await temporary()
  const run = await trainer(outputDir)
  await finish(run)
  return { outputDir, checkpoints: join(outputDir, 'checkpoints'), values: parameters(run) }
}

describe('checkpoints', () => {
  it('are kept two, each with its checksums', async () => {
    const { checkpoints } = await wholeRun()
    expect((await readdir(checkpoints)).sort()).toEqual(['step-12', 'step-8'])
    expect((await readdir(join(checkpoints, 'step-8'))).sort()).toEqual([
      'checksums.json',
      'tensors.safetensors',
      'trainer.json',
    ])
  })

  const flip = async (file: string, at: number) => {
    const bytes = await readFile(file)
    bytes[at < 0 ? bytes.length + at : at]! ^= 1
    await writeFile(file, bytes)
  }
  const rewrite = async (path: string, change: Record<string, unknown>) => {
    const file = join(path, 'trainer.json')
    await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), ...change }))
    await writeChecksums(path, ['tensors.safetensors', 'trainer.json'])
  }
  const damages: [what: string, damage: (newest: string) => Promise<void>, says: RegExp][] = [
    [
      'a bit of a tensor flipped',
      (path) => flip(join(path, 'tensors.safetensors'), -5),
      /tensors.*is damaged/,
    ],
    [
      'a bit of its state flipped',
      (path) => flip(join(path, 'trainer.json'), 60),
      /trainer\.json is damaged/,
    ],
    ['a bit of its checksums flipped', (path) => flip(join(path, 'checksums.json'), 30), /checksums|damaged/],
    ['a tensor cut short', (path) => truncate(join(path, 'tensors.safetensors'), 999), /is damaged/],
    ['no tensors', (path) => rm(join(path, 'tensors.safetensors')), /tensors\.safetensors: no such file/],
    [
      'nothing in it',
      async (path) => {
        await rm(path, { recursive: true })
        await mkdir(path)
      },
      /no such file/,
    ],
    [
      'a file in its place',
      async (path) => {
        await rm(path, { recursive: true })
        await writeFile(path, '')
      },
      /no such file/,
    ],
    ['an absurd step', (path) => rewrite(path, { step: 1e9 }), /is of update 1000000000, expected step-12/],
    ['a step that is none', (path) => rewrite(path, { step: 1.5 }), /step: /],
    ['no sampler', (path) => rewrite(path, { sampler: {} }), /sampler: /],
    ['the format of another version', (path) => rewrite(path, { format: 1 }), /format: /],
    [
      'another name',
      (path) => rename(path, path.replace('step-12', 'step-9999')),
      /is of update 12, expected step-9999/,
    ],
  ]
  it.each(damages)(
    'with %s in the newest, the run goes on from the one before, to the same bits',
    async (_, damage, says) => {
      const { outputDir, checkpoints, values } = await wholeRun()
      await damage(join(checkpoints, 'step-12'))
      const run = await trainer(outputDir, { resume: true })
      const events = await finish(run)
      const start = events[0]!
      if (start.type !== 'start') throw new Error('expected a start')
      expect(start.resumedAt).toBe(8)
      expect(start.damaged).toHaveLength(1)
      expect(start.damaged[0]!.problem).toMatch(says)
      expect(parameters(run)).toEqual(values)
    },
  )

  it('an empty step-9999 does not hide the good one', async () => {
    const { outputDir, checkpoints } = await wholeRun()
    await mkdir(join(checkpoints, 'step-9999'))
    const start = (await finish(await trainer(outputDir, { resume: true })))[0]!
    expect(start).toMatchObject({ resumedAt: 12, damaged: [{ path: join(checkpoints, 'step-9999') }] })
  })

  it('all of them damaged end the run, each with what is wrong', async () => {
    const { outputDir, checkpoints } = await wholeRun()
    for (const step of [8, 12]) await truncate(join(checkpoints, `step-${step}`, 'tensors.safetensors'), 50)
    const { message } = await failure(finish(await trainer(outputDir, { resume: true })), 'INVALID_FILE')
    expect(message).toMatch(/holds no checkpoint that is whole: .*step-12.*is damaged.*step-8.*is damaged/)
  })

  it('go with the parameters of the best evaluation up to them; damaged ones are said, and the next counts', async () => {
    const outputDir = await temporary()
    const checkpoints = join(outputDir, 'checkpoints')
    const options = { evaluate: tinyExamples(24) }
    const bestStep = (events: TrainerEvent[]) => {
      const end = events.at(-1)!
      if (end.type !== 'end') throw new Error('expected an end')
      return end.summary.best!.step
    }
    const whole = bestStep(await finish(await trainer(outputDir, options)))
    const best = join(checkpoints, `best-${whole}`)
    const kept = (await readdir(checkpoints)).filter((name) => name.startsWith('best-'))
    expect(kept).toContain(`best-${whole}`)
    expect(kept.length).toBeLessThanOrEqual(3)

    await flip(join(best, 'tensors.safetensors'), -5)
    const events = await finish(await trainer(outputDir, { ...options, resume: true, epochs: 3 })).catch(
      (error: unknown) => error,
    )
    // Another number of epochs is another run: the damage is told by the same run alone.
    expect(events).toMatchObject({ code: 'INCOMPATIBLE' })
    const [start] = await finish(await trainer(outputDir, { ...options, resume: true }))
    expect(start).toMatchObject({
      resumedAt: 12,
      damaged: [
        { path: best, problem: expect.stringMatching(/tensors\.safetensors is damaged.*next evaluation/) },
      ],
    })
  })

  it('of a folder that cannot be read are not taken for none', async () => {
    const { checkpoints } = await wholeRun()
    await chmod(checkpoints, 0)
    if (process.getuid?.() !== 0)
      await failure(findCheckpoint(checkpoints, { totalSteps: () => 12 }), 'INVALID_FILE')
    await chmod(checkpoints, 0o755)
    await rm(checkpoints, { recursive: true })
    await writeFile(checkpoints, '')
    await failure(findCheckpoint(checkpoints, { totalSteps: () => 12 }), 'INVALID_FILE')
    expect(await findCheckpoint(join(checkpoints, '..', 'none'), { totalSteps: () => 12 })).toBe(null)
  })
})

describe('a run’s folder', () => {
  it('is held by one run at a time, and given back', async () => {
    const outputDir = await temporary()
    const first = (await trainer(outputDir)).run()
    await first.next()
    const { message } = await failure(finish(await trainer(outputDir)), 'INCOMPATIBLE')
    expect(message).toMatch(new RegExp(`is in use by process ${process.pid} on .*choose another folder`))
    await first.return()
    await finish(await trainer(outputDir))
    expect(await readdir(outputDir)).toEqual(['checkpoints'])
  })

  const heldBy = async (owner: unknown, age = 0): Promise<string> => {
    const directory = await temporary()
    const file = join(directory, 'run.lock')
    await writeFile(file, typeof owner === 'string' ? owner : JSON.stringify(owner))
    const then = new Date(Date.now() - age)
    await utimes(file, then, then)
    return directory
  }
  /** What this process writes of itself. */
  const own = async () => {
    const directory = await temporary()
    await using _lock = await lockRun(directory)
    return JSON.parse(await readFile(join(directory, 'run.lock'), 'utf8')) as Record<string, unknown>
  }

  it('is free at once when its holder was killed here', async () => {
    const { pid } = spawnSync('true')
    for (const dead of [{ pid }, { started: '1' }]) {
      await using _lock = await lockRun(await heldBy({ ...(await own()), ...dead }))
    }
  })

  it('is free after a minute when its holder elsewhere is silent', async () => {
    const elsewhere = { ...(await own()), space: 'another machine', host: 'elsewhere' }
    const { message } = await failure(lockRun(await heldBy(elsewhere)), 'INCOMPATIBLE')
    expect(message).toMatch(/on elsewhere/)
    await using _lock = await lockRun(await heldBy(elsewhere, 120_000))
    await failure(lockRun(await heldBy('half writ')), 'INCOMPATIBLE')
    await using _other = await lockRun(await heldBy('half writ', 120_000))
  })

  it('goes to one of many that ask at once', async () => {
    const { pid } = spawnSync('true')
    const directory = await heldBy({ ...(await own()), pid })
    const asked = await Promise.allSettled(Array.from({ length: 8 }, () => lockRun(directory)))
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const each of asked) if (each.status === 'fulfilled') await each.value[Symbol.asyncDispose]()
    expect(await readdir(directory)).toEqual([])
  })

  it('that cannot be written is named', async () => {
    const file = join(await temporary(), 'file')
    await writeFile(file, '')
    const { message } = await failure(lockRun(join(file, 'run')), 'INVALID_FILE')
    expect(message).toContain(join(file, 'run'))
  })
})

describe('the best evaluation', () => {
  const consider = async (metric: string, evaluations: Record<string, number>[], patience?: number) => {
    using best = new BestModel({ metric, parameters: [], patience, group: alone })
    const said: boolean[] = []
    for (const [step, metrics] of evaluations.entries())
      said.push(await best.consider({ step, epoch: 0, metrics }))
    return { said, step: best.best!.step, outOfPatience: best.outOfPatience }
  }

  it('is of equal metrics the one with the lower loss, which is no gain for patience', async () => {
    const equal = [0.7, 0.5, 0.6].map((loss) => ({ accuracy: 0.8, loss }))
    expect(await consider('accuracy', equal, 2)).toEqual({
      said: [true, true, false],
      step: 1,
      outOfPatience: true,
    })
  })

  it('is the better metric whatever its loss', async () => {
    expect(
      await consider('accuracy', [
        { accuracy: 0.8, loss: 0.1 },
        { accuracy: 0.9, loss: 9 },
      ]),
    ).toMatchObject({ step: 1 })
    expect(await consider('loss', [{ loss: 0.3 }, { loss: 0.2 }, { loss: 0.4 }])).toMatchObject({ step: 1 })
  })

  it('is no metric that is not a number, where there is one', async () => {
    const nan = Number.NaN
    const pearson = [nan, nan, 0.1, nan].map((value, i) => ({ pearson: value, loss: 1 - i / 10 }))
    expect(await consider('pearson', pearson)).toMatchObject({ said: [true, true, true, false], step: 2 })
  })

  it.each([Number.POSITIVE_INFINITY, Number.NaN])(
    'is none with a loss of %s: the run has diverged',
    async (loss) => {
      using best = new BestModel({ metric: 'accuracy', parameters: [], group: alone })
      const error = await failure(
        best.consider({ step: 7, epoch: 1, metrics: { accuracy: 1, loss } }),
        'DIVERGED',
      )
      expect(error.message).toMatch(/evaluation after update 7/)
      expect(best.best).toBe(null)
    },
  )
})
