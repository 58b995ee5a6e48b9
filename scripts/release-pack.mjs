#!/usr/bin/env node
/**
 * `npm run release:pack -- FOLDER [--libtorch DIR...] [--cpu] [--publish]`: the tarball that is published: for each supported minor
 * release of libtorch the core and the operators, for x64 those on CUDA too, and for arm64 the CPU's; and once the CUDA
 * kernels, which no release of libtorch differs in. Gets the libtorch of each into a cache of its own, builds one after
 * the other, and packs. `--libtorch` names folders to build for in place of those, of either platform; `--cpu` leaves
 * CUDA out, for a try without nvcc; `--publish` refuses to begin where package.json lacks what whoever publishes fills in.
 */
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openPromise } from 'yauzl'
import { buildKernels, buildMinors, packedBuild, packedKernels } from './build-native.mjs'
import { buildTypeScript } from './build-ts.mjs'
import { arm64, arm64Libtorch } from './cross/linux-arm64.mjs'
import { pack, strip } from './pack.mjs'
import { publisherFields } from './publishing.mjs'

/** Of the wheels that a release of PyTorch names, those that {@link cudaLibtorch} gets. */
const wheelsOfRelease = /^(torch|nvidia_(nccl|cuda_runtime|cuda_cupti))[-_]/
/** Of these wheels the headers alone: PyTorch's headers of CUDA include them, and a toolkit may be without. */
const headersOfRelease = /^nvidia_(cublas|cusolver|cusparse)[-_]/
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

/**
 * The CUDA build of a release for x64 with its headers, from the cache or the package index. Beside it NCCL, of which
 * the very version is wanted that PyTorch was built with, and what libtorch's CPU side asks for, so that the tarball can
 * be tried with it.
 */
async function cudaLibtorch(version) {
  const { planInstall } = await import('../dist/libtorch/plan.js')
  const { downloadFile, verifySha256 } = await import('../dist/libtorch/download.js')
  const { installWithProgress } = await import('../dist/cli/libtorch-install.js')
  const home = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const cache = join(home, 'torch-lora', 'release-libtorch', 'linux-x64')
  const wheels = join(cache, `.wheels-${version}`)
  const force = existsSync(wheels) // which goes when all is there
  const { files, present } = await planInstall({ version, cuda: true, headers: true, cache, force })
  if (present && !force) return present.path
  mkdirSync(wheels, { recursive: true })
  for (const { name, source, sha256 } of files.filter((file) => wheelsOfRelease.test(file.name))) {
    const wheel = join(wheels, name)
    if (/^https?:/.test(source)) {
      console.log(`getting ${name}`)
      await downloadFile(source, wheels)
    } else copyFileSync(source, wheel)
    if (sha256) await verifySha256(wheel, sha256)
  }
  const { path } = await installWithProgress({ from: wheels, headers: true, cache })
  for (const { name, source } of files.filter((file) => headersOfRelease.test(file.name))) {
    console.log(`getting headers of ${name}`)
    await unpackHeaders(source, dirname(path))
  }
  rmSync(wheels, { recursive: true })
  return path
}

/** Of a wheel, by its address or path, the headers alone: for an address, little more than these is downloaded. */
async function unpackHeaders(source, folder) {
  const { openRemoteZip } = await import('../dist/libtorch/remote-zip.js')
  const { transport } = await import('../dist/libtorch/transport.js')
  const zip = /^https?:/.test(source)
    ? await openRemoteZip({ url: source, transport: transport() })
    : await openPromise(source, { autoClose: false })
  for await (const entry of zip.eachEntry()) {
    if (!/^nvidia\/[^/]+\/include\/[^/]+\.h$/.test(entry.fileName)) continue
    const target = join(folder, entry.fileName)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, await buffer(await zip.openReadStreamPromise(entry)))
  }
  zip.close()
}

/** e_machine in the header of an ELF file. */
const machines = new Map([
  [62, 'linux-x64'],
  [183, arm64.platform],
])

/** The platform that a libtorch is for. */
function platformOf(libtorch) {
  const path = [libtorch, join(libtorch, 'torch')]
    .map((folder) => join(folder, 'lib', 'libc10.so'))
    .find(existsSync)
  if (!path) throw new Error(`--libtorch: ${libtorch} has no lib/libc10.so`)
  const header = Buffer.alloc(20)
  const file = openSync(path, 'r')
  readSync(file, header, 0, header.length, 0)
  closeSync(file)
  const platform = machines.get(header.readUInt16LE(18))
  if (!platform) throw new Error(`--libtorch: ${path} is for neither x64 nor arm64`)
  return platform
}

/**
 * A platform, and how to get a libtorch for it.
 * @typedef {{
 *   platform: string,
 *   cross?: typeof arm64,
 *   cuda: boolean,
 *   get: (version: string) => Promise<string>,
 * }} Target
 */

/**
 * One platform's builds, as they are packed.
 * @param {Target} target
 * @param {string[]} paths of libtorches
 */
async function build({ platform, cross, cuda }, paths) {
  const say = (what, seconds) =>
    console.log(`${platform}, ${what}: ${seconds < 1 ? 'built before' : `built in ${seconds.toFixed(0)} s`}`)
  const kernels = cuda ? await buildKernels(cudaArchitectures()) : undefined
  if (kernels) say('CUDA kernels', kernels.seconds)
  const builds = await buildMinors(paths, { cross, kernels: kernels?.library })
  const minors = builds.map(({ minor }) => minor)
  if (new Set(minors).size < minors.length)
    throw new Error(`two builds for one minor release of libtorch on ${platform}: ${minors.join(', ')}`)
  for (const { version, seconds } of builds) say(`libtorch ${version}`, seconds)
  return {
    kernels: kernels && packedKernels(kernels.folder),
    builds: builds.map(({ minor, folder }) => ({ minor, folder, ...packedBuild(folder, { cuda }) })),
  }
}

/**
 * Writes a platform's folder of prebuilds/.
 * @param {string} prebuilds
 * @param {Target} target
 */
function fill(prebuilds, { platform, cross }, { kernels, builds }) {
  const target = join(prebuilds, platform)
  mkdirSync(target, { recursive: true })
  const copy = (from, to) => strip(from, to, cross?.strip)
  // The addon knows no libtorch: it is the same whichever build it comes from.
  copy(join(builds[0].folder, 'torch_lora.node'), join(target, 'torch-lora.glibc.node'))
  if (kernels) copy(kernels, join(target, basename(kernels)))
  for (const { minor, folder, names, note } of builds) {
    const own = join(target, `torch-${minor}`)
    mkdirSync(own)
    for (const name of names) copy(join(folder, name), join(own, name))
    writeFileSync(join(own, note.name), note.text)
  }
}

/**
 * @param {string} destination a folder that exists
 * @param {{ libtorch?: string[], cpu?: boolean, publish?: boolean }} [options] as the command has them
 * @returns what {@link pack} gives
 */
export async function releasePack(destination, { libtorch = [], cpu = false, publish = false } = {}) {
  const { missing } = publisherFields(
    JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')),
  )
  if (publish && missing.length > 0)
    throw new Error(`package.json has no ${missing.join(' and no ')}: fill it in before publishing`)
  buildTypeScript()
  /** @type {Target[]} */
  const targets = [
    { platform: 'linux-x64', cuda: !cpu, get: cudaLibtorch },
    { platform: arm64.platform, cross: arm64, cuda: false, get: arm64Libtorch },
  ]
  const given = libtorch.map((path) => ({ path, platform: platformOf(path) }))
  const made = []
  for (const target of targets) {
    let paths = given.filter(({ platform }) => platform === target.platform).map(({ path }) => path)
    if (given.length === 0) {
      paths = []
      for (const version of releases) paths.push(await target.get(version))
    }
    if (paths.length === 0) continue
    made.push({ target, ...(await build(target, paths)) })
  }
  const packed = pack(destination, (prebuilds) => {
    for (const { target, ...built } of made) fill(prebuilds, target, built)
  })
  const megabytes = (count) => `${(count / 1e6).toFixed(2)} MB`
  const { tarball, bytes, unpackedBytes, notes } = packed
  if (bytes > limit)
    throw new Error(`${tarball} has ${megabytes(bytes)}, and ${megabytes(limit)} is the limit`)
  const what = made.map(
    ({ target, builds }) =>
      `${target.platform} with libtorch ${builds.map(({ minor }) => minor).join(', ')}${target.cuda ? ' and CUDA kernels' : ''}`,
  )
  for (const note of notes) console.error(`release:pack: ${note}`)
  console.log(`${tarball}: ${megabytes(bytes)}, ${megabytes(unpackedBytes)} unpacked, for ${what.join('; ')}`)
  return packed
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        libtorch: { type: 'string', multiple: true },
        cpu: { type: 'boolean' },
        publish: { type: 'boolean' },
      },
    })
    const [destination] = positionals
    if (positionals.length !== 1 || !existsSync(destination))
      throw new Error(
        'usage: npm run release:pack -- FOLDER [--libtorch DIR] [--cpu] [--publish] (a folder that exists)',
      )
    await releasePack(destination, values)
  } catch (error) {
    console.error(`release:pack: ${error.message}`)
    process.exit(1)
  }
}
