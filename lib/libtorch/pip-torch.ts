import { basename } from 'node:path'
import { TorchLoraError } from '../errors.ts'
import { cpuIndex } from './index/resolve.ts'
import { type PipCommand, type PipDownload, pipDownload } from './pip.ts'
import { type OnBytes, readFromArchive } from './unpack.ts'

// The C++ libraries in the wheel are the same for every Python, so where there is no wheel for the `python3` at
// hand, the one for another will do.
const anotherPython = ['--python-version', '3.12', '--implementation', 'cp', '--abi', 'cp312']

export interface TorchRequest {
  version: string
  cuda: boolean
  pip: PipCommand
  into: string
  environment?: NodeJS.ProcessEnv
  signal?: AbortSignal
  report: (step: 'download', what: string) => OnBytes
}

/** A requirement of pip's, and the options to ask for it with. */
interface Attempt {
  requirement: string
  extra: string[]
}

/** The ways to ask for one build, the likeliest first. */
function attemptsFor({ version, cuda }: { version: string; cuda: boolean }): Attempt[] {
  const platform = `manylinux_2_28_${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}`
  const other = [...anotherPython, '--platform', platform]
  const plain = `torch==${version}`
  if (cuda) {
    return [
      { requirement: plain, extra: [] },
      { requirement: plain, extra: other },
    ]
  }
  // `+cpu`: without it an index that has both builds would give either.
  return [
    { requirement: `${plain}+cpu`, extra: [] },
    { requirement: `${plain}+cpu`, extra: ['--extra-index-url', cpuIndex] },
    { requirement: `${plain}+cpu`, extra: ['--extra-index-url', cpuIndex, ...other] },
  ]
}

/**
 * Goes through the attempts until one succeeds.
 * @throws TorchLoraError NETWORK with pip's words for each
 */
async function firstThatWorks<T>(
  request: { version: string; cuda: boolean },
  body: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  const failures: string[] = []
  for (const attempt of attemptsFor(request)) {
    try {
      return await body(attempt)
    } catch (error) {
      if (!(error instanceof TorchLoraError) || error.code !== 'NETWORK') throw error
      failures.push(error.message)
    }
  }
  throw new TorchLoraError('NETWORK', failures[0]!, { cause: new Error(failures.join('\n')) })
}

/**
 * Gets the PyTorch wheel through pip and, for CUDA, the nvidia-* wheels that it names.
 * @throws TorchLoraError NETWORK with pip's words for each way that was tried
 */
export async function torchThroughPip(request: TorchRequest): Promise<{ wheels: string[]; from: string }> {
  const { pip } = request
  return await firstThatWorks(request, async ({ requirement, extra }) => {
    const [wheel] = await download(pip, request, [requirement], ['--no-deps', ...extra])
    const wheels = request.cuda ? [wheel!, ...(await nvidiaWheels(pip, request, wheel!))] : [wheel!]
    return { wheels, from: `pip (${requirement})` }
  })
}

/** What CUDA's side of a PyTorch wheel requires: its nvidia-* and CUDA toolkit wheels, without the Python packages. */
export function nvidiaRequirements(metadata: string): string[] {
  return [...metadata.matchAll(/^Requires-Dist: (.*)$/gm)]
    .map((match) => match[1]!.trim())
    .filter((requirement) => /^(nvidia-|cuda-toolkit)/.test(requirement) && !/extra\s*==/.test(requirement))
}

async function nvidiaWheels(pip: PipCommand, request: TorchRequest, torch: string): Promise<string[]> {
  const metadata = await readFromArchive(torch, /^torch-[^/]+\.dist-info\/METADATA$/)
  const requirements = nvidiaRequirements(metadata ?? '')
  if (requirements.length === 0) return [] // a CPU build: refused after unpacking, in one place
  // With dependencies: the toolkit is a list of others. None of them leads back to Python packages.
  const wheels = await download(pip, request, requirements, [])
  return wheels.filter((wheel) => /^nvidia_/.test(basename(wheel)))
}

async function download(pip: PipCommand, request: TorchRequest, requirements: string[], extra: string[]) {
  const onBytes = request.report('download', requirements.length > 1 ? 'NVIDIA libraries' : requirements[0]!)
  const options: PipDownload = {
    requirements,
    extra,
    into: request.into,
    environment: request.environment,
    onBytes,
  }
  return await pipDownload(pip, { ...options, signal: request.signal })
}
