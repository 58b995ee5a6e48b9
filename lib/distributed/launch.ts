import { TorchLoraError } from '../errors.ts'

/** Which rank of how many a process is, and where the ranks meet. */
export interface Launch {
  /** From 0 to worldSize - 1. */
  rank: number
  worldSize: number
  /** Among the ranks of this machine: which GPU is its own. */
  localRank: number
  /** Where the store is. */
  masterAddress: string
  masterPort: number
  /** Whether the launcher keeps the store; else rank 0 does. */
  agentStore: boolean
  /** How often the launcher has restarted the run. */
  restartCount: number
}

type Environment = Readonly<Record<string, string | undefined>>

const needed = ['RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT'] as const

/**
 * What the process was started as: by torchrun, by anything else that sets RANK, WORLD_SIZE, MASTER_ADDR and
 * MASTER_PORT (Kubeflow's PyTorchJob, a script under Slurm), or alone.
 * @returns undefined for a process that is alone: neither RANK nor WORLD_SIZE is set
 * @throws TorchLoraError INVALID_ARGUMENT naming every variable that is missing or malformed
 */
export function readLaunch(environment: Environment = process.env): Launch | undefined {
  const value = (name: string) => environment[name]?.trim() || undefined
  if (value('RANK') === undefined && value('WORLD_SIZE') === undefined) {
    refuseUnread(value)
    return undefined
  }
  const problems: string[] = []
  const missing = needed.filter((name) => value(name) === undefined)
  if (missing.length > 0) {
    const set = needed.filter((name) => value(name) !== undefined)
    problems.push(`${set.join(', ')} ${set.length > 1 ? 'are' : 'is'} set, but not ${missing.join(', ')}`)
  }
  const whole = (name: string, least: number, most: number, otherwise: number): number => {
    const text = value(name)
    if (text === undefined) return otherwise
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (number >= least && number <= most) return number
    problems.push(`${name}: expected a whole number from ${least} to ${most}, received '${text}'`)
    return otherwise
  }
  const worldSize = whole('WORLD_SIZE', 1, 2 ** 20, 1)
  const launch = {
    rank: whole('RANK', 0, 2 ** 20, 0),
    worldSize,
    localRank: whole('LOCAL_RANK', 0, 2 ** 20, 0),
    masterAddress: value('MASTER_ADDR') ?? '',
    masterPort: whole('MASTER_PORT', 1, 65535, 0),
    agentStore: value('TORCHELASTIC_USE_AGENT_STORE') === 'True',
    restartCount: whole('TORCHELASTIC_RESTART_COUNT', 0, 2 ** 20, 0),
  }
  if (launch.rank >= worldSize && value('WORLD_SIZE') !== undefined)
    problems.push(`RANK is ${launch.rank}, which WORLD_SIZE ${worldSize} does not have: ranks count from 0`)
  if (problems.length > 0)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `The environment names a distributed run, but not one that can be joined: ${problems.join('; ')}. Start by torchrun, set all of ${needed.join(', ')}, or unset them for a single process.`,
    )
  return launch
}

/** An environment without what makes a process one of several: for a process that one of them starts for itself. */
export function withoutLaunch(environment: Environment = process.env): Record<string, string | undefined> {
  const named = /^(RANK|WORLD_SIZE|MASTER_(ADDR|PORT)|LOCAL_(RANK|WORLD_SIZE)|(TORCHELASTIC|PET)_.*)$/
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !named.test(name)))
}

/** Kubeflow's TrainJob speaks to torchrun only: without it every pod would train the whole on its own. */
function refuseUnread(value: (name: string) => string | undefined): void {
  const nodes = value('PET_NNODES')
  if (nodes === undefined || nodes === '1') return
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `PET_NNODES is ${nodes}, but RANK and WORLD_SIZE are not set: this environment is for torchrun. Start by \`torchrun --no-python <command>\`, which reads PET_*, or unset PET_NNODES for a single process.`,
  )
}
