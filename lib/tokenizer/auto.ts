import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { TorchLoraError } from '../errors.ts'
import { Tokenizer } from './tokenizer.ts'
import { WorkerClient } from './worker-client.ts'

export interface TokenizerOptions {
  /**
   * How a DeBERTa tokenizer built from spm.model alone treats characters before it looks them up.
   * `transformers` (default): as transformers 5 does, whitespace and NFC only.
   * `sentencepiece`: with the character map inside spm.model (NFKC), as SentencePiece, transformers 4 and the
   * tokenizer.json files it made do: "…" becomes "...", "½" becomes "1⁄2", where transformers 5 has [UNK].
   * Without effect where there is a tokenizer.json, which says itself what to do.
   */
  normalization?: 'transformers' | 'sentencepiece'
}

/**
 * Loads the tokenizer of a model folder: from tokenizer.json, spm.model (DeBERTa-v2/v3), vocab.json with merges.txt
 * (RoBERTa) or vocab.txt (BERT), in this order, and the configuration files beside them. Reading and building happen
 * in a worker thread.
 *
 * @throws TorchLoraError INVALID_FILE for a folder or file that is missing or malformed, UNSUPPORTED for a kind of
 * tokenizer that these files cannot give, ADDON_NOT_FOUND when the engine is not installed, INVALID_ARGUMENT for bad
 * options.
 */
async function fromPretrained(dir: string, options: TokenizerOptions = {}): Promise<Tokenizer> {
  if (typeof dir !== 'string' || dir === '')
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `fromPretrained: expected the path of a folder, received ${JSON.stringify(dir) ?? typeof dir}`,
    )
  const normalization = options.normalization ?? 'transformers'
  if (normalization !== 'transformers' && normalization !== 'sentencepiece')
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `normalization: expected "transformers" or "sentencepiece", received ${JSON.stringify(normalization)}`,
    )
  const path = resolve(dir)
  const found = await stat(path).catch(() => undefined)
  if (!found?.isDirectory())
    throw new TorchLoraError(
      'INVALID_FILE',
      `${path} is ${found ? 'a file' : 'not there'}; expected a folder with tokenizer.json, spm.model, vocab.json with merges.txt, or vocab.txt`,
      { file: path },
    )
  const { client, facts } = await WorkerClient.start({ dir: path, normalization })
  return new Tokenizer(client, facts)
}

/** Finds out what kind of tokenizer a folder holds, and loads it. */
export const AutoTokenizer = { fromPretrained }
