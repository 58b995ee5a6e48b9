import { type ChildProcess, spawn } from 'node:child_process'

/** The command as it is installed: dist/, which scripts/built/dist.mjs keeps as lib/ is. tsx would cost each process a second. */
export const main = new URL('../../dist/cli/main.js', import.meta.url).pathname

export interface Result {
  code: number | null
  stdout: string
  stderr: string
}

export interface RunOptions {
  cwd?: string
  env?: NodeJS.ProcessEnv
  /** May send signals as text arrives on stderr. */
  onError?: (text: string, kill: (signal: NodeJS.Signals) => void) => void
  /** What happens while it runs. */
  during?: (child: ChildProcess) => Promise<void>
}

/** Runs a process of Node to its end. */
export async function node(
  args: readonly string[],
  { cwd, env, onError, during }: RunOptions = {},
): Promise<Result> {
  const child = spawn(process.execPath, args, { cwd, env: { ...process.env, ...env } })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data) => (stdout += data))
  child.stderr.on('data', (data) => {
    stderr += data
    onError?.(String(data), (signal) => child.kill(signal))
  })
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve))
  await during?.(child)
  return { code: await closed, stdout, stderr }
}

/** Runs `torch-lora` as a user would. */
export function cli(args: readonly string[], options?: RunOptions): Promise<Result> {
  return node([main, ...args], options)
}
