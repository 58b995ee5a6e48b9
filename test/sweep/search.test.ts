import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { Random } from '../../lib/data/random.ts'
import { expandSearch } from '../../lib/sweep/cells.ts'
import { brackets, goOn } from '../../lib/sweep/hyperband.ts'
import { type RecipeInput, resolveRecipe } from '../../lib/sweep/recipe.ts'
import { drawSettings } from '../../lib/sweep/search-space.ts'
import { tinyExamples, tinyModel } from '../train/tiny.ts'

const main = new URL('../../lib/cli/main.ts', import.meta.url).pathname

describe('brackets', () => {
  it("are the paper's for 81 epochs (table 1)", () => {
    const rows = (bracket: { runs: number; epochs: number }[]) =>
      bracket.map(({ runs, epochs }) => [runs, epochs])
    expect(brackets({ epochs: 81, eta: 3 }).map(rows)).toEqual([
      [
        [81, 1],
        [27, 3],
        [9, 9],
        [3, 27],
        [1, 81],
      ],
      [
        [34, 3],
        [11, 9],
        [3, 27],
        [1, 81],
      ],
      [
        [15, 9],
        [5, 27],
        [1, 81],
      ],
      [
        [8, 27],
        [2, 81],
      ],
      [[5, 81]],
    ])
  })

  it('of one epoch are one rung, and most cuts them', () => {
    expect(brackets({ epochs: 1, eta: 3 })).toEqual([[{ runs: 1, epochs: 1 }]])
    expect(brackets({ epochs: 81, eta: 3, most: 2 })).toHaveLength(2)
  })

  it('the best go on; the failed never do', () => {
    const values = [0.5, null, 0.9, Number.NaN, 0.9, 0.1]
    expect(goOn([0, 1, 2, 3, 4, 5], (at) => values[at]!, 3)).toEqual([2, 4, 0])
    expect(goOn([1, 3], (at) => values[at]!, 2)).toEqual([])
  })
})

describe('draws', () => {
  it('fill their ranges, learning rates evenly in their logarithms', () => {
    const random = new Random(1)
    const drawn = Array.from({ length: 600 }, () =>
      drawSettings({ lr: [1e-5, 1e-2], r: [2, 8], dropout: [0, 0.3] }, random),
    )
    const between = (low: number, high: number) =>
      drawn.filter(({ lr }) => lr! >= low && lr! < high).length / drawn.length
    for (const decade of [1e-5, 1e-4, 1e-3])
      expect(Math.abs(between(decade, 10 * decade) - 1 / 3)).toBeLessThan(0.07)
    expect([...new Set(drawn.map(({ r }) => r!))].sort((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8])
    const dropouts = drawn.map(({ dropout }) => dropout!)
    expect(Math.min(...dropouts)).toBeLessThan(0.02)
    expect(Math.max(...dropouts)).toBeGreaterThan(0.28)
    expect(dropouts.every((value) => value >= 0 && value <= 0.3)).toBe(true)
  })

  const base: RecipeInput = { model: 'm', tasks: ['rte'], settings: { epochs: 9 } }
  it.each<[string, Partial<RecipeInput>, RegExp]>([
    ['upside down', { search: { ranges: { lr: [1e-2, 1e-5] } } }, /lr from 0\.01 to 0\.00001 is upside down/],
    ['one value', { search: { ranges: { lr: [1e-3, 1e-3] } } }, /is one value/],
    ['not above 0', { search: { ranges: { lr: [0, 1] } } }, /expected at least 1e-12/],
    ['a share of 1', { search: { ranges: { dropout: [0, 1] } } }, /dropout from 0 to 1: expected below 1/],
    ['half a rank', { search: { ranges: { r: [1.5, 4] } } }, /whole numbers/],
    ['an unknown setting', { search: { ranges: { lrr: [1, 2] } as never } }, /search\.ranges/],
    ['set as well', { search: {}, settings: { epochs: 9, lr: 1e-3 } }, /lr is searched and set/],
    [
      'a rank of full',
      { search: { ranges: { r: [2, 4] } }, methods: ['full'] },
      /full fine-tuning has no r to search/,
    ],
    [
      'a rank of what has none',
      { search: { ranges: { r: [2, 4] } }, methods: ['ia3'] },
      /ia3 has no r to search: search the methods apart/,
    ],
    ['without epochs', { search: {}, settings: {} }, /needs settings\.epochs/],
    ['with seeds', { search: {}, seeds: [0, 1] }, /with one seed/],
    ['with patience', { search: {}, settings: { epochs: 9, patience: 2 } }, /leave patience away/],
    ['with an axis', { search: {}, learningRates: [1e-3] }, /is an axis of a matrix/],
  ])('a range that is %s is refused', (_, change, message) => {
    expect(() => resolveRecipe({ ...base, ...change })).toThrow(message)
  })

  it('are the same for every method, and follow from the seed', () => {
    const cells = (seed: number) =>
      expandSearch(resolveRecipe({ ...base, methods: ['r2', 'r4'], search: { seed } })).flatMap(
        (each) => each.cells,
      )
    const found = cells(0)
    expect(found).toHaveLength(2 * (9 + 5 + 3))
    expect(found[0]!.name).toBe('rte-r2a4-b0c0-seed0')
    expect(found.slice(0, 17).map(({ drawn }) => drawn)).toEqual(found.slice(17).map(({ drawn }) => drawn))
    expect(cells(0)).toEqual(found)
    expect(cells(1).map(({ drawn }) => drawn)).not.toEqual(found.map(({ drawn }) => drawn))
    const ranked = resolveRecipe({ ...base, search: { ranges: { r: [2, 16] } } })
    expect(expandSearch(ranked)[0]!.cells[0]!.args.join(' ')).toMatch(/--method lora --r \d+/)
  })
})

describe('torch-lora sweep --search', { timeout: 400_000 }, () => {
  let folder: string
  let model: string
  let args: string[]

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'search-'))
    model = await tinyModel()
    const lines = (examples: object[]) => examples.map((example) => `${JSON.stringify(example)}\n`).join('')
    await writeFile(join(folder, 'train.jsonl'), lines(tinyExamples(64)))
    await writeFile(join(folder, 'dev.jsonl'), lines(tinyExamples(32, 200)))
    const data = [`train=${join(folder, 'train.jsonl')}`, `eval=${join(folder, 'dev.jsonl')}`]
    await writeFile(
      join(folder, 'search.json'),
      JSON.stringify({ model, methods: ['r2'], search: { eta: 2, brackets: 1 } }),
    )
    args = [
      join(folder, 'search.json'),
      '--search',
      '--range',
      'lr=1e-5..5e-2',
      '--set',
      'epochs=4',
      'threads=1',
      ...data,
    ]
  })

  async function sweep(
    own: string[],
    { during, env }: { during?: (child: ChildProcess) => Promise<void>; env?: Record<string, string> } = {},
  ) {
    const command = ['--import', 'tsx', main, 'sweep', ...args, ...own]
    const child = spawn(process.execPath, command, { env: { ...process.env, ...env } })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (data) => (stdout += data))
    child.stderr.on('data', (data) => (stderr += data))
    const closed = new Promise<number | null>((done) => child.on('close', done))
    await during?.(child)
    return { code: await closed, stdout, stderr }
  }

  const state = async (out: string) =>
    JSON.parse(await readFile(join(out, 'sweep.json'), 'utf8')).cells as {
      name: string
      status: string
      args: string[]
      drawn: { lr: number }
      score?: { value: number; epoch: number }
    }[]

  it('ends with the best run alone, the same after a stop, as if it had never paused', async () => {
    const out = join(folder, 'out')
    const stopped = await sweep(['--out', out], {
      during: async (child) => {
        while (!existsSync(join(out, 'files-r2a4-b0c1-seed0', 'metrics.jsonl')))
          await new Promise((done) => setTimeout(done, 50))
        child.kill('SIGINT')
      },
    })
    expect(stopped.code).toBe(130)
    const { code, stdout } = await sweep(['--out', out])
    expect(code).toBe(0)
    const cells = await state(out)
    expect(cells.map(({ status }) => status).sort()).toEqual(['done', 'stopped', 'stopped', 'stopped'])
    expect(cells.flatMap(({ score }) => score?.epoch ?? []).sort()).toEqual([1, 1, 2])
    const best = cells.find(({ status }) => status === 'done')!
    expect(stdout).toMatch(
      new RegExp(`best of the given files, r2a4: accuracy [\\d.]+ with lr ${best.drawn.lr} `),
    )
    for (const { status, name } of cells) {
      expect(existsSync(join(out, name, 'checkpoints'))).toBe(false)
      expect(existsSync(join(out, name, 'summary.json'))).toBe(status === 'done')
    }
    const whole = join(folder, 'whole')
    await promisify(execFile)(process.execPath, [
      '--import',
      'tsx',
      main,
      'train',
      ...best.args,
      '--out',
      whole,
    ])
    const adapter = (run: string) => readFile(join(run, 'adapter', 'adapter_model.safetensors'))
    expect((await adapter(join(out, best.name))).equals(await adapter(whole))).toBe(true)

    const again = await sweep(['--out', out])
    expect(again.code).toBe(0)
    expect(again.stderr).not.toMatch(/after 1 epochs/) // nothing ran
    expect((await state(out)).map(({ status }) => status)).toEqual(cells.map(({ status }) => status))
  })

  it('refuses a range upside down before anything is made, and shards', async () => {
    const out = join(folder, 'never')
    const upside = await sweep(['--range', 'lr=1e-2..1e-5', '--out', out])
    expect(upside.code).toBe(1)
    expect(upside.stderr).toMatch(/upside down/)
    expect((await sweep(['--out', out, '--shard', '1/2'])).stderr).toMatch(
      /those of a search wait for one another/,
    )
    const MASTER = { MASTER_ADDR: '127.0.0.1', MASTER_PORT: '1' }
    const spread = await sweep(['--out', out], { env: { RANK: '0', WORLD_SIZE: '2', ...MASTER } })
    expect(spread.stderr).toMatch(/A sweep over ranks is for a matrix of runs/)
    expect((await sweep(['--range', 'lr', '--out', out])).stderr).toMatch(/expected NAME=FROM\.\.TO/)
    expect(existsSync(out)).toBe(false)
  })
})
