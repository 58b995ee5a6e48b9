import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { dealByLength, sharesOf } from '../../lib/distributed/deal.ts'
import { main as cli } from '../cli/run.ts'
import { tinyExamples, tinyModel } from '../train/tiny.ts'
import { type Ended, follow, freePort, nodeCommand, startRank, torchrun } from './processes.ts'

const patient = { timeout: 240_000 }
const program = new URL('./train-rank.ts', import.meta.url).pathname
let folder: string

beforeAll(async () => {
  folder = await tinyModel()
  return () => rm(folder, { recursive: true, force: true })
})

const command = (options: object) => nodeCommand(program, JSON.stringify({ folder, ...options }))

/** Trains on so many ranks; on one without a launcher. */
async function train(worldSize: number, options: object): Promise<Ended[]> {
  if (worldSize === 1) return [await follow(command(options), { OMP_NUM_THREADS: '1' }).ended]
  const port = await freePort()
  const ranks = Array.from({ length: worldSize }, (_, rank) =>
    startRank(command(options), rank, { worldSize, port }),
  )
  return Promise.all(ranks.map(({ ended }) => ended))
}

interface Run {
  steps: { step: number; loss: number; gradNorm: number; examples: number; tokens: number }[]
  evaluations: { evaluation: number; metrics: Record<string, number> }[]
  end: { end: number; interrupted: boolean }
  digest: string
  weights: number[]
}

/** What rank 0 said, after making sure that every rank came to the same weights. */
function runOf(ranks: readonly Ended[]): Run {
  for (const { code, output } of ranks) expect(code, output).toBe(0)
  const [run] = ranks.map(({ lines }) => ({
    steps: lines.filter(({ step }) => step),
    evaluations: lines.filter(({ evaluation }) => evaluation),
    end: lines.find(({ end }) => end !== undefined),
    ...lines.find(({ digest }) => digest),
  }))
  for (const { lines } of ranks) {
    expect(lines.find(({ digest }) => digest).digest).toBe(run!.digest)
    expect(lines.filter(({ step }) => step)).toEqual(run!.steps)
  }
  return run as Run
}

function expectSame(a: Run, b: Run, tolerance: number): void {
  expect(a.steps.length).toBe(b.steps.length)
  a.steps.forEach(({ loss, examples, tokens }, i) => {
    expect(Math.abs(loss - b.steps[i]!.loss)).toBeLessThan(tolerance)
    expect([examples, tokens]).toEqual([b.steps[i]!.examples, b.steps[i]!.tokens])
  })
  const furthest = Math.max(0, ...a.weights.map((weight, i) => Math.abs(weight - b.weights[i]!)))
  expect(furthest).toBeLessThan(tolerance)
}

const temporary = () => mkdtemp(join(tmpdir(), 'ranks-'))

/** Arguments of `torch-lora train` on the tiny model. */
async function trainArguments(out: string): Promise<string[]> {
  const data = await temporary()
  const file = (name: string, count: number, from = 0) =>
    writeFile(
      join(data, name),
      tinyExamples(count, from)
        .map((example) => `${JSON.stringify(example)}\n`)
        .join(''),
    )
  await file('train.jsonl', 96)
  await file('dev.jsonl', 32, 200)
  const files = ['--train', join(data, 'train.jsonl'), '--eval', join(data, 'dev.jsonl')]
  return ['train', '--model', folder, ...files, '--out', out, '--lr', '1e-3']
}

/** A rank a program. */
async function startCli(programs: readonly string[], words: readonly string[]) {
  const port = await freePort()
  const worldSize = programs.length
  return programs.map((main, rank) =>
    startRank([process.execPath, main, ...words], rank, { worldSize, port }),
  )
}

describe('training on several ranks', patient, () => {
  it('two ranks with batch 8 are one process that accumulates 2 x 8, over 200 updates, dropout and all', async () => {
    const common = { batchSize: 8, epochs: 34, examples: 96, learningRate: 1e-3 }
    const one = runOf(await train(1, { ...common, gradientAccumulationSteps: 2 }))
    const two = runOf(await train(2, common))
    expect(one.steps.length).toBe(204)
    expectSame(one, two, 1e-6)
    two.evaluations.forEach(({ metrics }, i) => {
      for (const [name, value] of Object.entries(metrics))
        expect(value).toBeCloseTo(one.evaluations[i]!.metrics[name]!, 5)
    })
  })

  it('full fine-tuning too, with updates that do not come out even', async () => {
    // 86 examples are 11 batches of 8, the last of 6: the last update of an epoch has none for rank 1.
    const common = { full: true, batchSize: 8, epochs: 2, examples: 86, learningRate: 1e-3 }
    const one = runOf(await train(1, { ...common, gradientAccumulationSteps: 2 }))
    expectSame(one, runOf(await train(2, common)), 1e-6)
    // With more ranks sums are in another order, which is all that Adam sees of the biases of keys: their gradient is 0.
    const five = runOf(await train(5, common))
    const whole = runOf(await train(1, { ...common, gradientAccumulationSteps: 5 }))
    expectSame({ ...five, weights: [] }, { ...whole, weights: [] }, 1e-5)
  })

  it('1, 2, 3 and 4 ranks train and evaluate alike', async () => {
    const common = { batchSize: 2, epochs: 2, examples: 96, learningRate: 1e-3 }
    const one = runOf(await train(1, { ...common, gradientAccumulationSteps: 12 }))
    expect(one.evaluations.length).toBe(2)
    for (const worldSize of [2, 3, 4]) {
      const several = runOf(await train(worldSize, { ...common, gradientAccumulationSteps: 12 / worldSize }))
      expectSame(one, several, 1e-6)
      expect(several.evaluations.length).toBe(2)
      for (const [i, { metrics }] of several.evaluations.entries())
        for (const [name, value] of Object.entries(one.evaluations[i]!.metrics))
          expect(metrics[name], name).toBeCloseTo(value, 6)
    }
  })

  it('each by itself where the group is distributed.alone, joined or not', async () => {
    const common = { batchSize: 8, epochs: 1, examples: 32, learningRate: 1e-3 }
    const one = runOf(await train(1, common))
    for (const init of [true, false]) {
      const each = runOf(await train(2, { ...common, alone: true, init }))
      expect(each.digest).toBe(one.digest)
      expect(each.evaluations).toEqual(one.evaluations)
    }
  })

  it('goes on from a checkpoint on any number of ranks', async () => {
    const outputDir = await temporary()
    const common = {
      batchSize: 4,
      epochs: 3,
      examples: 64,
      learningRate: 1e-3,
      outputDir,
      checkpointEvery: 3,
    }
    const whole = runOf(await train(2, { ...common, outputDir: undefined }))
    const first = await train(2, { ...common, stopAt: 7 })
    expect(runOf(first).end.interrupted).toBe(true)
    const names = await readdir(join(outputDir, 'checkpoints'))
    expect(names.filter((name) => name.startsWith('step-'))).toHaveLength(2)
    for (const [worldSize, stopAt] of [
      [1, 11],
      [2, 15],
      [3, 19],
    ] as const)
      expect(runOf(await train(worldSize, { ...common, resume: true, stopAt })).end.interrupted).toBe(true)
    const last = runOf(await train(4, { ...common, resume: true }))
    expect(last.end).toEqual({ end: whole.end.end, interrupted: false })
    const furthest = Math.max(...last.weights.map((weight, i) => Math.abs(weight - whole.weights[i]!)))
    expect(furthest).toBeLessThan(1e-6)
  })

  it('decides alike that a run has diverged', async () => {
    for (const { lines, code } of await train(2, {
      learningRate: 1e30,
      schedule: 'constant',
      warmupSteps: 0,
      maxGradNorm: 0,
    })) {
      expect(code).toBe(3)
      expect(lines.at(-1).code).toBe('DIVERGED')
    }
  })

  it('names the rank and the field of what differs', async () => {
    for (const { lines, code, output } of await train(2, { differs: 1 })) {
      expect(code, output).toBe(3)
      expect(lines.at(-1).code).toBe('INCOMPATIBLE')
      expect(lines.at(-1).message).toMatch(
        /rank 1 has trainExamples "95 with digest \w+", rank 0 has "96 with digest/,
      )
    }
  })

  it('refuses to train alone where it was started as one of several', async () => {
    const { lines, code } = await startRank(command({ init: false }), 0, { worldSize: 2, port: 1 }).ended
    expect(code).toBe(3)
    expect(lines.at(-1)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/rank 0 of 2, but has not joined/),
    })
  })

  it('refuses a folder for checkpoints that the ranks do not share, naming who does not see it', async () => {
    const outputDir = [await temporary(), await temporary()]
    for (const { lines, code, output } of await train(2, { outputDir, epochs: 1 })) {
      expect(code, output).toBe(3)
      expect(lines.at(-1)).toMatchObject({
        code: 'INCOMPATIBLE',
        message: expect.stringMatching(/The ranks do not share the folder .* not seen by rank 1 on/),
      })
    }
  })

  it('refuses ranks of different versions', async () => {
    const other = await temporary()
    const root = new URL('../../', import.meta.url).pathname
    for (const name of ['node_modules', 'build']) await symlink(join(root, name), join(other, name))
    await cp(join(root, 'dist'), join(other, 'dist'), { recursive: true })
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    await writeFile(join(other, 'package.json'), JSON.stringify({ ...manifest, version: '0.0.7' }))
    const words = [...(await trainArguments(join(other, 'run'))), '--epochs', '1']
    const ranks = await startCli([cli, join(other, 'dist', 'cli', 'main.js')], words)
    for (const { code, output } of await Promise.all(ranks.map(({ ended }) => ended))) {
      expect(code, output).toBe(1)
      expect(output).toContain(`rank 1 has torch-lora "0.0.7", rank 0 has "${manifest.version}"`)
    }
  })

  it('SIGTERM on every rank saves once and exits 143', async () => {
    const out = join(await temporary(), 'run')
    const words = ['--batch-size', '8', '--epochs', '2000', '--log-every', '1']
    const ranks = await startCli([cli, cli], [...(await trainArguments(out)), ...words])
    const log = () => readFile(join(out, 'metrics.jsonl'), 'utf8').catch(() => '')
    while ((await log()).split('\n').length < 8) {
      const ended = ranks.find(({ process: { exitCode } }) => exitCode !== null)
      if (ended) throw new Error((await ended.ended).output)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    for (const rank of ranks) rank.process.kill('SIGTERM')
    for (const { ended } of ranks) {
      const { code, output } = await ended
      expect(code, output).toBe(143)
    }
    const saved = (await readdir(join(out, 'checkpoints'))).filter((name) => /^step-\d+$/.test(name))
    const steps = (await log())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).step as number)
    const last = Math.max(...steps)
    const savedAt = saved.map((name) => Number(name.slice(5)))
    expect(Math.max(...savedAt)).toBe(last)
    expect(savedAt.length).toBeLessThanOrEqual(2)
  })

  const kills = Number(process.env.TORCH_LORA_KILLS ?? 3)
  it.skipIf(!torchrun)(
    `killed at ${kills} random moments under torchrun --max-restarts, ends in the same bits (TORCH_LORA_KILLS=20 for more)`,
    { timeout: 60_000 * (kills + 3) },
    async () => {
      const outputDir = await temporary()
      // A death is noticed by itself; the machine may be busy with other things for minutes.
      const timeoutMs = 600_000
      const common = { batchSize: 8, epochs: 8 * kills, learningRate: 1e-3, checkpointEvery: 4, timeoutMs }
      const under = async (options: object, restarts: number) => {
        const launcher = [torchrun!, '--no-python', '--nproc-per-node=2', `--max-restarts=${restarts}`]
        const port = `--master-port=${await freePort()}`
        return follow([...launcher, port, ...command({ ...common, ...options })], { OMP_NUM_THREADS: '1' })
          .ended
      }
      const whole = await under({}, 0)
      const file = join(outputDir, 'lives')
      const died = await under({ outputDir, resume: true, kills: { file, times: kills, seed: 7 } }, kills)
      expect(died.code, died.output).toBe(0)
      expect(await readFile(file, 'utf8')).toBe(`${kills}`)
      const digests = (run: Ended) =>
        new Set(run.lines.filter(({ digest }) => digest).map(({ digest }) => digest))
      expect(digests(whole).size).toBe(1)
      expect(digests(died)).toEqual(digests(whole))
    },
  )
})

describe('dealByLength', () => {
  it('keeps sizes and examples, and evens out the tokens', () => {
    const lengths = Array.from({ length: 64 }, (_, i) => 4 + ((i * 37) % 61) ** 2 / 20)
    const batches = Array.from({ length: 5 }, (_, b) =>
      Uint32Array.from({ length: b === 4 ? 4 : 12 }, (_, i) => b * 12 + i),
    )
    const tokens = (batch: Uint32Array) => batch.reduce((sum, i) => sum + lengths[i]!, 0)
    const dealt = dealByLength(batches, (i) => lengths[i]!)
    expect(dealt.map(({ length }) => length)).toEqual([12, 12, 12, 12, 4])
    expect(dealt.flatMap((batch) => [...batch]).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 52 }, (_, i) => i),
    )
    const spread = (all: Uint32Array[]) =>
      Math.max(...all.slice(0, 4).map(tokens)) / Math.min(...all.slice(0, 4).map(tokens))
    expect(spread(dealt)).toBeLessThan(1.1)
    expect(spread(batches)).toBeGreaterThan(1.2)
  })

  it('gives every rank its share, in turns', () => {
    expect([0, 1, 2].map((rank) => sharesOf(7, { rank, worldSize: 3 }))).toEqual([
      [0, 3, 6],
      [1, 4],
      [2, 5],
    ])
    expect(sharesOf(1, { rank: 1, worldSize: 2 })).toEqual([])
  })
})
