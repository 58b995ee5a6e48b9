import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { TorchLoraError } from '../errors.ts'
import type { AddedToken, SpecialTokenName, TokenizerDefinition } from './definition.ts'
import { makeEncoder } from './encoder.ts'
import { fail } from './failure.ts'
import { lanesOf } from './lanes.ts'
import { type Layout, type LayoutPiece, readLayout } from './layout.ts'
import { longestWord, safeCuts, takesWords } from './locality.ts'
import type { EncodeReply, EncodeRequest, EngineSetup, NativeTokenizer, TokenizerFacts } from './messages.ts'
import { loadDefinition } from './sources.ts'
import { spareRows } from './vocabulary.ts'

/** A tokenizer in its process. */
export interface LoadedTokenizer {
  /** What the files said, without the vocabulary, which lives in the engine. */
  definition: Omit<TokenizerDefinition, 'json'> & { added: AddedToken[] }
  native: NativeTokenizer
  facts: TokenizerFacts
  encode(request: EncodeRequest): Promise<EncodeReply>
}

/** The package `tokenizers`, where it has an addon for this platform. */
function engine(): { Tokenizer: { fromString(json: string): NativeTokenizer } } {
  try {
    return createRequire(import.meta.url)('tokenizers')
  } catch (cause) {
    throw new TorchLoraError(
      'ADDON_NOT_FOUND',
      `the package "tokenizers" has no addon that loads on ${process.platform}-${process.arch} (${(cause as Error).message.split('\n')[0]}); reinstall it on this platform`,
      { cause },
    )
  }
}

/** The engine believes the ids that a post_processor gives its tokens. */
function checkLayout({ single, pair }: Layout, native: NativeTokenizer, path: string): void {
  for (const { id, sequence } of [...single, ...pair])
    if (sequence < 0 && native.idToToken(id) === null)
      throw fail(
        'INVALID_FILE',
        `${path}: the post_processor puts token ${id} around texts, which there is not`,
        path,
      )
}

/** A file of lines that was cut at the end of one of them is whole in itself. */
function checkLength(
  { source, modelRows }: Omit<TokenizerDefinition, 'json'>,
  tokens: number,
  path: string,
): void {
  if (source === 'tokenizer.json' || modelRows === undefined || modelRows - tokens <= spareRows(modelRows))
    return
  throw fail(
    'INVALID_FILE',
    `${path} has ${tokens} tokens, config.json beside it says ${modelRows} (vocab_size); it is truncated, or of another model: fetch it again`,
    path,
  )
}

function readDefinition({ dir, settings }: EngineSetup): TokenizerDefinition {
  try {
    return loadDefinition(dir, settings)
  } catch (error) {
    if (error instanceof TorchLoraError) throw error
    // Valid JSON of the wrong shape: a number where a list belongs, and the like.
    throw fail(
      'INVALID_FILE',
      `${dir}: the tokenizer's files are malformed (${(error as Error).message})`,
      dir,
    )
  }
}

/**
 * Reads a tokenizer's folder and builds the engine.
 * @throws TorchLoraError INVALID_FILE, UNSUPPORTED, ADDON_NOT_FOUND
 */
export function loadTokenizer(setup: EngineSetup): LoadedTokenizer {
  const { Tokenizer } = engine()
  const { json, ...definition } = readDefinition(setup)
  const path = join(setup.dir, definition.source)
  let native: NativeTokenizer
  try {
    native = Tokenizer.fromString(JSON.stringify(json))
  } catch (error) {
    throw fail(
      'INVALID_FILE',
      `${path} is not a tokenizer that huggingface/tokenizers can build (${(error as Error).message}); fetch the file again, or save it anew with transformers`,
      path,
    )
  }
  const layout = readLayout(
    json.post_processor,
    (code, message) => fail(code, `${path}: ${message}`, path),
    definition.zeroTypeIds,
  )
  checkLayout(layout, native, path)
  checkLength(definition, native.getVocabSize(true), path)
  const encode = makeEncoder({
    native,
    layout,
    side: definition.truncationSide,
    lanes: lanesOf(availableParallelism()),
    longestWord: longestWord(json),
  })
  const count = (pieces: LayoutPiece[]) => pieces.filter((piece) => piece.sequence < 0).length
  const special: TokenizerFacts['special'] = {}
  for (const [role, token] of Object.entries(definition.special)) {
    const id = native.tokenToId(token)
    if (id !== null) special[role as SpecialTokenName] = { token, id }
  }
  const facts: TokenizerFacts = {
    source: path,
    tokenizerClass: definition.tokenizerClass,
    vocabSize: native.getVocabSize(true),
    modelMaxLength: definition.modelMaxLength,
    truncationSide: definition.truncationSide,
    specialTokensPerText: count(layout.single),
    specialTokensPerPair: count(layout.pair),
    special,
    takesWords: takesWords(json),
    cuts: safeCuts(json),
  }
  const added = json.added_tokens as AddedToken[]
  return { definition: { ...definition, added }, native, facts, encode }
}
