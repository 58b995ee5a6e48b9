import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chooseSource } from './choose-source.ts'
import { classes, type VocabularyFile } from './classes.ts'
import type {
  AddedToken,
  BuildTokenizer,
  Json,
  SpecialTokenName,
  TokenizerDefinition,
  TokenizerSettings,
} from './definition.ts'
import { fail } from './failure.ts'
import { fromSentencePiece } from './from-sentencepiece.ts'
import { fromTokenizerJson } from './from-tokenizer-json.ts'
import { fromVocabAndMerges } from './from-vocab-merges.ts'
import { fromVocabTxt } from './from-vocab-txt.ts'
import { readTokenRegistry } from './special-tokens.ts'

/** Makes tokenizer.json of each kind of vocabulary, by the name of the file that holds it. */
const builders: Record<VocabularyFile, BuildTokenizer> = {
  'tokenizer.json': fromTokenizerJson,
  'spm.model': fromSentencePiece,
  'spiece.model': fromSentencePiece,
  'sentencepiece.bpe.model': fromSentencePiece,
  'vocab.json': fromVocabAndMerges,
  'vocab.txt': fromVocabTxt,
}

function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    throw fail('INVALID_FILE', `cannot read ${path} (${(error as Error).message})`, path)
  }
}

/**
 * Reads a tokenizer folder: tokenizer.json, or the vocabulary file of its class; with tokenizer_config.json,
 * special_tokens_map.json, added_tokens.json and config.json where they are there.
 *
 * @throws TorchLoraError INVALID_FILE or UNSUPPORTED, naming the file.
 */
export function loadDefinition(dir: string, settings: TokenizerSettings): TokenizerDefinition {
  const pathOf = (name: string) => join(dir, name)
  const has = (name: string) => existsSync(pathOf(name))
  const readBytes = (name: string) => readFile(pathOf(name))
  const readText = (name: string): string => {
    const bytes = readBytes(name)
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    } catch {
      throw fail('INVALID_FILE', `${pathOf(name)} is not UTF-8 text; fetch the file again`, pathOf(name))
    }
  }
  const readJson = (name: string): Json | undefined => {
    if (!has(name)) return undefined
    const path = pathOf(name)
    const text = readText(name)
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (error) {
      const reason = (error as Error).message
      throw fail(
        'INVALID_FILE',
        `${path} is not valid JSON (${reason}); it may be truncated: fetch it again`,
        path,
      )
    }
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
    const kind = Array.isArray(value) ? 'an array' : typeof value
    throw fail('INVALID_FILE', `${path}: expected a JSON object, received ${kind}`, path)
  }

  const config = readJson('tokenizer_config.json') ?? {}
  if (settings.addPrefixSpace !== undefined) config.add_prefix_space = settings.addPrefixSpace
  const model = readJson('config.json') ?? {}
  const { source, tokenizerClass } = chooseSource({
    dir,
    has,
    config,
    model,
    classOfModel: settings.classOfModel,
  })
  const path = pathOf(source)

  const { special, addTokens } = readTokenRegistry({
    source,
    tokenizerClass,
    config,
    specialMap: readJson('special_tokens_map.json') ?? {},
    legacyAdded: readJson('added_tokens.json') ?? {},
    pathOf,
  })
  const requireSpecial = (known: (token: string) => boolean, roles: SpecialTokenName[]) => {
    const missing = roles.filter((role) => !known(special[role] ?? ''))
    if (missing.length === 0) return
    const list = missing.map((role) => `${role}_token ${JSON.stringify(special[role])}`).join(', ')
    throw fail(
      'INVALID_FILE',
      `${path} lacks ${list}; the vocabulary is truncated, or tokenizer_config.json names other special tokens`,
      path,
    )
  }
  const idOf = (added: AddedToken[], role: SpecialTokenName): number => {
    const id = added.find((token) => token.content === special[role])?.id
    if (id !== undefined) return id
    throw fail('INVALID_FILE', `${path}: no id for the ${role} token ${JSON.stringify(special[role])}`, path)
  }
  const bertTemplate = (added: AddedToken[]): Json => {
    const cls = special.cls as string
    const sep = special.sep as string
    const token = (id: string, type_id: number) => ({ SpecialToken: { id, type_id } })
    const text = (id: string, type_id: number) => ({ Sequence: { id, type_id } })
    const entry = (id: string, role: SpecialTokenName) => ({ id, ids: [idOf(added, role)], tokens: [id] })
    const single = [token(cls, 0), text('A', 0), token(sep, 0)]
    const pair = [...single, text('B', 1), token(sep, 1)]
    const special_tokens = { [cls]: entry(cls, 'cls'), [sep]: entry(sep, 'sep') }
    return { type: 'TemplateProcessing', single, pair, special_tokens }
  }
  const doubleTemplate = (added: AddedToken[], [first, last]: [SpecialTokenName, SpecialTokenName]): Json => {
    const [begin, end] = [special[first] as string, special[last] as string]
    const token = (id: string) => ({ SpecialToken: { id, type_id: 0 } })
    const text = (id: string) => ({ Sequence: { id, type_id: 0 } })
    const single = [token(begin), text('A'), token(end)]
    const special_tokens = {
      [begin]: { id: begin, ids: [idOf(added, first)], tokens: [begin] },
      [end]: { id: end, ids: [idOf(added, last)], tokens: [end] },
    }
    const pair = [...single, token(end), text('B'), token(end)]
    return { type: 'TemplateProcessing', single, pair, special_tokens }
  }
  const robertaProcessing = (added: AddedToken[], addPrefixSpace: boolean): Json => ({
    type: 'RobertaProcessing',
    sep: [special.sep, idOf(added, 'sep')],
    cls: [special.cls, idOf(added, 'cls')],
    trim_offsets: config.trim_offsets !== false,
    add_prefix_space: addPrefixSpace,
  })

  const json = builders[source]({
    path,
    source,
    config,
    tokenizerClass,
    normalization: settings.normalization,
    addPrefixSpace: settings.addPrefixSpace,
    special,
    pathOf,
    readBytes,
    readText,
    readJson,
    addTokens,
    requireSpecial,
    bertTemplate,
    doubleTemplate,
    robertaProcessing,
  })
  const inputs = config.model_input_names
  const max = config.model_max_length
  return {
    // Padding and truncation are done after the engine: a file may carry both (all-MiniLM-L6-v2 pads all to 128).
    json: { version: '1.0', ...json, truncation: null, padding: null },
    config,
    source,
    special,
    // transformers writes 1e30 for "no limit".
    modelMaxLength: typeof max === 'number' && max > 0 && max < 1e9 ? max : Number.POSITIVE_INFINITY,
    truncationSide: config.truncation_side === 'left' ? 'left' : 'right',
    zeroTypeIds: Array.isArray(inputs)
      ? !inputs.includes('token_type_ids')
      : classes[tokenizerClass]?.zeroTypeIds === true,
    tokenizerClass,
    ...(typeof model.vocab_size === 'number' ? { modelRows: model.vocab_size } : {}),
  }
}
