import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TorchLoraError } from './errors.ts'
import { checkInstructionLimits } from './instruction-limits.ts'
import { type FoundLibtorch, findLibtorch } from './libtorch/find.ts'
import { hasNvidiaDriver, librariesOf } from './libtorch/inspect.ts'
import { isSupported, minorOf, supportedRange } from './libtorch/versions.ts'

const require = createRequire(import.meta.url)

/** The folder with package.json: one above this file, in the sources (lib/) as in the package (dist/). */
export const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)))

/** The version of this package. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version
}

/** Builds the addon for this machine and the libtorch at hand; works in a checkout and from an installed package. */
const build = `\`node ${join(relative(process.cwd(), packageRoot), 'scripts', 'build-native.mjs')}\``

interface Loader {
  open(options: { libraries: string[]; core: string }): unknown
  openLibrary(path: string): void
}

interface DynamicLinkError extends Error {
  library?: string
}

/** Whether this file lies where the package has it; in a bundler's output it does not. */
function isInPackage(): boolean {
  const manifest = join(packageRoot, 'package.json')
  return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === 'torch-lora'
}

/** The platforms that the package came with an addon for. */
export function prebuiltPlatforms(): string[] {
  const prebuilds = join(packageRoot, 'prebuilds')
  return existsSync(prebuilds) ? readdirSync(prebuilds).filter((name) => /^linux-/.test(name)) : []
}

/**
 * The path of the addon: `build/Release` of a checkout first, then `prebuilds/`.
 * @throws TorchLoraError ADDON_NOT_FOUND
 */
export function addonPath(): string {
  if (!isInPackage())
    throw new TorchLoraError(
      'ADDON_NOT_FOUND',
      `torch-lora was taken into a bundle (${fileURLToPath(import.meta.url)}), and its addon cannot be. Leave the package outside: \`external: ['torch-lora']\` (esbuild, Rollup), \`serverExternalPackages: ['torch-lora']\` (Next.js), \`ssr: { external: ['torch-lora'] }\` (Vite).`,
      { file: fileURLToPath(import.meta.url) },
    )
  try {
    return (require('node-gyp-build') as { path(root: string): string }).path(packageRoot)
  } catch (cause) {
    const others = prebuiltPlatforms()
    throw new TorchLoraError(
      'ADDON_NOT_FOUND',
      `There is no addon for ${process.platform}-${process.arch} in ${packageRoot}${others.length > 0 ? `, which has those for ${others.join(' and ')} (glibc)` : ''}. Build it here: ${build}.`,
      { file: packageRoot, cause },
    )
  }
}

const coreName = 'libtorch_lora_core.so'

/**
 * What is opened for CUDA, in this order: the kernels, which know no libtorch, so that one library beside the addon
 * serves every release; and the operators that launch them, which link to what only a CUDA libtorch has.
 */
const cudaLibraries = (addon: string, folder: string) => [
  join(dirname(addon), 'liblora_cuda_kernels.so'),
  join(folder, 'liblora_ops_cuda.so'),
]

/** The release that a folder of libraries was built for, from the note that the build leaves beside them. */
function builtFor(folder: string): string | undefined {
  const stamp = join(folder, 'torch_lora.build.json')
  if (!existsSync(stamp)) return undefined
  return (JSON.parse(readFileSync(stamp, 'utf8')) as { version: string }).version
}

/**
 * The folder with the core for one libtorch. PyTorch's C++ interface changes from minor release to minor release:
 * between 2.12 and 2.13 the class of an autograd node, between 2.13 and 2.14 the parameters of
 * `torch::autograd::_wrap_outputs`, which every derivative of ours calls (compare `nm -D --undefined-only` of the core
 * with `nm -D --defined-only` of libtorch_cpu.so: in 2.14.1 it is the one symbol that a build for 2.13.0 misses). So
 * there is one build for each: beside the addon for one of them, in `torch-<minor>` for the others.
 */
function buildFor(addon: string, version: string): string | undefined {
  const beside = dirname(addon)
  const own = join(beside, `torch-${minorOf(version)}`)
  if (existsSync(join(own, coreName))) return own
  if (!existsSync(join(beside, coreName))) return undefined
  const release = builtFor(beside)
  return release === undefined || minorOf(release) === minorOf(version) ? beside : undefined
}

/** Whether this addon opens that release of libtorch. */
export function opens(addon: string, version: string): boolean {
  return isSupported(version) && buildFor(addon, version) !== undefined
}

/**
 * Finds the libtorch that this addon will open.
 * @param addon what {@link addonPath} gives
 * @throws TorchLoraError LIBTORCH_NOT_FOUND, LIBTORCH_VERSION
 */
export function findLibtorchFor(addon: string): FoundLibtorch {
  const beside = dirname(addon)
  const folders = readdirSync(beside).filter((name) => /^torch-\d+\.\d+$/.test(name))
  const minors = new Set(folders.map((name) => name.slice('torch-'.length)))
  const release = builtFor(beside)
  if (release !== undefined) minors.add(minorOf(release))
  return findLibtorch({
    accept: {
      test: (version) => opens(addon, version),
      words:
        minors.size > 0
          ? `${[...minors].sort().join(' or ')}, which its addon was built for`
          : supportedRange,
      build: (version) => (isSupported(version) ? `Or build the addon for it: ${build}.` : undefined),
    },
  })
}

/** What `loadNative` opened. */
export interface Loaded {
  libtorch: FoundLibtorch
  /** The addon's path. */
  addon: string
  /** What makes it slower than it could be, in sentences. */
  warnings: string[]
}

let opened: (Loaded & { native: unknown; loader: Loader; folder: string }) | undefined

/** What `loadNative` opened; undefined before the first load. */
export function loadedFrom(): Loaded | undefined {
  return opened && { libtorch: opened.libtorch, addon: opened.addon, warnings: opened.warnings }
}

/** For a CUDA libtorch, the first of the libraries for CUDA that is not there. */
export function missingKernels(
  addon: string,
  libtorch: Pick<FoundLibtorch, 'version' | 'cuda'>,
): string | null {
  const folder = libtorch.cuda ? buildFor(addon, libtorch.version) : undefined
  if (!folder) return null
  return cudaLibraries(addon, folder).find((file) => !existsSync(file)) ?? null
}

/** The same sentence in doctor, at load and in a server's /info. */
export function kernelsMissing(file: string, version: string): string {
  return `libtorch ${version} is a CUDA build, and there are no CUDA kernels for it: ${file} is not there. On a GPU everything runs from libtorch's own operators, slower and in more memory. Use a libtorch that this package has kernels for, or build them with nvcc on PATH: ${build}.`
}

/**
 * Opens libtorch and the addon's core, once a thread, and gives the raw native object (lib/native.ts types it).
 * @throws TorchLoraError ADDON_NOT_FOUND, LIBTORCH_NOT_FOUND (none, or one that does not load), LIBTORCH_VERSION,
 * INVALID_ARGUMENT for variables that ask for other instructions than there are
 */
export function loadNative(): unknown {
  if (opened) return opened.native
  checkInstructionLimits()
  const addon = addonPath()
  let loader: Loader
  try {
    loader = require(addon) as Loader
  } catch (cause) {
    throw new TorchLoraError(
      'ADDON_NOT_FOUND',
      `The addon ${addon} does not load: ${(cause as Error).message}. Reinstall torch-lora, or build the addon here: ${build}.`,
      { file: addon, cause },
    )
  }
  const libtorch = findLibtorchFor(addon)
  const folder = buildFor(addon, libtorch.version)!
  // lora_ops registers its operators as it opens; the core calls them by name only, so it does not link to it.
  const driver = hasNvidiaDriver()
  const libraries = [...librariesOf(libtorch, { driver }), join(folder, 'liblora_ops.so')]
  const missing = missingKernels(addon, libtorch)
  if (libtorch.cuda && driver && !missing) libraries.push(...cudaLibraries(addon, folder))
  const warnings = missing && driver ? [kernelsMissing(missing, libtorch.version)] : []
  const core = join(folder, coreName)
  try {
    opened = { native: loader.open({ libraries, core }), libtorch, addon, warnings, loader, folder }
  } catch (cause) {
    throw explain(cause as DynamicLinkError, libtorch, { addon, core })
  }
  for (const warning of warnings) process.emitWarning(warning, { code: 'TORCH_LORA_NO_CUDA_KERNELS' })
  return opened.native
}

/**
 * Opens one more library of ours that lies beside the core, for what not every process needs.
 * @returns why it is not there or does not open; undefined when it is open
 */
export function openBesideCore(name: string): string | undefined {
  loadNative()
  const { loader, folder, libtorch } = opened!
  const path = join(folder, name)
  if (!existsSync(path))
    return `${name} is not in ${folder}: libtorch ${libtorch.version} of this addon's build had nothing to build it with`
  try {
    loader.openLibrary(path)
    return undefined
  } catch (cause) {
    return `${name} does not open on libtorch ${libtorch.version}: ${(cause as Error).message}`
  }
}

function explain(
  cause: DynamicLinkError,
  libtorch: FoundLibtorch,
  { addon, core }: { addon: string; core: string },
): TorchLoraError {
  const reason = cause.message
  if (cause.library === undefined) {
    return new TorchLoraError('ADDON_NOT_FOUND', `The addon's core ${core} does not start: ${reason}.`, {
      file: core,
      cause,
    })
  }
  // glibc or libstdc++ of this machine is older than the one the library was linked with.
  const older = /version `((?:GLIBC|GLIBCXX|CXXABI)_[\d.]+)' not found/.exec(reason)?.[1]
  const ours = cause.library.startsWith(dirname(addon))
  if (older && ours) {
    return new TorchLoraError(
      'ADDON_NOT_FOUND',
      `The prebuilt addon needs ${older}, which this system does not have. Use a newer one (Debian 12, Ubuntu 22.04 or later), or build the addon here: ${build}.`,
      { file: cause.library, cause },
    )
  }
  if (!ours) {
    return new TorchLoraError(
      'LIBTORCH_NOT_FOUND',
      `libtorch ${libtorch.version} in ${libtorch.path} does not load: ${reason}. Run \`torch-lora libtorch install --force\`, or point TORCH_LORA_LIBTORCH at another.`,
      { file: cause.library, cause },
    )
  }
  // A symbol that this libtorch lacks: the core was built against another release.
  if (/undefined symbol/.test(reason)) {
    return new TorchLoraError(
      'LIBTORCH_VERSION',
      `The addon does not fit libtorch ${libtorch.version} in ${libtorch.path}: ${reason}. Run \`torch-lora libtorch install\`, or build the addon for it: ${build}.`,
      { file: cause.library, cause },
    )
  }
  return new TorchLoraError(
    'ADDON_NOT_FOUND',
    `The addon's core does not load: ${reason}. Reinstall torch-lora, or build the addon here: ${build}.`,
    { file: core, cause },
  )
}
