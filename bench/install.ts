/**
 * From an empty project to its first prediction: `npm install` of the tarball, without scripts and without a compiler
 * on the PATH, then one text through a tiny model in a fresh process. libtorch is there already. Then what the tarball
 * and the installed project weigh, part by part.
 *
 *   npm run build && npx tsx bench/install.ts [--runs 3] [--tarball FILE] [--newcomer MODEL]
 *
 * `--tarball` measures that of `npm run release:pack` in place of this build's. `--newcomer` walks a newcomer's whole
 * path with a model folder: install, `libtorch install` into an empty cache, a prediction, training on a file of 200
 * texts, a prediction with what it trained.
 * npm's cache holds the dependencies from the second run on, as it does for whoever has installed any of them.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { findLibtorch } from '../lib/libtorch/find.ts'
import { tinyClassifier } from '../test/inference/models.ts'
import { EmptyProject, type Outcome, pack, predictScript } from '../test/package/installed.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    tarball: { type: 'string' },
    newcomer: { type: 'string' },
  },
})
const { path, version } = findLibtorch()
const folder = mkdtempSync(join(tmpdir(), 'torch-lora-install-'))
const model = await tinyClassifier({ labels: ['bad', 'good'] })
const seconds = (since: number) => ((performance.now() - since) / 1000).toFixed(1)
const megabytes = (size: number) => `${(size / 1e6).toFixed(2)} MB`

function passed({ status, stdout, stderr }: Outcome): string {
  if (status !== 0) throw new Error(stderr)
  return stdout
}

/** Bytes of the files below a folder, or of a file. */
function weight(place: string): number {
  const status = statSync(place)
  if (!status.isDirectory()) return status.size
  return readdirSync(place).reduce((sum, name) => sum + weight(join(place, name)), 0)
}

/** The parts of a folder, the heaviest first; what is under `least` bytes in one line. */
function parts(place: string, names: string[], least: number): string[] {
  const weighed = names.map((name) => ({ name, bytes: weight(join(place, name)) }))
  const large = weighed.filter(({ bytes }) => bytes >= least).sort((a, b) => b.bytes - a.bytes)
  const rest = weighed.filter(({ bytes }) => bytes < least)
  const lines = large.map(({ name, bytes }) => `  ${megabytes(bytes).padStart(9)}  ${name}`)
  if (rest.length > 0) {
    const bytes = rest.reduce((sum, { bytes }) => sum + bytes, 0)
    lines.push(`  ${megabytes(bytes).padStart(9)}  ${rest.length} more`)
  }
  return lines
}

/** Names below node_modules, a scope's packages each by itself. */
function packages(modules: string): string[] {
  return readdirSync(modules)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@') ? readdirSync(join(modules, name)).map((inner) => `${name}/${inner}`) : [name],
    )
}

function printSizes(project: EmptyProject, tarball: string): void {
  const modules = join(project.folder, 'node_modules')
  const own = join(modules, 'torch-lora')
  console.log(`tarball ${megabytes(statSync(tarball).size)}, unpacked ${megabytes(weight(own))}:`)
  console.log(parts(own, readdirSync(own), 1e5).join('\n'))
  const prebuilds = join(own, 'prebuilds')
  for (const platform of readdirSync(prebuilds)) {
    console.log(`prebuilds/${platform}:`)
    console.log(parts(join(prebuilds, platform), readdirSync(join(prebuilds, platform)), 1e5).join('\n'))
  }
  console.log(`node_modules ${megabytes(weight(modules))}:`)
  console.log(parts(modules, packages(modules), 1e6).join('\n'))
}

/** A newcomer's steps, each timed. */
function walk(project: EmptyProject, tarball: string, base: string): void {
  const cache = join(project.folder, '..', 'cache')
  const environment = { XDG_CACHE_HOME: cache, TORCH_LORA_LIBTORCH: '' }
  const step = (name: string, body: () => Outcome) => {
    const started = performance.now()
    passed(body())
    console.log(`${seconds(started).padStart(6)} s  ${name}`)
  }
  const cli = (...args: string[]) => project.run('npx', ['--no-install', 'torch-lora', ...args], environment)
  step('npm install', () => project.install(tarball))
  step('torch-lora libtorch install, the download included', () => cli('libtorch', 'install'))
  step('torch-lora doctor', () => cli('doctor'))
  project.write('texts.jsonl', '{"text":"It broke again."}\n')
  step('first prediction', () => cli('predict', '--model', model, '--input', 'texts.jsonl', '--json'))
  const lines = Array.from({ length: 200 }, (_, at) =>
    JSON.stringify({
      text: `${at % 2 ? 'The invoice shows the wrong sum' : 'The window closes when I save'}, number ${at}.`,
      label: at % 2 ? 'billing' : 'bug',
    }),
  )
  project.write('train.jsonl', `${lines.join('\n')}\n`)
  step('first training, 200 texts', () =>
    cli('train', '--model', base, '--train', 'train.jsonl', '--out', 'run'),
  )
  step('merge', () => cli('merge', '--model', base, '--adapter', 'run/adapter', '--out', 'merged'))
  step('prediction with what was trained', () =>
    cli('predict', '--model', 'merged', '--input', 'texts.jsonl', '--json'),
  )
}

try {
  const tarball = values.tarball ? resolve(values.tarball) : pack(folder).tarball
  console.log(`Node ${process.versions.node}, libtorch ${version}`)
  for (let run = 1; run <= Number(values.runs); run++) {
    const project = new EmptyProject(join(folder, String(run)))
    const script = project.write('use.mjs', predictScript.esm + predictScript.body)
    const started = performance.now()
    passed(project.install(tarball))
    const install = seconds(started)
    passed(project.run('node', [script, model], { TORCH_LORA_LIBTORCH: path }))
    console.log(`run ${run}: npm install ${install} s, to the first prediction ${seconds(started)} s`)
    if (run === 1) printSizes(project, tarball)
  }
  if (values.newcomer) walk(new EmptyProject(join(folder, 'newcomer')), tarball, resolve(values.newcomer))
} finally {
  rmSync(folder, { recursive: true, force: true })
  rmSync(model, { recursive: true, force: true })
}
