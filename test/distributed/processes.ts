import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** What a rank did: its lines of JSON, all it wrote, and how it ended. */
export interface Ended {
  // biome-ignore lint/suspicious/noExplicitAny: whatever a scenario prints
  lines: any[]
  output: string
  code: number | null
  signal: NodeJS.Signals | null
}

export interface Rank {
  process: ChildProcess
  /** When it has printed its first line. */
  ready: Promise<void>
  ended: Promise<Ended>
}

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Starts a command as one rank of a run on this machine. */
export function startRank(
  command: readonly string[],
  rank: number,
  { worldSize, port, env = {} }: { worldSize: number; port: number; env?: Record<string, string> },
): Rank {
  const launch = {
    RANK: `${rank}`,
    WORLD_SIZE: `${worldSize}`,
    MASTER_ADDR: '127.0.0.1',
    MASTER_PORT: `${port}`,
  }
  return follow(command, { OMP_NUM_THREADS: '1', ...launch, ...env })
}

/** Starts a command and gathers what it prints. */
export function follow(command: readonly string[], env: Record<string, string> = {}): Rank {
  const child = spawn(command[0]!, command.slice(1), {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let out = '' // what others write between two pieces of a line must not part it
  const ready = new Promise<void>((resolve) => child.stdout.once('data', () => resolve()))
  child.stdout.on('data', (data) => {
    output += data
    out += data
  })
  child.stderr.on('data', (data) => (output += data))
  const ended = new Promise<Ended>((resolve) =>
    child.on('close', (code, signal) => {
      const lines = out
        .split('\n')
        .filter((line) => /^[{["]/.test(line))
        .flatMap((line) => {
          try {
            return [JSON.parse(line)]
          } catch {
            return []
          }
        })
      resolve({ lines, output, code, signal })
    }),
  )
  return { process: child, ready, ended }
}

const program = new URL('./rank.ts', import.meta.url).pathname
const built = new URL('../../scripts/built/register.mjs', import.meta.url).pathname

/** The command of a program of the tests, with what dist/ has of lib/. */
export function nodeCommand(file: string, ...args: string[]): string[] {
  return [process.execPath, '--import', 'tsx', '--import', built, file, ...args]
}

/** The command of a rank that runs a scenario of rank.ts. */
export function scenario(name: string, { timeoutMs = 30_000 } = {}): string[] {
  return nodeCommand(program, name, `${timeoutMs}`)
}

/** Runs a scenario on all ranks of a world. */
export async function runRanks(worldSize: number, command: readonly string[]): Promise<Ended[]> {
  const port = await freePort()
  const ranks = Array.from({ length: worldSize }, (_, rank) => startRank(command, rank, { worldSize, port }))
  return Promise.all(ranks.map(({ ended }) => ended))
}

/** A Python with PyTorch, and its torchrun; undefined where there is none. */
export const python = [
  process.env.TORCH_LORA_PYTHON,
  join(homedir(), '.cache/torch-lora/ci-python/bin/python'),
].find((path) => path !== undefined && existsSync(path))
export const torchrun =
  python && existsSync(join(python, '../torchrun')) ? join(python, '../torchrun') : undefined
