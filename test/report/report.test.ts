import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseHTML } from 'linkedom'
import { beforeAll, describe, expect, it } from 'vitest'
import { conclusion } from '../../lib/report/conclusion.ts'
import { drawFigures, reference } from '../../lib/report/figures.ts'
import { groupRuns, spread } from '../../lib/report/groups.ts'
import { paperResults } from '../../lib/report/paper.ts'
import { readRuns } from '../../lib/report/runs.ts'
import { cli } from '../cli/run.ts'
import { tinyExamples, tinyModel } from '../train/tiny.ts'

let folder: string
let runs: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-'))
  runs = join(folder, 'sweep')
  const lines = (examples: object[]) => examples.map((example) => `${JSON.stringify(example)}\n`).join('')
  await writeFile(join(folder, 'train.jsonl'), lines(tinyExamples(48)))
  await writeFile(join(folder, 'dev.jsonl'), lines(tinyExamples(32, 200)))
  const settings = {
    train: join(folder, 'train.jsonl'),
    eval: join(folder, 'dev.jsonl'),
    epochs: 3,
    batchSize: 16,
    logEvery: 1,
  }
  const recipe = { model: await tinyModel(), methods: ['full', 'r2'], seeds: [0, 1], settings }
  await writeFile(join(folder, 'recipe.json'), JSON.stringify(recipe))
  const { code, stderr } = await cli(['sweep', join(folder, 'recipe.json'), '--out', runs])
  expect(stderr).toMatch(/4\/4/)
  expect(code).toBe(0)
}, 240_000)

describe('torch-lora report', { timeout: 120_000 }, () => {
  it('draws every figure and number of a sweep on one page that needs nothing else', async () => {
    const out = join(folder, 'report.html')
    const figures = join(folder, 'figures')
    const { code, stdout } = await cli([
      'report',
      runs,
      '--out',
      out,
      '--svg',
      figures,
      '--title',
      'A <b> & c',
    ])
    expect(code).toBe(0)
    expect(stdout).toMatch(/4 runs, 4 figures/)
    const html = await readFile(out, 'utf8')
    expect(html).not.toMatch(/<script|<link|<img|url\((?!#)|@import|(src|href)="(?!#)/)
    const { document } = parseHTML(html)
    expect(document.querySelector('h1')!.textContent).toBe('A <b> & c')
    expect(document.querySelectorAll('figure svg')).toHaveLength(4)
    const rows = [...document.querySelectorAll('table tbody tr')].map((row) =>
      [...row.querySelectorAll('td')].map((cell) => cell.textContent),
    )
    expect(rows.map(([method, seeds]) => [method, seeds])).toEqual([
      ['full', '2'],
      ['r2a4', '2'],
    ])
    const summaries = await Promise.all(
      [0, 1].map(async (seed) =>
        JSON.parse(await readFile(join(runs, `files-r2a4-seed${seed}`, 'summary.json'), 'utf8')),
      ),
    )
    const { mean, deviation } = spread(summaries.map(({ best }) => best.metrics.accuracy))
    expect(rows[1]![2]).toBe(`${mean.toFixed(4)} ± ${deviation!.toFixed(4)}`)
    const files = await readdir(figures)
    expect(files.map((file) => file.replace(/.*-files-/, '')).sort()).toEqual(
      ['costs', 'loss', 'metric', 'parameters'].map((name) => `${name}.svg`),
    )
    for (const file of files) {
      const svg = await readFile(join(figures, file), 'utf8')
      expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
      expect(svg).not.toMatch(/NaN|undefined|Infinity/)
      expect(svg).toContain('background:#fff')
    }
    expect(document.querySelector('.conclusion')!.textContent).toMatch(
      /is best with accuracy [01]\.\d{3} ± .* over 2 seeds, .* points above .*McNemar's p/,
    )
    expect(html).toMatch(/prefers-color-scheme: dark/)
    // A point an epoch and method.
    const metric = document.querySelector('svg[aria-label="accuracy by epoch"]')!
    expect(metric.outerHTML).toContain('r2a4')
  })

  it('means are over seeds, in order of epochs, full first', async () => {
    const [group] = groupRuns(await readRuns([runs]))
    expect(group!.methods.map(({ method }) => method)).toEqual(['full', 'r2a4'])
    // Of errors the lower is better.
    const [best] = conclusion(group!).split(' ')
    const [other] = ['full', 'r2a4'].filter((method) => method !== best)
    expect(conclusion({ ...group!, metric: 'mse' })).toMatch(
      new RegExp(`^${other} is best with mse .*, 0\\.\\d{3} below ${best}`),
    )
    const read = await readRuns([join(runs, 'files-full-seed0'), join(runs, 'files-full-seed1')])
    const second = read.map(({ evaluations }) => evaluations[1]!.metrics.accuracy!)
    const point = group!.metricCurve.find(({ method, epoch }) => method === 'full' && epoch === 2)!
    expect(point).toMatchObject({ count: 2 })
    expect(point.mean).toBeCloseTo((second[0]! + second[1]!) / 2)
    expect(point.deviation).toBeCloseTo(Math.abs(second[0]! - second[1]!) / Math.SQRT2)
    expect(group!.lossCurve.filter(({ method }) => method === 'full')).toHaveLength(9)
  })

  it('shows of a single run the classes, what was taken for what, and the errors with their texts', async () => {
    const out = join(folder, 'one.html')
    const run = join(runs, 'files-r2a4-seed0')
    const { code, stdout } = await cli(['report', run, '--out', out])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^1 run, 3 figures: /)
    const { document } = parseHTML(await readFile(out, 'utf8'))
    const evaluation = JSON.parse(await readFile(join(run, 'evaluation.json'), 'utf8'))
    expect(document.querySelector('.conclusion')!.textContent).toMatch(
      /r2a4 comes to accuracy [01]\.\d{3} \(95 % interval .* to .*\) on 32 rows, with [\d,]+ trained parameters/,
    )
    const matrix = [...document.querySelectorAll('.confusion tbody tr')].map((row) =>
      [...row.querySelectorAll('td')].map((cell) => Number(cell.textContent)),
    )
    expect(matrix).toEqual(evaluation.confusion)
    expect(document.querySelectorAll('.classes tbody tr')).toHaveLength(4)
    // A bar and its number are one line; on a phone it stands above.
    const style = document.querySelector('style')!.textContent!
    expect(style).toMatch(/\.classes td:not\(:first-child\) \{ white-space: nowrap/)
    expect(style).toMatch(/max-width: 640px.*\.bar \{ display: block;/s)
    const bars = [...document.querySelectorAll('.classes .bar i')].map((bar) => bar.getAttribute('style'))
    const { classes, macro, weighted } = evaluation.report
    expect(bars).toEqual(
      [...classes, macro, weighted].map(({ f1 }: { f1: number }) => `width:${(100 * f1).toFixed(1)}%`),
    )
    const errors = [...document.querySelectorAll('.errors li')].map((item) => item.textContent!)
    expect(errors).toHaveLength(Math.min(10, evaluation.worst.length))
    for (const [i, text] of errors.entries()) expect(text).toContain(evaluation.worst[i].text)
    expect(document.querySelector('svg[aria-label="accuracy by confidence"]')).toBeTruthy()
    const card = await readFile(join(run, 'adapter', 'README.md'), 'utf8')
    expect(card).toMatch(/^---\nlibrary_name: peft\nbase_model: "[^/"]+"\n/)
    expect(card).toContain(`| accuracy | ${evaluation.metrics.accuracy.toFixed(4)} |`)
    expect(card).toMatch(/Labels: `bad`, `good`\./)
  })

  it('tells runs of one method apart by what their frozen weights were in, and draws their losses beside one another', async () => {
    const from = join(runs, 'files-r2a4-seed0')
    const summary = JSON.parse(await readFile(join(from, 'summary.json'), 'utf8'))
    expect(summary.dtype).toBe('float32')
    const { dtype: _, ...old } = summary // a run from before it was kept
    const kinds = {
      'r2a4 bfloat16': {
        ...summary,
        dtype: 'bfloat16',
        configuration: { ...summary.configuration, dtype: 'bfloat16' },
      },
      r2a4: { ...summary, configuration: { ...summary.configuration, dtype: 'auto' } },
      'r2a4 float16': { ...old, configuration: { ...summary.configuration, dtype: 'float16' } },
      'r2a4 int8 base': { ...summary, configuration: { ...summary.configuration, baseDtype: 'int8' } },
      'r2a4 nf4 base': { ...summary, configuration: { ...summary.configuration, baseDtype: 'nf4' } },
    }
    const folders = await Promise.all(
      Object.values(kinds).map(async (kind, i) => {
        const own = join(folder, `kind${i}`)
        await mkdir(own)
        await writeFile(join(own, 'summary.json'), JSON.stringify(kind))
        await writeFile(join(own, 'metrics.jsonl'), await readFile(join(from, 'metrics.jsonl')))
        return own
      }),
    )
    const [group] = groupRuns(await readRuns(folders))
    expect(group!.methods.map(({ method }) => method)).toEqual(Object.keys(kinds))
    expect(reference(group!).method).toBe('r2a4')
    const figures = drawFigures(group!)
    // They train the same number of parameters: there is nothing to draw against it.
    expect(figures.map(({ name }) => name.replace(/.*-files-/, ''))).toEqual(['metric', 'loss', 'costs'])
    for (const { svg } of figures) expect(svg).not.toMatch(/NaN|undefined|Infinity/)
    const { document } = parseHTML(figures[1]!.svg)
    const named = [...document.querySelectorAll('text')].map(({ textContent }) => textContent)
    for (const kind of Object.keys(kinds)) expect(named).toContain(kind)
  })

  it("the paper's numbers stand beside ours where model and task are the paper's", async () => {
    expect(paperResults('roberta-base', 'rte').map(({ accuracy }) => accuracy)).toEqual([0.787, 0.866])
    expect(paperResults('MiniLM', 'rte')).toEqual([])
    const one = join(folder, 'paper')
    await mkdir(one)
    const summary = JSON.parse(await readFile(join(runs, 'files-full-seed0', 'summary.json'), 'utf8'))
    summary.task = 'mrpc'
    summary.configuration.model = 'FacebookAI/roberta-base'
    await writeFile(join(one, 'summary.json'), JSON.stringify(summary))
    await writeFile(
      join(one, 'metrics.jsonl'),
      await readFile(join(runs, 'files-full-seed0', 'metrics.jsonl')),
    )
    const out = join(folder, 'paper.html')
    expect((await cli(['report', one, '--out', out])).code).toBe(0)
    expect(await readFile(out, 'utf8')).toMatch(/paper, LoRA 89\.7 %/)
  })

  it('a folder without runs and a line that is none are named, and nothing is written', async () => {
    const out = join(folder, 'never.html')
    const empty = await cli(['report', join(folder, 'nowhere'), '--out', out])
    expect(empty.code).toBe(1)
    expect(empty.stderr).toMatch(/nowhere holds no finished run: expected a folder/)
    const broken = join(folder, 'broken')
    await mkdir(broken)
    await writeFile(
      join(broken, 'summary.json'),
      await readFile(join(runs, 'files-full-seed0', 'summary.json')),
    )
    await writeFile(
      join(broken, 'metrics.jsonl'),
      '{"type":"step","step":1,"epoch":0.1,"loss":1}\n{"type":"st',
    )
    const { code, stderr } = await cli(['report', broken, '--out', out])
    expect(code).toBe(1)
    expect(stderr).toMatch(/metrics\.jsonl, line 2: expected a step or an evaluation/)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(existsSync(out)).toBe(false)
  })
})
