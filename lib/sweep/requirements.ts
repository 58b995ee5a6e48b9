import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import { adapterPath } from '../adapters/adapter-files.ts'
import { loadGlue } from '../data/index.ts'
import { TorchLoraError } from '../errors.ts'
import type { Cell } from './cells.ts'

/** Something that runs read, and what is wrong with it where it is missing. */
interface Requirement {
  what: string
  problem(): Promise<string | null>
}

/**
 * Makes sure that what runs read is there, each file and task once: data, adapters, models that are paths. What is not
 * downloaded yet is downloaded.
 * @throws TorchLoraError INVALID_FILE naming everything that is missing, and the runs that need it
 */
export async function requireInputs(cells: readonly Cell[]): Promise<void> {
  const needed = new Map<string, { requirement: Requirement; by: string[] }>()
  for (const cell of cells)
    for (const requirement of requirementsOf(cell)) {
      const entry = needed.get(requirement.what) ?? { requirement, by: [] }
      entry.by.push(cell.name)
      needed.set(requirement.what, entry)
    }
  const problems: string[] = []
  for (const { requirement, by } of needed.values()) {
    const problem = await requirement.problem()
    if (problem === null) continue
    const runs =
      by.length === cells.length ? 'every run' : `${by.length} of ${cells.length} runs, ${by[0]} the first`
    problems.push(`${problem} (needed by ${runs})`)
  }
  if (problems.length > 0)
    throw new TorchLoraError('INVALID_FILE', `The sweep cannot begin: ${problems.join('; ')}.`)
}

function requirementsOf({ args, task }: Cell): Requirement[] {
  const value = (flag: string) => {
    const at = args.indexOf(flag)
    return at < 0 ? undefined : args[at + 1]
  }
  const [model, adapter, data] = [value('--model')!, value('--adapter'), value('--data')]
  const files = [value('--train'), value('--eval')].filter((file) => file !== undefined)
  return [
    ...(/^[./~]/.test(model) ? [readable(join(model, 'config.json'), 'the model')] : []),
    ...files.map((file) => readable(file, 'the data file')),
    ...(adapter === undefined ? [] : [adapterThere(adapter)]),
    // A file takes the place of its split of the task.
    ...(task === null || files.length === 2 ? [] : [taskThere(task, data)]),
  ]
}

function readable(file: string, what: string): Requirement {
  return {
    what: file,
    async problem() {
      const refused = await access(file, constants.R_OK).catch((error: NodeJS.ErrnoException) => error)
      return refused ? `${what} ${file} cannot be read (${refused.code})` : null
    },
  }
}

/** A PEFT folder, a run's folder with one in it, or a loralib checkpoint. */
function adapterThere(adapter: string): Requirement {
  return { ...readable(adapterPath(adapter), 'the adapter'), what: `adapter ${adapter}` }
}

function taskThere(task: string, dataDir: string | undefined): Requirement {
  return {
    what: `task ${task} in ${dataDir ?? 'the cache'}`,
    async problem() {
      try {
        for (const split of ['train', 'validation'] as const) await loadGlue(task, { split, dataDir })
        return null
      } catch (thrown) {
        if (thrown instanceof TorchLoraError) return `${task}: ${thrown.message.replace(/\.$/, '')}`
        throw thrown
      }
    },
  }
}
