import { TorchLoraError } from '../errors.ts'
import type { TextModelOptions } from './options.ts'
import { taskOfModel } from './task-of-model.ts'
import { TextClassifier } from './text-classifier.ts'
import { TokenClassifier } from './token-classifier.ts'

/** Whichever model a folder holds: `task` says which. */
export type AnyTextModel = TextClassifier | TokenClassifier

/**
 * Loads whichever model a folder or hub id holds, as its adapter or its `config.json` says: `task` of the result tells
 * which it is, and with it which verb it has.
 *
 * ```ts
 * const model = await loadTextModel(dir)
 * if (model.task === 'token-classification') await model.tag(text)
 * ```
 * @throws TorchLoraError UNSUPPORTED for a model of which neither says its task, or of one that has no class here; as
 * `load` of the classes
 */
export async function loadTextModel(dirOrId: string, options: TextModelOptions = {}): Promise<AnyTextModel> {
  const { adapter, adapters = {}, endpoint, cacheDir, offline, token, revision, signal } = options
  const task = await taskOfModel(dirOrId, {
    adapter: adapter ?? Object.values(adapters)[0],
    ...{ endpoint, cacheDir, offline, token, revision, signal },
  })
  const { problemType = 'auto', ...rest } = options
  switch (task?.kind.taskName) {
    case 'token-classification':
      return TokenClassifier.load(dirOrId, rest)
    case 'sequence-classification':
    case undefined: // a bare encoder, which says itself that it has no head
      return TextClassifier.load(dirOrId, { ...rest, problemType })
    default:
      throw new TorchLoraError(
        'UNSUPPORTED',
        `${dirOrId} is for ${task?.kind.taskName}, for which there is no class that serves it.`,
      )
  }
}
