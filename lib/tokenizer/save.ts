import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fail } from './failure.ts'
import type { LoadedTokenizer } from './load.ts'

/**
 * Writes tokenizer.json and what transformers reads beside it, each file whole or not at all; gives their paths.
 * @throws TorchLoraError INVALID_FILE when the folder cannot be written
 */
export function saveTokenizer({ definition, native }: LoadedTokenizer, dir: string): string[] {
  const pretty = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`
  const special = Object.fromEntries(
    Object.entries(definition.special).map(([role, token]) => [`${role}_token`, token]),
  )
  const map = Object.fromEntries(
    Object.entries(definition.special).flatMap(([role, token]) => {
      const found = definition.added.find((t) => t.content === token)
      if (!found) return []
      const { content, lstrip, normalized, rstrip, single_word } = found
      return [[`${role}_token`, { content, lstrip, normalized, rstrip, single_word }]]
    }),
  )
  // What tokenizer.json now says itself, or what named the place the files came from.
  const { added_tokens_decoder: _, auto_map: __, name_or_path: ___, ...config } = definition.config
  const limit = Number.isFinite(definition.modelMaxLength)
    ? { model_max_length: definition.modelMaxLength }
    : {}
  const writers: [string, (path: string) => void][] = [
    ['tokenizer.json', (path) => native.save(path, false)],
    [
      'tokenizer_config.json',
      (path) =>
        writeFileSync(
          path,
          pretty({ ...config, ...special, ...limit, tokenizer_class: definition.tokenizerClass }),
        ),
    ],
    ['special_tokens_map.json', (path) => writeFileSync(path, pretty(map))],
  ]
  try {
    mkdirSync(dir, { recursive: true })
    return writers.map(([name, write]) => {
      const path = join(dir, name)
      const partial = `${path}.${process.pid}.partial`
      try {
        write(partial)
        renameSync(partial, path)
      } finally {
        rmSync(partial, { force: true })
      }
      return path
    })
  } catch (error) {
    throw fail('INVALID_FILE', `cannot save the tokenizer to ${dir} (${(error as Error).message})`, dir)
  }
}
