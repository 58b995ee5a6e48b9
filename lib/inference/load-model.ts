import { type AdapterLabels, loadAdapter, readAdapterLabels } from '../adapters/adapter.ts'
import { loraState } from '../adapters/state.ts'
import { TorchLoraError } from '../errors.ts'
import type { Model } from '../models/model.ts'
import { loadReport } from '../models/origin.ts'
import { type FromPretrainedOptions, loadPretrained } from '../models/pretrained.ts'
import { pickOptions } from '../options.ts'
import { type LabelOptions, sameNames } from '../tasks/label-config.ts'
import type { Task, TaskKind } from '../tasks/task.ts'
import { AutoTokenizer, checkVocabularies, type Tokenizer, tokenizerRules } from '../tokenizer/index.ts'
import type { TextModelOptions } from './options.ts'

/** How {@link loadModel} loads a model and what it puts on it. */
interface LoadModelOptions
  extends Omit<FromPretrainedOptions, 'head'>,
    Pick<TextModelOptions, 'addPrefixSpace' | 'loraAlpha' | 'head'> {
  /** A PEFT folder, or a loralib checkpoint file. */
  adapter?: string | undefined
}

/**
 * A model for a task with its tokenizer: a model folder or hub id, and an adapter whose labels the head takes. The
 * adapter is not merged (`mergeLora`).
 * @throws TorchLoraError INCOMPATIBLE where their vocabularies are not one model's; as `fromPretrained` of the auto
 * classes and `loadAdapter`
 */
export async function loadModel<T extends Task>(
  kind: TaskKind<T, LabelOptions>,
  dirOrId: string,
  { adapter, loraAlpha, head, addPrefixSpace, ...options }: LoadModelOptions = {},
): Promise<LoadedModel<T>> {
  const said = adapter === undefined || head === 'keep' ? null : await readAdapterLabels(adapter)
  const labels = said === null ? options : adapterHead(said, options, adapter!)
  const [model, tokenizer] = await Promise.all([
    loadPretrained(kind, dirOrId, { ...options, ...labels }),
    AutoTokenizer.fromPretrained(dirOrId, { ...pickOptions(options, tokenizerRules), addPrefixSpace }),
  ])
  try {
    checkVocabularies(tokenizer, model.config.vocabSize)
  } catch (error) {
    model.dispose()
    await tokenizer.close()
    throw error
  }
  const isHead = (path: string) => model.roleOf(path) === 'head'
  if (adapter !== undefined) await loadAdapter(model, adapter, { loraAlpha, head })
  const brought = adapter !== undefined && loraState(model).bringsHead === true
  const headTrained = brought || !loadReport(model)?.missing.some(isHead)
  return { model: model.eval(), tokenizer, headTrained }
}

export interface LoadedModel<T extends Task = Task> {
  model: Model<T>
  tokenizer: Tokenizer
  /** Whether anybody trained the head: the model's own or the adapter's. */
  headTrained: boolean
}

/**
 * What the head of an adapter means: what the adapter says, and what a caller decides where it does not.
 * @throws TorchLoraError INCOMPATIBLE when they contradict each other
 */
function adapterHead(said: AdapterLabels, asked: LabelOptions, adapter: string): LabelOptions {
  const count = said.labels?.length ?? said.numLabels
  const contradictions = [
    asked.labels &&
      said.labels &&
      !sameNames(asked.labels, said.labels) &&
      `the labels ${said.labels.join(', ')}`,
    asked.labels && asked.labels.length !== count && `${count} outputs`,
    asked.problemType && said.problemType && asked.problemType !== said.problemType && said.problemType,
  ].filter(Boolean)
  if (contradictions.length > 0)
    throw new TorchLoraError(
      'INCOMPATIBLE',
      `${adapter} has a head of ${contradictions[0]}; ${asked.labels?.join(', ') ?? asked.problemType} was asked for. Leave \`labels\` and \`problemType\` away, or keep the model's own head (\`head: 'keep'\`).`,
      { file: adapter },
    )
  return {
    labels: asked.labels ?? said.labels,
    numLabels: count,
    problemType: asked.problemType ?? said.problemType,
    head: 'adapter',
  }
}
