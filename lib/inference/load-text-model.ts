import { TorchLoraError } from '../errors.ts'
import { givenOptions, nearest } from '../options.ts'
import { MaskFiller, type MaskFillerOptions } from './mask-filler.ts'
import type { TextModelOptions } from './options.ts'
import { QuestionAnswerer, type QuestionAnswererOptions } from './question-answerer.ts'
import { taskOfModel } from './task-of-model.ts'
import { TextClassifier } from './text-classifier.ts'
import { TextEmbedder, type TextEmbedderOptions } from './text-embedder.ts'
import { TextReranker, type TextRerankerOptions } from './text-reranker.ts'
import { TokenClassifier } from './token-classifier.ts'

/** Whichever model a folder holds: `task` says which. */
export type AnyTextModel =
  | TextClassifier
  | TokenClassifier
  | QuestionAnswerer
  | TextEmbedder
  | TextReranker
  | MaskFiller

/** How {@link loadTextModel} loads a model: each class refuses by name what it has no option for. */
export interface LoadTextModelOptions
  extends TextModelOptions,
    Pick<TextEmbedderOptions, 'pooling'>,
    Pick<QuestionAnswererOptions, 'maxWindows'> {
  /** What the model is for. Default: what its adapter or its own files say. */
  task?: AnyTextModel['task'] | undefined
}

type Loader = (dirOrId: string, options: TextModelOptions) => Promise<AnyTextModel>

const loaders: Readonly<Record<AnyTextModel['task'], Loader>> = {
  'sequence-classification': (dir, options) => TextClassifier.load(dir, { problemType: 'auto', ...options }),
  'token-classification': (dir, options) => TokenClassifier.load(dir, options),
  'question-answering': (dir, options) => QuestionAnswerer.load(dir, options as QuestionAnswererOptions),
  'sentence-similarity': (dir, options) => TextEmbedder.load(dir, options as TextEmbedderOptions),
  reranking: (dir, options) => TextReranker.load(dir, options as TextRerankerOptions),
  'masked-language-model': (dir, options) => MaskFiller.load(dir, options as MaskFillerOptions),
}

/**
 * Loads whichever model a folder or hub id holds, as its adapter or its own files say: `task` of the result tells which
 * it is, and with it which verb it has. A folder of sentence-transformers is what its modules are; a classifier of one
 * output is a reranker where sentence-transformers or this library made it one, or `task` says so.
 *
 * ```ts
 * const model = await loadTextModel(dir)
 * if (model.task === 'token-classification') await model.tag(text)
 * ```
 * @throws TorchLoraError INVALID_ARGUMENT for a task that there is not, or an option that the model's class has not; as
 * `load` of the classes
 */
export async function loadTextModel(
  dirOrId: string,
  { task, ...options }: LoadTextModelOptions = {},
): Promise<AnyTextModel> {
  const name = task ?? (await taskNameOf(dirOrId, options))
  const load = Object.hasOwn(loaders, name) ? loaders[name] : undefined
  if (load) return load(dirOrId, givenOptions(options))
  const meant = nearest(name, Object.keys(loaders))
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `task: expected one of ${Object.keys(loaders).join(', ')}, received ${JSON.stringify(name)}${meant ? `; '${meant}' is the nearest` : ''}.`,
  )
}

async function taskNameOf(
  dirOrId: string,
  { mergeAdapter, adapters = {}, endpoint, cacheDir, offline, token, revision, signal }: TextModelOptions,
): Promise<AnyTextModel['task']> {
  const found = await taskOfModel(dirOrId, {
    adapter: mergeAdapter ?? Object.values(adapters)[0],
    ...{ endpoint, cacheDir, offline, token, revision, signal },
  })
  // Nothing is said of an encoder whose class nobody knows: a classifier says itself that it has no head.
  return (found?.kind.taskName ?? 'sequence-classification') as AnyTextModel['task']
}
