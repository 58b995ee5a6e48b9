import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, it } from 'vitest'

// Imports run downward only: a file may import from its own folder and from lower layers, never from its own layer's
// other folders. The core is one layer, whose types name each other; of values no file of lib imports what needs it.

const lib = resolve(import.meta.dirname, '../lib')

const layers: string[][] = [
  ['errors'],
  ['options'],
  ['cache-folder', 'platform', 'ops.list', 'out-of-memory'],
  ['libtorch', 'instruction-limits'],
  ['addon'],
  ['native'],
  [
    'dispose-symbols',
    'captures',
    'handle',
    'recording',
    'dispatch',
    'overloads',
    'tensor-data',
    'tensor',
    'tree',
    'scope',
    'program',
    'grad-mode',
    'recompute',
    'random',
    'memory',
    'trace',
    'generated',
  ],
  ['checkpoint', 'distributed'],
  ['nn'],
  ['device', 'weight-dtype'],
  ['heads', 'optim'],
  ['encoders', 'hub'],
  ['tokenizer'],
  ['data'],
  ['tasks'],
  ['models'],
  ['adapters'],
  ['inference'],
  ['train', 'serve'],
  ['sweep', 'report'],
  ['cli'],
  ['index'],
]

/** The folder of a file under lib, or its name where it lies in lib itself. */
const unit = (file: string) => relative(lib, file).split('/')[0]!.replace(/\.ts$/, '')

const level = (name: string) => layers.findIndex((layer) => layer.includes(name))
const core = level('tensor')

function importsOf(file: string, text = readFileSync(file, 'utf8')): string[] {
  const found = text.matchAll(/(?:from|import\(|^import)\s*'(\.[^']+)'/gm)
  return Array.from(found, ([, path]) => resolve(dirname(file), path!))
}

/** Without imports and exports of types alone, which are gone when the file runs. */
function valueImportsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8').replaceAll(
    /^(?:import|export) (?:type \{[^}]*\}|\{(?:\s*type \w+(?: as \w+)?,?)+\s*\}) from '[^']+'/gm,
    '',
  )
  return importsOf(file, text)
}

const files = readdirSync(lib, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join(lib, file))

it('every file of lib has a layer', () => {
  expect(files.filter((file) => level(unit(file)) < 0)).toEqual([])
})

it('imports run downward only', () => {
  const upward = files.flatMap((file) => {
    const from = level(unit(file))
    return importsOf(file)
      .filter((target) => {
        const to = level(unit(target))
        return unit(target) !== unit(file) && (to > from || (to === from && from !== core))
      })
      .map((target) => `${relative(lib, file)} imports ${relative(lib, target)}`)
  })
  expect(upward).toEqual([])
})

it('docs/architecture.md lists the folders of lib in this order', () => {
  const table = readFileSync(resolve(import.meta.dirname, '../docs/architecture.md'), 'utf8')
  const listed = Array.from(table.matchAll(/^\| (`(?:lib\/|native\/).*?) \|/gm), ([, names]) =>
    Array.from(names!.matchAll(/lib\/([\w.]+)/g), ([, name]) => name!.replace(/\.ts$/, '')),
  ).flat()
  const folders = readdirSync(lib, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const missing = folders
    .map(({ name }) => name)
    .filter((name) => name !== 'generated' && !listed.includes(name))
  expect(missing).toEqual([])
  const levels = listed.map(level)
  expect(levels).toEqual([...levels].sort((a, b) => a - b))
})

it('no file of lib needs itself as it is loaded', () => {
  const imports = new Map(files.map((file) => [file, valueImportsOf(file)]))
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (file: string, path: string[]) => {
    const start = path.indexOf(file)
    if (start >= 0) cycles.push([...path.slice(start), file].map((name) => relative(lib, name)).join(' > '))
    if (start >= 0 || done.has(file)) return
    for (const target of imports.get(file) ?? []) visit(target, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  expect(cycles).toEqual([])
})

it('native/ops knows nothing of Node', () => {
  const ops = resolve(import.meta.dirname, '../native/ops')
  const sources = readdirSync(ops, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.(h|cpp|cu|cuh)$/.test(file),
  )
  expect(sources.length).toBeGreaterThan(10)
  for (const file of sources) {
    expect(readFileSync(join(ops, file), 'utf8'), file).not.toMatch(/#include\s*[<"](napi|node_api|uv)/)
  }
})

it('operators are registered in the libraries of operators alone', () => {
  const native = resolve(import.meta.dirname, '../native')
  const registering = readdirSync(native, { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.(h|cpp|cu)$/.test(file) && /^TORCH_LIBRARY/m.test(readFileSync(join(native, file), 'utf8')),
  )
  expect(registering.length).toBeGreaterThan(10)
  expect(registering.filter((file) => !/^(ops|cuda|distributed)\//.test(file))).toEqual([])
})
