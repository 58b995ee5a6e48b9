import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import { adapterPath } from '../adapters/adapter-files.ts'
import { ADAPTER_FILES, readCheckpoint } from '../checkpoint/index.ts'
import { evaluationPart, isFolder } from '../data/dataset-folder.ts'
import { loadGlue, type ReadExamplesOptions, readExamples } from '../data/index.ts'
import { TorchLoraError } from '../errors.ts'
import { resolveModel } from '../hub/index.ts'
import type { Cell } from './cells.ts'

/** Something that runs read, and what is wrong with it where it is missing. */
interface Requirement {
  what: string
  problem(): Promise<string | null>
}

/**
 * Makes sure that what runs read is there and can be read, each once: data with the columns that are asked for, adapters,
 * models. What is not downloaded yet is downloaded.
 * @throws TorchLoraError INVALID_FILE naming everything that is missing or of no use, and the runs that need it
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
  const [train, evaluate, adapter] = [value('--train'), value('--eval'), value('--adapter')]
  const options: ReadExamplesOptions = {
    columns: columnsOf(value),
    labelColumns: value('--label-columns')?.split(','),
    labelSeparator: value('--label-separator'),
    labelled: true,
  }
  return [
    modelThere(value('--model')!),
    ...(train === undefined ? [] : [dataThere(train, { ...options, split: 'train' })]),
    ...(evaluate === undefined ? [] : [dataThere(evaluate, options)]),
    ...(adapter === undefined ? [] : [adapterThere(adapter)]),
    // A file takes the place of its split of the task.
    ...(task === null || (train && evaluate) ? [] : [taskThere(task, value('--data'))]),
  ]
}

/** Columns that are asked for by name. */
function columnsOf(value: (flag: string) => string | undefined): ReadExamplesOptions['columns'] {
  const given = { text: value('--text'), textPair: value('--text-pair'), label: value('--label') }
  return Object.fromEntries(
    Object.entries(given).flatMap(([role, name]) => (name === undefined ? [] : [[role, name] as const])),
  )
}

async function unreadable(file: string, what: string): Promise<string | null> {
  const refused = await access(file, constants.R_OK).catch((error: NodeJS.ErrnoException) => error)
  return refused ? `${what} ${file} cannot be read (${refused.code})` : null
}

/** What `body` says of something that is there and cannot be used. */
async function refusalOf(body: () => Promise<unknown>, what = ''): Promise<string | null> {
  try {
    await body()
    return null
  } catch (thrown) {
    if (thrown instanceof TorchLoraError) return what + thrown.message.replace(/\.$/, '')
    throw thrown
  }
}

function modelThere(model: string): Requirement {
  return {
    what: `model ${model}`,
    async problem() {
      let folder = model
      const refusal = await refusalOf(async () => {
        folder = await resolveModel(model)
      })
      return refusal ?? unreadable(join(folder, 'config.json'), 'the model')
    },
  }
}

/** A file, or a folder of which a part is wanted, with the columns that are asked for; without a split what is measured on. */
function dataThere(path: string, options: ReadExamplesOptions): Requirement {
  return {
    what: `data ${path} ${JSON.stringify(options)}`,
    async problem() {
      const refused = await unreadable(path, 'the data file')
      if (refused) return refused
      return refusalOf(async () => {
        const split = options.split ?? (await evaluationPart(path))
        await readExamples(path, { ...options, split })
      })
    },
  }
}

/** A PEFT folder, a run's folder with one in it, or a loralib checkpoint. */
function adapterThere(adapter: string): Requirement {
  return {
    what: `adapter ${adapter}`,
    async problem() {
      const path = adapterPath(adapter)
      const refused = await unreadable(path, 'the adapter')
      if (refused) return refused
      const weights = await refusalOf(
        () => readCheckpoint(path, { candidates: ADAPTER_FILES }),
        'the adapter ',
      )
      if (weights || !(await isFolder(path))) return weights
      return unreadable(join(path, 'adapter_config.json'), 'the adapter')
    },
  }
}

function taskThere(task: string, dataDir: string | undefined): Requirement {
  return {
    what: `task ${task} in ${dataDir ?? 'the cache'}`,
    problem: () =>
      refusalOf(async () => {
        for (const split of ['train', 'validation'] as const) await loadGlue(task, { split, dataDir })
      }, `${task}: `),
  }
}
