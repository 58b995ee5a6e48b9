import { existsSync } from 'node:fs'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { type MethodFlag, methodFlags, methodNames } from '../../lib/adapters/method-names.ts'
import { flagOf } from '../../lib/options.ts'
import { expandRecipe } from '../../lib/sweep/cells.ts'
import { choose, type RecipeInput, resolveRecipe } from '../../lib/sweep/recipe.ts'
import { cli, type RunOptions } from '../cli/run.ts'
import { tinyExamples, tinyModel } from '../train/tiny.ts'

let folder: string
let recipeFile: string
let recipe: RecipeInput

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sweep-'))
  const lines = (examples: object[]) => examples.map((example) => `${JSON.stringify(example)}\n`).join('')
  await writeFile(join(folder, 'train.jsonl'), lines(tinyExamples(64)))
  await writeFile(join(folder, 'dev.jsonl'), lines(tinyExamples(32, 200)))
  recipe = {
    model: await tinyModel(),
    methods: ['full', { r: 2, alpha: 4, name: 'rank2' }],
    seeds: [0],
    settings: {
      train: join(folder, 'train.jsonl'),
      eval: join(folder, 'dev.jsonl'),
      epochs: 20,
      batchSize: 8,
      lr: 3e-3,
      threads: 1,
    },
  }
  recipeFile = join(folder, 'recipe.json')
  await writeFile(recipeFile, JSON.stringify(recipe))
})

/** A value that a setting of a method may have. */
function sample(flag: MethodFlag): unknown {
  if (flag === 'target' || flag === 'feedforward') return ['query']
  if (flag === 'trainableTokenIndices') return [1, 2]
  if (flag === 'bias') return 'all'
  if (flag === 'initLoraWeights') return 'gaussian'
  if (flag === 'rslora' || flag === 'dora') return true
  return flag === 'dropout' ? 0.1 : 2
}

const sweep = (args: string[], during?: RunOptions['during']) =>
  cli(['sweep', ...args], { ...(during && { during }) })

/** Waits until a file is there, and longer than so many bytes. */
async function grown(file: string, bytes = 0): Promise<void> {
  const text = await readFile(file).catch(() => null)
  if (text && text.length > bytes) return
  await new Promise((resolve) => setTimeout(resolve, 20))
  return grown(file, bytes)
}

const json = async (file: string) => JSON.parse(await readFile(file, 'utf8'))
const names = ['files-full-seed0', 'files-rank2-seed0']

describe('recipes', () => {
  it('are expanded in order, with the settings of tasks over those of methods', () => {
    const cells = expandRecipe(
      resolveRecipe({
        model: 'm',
        tasks: ['rte', { name: 'mrpc', epochs: 30 }],
        methods: [
          'full',
          'r4',
          { r: 8, alpha: 8, epochs: 2, rslora: true, dtype: 'bf16', target: ['query', 'key'] },
        ],
        seeds: [0, 7],
        learningRates: [1e-3, 4e-4],
        settings: { data: 'glue', epochs: 3 },
      }),
    )
    expect(cells).toHaveLength(24)
    expect(cells.slice(0, 3).map(({ name }) => name)).toEqual([
      'rte-full-lr0.001-seed0',
      'rte-full-lr0.001-seed7',
      'rte-full-lr0.0004-seed0',
    ])
    expect(cells.find(({ name }) => name === 'rte-r8a8-lr0.0004-seed7')!.args.join(' ')).toBe(
      '--model m --task rte --data glue --epochs 2 --target query,key --rslora --dtype bf16 --r 8 --alpha 8 --lr 0.0004 --seed 7',
    )
    expect(cells.find(({ name }) => name === 'mrpc-r4a8-lr0.001-seed0')!.args).toContain('30')
  })

  it('are cut down by name, with the settings that they give', () => {
    const tasks = ['rte', { name: 'mrpc', epochs: 30 }]
    expect(choose(['mrpc', 'rte', 'cola'], tasks)).toEqual([{ name: 'mrpc', epochs: 30 }, 'rte', 'cola'])
    expect(choose(['r8'], undefined)).toEqual(['r8'])
    expect(choose(undefined, tasks)).toBeUndefined()
  })

  it.each<[string, object, RegExp]>([
    ['an unknown key', { settings: { epoch: 3 } }, /settings: Unrecognized key: "epoch"/],
    ['an unknown task', { tasks: ['mrpcc'] }, /tasks\.0/],
    ['no method', { methods: ['lora'] }, /methods\.0: 'lora' is no method: expected 'full', 'r8'/],
    ['a bad seed', { seeds: [1.5] }, /seeds\.0/],
    ['no model', { model: undefined }, /model: .*expected string/],
    ['nothing to train on', { tasks: [] }, /say what to train on/],
    ['full with a rank', { methods: [{ full: true, r: 8 }] }, /full fine-tuning takes no r/],
    ['two learning rates', { learningRates: [1], settings: { lr: 2 } }, /not both/],
    [
      'a setting that a method has not',
      { methods: [{ method: 'ia3', r: 4 }, 'bitfit'], settings: { dropout: 0.1 } },
      /methods\.0: ia3 has no r, dropout; it has target, feedforward.*methods\.1: bitfit has no dropout; it has no settings/,
    ],
    [
      'a rank beside an adapter',
      { methods: [{ r: 8, adapter: 'a' }, { method: 'ia3' }], settings: { adapter: 'b' } },
      /methods\.0: a run that starts from an adapter has no r; it has alpha.*methods\.1: .* has no method/,
    ],
    ['several at once', { seeds: [-1], settings: { dropout: 2 } }, /seeds\.0.*settings\.dropout/],
  ])('%s is named', (_, change, message) => {
    expect(() => resolveRecipe({ model: 'm', tasks: ['rte'], ...change })).toThrow(message)
  })

  it('common settings of methods are left away where everything trains; an adapter for all runs is the method', () => {
    const settings = { dropout: 0.1, target: ['query'] }
    const [full, r4] = expandRecipe(
      resolveRecipe({ model: 'm', tasks: ['rte'], methods: ['full', 'r4'], settings }),
    )
    expect(full!.args.join(' ')).toBe('--model m --task rte --full --seed 0')
    expect(r4!.args.join(' ')).toContain('--target query --dropout 0.1')
    const methods = [{ method: 'adalora', tinit: 3, deltaT: 2, trainableTokenIndices: [1] }]
    expect(() => resolveRecipe({ model: 'm', tasks: ['rte'], methods } as never)).toThrow(
      /adalora has no trainableTokenIndices/,
    )
    const every = methodNames.flatMap((method) => {
      const values = Object.fromEntries(methodFlags[method].map((flag) => [flag, sample(flag)]))
      const [cell] = expandRecipe(
        resolveRecipe({ model: 'm', tasks: ['rte'], methods: [{ method, ...values }] }),
      )
      return methodFlags[method].filter((flag) => !cell!.args.includes(flagOf(flag)))
    })
    expect(every).toEqual([]) // each setting of each method becomes its flag
    const from = expandRecipe(resolveRecipe({ model: 'm', tasks: ['rte'], settings: { adapter: 'a' } }))
    expect(from.map(({ args }) => args.join(' '))).toEqual(['--model m --task rte --adapter a --seed 0'])
  })

  it('a matrix of more runs than anybody waits for is refused before it is laid out', () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => i + 1)
    expect(() =>
      resolveRecipe({ ...recipe, seeds: many(1e5), learningRates: many(1e5), settings: { train: 't' } }),
    ).toThrow(/its axes make 20000000000 runs \(1 x 2 x 100000 x 100000\), at most 10000 are taken/)
    expect(expandRecipe(resolveRecipe({ ...recipe, seeds: many(5000) }))).toHaveLength(10_000)
  })

  it('two cells of one name are refused', () => {
    const twice = resolveRecipe({ model: 'm', tasks: ['rte'], methods: ['r8', { r: 8, dropout: 0.1 }] })
    expect(() => expandRecipe(twice)).toThrow(/would be called rte-r8a16-seed0.*"name"/)
  })
})

describe('torch-lora sweep', { timeout: 400_000 }, () => {
  it('interrupted twice, it ends with every result, the same as without', async () => {
    const out = join(folder, 'interrupted')
    const listed = await sweep([recipeFile, '--out', out, '--dry-run', '--json'])
    expect(
      JSON.parse(listed.stdout).map(({ name, status }: { name: string; status: string }) => [name, status]),
    ).toEqual(names.map((name) => [name, 'pending']))
    expect(existsSync(out)).toBe(false)

    for (const cell of ['files-full-seed0', 'files-rank2-seed0']) {
      const stopped = await sweep([recipeFile, '--out', out], async (child) => {
        await grown(join(out, cell, 'metrics.jsonl'))
        child.kill('SIGINT')
      })
      expect(stopped.code).toBe(130)
      expect(stopped.stderr).toMatch(/Interrupted with \d of 2 runs to go\. The same command goes on\./)
      expect(existsSync(join(out, cell, 'summary.json'))).toBe(false)
      expect(existsSync(join(out, cell, 'checkpoints'))).toBe(true)
    }
    const before = await readFile(join(out, 'files-full-seed0', 'summary.json'), 'utf8')
    const ended = await sweep([recipeFile, '--out', out])
    expect(ended.code).toBe(0)
    expect(await readFile(join(out, 'files-full-seed0', 'summary.json'), 'utf8')).toBe(before)
    const { cells } = await json(join(out, 'sweep.json'))
    expect(cells.map(({ name, status }: { name: string; status: string }) => [name, status])).toEqual(
      names.map((name) => [name, 'done']),
    )
    for (const name of names) {
      expect(ended.stdout).toMatch(new RegExp(`${name} +accuracy [01]\\.\\d{4}`))
      expect(existsSync(join(out, name, 'checkpoints'))).toBe(false)
    }
    expect(cells[0].summary.peakResidentBytes).toBeGreaterThan(50e6)
    expect(cells[0].summary.optimizerStateBytes).toBeGreaterThan(cells[1].summary.optimizerStateBytes)

    const single = join(folder, 'single')
    expect((await sweep([recipeFile, '--out', single, '--seeds', '0', '--methods', 'r2'])).code).toBe(0)
    const adapter = (path: string) => readFile(join(path, 'adapter', 'adapter_model.safetensors'))
    const whole = await adapter(join(single, 'files-r2a4-seed0'))
    expect((await adapter(join(out, 'files-rank2-seed0'))).equals(whole)).toBe(true)

    const other = await sweep([recipeFile, '--out', out, '--set', 'epochs=3'])
    expect(other.code).toBe(1)
    expect(other.stderr).toMatch(
      /files-full-seed0 is of other settings: it had --epochs 20; the sweep says --epochs 3/,
    )
  })

  it('a cell that fails is named, and the rest run; the next start tries it again', async () => {
    const out = join(folder, 'failing')
    const file = join(folder, 'failing.json')
    const methods = [{ r: 2, target: ['q_proj'], name: 'misfit' }, 'r2']
    await writeFile(file, JSON.stringify({ ...recipe, methods, seeds: [0] }))
    const args = [file, '--out', out, '--set', 'epochs=1', '--keep', 'metrics']
    const first = await sweep(args)
    expect(first.code).toBe(1)
    expect(first.stderr).toMatch(/1\/2 files-misfit-seed0: failed: .*q_proj/)
    expect(first.stderr).toMatch(/1 of 2 runs failed/)
    expect(await readFile(join(out, 'files-misfit-seed0', 'train.log'), 'utf8')).toMatch(/q_proj/)
    expect(existsSync(join(out, 'files-r2a4-seed0', 'summary.json'))).toBe(true)
    expect(existsSync(join(out, 'files-r2a4-seed0', 'adapter'))).toBe(false)
    const second = await sweep(args)
    expect(second.stderr).toMatch(/1\/2 files-misfit-seed0: failed/)
    expect(second.stderr).not.toMatch(/files-r2a4-seed0:/)
  })

  it('shards run a part each, and their results meet in the folder', async () => {
    const out = join(folder, 'sharded')
    const own = ['--set', 'epochs=1', '--seeds', '0,1', '--out', out]
    const second = await sweep([recipeFile, ...own, '--shard', '2/2'])
    expect(second.code).toBe(0) // what is pending is not its to run
    const state = async () =>
      (await json(join(out, 'sweep.json'))).cells.map(({ status }: { status: string }) => status)
    expect(await state()).toEqual(['pending', 'done', 'pending', 'done'])
    const first = await sweep([recipeFile, ...own, '--shard', '1/2', '--json'])
    expect(first.code).toBe(0)
    expect(await state()).toEqual(['done', 'done', 'done', 'done'])
    expect(JSON.parse(first.stdout)).toHaveLength(4)
    for (const wrong of ['0/2', '3/2', '1', '1/0', '1/2/3'])
      expect((await sweep([recipeFile, ...own, '--shard', wrong])).stderr).toMatch(/expected I\/N/)
  })

  it('ranks of a launcher run a part each, every run as one process', async () => {
    const out = join(folder, 'ranks')
    const own = [recipeFile, '--set', 'epochs=1', '--seeds', '0,1', '--out', out]
    const rankEnv = (rank: number) => ({
      RANK: `${rank}`,
      LOCAL_RANK: `${rank}`,
      WORLD_SIZE: '2',
      MASTER_ADDR: '127.0.0.1',
      MASTER_PORT: '1', // where nobody is: ranks of a sweep have nothing to say to each other
    })
    const ranks = await Promise.all([0, 1].map((rank) => cli(['sweep', ...own], { env: rankEnv(rank) })))
    for (const [rank, { code, stdout, stderr }] of ranks.entries()) {
      expect(code, stderr).toBe(0)
      for (const seed of [0, 1])
        for (const method of ['full', 'rank2']) {
          const line = new RegExp(`^files-${method}-seed${seed} .* accuracy `, 'm')
          if (seed === rank) expect(stdout).toMatch(line)
          else expect(stdout).not.toMatch(line)
        }
    }
    const { cells } = await json(join(out, 'sweep.json'))
    expect(cells.map(({ status }: { status: string }) => status)).toEqual(Array(4).fill('done'))
    const refused = await cli(['sweep', ...own, '--shard', '1/2'], { env: rankEnv(1) })
    expect(refused.stderr).toMatch(/rank 1 of 2 runs part 2 of 2 already/)
  })

  it('says once what is missing, before the first run', async () => {
    const out = join(folder, 'missing')
    const file = join(folder, 'missing.json')
    const settings = { ...(recipe.settings as object), train: join(folder, 'nowhere.jsonl') }
    const methods = ['r2', { name: 'from', adapter: join(folder, 'no-adapter') }]
    await writeFile(file, JSON.stringify({ ...recipe, settings, methods, seeds: [0, 1] }))
    const { code, stderr } = await sweep([file, '--out', out])
    expect(code).toBe(1)
    expect(stderr.match(/nowhere\.jsonl/g)).toHaveLength(1)
    expect(stderr).toMatch(
      /the data file \S+nowhere\.jsonl cannot be read \(ENOENT\) \(needed by every run\)/,
    )
    expect(stderr).toMatch(
      /the adapter \S+no-adapter .*\(needed by 2 of 4 runs, files-from-seed0 the first\)/,
    )
    expect(existsSync(out)).toBe(false)
    const glue = await sweep([
      '--model',
      recipe.model!,
      '--tasks',
      'mrpc,rte',
      '--data',
      folder,
      '--out',
      out,
    ])
    expect(glue.code).toBe(1)
    expect(glue.stderr).toMatch(/The sweep cannot begin: mrpc: .*; rte: /s)
    expect(existsSync(out)).toBe(false)
  })

  it('says once what is there and of no use: folders of nothing, columns, models that are nowhere', async () => {
    const [out, empty] = [join(folder, 'useless'), await mkdtemp(join(tmpdir(), 'empty-'))]
    const settings = { ...(recipe.settings as object), text: 'body', eval: empty, adapter: empty }
    const file = join(folder, 'useless.json')
    await writeFile(file, JSON.stringify({ model: './nowhere', settings, seeds: [0, 1] }))
    const { code, stderr } = await sweep([file, '--out', out])
    expect(code).toBe(1)
    expect(stderr).toMatch(/\.\/nowhere: no such folder.* \(needed by every run\)/)
    expect(stderr).toMatch(/train\.jsonl, line 1: no key "body" for text; .*\(needed by every run\)/)
    expect(stderr).toMatch(/: holds no data: .*\(needed by every run\)/)
    expect(stderr).toMatch(/the adapter \S+empty-.*adapter_model.*\(needed by every run\)/)
    expect(existsSync(out)).toBe(false)
  })

  it('a recipe that is malformed is refused by file and key, before anything is made', async () => {
    const file = join(folder, 'malformed.json')
    await writeFile(file, JSON.stringify({ ...recipe, settings: { epoch: 3 }, seeds: ['a'] }))
    const out = join(folder, 'never')
    const { code, stderr } = await sweep([file, '--out', out])
    expect(code).toBe(1)
    expect(stderr).toMatch(/malformed\.json.*seeds\.0.*epoch/s)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(existsSync(out)).toBe(false)
  })

  it('a sweep that is killed leaves no run behind that writes on', async () => {
    const out = join(folder, 'killed')
    const cell = join(out, 'files-full-seed0')
    await sweep([recipeFile, '--out', out, '--set', 'epochs=1000'], async (child) => {
      await grown(join(cell, 'metrics.jsonl'))
      child.kill('SIGKILL')
    })
    // The run takes its checkpoint and says that it was interrupted.
    for (let text = ''; !/Interrupted after update/.test(text); ) {
      text = await readFile(join(cell, 'metrics.jsonl'), 'utf8').then(() =>
        readFile(join(cell, 'train.log'), 'utf8'),
      )
      if (existsSync(join(cell, 'checkpoints'))) break
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    await new Promise((resolve) => setTimeout(resolve, 1500))
    const size = (await readFile(join(cell, 'metrics.jsonl'))).length
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect((await readFile(join(cell, 'metrics.jsonl'))).length).toBe(size)
  })
})
