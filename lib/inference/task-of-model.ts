import { join } from 'node:path'
import { z } from 'zod'
import { adapterPath } from '../adapters/adapter-files.ts'
import { readJson } from '../checkpoint/index.ts'
import { type HubOptions, resolveModel } from '../hub/index.ts'
import { type ModelMarks, taskTypeOfMarks } from '../tasks/registry.ts'
import type { TaskType } from '../tasks/task-type.ts'

const adapterConfig = z.looseObject({ task_type: z.string().nullish() })
const modelConfig = z.looseObject({ architectures: z.array(z.string()).nullish() })

/**
 * What a model was made for: what its adapter says (PEFT's `task_type`), else its own files (`architectures` of
 * config.json); undefined where neither says anything.
 * @throws TorchLoraError INVALID_FILE, NETWORK
 */
export async function taskOfModel(
  dirOrId: string,
  { adapter, ...hub }: HubOptions & { adapter?: string } = {},
): Promise<TaskType | undefined> {
  const marks: ModelMarks = {}
  if (adapter !== undefined) {
    const file = join(adapterPath(adapter), 'adapter_config.json')
    // A loralib checkpoint is a file and says nothing.
    const said = await readJson(file, adapterConfig, { maxBytes: 2 ** 20 }).catch(() => null)
    marks.peftType = said?.task_type ?? undefined
  }
  const directory = await resolveModel(dirOrId, hub)
  const config = await readJson(join(directory, 'config.json'), modelConfig)
  marks.architecture = config.architectures?.[0]
  return taskTypeOfMarks(marks)
}
