#!/usr/bin/env node
/**
 * Gathers into .gpu-pack/ what a CUDA machine with PyTorch, nvcc and CMake, but without Node and without a network,
 * needs to build and test this checkout:
 *
 *   npm run gpu:pack [-- --data FOLDER]     FOLDER: glue/ and tokenizers/, for the benchmarks on real texts
 *   bash .gpu-pack/run.sh [stage...]        there; scripts/gpu/run.sh says which stages there are
 *
 * pack.tar.xz holds the tracked files, dist/, the benchmarks compiled, this process's Node without its symbols, and
 * node_modules as far as building, running and testing take them. Kept under 60 MB, because such machines are reached
 * through narrow doors.
 */
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildTypeScript, tsc } from '../build-ts.mjs'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const target = join(root, '.gpu-pack')
const most = 60e6

/** Beside what the package itself depends on: the test runner, TypeScript for benchmarks, and the addon's build. */
const tools = ['vitest', 'tsx', 'cmake-js', 'node-addon-api', 'node-api-headers']
/** Prebuilt files of other platforms, types, source maps and prose: a machine that runs the code reads none of them. */
const left =
  /\.(map|md|markdown|d\.[cm]?ts|tsbuildinfo)$|\.(android|darwin|win32|linux-arm|linux-x64-musl)[\w-]*\.node$/

/** Paths below node_modules of the packages that `names` need, as the lock file has placed them. */
function packagesFor(names) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const found = new Set()
  const visit = (from, name) => {
    for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules') - 1))) {
      const path = `${folder ? `${folder}/` : ''}node_modules/${name}`
      const entry = packages[path]
      if (entry) {
        if (found.has(path)) return
        found.add(path)
        const { dependencies, optionalDependencies, peerDependencies } = entry
        for (const needed of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }))
          visit(path, needed)
        return
      }
      if (folder === '') return
    }
  }
  for (const name of names) visit('', name)
  return [...found].filter((path) => existsSync(join(root, path))) // what is for another platform is not installed
}

function copyPackage(path, stage) {
  cpSync(join(root, path), join(stage, path), {
    recursive: true,
    filter: (source) =>
      !left.test(source) && !(source !== join(root, path) && basename(source) === 'node_modules'),
  })
}

function pack(data) {
  buildTypeScript()
  const stage = mkdtempSync(join(tmpdir(), 'gpu-pack-'))
  try {
    const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
    for (const file of tracked.split('\0').filter((name) => name && existsSync(join(root, name))))
      cpSync(join(root, file), join(stage, file))
    cpSync(join(root, 'dist'), join(stage, 'dist'), { recursive: true })
    tsc('-p', join('bench', 'tsconfig.json'), '--outDir', join(stage, 'compiled'))
    symlinkSync(join('..', 'build'), join(stage, 'compiled', 'build')) // where compiled code looks for the addon
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    for (const path of packagesFor([...Object.keys(dependencies), ...tools])) copyPackage(path, stage)
    mkdirSync(join(stage, 'node', 'bin'), { recursive: true })
    const node = join(stage, 'node', 'bin', 'node')
    copyFileSync(process.execPath, node)
    execFileSync('strip', [node])
    for (const [folder, names] of Object.entries({
      glue: ['SST-2', 'MRPC', 'RTE'],
      tokenizers: ['roberta-base', 'deberta-v3'],
    }))
      for (const name of data ? names : [])
        cpSync(join(data, folder, name), join(stage, 'data', folder, name), { recursive: true })
    rmSync(target, { recursive: true, force: true })
    mkdirSync(target)
    const archive = join(target, 'pack.tar.xz')
    execFileSync('tar', ['-cf', archive, '--use-compress-program', 'xz -T0 -6', ...readdirSync(stage)], {
      cwd: stage,
      stdio: 'inherit',
    })
    copyFileSync(join(root, 'scripts', 'gpu', 'run.sh'), join(target, 'run.sh'))
    const { size } = statSync(archive)
    if (size > most) throw new Error(`${archive} has ${size} bytes; more than ${most} do not travel`)
    console.log(`${archive}: ${(size / 1e6).toFixed(1)} MB`)
  } finally {
    rmSync(stage, { recursive: true, force: true })
  }
}

try {
  const { values } = parseArgs({ options: { data: { type: 'string' } } })
  pack(values.data && resolve(values.data))
} catch (error) {
  console.error(`gpu pack: ${error.message}`)
  process.exit(1)
}
