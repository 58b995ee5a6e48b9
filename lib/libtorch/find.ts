import { spawnSync } from 'node:child_process'
import { TorchLoraError } from '../errors.ts'
import { cachedLibtorch, libtorchCache } from './cache.ts'
import type { Libtorch } from './inspect.ts'
import { hasNvidiaDriver, inspectLibtorch } from './inspect.ts'
import { isSupported, supportedRange } from './versions.ts'

/** A libtorch, and which of the three places it came from. */
export interface FoundLibtorch extends Libtorch {
  source: 'TORCH_LORA_LIBTORCH' | 'cache' | 'python'
}

/** Which releases will do, as a test and in words. */
export interface Accepted {
  test(version: string): boolean
  words: string
  /** What makes the package accept this version after all, as a sentence; undefined where nothing does. */
  build?(version: string): string | undefined
}

/** Where to look; each has the obvious default. */
export interface FindOptions {
  /** Default: any supported release. */
  accept?: Accepted
  environment?: NodeJS.ProcessEnv
  cache?: string
  driver?: boolean
}

const mend =
  'Run `torch-lora libtorch install`, or set TORCH_LORA_LIBTORCH to a folder that has lib/libtorch_cpu.so.'

// find_spec does not import torch (seconds); it only walks sys.path.
const locate =
  "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s and s.submodule_search_locations else '')"

/** The folder of the PyTorch that `python3` would import, or undefined; `python3` is looked up on PATH. */
export function pythonTorchFolder(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const { status, stdout } = spawnSync('python3', ['-c', locate], {
    env: environment,
    encoding: 'utf8',
    timeout: 20_000,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return status === 0 ? stdout.trim() || undefined : undefined
}

/**
 * Finds libtorch: TORCH_LORA_LIBTORCH, then the installs of `torch-lora libtorch install`, then the PyTorch of the
 * `python3` on PATH. Nothing is loaded. The variable is a decision: when it is set, nothing else is tried.
 * @throws TorchLoraError LIBTORCH_NOT_FOUND (none, or one that is incomplete), LIBTORCH_VERSION (one that is not accepted)
 */
export function findLibtorch(options: FindOptions = {}): FoundLibtorch {
  const environment = options.environment ?? process.env
  const driver = options.driver ?? hasNvidiaDriver()
  const cache = options.cache ?? libtorchCache(environment)
  const accept = options.accept ?? { test: isSupported, words: supportedRange }
  const or = (version: string) => {
    const sentence = accept.build?.(version)
    return sentence ? ` ${sentence}` : ''
  }

  const chosen = environment.TORCH_LORA_LIBTORCH
  if (chosen) {
    let libtorch: Libtorch
    try {
      libtorch = inspectLibtorch(chosen)
    } catch (cause) {
      throw new TorchLoraError(
        'LIBTORCH_NOT_FOUND',
        `TORCH_LORA_LIBTORCH is set, but: ${(cause as Error).message} Correct the variable, or unset it and run \`torch-lora libtorch install\`.`,
        { file: chosen, cause },
      )
    }
    if (!accept.test(libtorch.version)) {
      throw new TorchLoraError(
        'LIBTORCH_VERSION',
        `TORCH_LORA_LIBTORCH names libtorch ${libtorch.version} in ${libtorch.path}, and this package needs ${accept.words}. Point it at another, or unset it and run \`torch-lora libtorch install\`.${or(libtorch.version)}`,
        { file: libtorch.path },
      )
    }
    return { ...libtorch, source: 'TORCH_LORA_LIBTORCH' }
  }

  const cached = cachedLibtorch(cache, { driver, accept: accept.test })
  if (cached) return { ...cached, source: 'cache' }

  const folder = pythonTorchFolder(environment)
  if (!folder) {
    throw new TorchLoraError(
      'LIBTORCH_NOT_FOUND',
      `No libtorch was found: TORCH_LORA_LIBTORCH is not set, ${cache} holds no usable install, and \`python3\` has no PyTorch. ${mend}`,
    )
  }
  let libtorch: Libtorch
  try {
    libtorch = inspectLibtorch(folder)
  } catch (cause) {
    throw new TorchLoraError(
      'LIBTORCH_NOT_FOUND',
      `No libtorch was found: ${cache} holds no usable install, and of \`python3\`'s PyTorch: ${(cause as Error).message} ${mend}`,
      { file: folder, cause },
    )
  }
  if (!accept.test(libtorch.version)) {
    throw new TorchLoraError(
      'LIBTORCH_VERSION',
      `The only libtorch found is ${libtorch.version} in ${libtorch.path} (the PyTorch of \`python3\`), and this package needs ${accept.words}. ${mend}${or(libtorch.version)}`,
      { file: libtorch.path },
    )
  }
  return { ...libtorch, source: 'python' }
}
