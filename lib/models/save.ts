import { join } from 'node:path'
import {
  copyInto,
  listFolder,
  makeFolder,
  tensorSources,
  writeCheckpoint,
  writeJson,
} from '../checkpoint/index.ts'
import { TorchLoraError } from '../errors.ts'
import { writeModelCard } from './model-card.ts'
import { originOf } from './origin.ts'
import type { PretrainedModel } from './pretrained-model.ts'

/** Tokenizer files travel with a model, so that what is saved is a folder one can serve. */
const tokenizerFile =
  /^(tokenizer\.json|tokenizer_config\.json|special_tokens_map\.json|added_tokens\.json|vocab\.(txt|json)|merges\.txt|(spm|spiece|sentencepiece\.bpe)\.model)$/

/**
 * Writes `config.json`, `model.safetensors` and a model card, and copies the tokenizer's files from where the model came: a folder
 * that transformers and this library load. A file appears whole or not at all.
 * @throws TorchLoraError INVALID_ARGUMENT for an adapter that is not merged, which the file could not hold;
 * INVALID_FILE when the disk refuses
 */
export async function savePretrained(model: PretrainedModel, directory: string): Promise<void> {
  if ([...model.namedModules()].some(([, module]) => module.adapterParameters().length > 0)) {
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      'This model has an adapter that a model file cannot hold: call mergeAdapter(model) first, or saveAdapter(model, dir).',
    )
  }
  await makeFolder(directory)
  await writeCheckpoint(directory, tensorSources(model.savedModule.namedParameters()))
  await writeJson(join(directory, 'config.json'), {
    ...model.config.raw,
    architectures: [model.architecture],
    ...model.taskConfig(),
  })
  await model.writeBeside(directory)
  await writeModelCard(model, directory, 'model')
  const origin = originOf(model)?.directory
  if (!origin || origin === directory) return
  for (const name of await listFolder(origin)) {
    if (tokenizerFile.test(name)) await copyInto(join(origin, name), join(directory, name))
  }
}
