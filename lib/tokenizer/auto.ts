import { resolve } from 'node:path'
import { families } from '../encoders/registry.ts'
import { TorchLoraError } from '../errors.ts'
import { type HubOptions, hubRules, resolveModel, TOKENIZER_REQUEST } from '../hub/index.ts'
import { boolean, oneOf, type Rules, readOptions } from '../options.ts'
import type { Normalization } from './definition.ts'
import { Engine } from './engine.ts'
import { Tokenizer } from './tokenizer.ts'

/** How to build the tokenizer, and how to reach the hub where the name is not a folder. */
export interface TokenizerOptions extends HubOptions {
  /**
   * How a DeBERTa tokenizer built from spm.model alone treats characters before it looks them up.
   * `transformers` (default): as transformers 5 does, whitespace and NFC only.
   * `sentencepiece`: as SentencePiece and the tokenizers of transformers 4: with the character map inside spm.model
   * (NFKC) "…" becomes "...", "½" becomes "1⁄2", where transformers 5 has [UNK]; and a character that is in no piece
   * becomes its bytes, where the model has pieces for them ("🦙" four). A few sequences of marks that combine come out
   * as huggingface/tokenizers composes them, and "<0x41>" in a text is the byte.
   * Without effect where there is a tokenizer.json, which says itself what to do.
   */
  normalization?: Normalization | undefined
  /**
   * Put a space before a text that does not begin with one, so that its first word is tokenized as it would be inside
   * the text: what texts given as words ({@link Tokenizer.encodeWords}) need of a byte-level tokenizer (RoBERTa).
   * Default: what tokenizer_config.json says. Without effect on tokenizers that know no such space (BERT).
   */
  addPrefixSpace?: boolean | undefined
}

/** What {@link TokenizerOptions} may be. */
export const tokenizerRules: Rules<TokenizerOptions> = {
  ...hubRules,
  normalization: oneOf('transformers', 'sentencepiece'),
  addPrefixSpace: boolean,
}

/** The class of each kind of model whose folders may name none. */
export const classOfModel: Readonly<Record<string, string>> = Object.fromEntries(
  families.flatMap(({ modelType, tokenizerClass }) => (tokenizerClass ? [[modelType, tokenizerClass]] : [])),
)

/**
 * Loads the tokenizer of a model, given as a folder or as a name on the hub: from tokenizer.json, spm.model (DeBERTa-v2/v3), vocab.json with merges.txt
 * (RoBERTa) or vocab.txt (BERT), in this order, and the configuration files beside them. Reading and building happen
 * in a process of its own.
 *
 * @throws TorchLoraError INVALID_FILE for a folder or file that is missing or malformed, UNSUPPORTED for a kind of
 * tokenizer that these files cannot give, ADDON_NOT_FOUND when the engine is not installed, INVALID_ARGUMENT for bad
 * options; NETWORK and ABORTED as {@link resolveModel} for a name on the hub.
 */
async function fromPretrained(dirOrId: string, options: TokenizerOptions = {}): Promise<Tokenizer> {
  if (typeof dirOrId !== 'string' || dirOrId === '')
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `fromPretrained: expected a folder or a name on the hub, received ${JSON.stringify(dirOrId) ?? typeof dirOrId}`,
    )
  readOptions('AutoTokenizer.fromPretrained', options, tokenizerRules)
  const { normalization = 'transformers', addPrefixSpace, ...hub } = options
  const dir = resolve(
    await resolveModel(dirOrId, { ...hub, files: [...TOKENIZER_REQUEST, { optional: 'config.json' }] }),
  )
  const { engine, facts } = await Engine.start({
    dir,
    settings: { normalization, classOfModel, ...(addPrefixSpace === undefined ? {} : { addPrefixSpace }) },
  })
  return new Tokenizer(engine, facts)
}

/** Finds out what kind of tokenizer a model has, and loads it. */
export const AutoTokenizer = { fromPretrained }
