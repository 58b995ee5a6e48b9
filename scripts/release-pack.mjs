#!/usr/bin/env node
/**
 * `npm run release:pack -- FOLDER [--libtorch DIR...] [--cpu]`: the tarball that is published: for each supported minor
 * release of libtorch the core, the operators and the CUDA kernels. Gets the CUDA build of each release into a cache of
 * its own (the wheel of PyTorch alone: nothing of NVIDIA's is linked but by name), builds one after the other, and packs.
 * `--libtorch` names folders to build for in place of those; `--cpu` leaves the kernels out, for a try without nvcc.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildMinors, packedBuild } from './build-native.mjs'
import { buildTypeScript } from './build-ts.mjs'
import { pack, strip } from './pack.mjs'

/** What is built for: the newest patch of each minor release. */
const releases = ['2.11.0', '2.12.1', '2.13.0', '2.14.1']
/** Of these, those that nvcc knows; of the last one its PTX too, for GPUs to come. */
const architectures = ['80', '86', '89', '90', '100', '120']
/** npm's limit is ten times that; an install that takes longer than it should is not wanted. */
const limit = 20e6

/** CMake's list of the GPU architectures that this nvcc compiles for. */
function cudaArchitectures() {
  const { status, stdout } = spawnSync('nvcc', ['--list-gpu-arch'], { encoding: 'utf8' })
  if (status !== 0)
    throw new Error(
      'nvcc is not on PATH: install the CUDA toolkit, or pass --cpu for a tarball without kernels',
    )
  const known = architectures.filter((name) => stdout.includes(`compute_${name}\n`))
  return known.map((name, at) => (at === known.length - 1 ? name : `${name}-real`)).join(';')
}

/** The CUDA build of a release with its headers, from the cache or the package index. */
async function libtorchFor(version) {
  const { planInstall } = await import('../dist/libtorch/plan.js')
  const { installWithProgress } = await import('../dist/cli/libtorch-install.js')
  const cache = join(
    process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
    'torch-lora',
    'release-libtorch',
  )
  const { files, present } = await planInstall({ version, cuda: true, headers: true, cache })
  if (present) return present.path
  const [{ source, sha256 }] = files
  const { path } = await installWithProgress({ from: source, sha256, headers: true, cache })
  return path
}

async function releasePack(destination, { libtorch = [], cpu = false }) {
  buildTypeScript()
  if (!cpu) process.env.CUDAARCHS = cudaArchitectures()
  const paths = libtorch.length > 0 ? libtorch : []
  if (paths.length === 0) for (const version of releases) paths.push(await libtorchFor(version))
  const builds = await buildMinors(paths)
  const minors = builds.map(({ minor }) => minor)
  if (new Set(minors).size < minors.length)
    throw new Error(`two builds for one minor release of libtorch: ${minors.join(', ')}`)
  for (const { version, seconds } of builds)
    console.log(`libtorch ${version}: ${seconds < 1 ? 'built before' : `built in ${seconds.toFixed(0)} s`}`)
  const packed = builds.map(({ minor, folder }) => ({
    minor,
    folder,
    ...packedBuild(folder, { cuda: !cpu }),
  }))
  const { tarball, bytes, unpackedBytes } = pack(destination, (prebuilds) => {
    mkdirSync(prebuilds, { recursive: true })
    // The addon knows no libtorch: it is the same whichever build it comes from.
    strip(join(packed[0].folder, 'torch_lora.node'), join(prebuilds, 'torch-lora.glibc.node'))
    for (const { minor, folder, names, note } of packed) {
      const own = join(prebuilds, `torch-${minor}`)
      mkdirSync(own)
      for (const name of names) strip(join(folder, name), join(own, name))
      writeFileSync(join(own, note.name), note.text)
    }
  })
  const [size, unpacked] = [bytes, unpackedBytes].map((count) => `${(count / 1e6).toFixed(2)} MB`)
  if (bytes > limit) throw new Error(`${tarball} has ${size}, and ${limit / 1e6} MB is the limit`)
  console.log(
    `${tarball}: ${size}, ${unpacked} unpacked, for libtorch ${minors.join(', ')}${cpu ? ', without CUDA kernels' : ''}`,
  )
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { libtorch: { type: 'string', multiple: true }, cpu: { type: 'boolean' } },
  })
  const [destination] = positionals
  if (positionals.length !== 1 || !existsSync(destination))
    throw new Error('usage: npm run release:pack -- FOLDER [--libtorch DIR] [--cpu] (a folder that exists)')
  await releasePack(destination, values)
} catch (error) {
  console.error(`release:pack: ${error.message}`)
  process.exit(1)
}
