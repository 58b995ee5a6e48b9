import { spawn } from 'node:child_process'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { atPath, writeJson } from '../checkpoint/index.ts'
import { withoutLaunch } from '../distributed/launch.ts'
import type { Cell } from './cells.ts'
import type { CellResult } from './folder.ts'
import type { RunMessage } from './messages.ts'

/** How a cell's process ended. */
export type CellOutcome = { status: 'done' } | { status: 'interrupted' } | { status: 'failed'; error: string }

export type SweepEvent =
  | { type: 'cell'; index: number; cell: Cell }
  | { type: 'progress'; index: number; cell: Cell; message: RunMessage }
  | { type: 'result'; index: number; result: CellResult }

/** Where the runs of a sweep go, by which program, and who is told of them. */
export interface CellProcess {
  /** Holds a folder a cell, and sweep.json. */
  directory: string
  /** Program and first arguments that are `torch-lora`. */
  torchLora: readonly string[]
  /** Of the runs whose settings leave it open. */
  device?: string | undefined
  onEvent: (event: SweepEvent) => void
  signal: AbortSignal
}

/**
 * Runs `torch-lora train` in a process of its own, going on from the folder's newest checkpoint where there is one.
 * What it prints goes to the end of `train.log`. When the signal aborts, it takes a checkpoint and ends.
 * @param options.args of `torch-lora train`, but for --out and --resume. Default: the cell's
 */
export async function runCell(
  cell: Cell,
  {
    index,
    args = cell.args,
    torchLora,
    device,
    onEvent,
    signal,
    ...options
  }: CellProcess & { index: number; args?: readonly string[] },
): Promise<CellOutcome> {
  onEvent({ type: 'cell', index, cell })
  const directory = join(options.directory, cell.name)
  await writeJson(join(directory, 'cell.json'), cell)
  const path = join(directory, 'train.log')
  const log = (await atPath(path, () => open(path, 'a'))).createWriteStream()
  log.on('error', () => {}) // a disk that is full ends the run itself
  const [program, ...first] = torchLora
  const given = args[args.indexOf('--device') + 1]
  const place = device && (given === 'auto' || !args.includes('--device')) ? ['--device', device] : []
  const child = spawn(program!, [...first, 'train', ...args, ...place, '--out', directory, '--resume'], {
    env: withoutLaunch(), // a run is one process's, also where the sweep is spread over ranks
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A group of its own: Ctrl-C at a terminal reaches this process alone, which passes it on once.
    detached: true,
  })
  let said = ''
  child.stderr!.on('data', (data) => (said = (said + data).slice(-8192)))
  child.stdout!.pipe(log, { end: false })
  child.stderr!.pipe(log, { end: false })
  child.on('message', (message) => {
    onEvent({ type: 'progress', index, cell, message: message as RunMessage })
  })
  const interrupt = () => child.kill('SIGINT')
  if (signal.aborted) interrupt()
  signal.addEventListener('abort', interrupt, { once: true })
  try {
    const end = await new Promise<{ code?: number | null; by?: string | null; cause?: Error }>((resolve) => {
      child.once('error', (cause) => resolve({ cause }))
      child.once('close', (code, by) => resolve({ code, by }))
    })
    if (end.code === 0) return { status: 'done' }
    if (signal.aborted) return { status: 'interrupted' }
    return { status: 'failed', error: reasonOf(said, end) }
  } finally {
    signal.removeEventListener('abort', interrupt)
    log.end()
  }
}

/** The last message of the CLI on stderr; else its last line; else how it ended. */
function reasonOf(
  said: string,
  { code, by, cause }: { code?: number | null; by?: string | null; cause?: Error },
) {
  if (cause) return `it did not start: ${cause.message}`
  const lines = said.trim().split('\n')
  const message = lines.findLast((line) => /^(torch-lora|error): /.test(line))
  const ended = by ? `ended by ${by}` : `exit code ${code}`
  return message?.replace(/^(torch-lora|error): /, '') ?? (by || !said ? ended : `${ended}: ${lines.at(-1)}`)
}
