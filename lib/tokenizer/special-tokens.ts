import { classes, type TokenSpec } from './classes.ts'
import type { AddedToken, Json, SpecialTokenName } from './definition.ts'
import { fail } from './failure.ts'

/** What the configuration files of a tokenizer say of special and added tokens. */
export interface TokenRegistry {
  special: Partial<Record<SpecialTokenName, string>>
  addTokens(
    added: AddedToken[],
    vocabulary: (token: string) => number | undefined,
    size: number,
  ): AddedToken[]
}

/** The files that name tokens. */
export interface TokenSources {
  /** The file whose vocabulary is taken. */
  source: string
  tokenizerClass: string
  config: Json
  /** special_tokens_map.json and added_tokens.json. */
  specialMap: Json
  legacyAdded: Json
  pathOf(name: string): string
}

/**
 * Reads special and added tokens in the order of precedence of transformers (`PreTrainedTokenizerBase._from_pretrained`):
 * where tokenizer_config.json lists its `added_tokens_decoder`, that counts; otherwise special_tokens_map.json comes
 * before tokenizer_config.json, and added_tokens.json adds; a class's own defaults come last.
 */
export function readTokenRegistry(files: TokenSources): TokenRegistry {
  const { source, tokenizerClass, config } = files
  const roles: SpecialTokenName[] = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask']
  const content = (spec: unknown): string | undefined => {
    if (typeof spec === 'string') return spec
    const inner = (spec as { content?: unknown | undefined } | null | undefined)?.content
    return typeof inner === 'string' ? inner : undefined
  }
  const decoder = config.added_tokens_decoder as Record<string, TokenSpec> | undefined
  const specialMap = decoder ? {} : files.specialMap
  const named: Partial<Record<SpecialTokenName, TokenSpec>> = {}
  const special: Partial<Record<SpecialTokenName, string>> = {}
  for (const role of roles) {
    const spec =
      specialMap[`${role}_token`] ?? config[`${role}_token`] ?? classes[tokenizerClass]?.special[role]
    const text = content(spec)
    if (text === undefined) continue
    named[role] = spec as TokenSpec
    special[role] = text
  }

  const flags = (spec: TokenSpec, isSpecial: boolean): Omit<AddedToken, 'id'> => {
    const given = typeof spec === 'string' ? { content: spec } : spec
    return {
      content: given.content,
      single_word: given.single_word ?? false,
      lstrip: given.lstrip ?? false,
      rstrip: given.rstrip ?? false,
      normalized: given.normalized ?? !isSpecial,
      special: isSpecial,
    }
  }
  const specials = new Set(Object.values(special))

  const addTokens: TokenRegistry['addTokens'] = (added, vocabulary, size) => {
    const seen = new Set(added.map((token) => token.content))
    let next = added.reduce((most, token) => Math.max(most, token.id + 1), size)
    const add = (token: Omit<AddedToken, 'id'>, file: string, claimed?: number) => {
      if (seen.has(token.content)) return
      seen.add(token.content)
      if (claimed !== undefined && !(Number.isSafeInteger(claimed) && claimed >= 0))
        throw fail(
          'INVALID_FILE',
          `${files.pathOf(file)} gives ${JSON.stringify(token.content)} the id ${JSON.stringify(claimed)}; expected a whole number of 0 or more`,
          files.pathOf(file),
        )
      const id = vocabulary(token.content) ?? next
      if (claimed !== undefined && claimed !== id)
        throw fail(
          'INVALID_FILE',
          `${files.pathOf(file)} gives ${JSON.stringify(token.content)} the id ${claimed}, the vocabulary of ${source} gives it ${id}; the files are not of one model`,
          files.pathOf(file),
        )
      if (id === next) next++
      added.push({ id, ...token })
    }
    if (decoder) {
      for (const [id, spec] of Object.entries(decoder).sort((a, b) => Number(a[0]) - Number(b[0]))) {
        const isSpecial =
          (spec as { special?: boolean | undefined }).special === true || specials.has(content(spec) ?? '')
        add(flags(spec, isSpecial), 'tokenizer_config.json', Number(id))
      }
    } else {
      const legacy = Object.entries(files.legacyAdded as Record<string, number>).sort((a, b) => a[1] - b[1])
      for (const [token, id] of legacy) add(flags(token, specials.has(token)), 'added_tokens.json', id)
    }
    for (const role of roles)
      if (named[role] !== undefined) add(flags(named[role], true), 'tokenizer_config.json')
    for (const holder of [config, specialMap])
      for (const key of ['additional_special_tokens', 'extra_special_tokens'])
        for (const spec of Array.isArray(holder[key]) ? (holder[key] as TokenSpec[]) : [])
          if (content(spec) !== undefined) add(flags(spec, true), 'tokenizer_config.json')
    return added.sort((a, b) => a.id - b.id)
  }
  return { special, addTokens }
}
