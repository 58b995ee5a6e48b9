#!/usr/bin/env node
/**
 * `npm run check [-- NAME...]`: everything that is checked without running the code; without names all of it. With
 * `--report FOLDER`, a note for each in FOLDER, for .ci/count.mjs.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { apiReport } from './api-report.mjs'
import { buildTypeScript } from './build-ts.mjs'
import { bin, run, tracked } from './check/run.mjs'
import { tidy } from './check/tidy.mjs'
import { tool } from './check/tools.mjs'
import { workflows } from './check/workflows.mjs'
import { buildDocs } from './docs/build.mjs'

/** Packs once, for the checks that look at the tarball. */
const packed = (() => {
  let folder
  let made
  process.on('exit', () => folder && rmSync(folder, { recursive: true, force: true }))
  return async () => {
    if (made) return made
    const { pack } = await import('./pack.mjs')
    folder = mkdtempSync(join(tmpdir(), 'torch-lora-check-'))
    made = pack(folder).tarball
    return made
  }
})()

/** Each gives whether all is well, and what is not. */
const checks = {
  lint: () => bin('biome', 'check', '--diagnostic-level=error'),
  types: async () => {
    const own = await bin('tsc', '--noEmit')
    if (!own.ok) return own
    buildTypeScript() // of which the scripts, and test/api under exactOptionalPropertyTypes, are the users
    const scripts = await bin('tsc', '--noEmit', '-p', 'scripts')
    return scripts.ok ? bin('tsc', '--noEmit', '-p', 'test/api') : scripts
  },
  unused: () => bin('knip', '--no-progress'),
  'native format': () =>
    run(tool('clang-format'), ['--dry-run', '-Werror', ...tracked(/^native\/.*\.(cpp|h|cu|cuh)$/)]),
  'native bugs': tidy,
  workflows,
  dockerfile: () => run(tool('hadolint'), tracked(/(^|\/)Dockerfile$/)),
  manifests: () =>
    run(tool('kubernetes-validate'), ['--strict', '--quiet', ...tracked(/^examples\/deploy\/.*\.yaml$/)]),
  docs: async () => buildDocs(),
  api: async () => apiReport(),
  publint: async () => bin('publint', 'run', '--strict', await packed()),
  // node10 knows no `exports`: what torch-lora/nn is to Node it cannot see.
  attw: async () => bin('attw', '--profile', 'node16', await packed()),
}

const names = process.argv.slice(2)
const report = names.includes('--report') ? names.splice(names.indexOf('--report'), 2)[1] : undefined
const unknown = names.filter((name) => !(name in checks))
if (unknown.length > 0) {
  console.error(`check: there is no ${unknown.join(', ')}; there are ${Object.keys(checks).join(', ')}`)
  process.exit(2)
}

const width = Math.max(...Object.keys(checks).map((name) => name.length))
for (const [name, check] of Object.entries(checks)) {
  if (names.length > 0 && !names.includes(name)) continue
  const started = performance.now()
  const { ok, output } = await check().catch((error) => ({ ok: false, output: error.message }))
  if (!ok) console.log(output.trim())
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${name.padEnd(width)}  ${ok ? 'passed' : 'FAILED'}  ${seconds} s`)
  if (!ok) process.exitCode = 1
  if (report) writeFileSync(join(report, `${name.replaceAll(' ', '-')}.exit`), `exit code ${ok ? 0 : 1}\n`)
}
