import { MODEL_FILES } from '../checkpoint/index.ts'

/**
 * A file that a model folder must have; one it may have; or the first that it has of several. Where the file found is
 * a `.index.json`, the shards it names come with it.
 */
export type FileRequest = string | { optional: string } | { firstOf: readonly string[] }

/** Configuration and weights of a model. */
export const MODEL_REQUEST: readonly FileRequest[] = ['config.json', { firstOf: MODEL_FILES }]

/** Whatever a tokenizer is made of. */
export const TOKENIZER_REQUEST: readonly FileRequest[] = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.txt',
  'vocab.json',
  'merges.txt',
  'spm.model',
  'spiece.model',
  'sentencepiece.bpe.model',
].map((optional) => ({ optional }))

/** Names of `requests` that are there, and the requests that nothing there fulfils. */
export function select(
  requests: readonly FileRequest[],
  has: (name: string) => boolean,
): { found: string[]; missing: string[] } {
  const found = new Set<string>()
  const missing: string[] = []
  for (const request of requests) {
    const names =
      typeof request === 'string' ? [request] : 'optional' in request ? [request.optional] : request.firstOf
    const first = names.find(has)
    if (first !== undefined) found.add(first)
    else if (typeof request === 'string' || 'firstOf' in request) missing.push(names.join(' or '))
  }
  return { found: [...found], missing }
}
