import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { adapterPath } from '../adapters/adapter-files.ts'
import { readJson } from '../checkpoint/index.ts'
import { type HubOptions, MODEL_REQUEST, resolveModel, TOKENIZER_REQUEST } from '../hub/index.ts'
import { type ModelMarks, taskTypeOfMarks } from '../tasks/registry.ts'
import { sentenceFiles } from '../tasks/sentence-folder.ts'
import type { TaskType } from '../tasks/task-type.ts'

const adapterConfig = z.looseObject({ task_type: z.string().nullish() })
const modelConfig = z.looseObject({ architectures: z.array(z.string()).nullish() })
const modules = z.array(z.looseObject({ type: z.string() }))

/**
 * What a model was made for: what its adapter says (PEFT's `task_type`), else its own files (`architectures` of
 * config.json, sentence-transformers' modules.json); undefined where neither says anything.
 * @throws TorchLoraError INVALID_FILE, NETWORK
 */
export async function taskOfModel(
  dirOrId: string,
  { adapter, ...hub }: HubOptions & { adapter?: string } = {},
): Promise<TaskType | undefined> {
  const marks: ModelMarks = {}
  if (adapter !== undefined) {
    const path = adapterPath(adapter)
    // A loralib checkpoint is a file and says nothing.
    const isFile = await stat(path).then(
      (found) => found.isFile(),
      () => false,
    )
    const file = join(path, 'adapter_config.json')
    const said = isFile ? null : await readJson(file, adapterConfig, { maxBytes: 2 ** 20 })
    marks.peftType = said?.task_type ?? undefined
  }
  const files = [...MODEL_REQUEST, ...TOKENIZER_REQUEST, ...sentenceFiles]
  const directory = await resolveModel(dirOrId, { ...hub, files })
  const list = join(directory, 'modules.json')
  const own = existsSync(list) ? await readJson(list, modules) : []
  if (own.some(({ type }) => type.endsWith('.Pooling')))
    return taskTypeOfMarks({ ...marks, sentenceModel: 'embedder' })
  const config = await readJson(join(directory, 'config.json'), modelConfig)
  marks.architecture = config.architectures?.[0]
  if (isCrossEncoder(config, own.length > 0)) marks.sentenceModel = 'cross-encoder'
  return taskTypeOfMarks(marks)
}

/** Whether sentence-transformers has made a classifier of one output: the score of a pair. */
function isCrossEncoder(
  { architectures, id2label, num_labels, ...marks }: z.infer<typeof modelConfig>,
  hasModules: boolean,
): boolean {
  const outputs = typeof id2label === 'object' && id2label ? Object.keys(id2label).length : num_labels
  const { sentence_transformers, sbert_ce_default_activation_function } = marks
  return (
    outputs === 1 &&
    architectures?.[0]?.endsWith('ForSequenceClassification') === true &&
    (hasModules || Boolean(sentence_transformers ?? sbert_ce_default_activation_function))
  )
}
