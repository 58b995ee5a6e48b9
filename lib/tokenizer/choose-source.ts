import { join } from 'node:path'
import { classes, classOfFile, type VocabularyFile } from './classes.ts'
import type { Json } from './definition.ts'
import { fail } from './failure.ts'

/** Vocabulary files in the order in which they are taken where the class does not say which. */
const order: VocabularyFile[] = [
  'tokenizer.json',
  'spm.model',
  'spiece.model',
  'sentencepiece.bpe.model',
  'vocab.json',
  'vocab.txt',
]

/** A folder, and what its configuration files say. */
interface Folder {
  dir: string
  has(name: string): boolean
  /** tokenizer_config.json */
  config: Json
  /** config.json */
  model: Json
  /** Classes by `model_type`. */
  classOfModel: Readonly<Record<string, string>>
}

/**
 * The file whose vocabulary is taken, and the class of transformers that it is read as: `tokenizer_class` of
 * tokenizer_config.json or config.json, else the class of `model_type`, as transformers' AutoTokenizer. Which class a
 * folder without tokenizer.json is for must be clear: a vocabulary read as another class's would tokenize, wrongly.
 * @throws TorchLoraError INVALID_FILE, UNSUPPORTED
 */
export function chooseSource({ dir, has, config, model, classOfModel }: Folder): {
  source: VocabularyFile
  tokenizerClass: string
} {
  const there = (file: VocabularyFile) => has(file) && (file !== 'vocab.json' || has('merges.txt'))
  const given = config.tokenizer_class ?? model.tokenizer_class
  const named = typeof given === 'string' ? given.replace(/Fast$/, '') : ''
  const generic = ['', 'PreTrainedTokenizer', 'TokenizersBackend'].includes(named)
  const decided = generic ? classOfModel[String(model.model_type)] : named
  const own = decided === undefined ? undefined : classes[decided]?.file
  const source = there('tokenizer.json') ? 'tokenizer.json' : own && there(own) ? own : order.find(there)
  if (!source) {
    const half = has('vocab.json')
      ? ' (vocab.json is there, merges.txt is not)'
      : has('merges.txt')
        ? ' (merges.txt is there, vocab.json is not)'
        : ''
    throw fail(
      'INVALID_FILE',
      `${dir} has no tokenizer${half}: looked for tokenizer.json, spm.model, spiece.model, sentencepiece.bpe.model, vocab.json with merges.txt, and vocab.txt; copy the tokenizer files of the model into this folder`,
      dir,
    )
  }
  const path = join(dir, source)
  if (source === 'tokenizer.json') return { source, tokenizerClass: decided ?? 'PreTrainedTokenizerFast' }
  const tokenizerClass = decided ?? classOfFile[source]
  const able = Object.keys(classes).filter((name) => classes[name]!.file === source)
  if (tokenizerClass === undefined)
    throw fail(
      'UNSUPPORTED',
      `${path}: nothing says which tokenizer this is (${able.join(' or ')} have such a file); add config.json with the model_type`,
      path,
    )
  if (!able.includes(tokenizerClass))
    throw fail(
      'UNSUPPORTED',
      `${path}: a ${tokenizerClass} cannot be built from ${source} here (${able.join(', ')} can); save it once with transformers to get a tokenizer.json`,
      path,
    )
  return { source, tokenizerClass }
}
