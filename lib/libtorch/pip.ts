import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { TorchLoraError } from '../errors.ts'
import type { OnBytes } from './unpack.ts'

/** How to start pip, as the first words of a command line. */
export type PipCommand = readonly [string, ...string[]]

/** The pip of this machine: `python3 -m pip`, else `pip3`, else `pip`; undefined where there is none. */
export function findPip(environment: NodeJS.ProcessEnv = process.env): PipCommand | undefined {
  const candidates: PipCommand[] = [['python3', '-m', 'pip'], ['pip3'], ['pip']]
  return candidates.find(([program, ...args]) => {
    const { status } = spawnSync(program, [...args, '--version'], {
      env: environment,
      stdio: 'ignore',
      timeout: 60_000,
    })
    return status === 0
  })
}

/** One `pip download`. */
export interface PipDownload {
  requirements: readonly string[]
  into: string
  extra?: readonly string[]
  environment?: NodeJS.ProcessEnv
  onBytes?: OnBytes
  /** A line of pip's output: which file it is at. */
  onLine?: (line: string) => void
  signal?: AbortSignal
}

const units: Record<string, number> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 }

/** Bytes that pip has written so far: it streams into its temporary folder, which we choose. */
async function bytesUnder(folder: string): Promise<number> {
  let sum = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (!entry.isFile()) continue
    sum += await stat(join(entry.parentPath, entry.name)).then(
      ({ size }) => size,
      () => 0, // gone again: pip moves files about
    )
  }
  return sum
}

/**
 * Runs `pip download` and gives the paths of the wheels.
 * @throws TorchLoraError NETWORK with pip's own words when it cannot get them; ABORTED
 */
export async function pipDownload(pip: PipCommand, download: PipDownload): Promise<string[]> {
  const temporary = join(download.into, 'pip-temporary')
  await mkdir(temporary, { recursive: true })
  const [program, ...first] = pip
  const args = [
    ...first,
    'download',
    '--dest',
    download.into,
    '--only-binary',
    ':all:',
    '--disable-pip-version-check',
  ]
  args.push('--progress-bar', 'off', '--no-input', ...(download.extra ?? []), ...download.requirements)
  const environment = { ...(download.environment ?? process.env), TMPDIR: temporary }
  const child = spawn(program, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })

  const before = await bytesUnder(download.into)
  let total = 0
  const lines: string[] = []
  const read = (chunk: string) => {
    for (const line of chunk.split('\n').filter((text) => text.trim())) {
      lines.push(line)
      // `  Downloading torch-2.13.0...whl (183.1 MB)`
      const size = /^\s*Downloading .*\(([\d.]+) ([kMG]?B)\)/.exec(line)
      if (size) total += Number(size[1]) * units[size[2]!]!
      download.onLine?.(line.trim())
    }
  }
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', read)
  const poll = setInterval(async () => {
    if (total > 0) download.onBytes?.(Math.min((await bytesUnder(download.into)) - before, total), total)
  }, 250)
  try {
    await exitOf(child, download.signal)
  } catch (cause) {
    throw pipFailure(cause as Error, download, lines)
  } finally {
    clearInterval(poll)
  }
  const names = await readdir(download.into)
  return names.filter((name) => name.endsWith('.whl')).map((name) => join(download.into, name))
}

function pipFailure(cause: Error, { requirements, signal }: PipDownload, lines: string[]): TorchLoraError {
  if (signal?.aborted) return new TorchLoraError('ABORTED', 'The installation was interrupted.', { cause })
  const said =
    lines
      .filter((line) => /^(ERROR|.*No module named)/.test(line))
      .slice(-2)
      .join(' ') ||
    lines.findLast((line) => line.trim()) ||
    cause.message
  return new TorchLoraError('NETWORK', `pip could not get ${requirements.join(' ')}: ${said.trim()}`, {
    cause,
  })
}

function exitOf(child: ChildProcess, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => child.kill('SIGTERM')
    signal?.addEventListener('abort', stop)
    child.on('error', reject)
    child.on('close', (code, killed) => {
      signal?.removeEventListener('abort', stop)
      if (code === 0) resolve()
      else reject(new Error(`pip ended with ${killed ?? `exit code ${code}`}`))
    })
  })
}
