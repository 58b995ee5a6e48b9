#!/usr/bin/env node
/**
 * `npm run try:everywhere [-- --tarball FILE] [--only WORDS] [--out FILE.md]`: the package, as a tarball, in every place
 * where Node people are: package managers and runtimes, releases of Node, TypeScript, bundlers, test runners, each in an
 * empty project of its own. A row a cell, in the table; a cell that is red has its remedy in docs/installing.md, and
 * one that has none makes the exit code 1. The tools come through npm and stay in a cache.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { pack } from '../pack.mjs'
import { bare } from './bare.mjs'
import { bundlers } from './bundlers.mjs'
import { managers, nodes } from './managers.mjs'
import { Project } from './project.mjs'
import { runners } from './runners.mjs'
import { types } from './types.mjs'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const cells = { ...managers, ...bare, ...nodes, ...types, ...bundlers, ...runners }

/** Cells that are known to be red: what is said there, and the heading of docs/installing.md that has the remedy. */
const remedies = {
  'Jest, CommonJS, require, no flags': [/Must use import to load ES Module/, 'Test runners'],
  'Yarn 1': [/cookie@.*The engine "node" is incompatible/, 'Package managers'],
  'Next.js, as it comes': [/build failed[\s\S]*node_modules\/torch-lora/, 'Bundlers'],
  "Electron's main process": [/fetch failed[\s\S]*@electron\/get/, 'Electron'],
  'Yarn 4, PnP, require': [/Cannot find package '.*' imported from .*torch-lora/, 'Package managers'],
}

const { values } = parseArgs({
  options: { tarball: { type: 'string' }, only: { type: 'string' }, out: { type: 'string' } },
})
const { findLibtorch } = await import('../../dist/libtorch/find.js')
const folder = mkdtempSync(join(tmpdir(), 'torch-lora-everywhere-'))
const tsx = join(root, 'node_modules', '.bin', 'tsx')
const made = spawnSync(tsx, [join(root, 'scripts', 'everywhere', 'model.ts')], { encoding: 'utf8' })
if (made.status !== 0) throw new Error(`no model to try with: ${made.stderr}`)
const model = made.stdout.trim()
const kit = {
  libtorch: findLibtorch().path,
  model,
  tarball: values.tarball ? resolve(values.tarball) : pack(folder).tarball,
}
const guide = readFileSync(join(root, 'docs', 'installing.md'), 'utf8')

/** One line, fit for a table. */
const short = (text) => text.replaceAll('|', '\\|').replace(/\s+/g, ' ').slice(0, 160)

const rows = []
try {
  let count = 0
  for (const [name, cell] of Object.entries(cells)) {
    if (values.only && !name.toLowerCase().includes(values.only.toLowerCase())) continue
    const started = performance.now()
    const make = (options) => new Project(join(folder, `p${++count}`), kit, options)
    let row
    try {
      row = [name, 'yes', await cell(make)]
    } catch (error) {
      const [says, heading] = remedies[name] ?? []
      const known = says?.test(error.said) && guide.includes(`## ${heading}`)
      if (!known) {
        process.exitCode = 1
        console.error(`${name}:\n${(error.said ?? error.stack).slice(-3000)}\n`)
      }
      row = [name, 'no', known ? `docs/installing.md, ${heading}` : short(error.message)]
    }
    console.log(`${row.join('  ')}  ${((performance.now() - started) / 1000).toFixed(0)} s`)
    rows.push(row)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
  rmSync(model, { recursive: true, force: true })
}
const table = [
  '| where | works | release, or why not |',
  '| --- | --- | --- |',
  ...rows.map((row) => `| ${row.join(' | ')} |`),
]
if (values.out) writeFileSync(values.out, `${table.join('\n')}\n`)
