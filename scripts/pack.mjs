#!/usr/bin/env node
/**
 * `npm run pack -- FOLDER`: the tarball as it is published, from the builds that are in build/, into FOLDER; what it
 * holds as JSON on stdout with `--json`. prebuildify and npm work in a copy: prebuildify moves the addon out of build/,
 * and the working tree gets no prebuilds/ that would go stale.
 */
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildsBesidePrebuild } from './build-native.mjs'
import { buildTypeScript } from './build-ts.mjs'
import { publishedReadme, publisherFields } from './publishing.mjs'

const root = resolve(fileURLToPath(import.meta.url), '..', '..')
const platform = `${process.platform}-${process.arch}`

function run(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args[0]} failed: ${error?.message ?? stderr}`)
  return stdout
}

/** @returns what was not taken, in sentences */
function fillFromBuild(copy) {
  const { files, leftOut } = buildsBesidePrebuild()
  cpSync(join(root, 'build', 'Release'), join(copy, 'build', 'Release'), { recursive: true })
  // The libc in the addon's name: on musl it is then passed over, rather than opened in vain.
  const prebuildify = createRequire(import.meta.url).resolve('prebuildify/bin.js')
  const shim = join('scripts', 'cmake-js-shim.mjs')
  run(process.execPath, [prebuildify, '--napi', '--strip', '--tag-libc', '--node-gyp', `./${shim}`], copy)
  const prebuilds = join(copy, 'prebuilds', platform)
  for (const { from, text, to } of files) {
    const target = join(prebuilds, to)
    mkdirSync(dirname(target), { recursive: true })
    if (text) writeFileSync(target, text)
    else strip(from, target)
  }
  return leftOut
}

/**
 * Copies a library without its symbols.
 * @param {string} [tool] of the platform that the library is for
 */
export function strip(from, to, tool = 'strip') {
  run(tool, ['--strip-all', '-o', to, from], root)
}

/**
 * @param {string} destination a folder that exists
 * @param {(prebuilds: string) => void} [fill] writes a folder a platform of prebuilt files; by default this platform's,
 *   of build/Release and beside
 * @returns {{ tarball: string, bytes: number, unpackedBytes: number, files: string[], notes: string[] }}
 * @throws Error where package.json's repository, bugs or homepage is there and is none
 */
export function pack(destination, fill) {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const { missing } = publisherFields(manifest)
  buildTypeScript()
  const copy = mkdtempSync(join(tmpdir(), 'torch-lora-pack-'))
  try {
    for (const name of readdirSync(root)) {
      if (/^(node_modules|build|prebuilds|runs|\..*)$/.test(name)) continue
      cpSync(join(root, name), join(copy, name), { recursive: true })
    }
    const notes = []
    if (fill) fill(join(copy, 'prebuilds'))
    else notes.push(...fillFromBuild(copy))
    if (missing.length > 0)
      notes.push(
        `package.json has no ${missing.join(' and no ')}, which whoever publishes fills in: without a repository README's links lead nowhere from npm's page, and npm gives no provenance`,
      )
    const readme = join(copy, 'README.md')
    writeFileSync(readme, publishedReadme(readFileSync(readme, 'utf8'), manifest))
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', resolve(destination)]
    const [report] = JSON.parse(run('npm', args, copy))
    return {
      tarball: join(resolve(destination), report.filename),
      bytes: report.size,
      unpackedBytes: report.unpackedSize,
      files: report.files.map(({ path }) => path),
      notes,
    }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const destination = process.argv[2]
  if (!destination || !existsSync(destination)) {
    console.error('usage: npm run pack -- FOLDER [--json] (a folder that exists)')
    process.exit(1)
  }
  try {
    const packed = pack(destination)
    const { tarball, bytes, files, notes } = packed
    for (const note of notes) console.error(`pack: ${note}`)
    if (process.argv.includes('--json')) console.log(JSON.stringify(packed))
    else console.log(`${tarball}: ${(bytes / 1e6).toFixed(2)} MB, ${files.length} files`)
  } catch (error) {
    console.error(`pack: ${error.message}`)
    process.exit(1)
  }
}
