import { callOperator } from '../dispatch.ts'
import { TorchLoraError } from '../errors.ts'
import { oneOf, type Rules, readOptions } from '../options.ts'
import { compile } from '../program.ts'
import { type Backend, backends, openBackends } from './backends.ts'
import { type Launch, readLaunch } from './launch.ts'
import { leaveTheEnd, watchTheEnd } from './leaving.ts'

export interface InitOptions {
  /** Default 'auto': NCCL between GPUs where it is there, gloo between CPUs. */
  backend?: Backend | undefined
  /**
   * How long a rank waits for the others, in milliseconds: to come, and at every exchange. It must be longer than any
   * one thing that one rank does alone. Default 600000, ten minutes.
   */
  timeoutMs?: number | undefined
}

/** What this process is among the ranks. */
export interface World {
  readonly rank: number
  readonly worldSize: number
  readonly localRank: number
  /** How often a launcher has restarted the run. */
  readonly restartCount: number
  /** What tensors on GPUs travel by; undefined for a process that is alone. */
  readonly backend?: 'gloo' | 'nccl' | undefined
}

/** A process by itself, whatever group it has joined: a run of this group is its own. */
export const alone: World = Object.freeze({ rank: 0, worldSize: 1, localRank: 0, restartCount: 0 })

let current: World | undefined
let changing: Promise<unknown> | undefined

/** Before `init`, and for a process that no launcher started: rank 0 of 1. */
export function currentWorld(): World {
  return current ?? alone
}

/** Whether there is a group of processes to exchange with, be it of one. */
export function inGroup({ backend }: World = currentWorld()): boolean {
  return backend !== undefined
}

/**
 * The group that somebody names; without one, the one that this process has joined.
 * @throws TorchLoraError INVALID_ARGUMENT for one that it is not in, and for none where a launcher has started several
 * that have not joined
 */
export function groupOf(what: string, given: World | undefined): World {
  if (given === alone || (given !== undefined && given === current)) return given
  if (given !== undefined)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `${what}: group is none that this process is in: give what distributed.init() gave, before it was closed, or distributed.alone.`,
    )
  requireGroup()
  return currentWorld()
}

/**
 * Refuses what would train W times over: a process that a launcher started as one of several, and that has not joined.
 * @throws TorchLoraError INVALID_ARGUMENT
 */
function requireGroup(): void {
  if (current !== undefined) return
  const launch = readLaunch()
  if (launch && launch.worldSize > 1)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `This process was started as rank ${launch.rank} of ${launch.worldSize}, but has not joined the others: \`await distributed.init()\` first; to train alone give \`group: distributed.alone\`, or unset RANK and WORLD_SIZE.`,
    )
}

/**
 * Joins the other ranks, which must all do so. Who started the process says in its environment which rank it is: see
 * {@link readLaunch}. A process that was started alone is rank 0 of 1, and nothing is opened.
 * @throws TorchLoraError INVALID_ARGUMENT for options or an environment that are wrong, or a second call; UNSUPPORTED
 * without the backend; DISTRIBUTED when ranks are missing after `timeoutMs` (naming them), nobody keeps the store, or
 * its port is in use
 */
export async function init(options: InitOptions = {}): Promise<World> {
  const { backend, timeoutMs } = checkOptions(options)
  if (current !== undefined || changing !== undefined)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `distributed.init: this process is rank ${currentWorld().rank} of ${currentWorld().worldSize} already; call it once, or close() first.`,
    )
  const launch = readLaunch()
  if (!launch) {
    current = alone
    return current
  }
  const chosen = openBackends(backend)
  watchTheEnd()
  changing = join(launch, timeoutMs)
  try {
    await changing
    const { rank, worldSize, localRank, restartCount } = launch
    current = Object.freeze({ rank, worldSize, localRank, restartCount, backend: chosen })
    return current
  } catch (error) {
    leaveTheEnd()
    // What no rank can help: a backend that this machine or this build has nothing for.
    if (error instanceof TorchLoraError && error.code === 'NATIVE')
      throw new TorchLoraError(
        'UNSUPPORTED',
        `distributed.init: ${error.message.replace(/^lora_c10d::join: /, '')}.`,
        { cause: error },
      )
    throw error
  } finally {
    changing = undefined
  }
}

/** Leaves the group; the process may join another. Does nothing without one. Await what is under way before. */
export async function close(): Promise<void> {
  if (inGroup()) {
    await offThread(() => callOperator('lora_c10d::leave'))
    leaveTheEnd()
  }
  current = undefined
}

async function join(launch: Launch, timeoutMs: number): Promise<void> {
  const { rank, worldSize, masterAddress, masterPort, agentStore, restartCount } = launch
  await offThread(() =>
    callOperator(
      'lora_c10d::join',
      masterAddress,
      masterPort,
      agentStore,
      rank,
      worldSize,
      restartCount,
      timeoutMs,
    ),
  )
}

/** Calls operators on the executor's thread: what waits for another process must not stop the event loop. */
async function offThread(body: () => void): Promise<void> {
  using program = compile(() => {
    body()
    return null
  })
  await program()
}

const rules: Rules<InitOptions> = {
  backend: oneOf(...backends),
  timeoutMs: (value) =>
    Number.isInteger(value) && (value as number) >= 1 && (value as number) < 2 ** 31
      ? undefined
      : `a whole number of milliseconds from 1 to ${2 ** 31 - 1}`,
}

function checkOptions(options: InitOptions): Required<InitOptions> {
  const { backend = 'auto', timeoutMs = 600_000 } = readOptions('distributed.init', options, rules)
  return { backend, timeoutMs }
}
