import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'

/**
 * A benchmark side in a process of its own, driven line by line: it prints one JSON line when it is ready and one for
 * each request. Ours and the peer's take turns, so that what else the machine does falls on both alike.
 */
export class Worker {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(command: string, args: readonly string[], env: Record<string, string> = {}) {
    this.#child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    })
    // One that cannot start, or has ended, ends its lines: `next` says so to whoever waits.
    for (const end of [this.#child, this.#child.stdin!]) end.on('error', () => {})
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]()
  }

  /** The next line of the worker. */
  async next<T>(): Promise<T> {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error(`${this.#child.spawnargs.slice(0, 3).join(' ')} ended early`)
    return JSON.parse(value) as T
  }

  /** The first line. One that takes longer is ended, and so fails as one that ends by itself does. */
  async ready<T>({ seconds }: { seconds: number }): Promise<T> {
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 1000 * seconds)
    try {
      return await this.next<T>()
    } finally {
      clearTimeout(late)
    }
  }

  /** Sends a request and waits for its answer. */
  ask<T>(request: unknown): Promise<T> {
    this.#child.stdin!.write(`${JSON.stringify(request)}\n`)
    return this.next<T>()
  }

  close(): void {
    this.#child.stdin!.end()
  }
}

/** This checkout. */
const here = dirname(import.meta.dirname)

/**
 * A worker that runs a TypeScript file of this folder, compiled, as the package is for its users: tsx in the process
 * would add 70 MiB to what is measured.
 * @param root another checkout whose worker it is, built
 */
export function ourWorker(file: string, args: readonly string[], root = here): Worker {
  return new Worker(process.execPath, [join(compiled(root), 'bench', file.replace(/\.ts$/, '.js')), ...args])
}

const compiledFolders = new Map<string, string>()

/**
 * A folder with lib/ and bench/ as JavaScript, which finds the addon where the sources do: `TORCH_LORA_COMPILED` where a
 * machine has no compiler for it (scripts/gpu), else one for this process, since two benches may run at once.
 */
function compiled(root: string): string {
  if (root === here && process.env.TORCH_LORA_COMPILED) return process.env.TORCH_LORA_COMPILED
  const known = compiledFolders.get(root)
  if (known) return known
  const folder = join(root, 'build', 'compiled', String(process.pid))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const project = ['-p', join(root, 'bench', 'tsconfig.json'), '--outDir', folder]
  execFileSync(process.execPath, [tsc, ...project], { stdio: ['ignore', 2, 2] })
  for (const name of ['build', 'package.json']) symlinkSync(join(root, name), join(folder, name))
  compiledFolders.set(root, folder)
  return folder
}

/** A worker that runs a Python file of bench/peers. `TORCH_LORA_PYTHON` names an interpreter with the peers. */
export function peerWorker(file: string, args: readonly string[]): Worker {
  const python = process.env.TORCH_LORA_PYTHON ?? 'python3'
  return new Worker(python, [new URL(`peers/${file}`, import.meta.url).pathname, ...args])
}

/** Answers requests on stdin, one JSON line each, until it closes. The worker's side. */
export async function serve<T>(answer: (request: T) => Promise<unknown>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await answer(JSON.parse(line) as T)))
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Processor, threads and versions: what a figure is worth nothing without. */
export async function machine(): Promise<string> {
  const { availableParallelism, cpus, totalmem } = await import('node:os')
  return `${cpus()[0]!.model.trim()}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`
}
