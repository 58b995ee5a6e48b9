/** A token as tokenizer.json's `added_tokens` lists it. */
export interface AddedToken {
  id: number
  content: string
  single_word: boolean
  lstrip: boolean
  rstrip: boolean
  normalized: boolean
  special: boolean
}

/** The names under which Hugging Face's files keep special tokens. */
export type SpecialTokenName = 'bos' | 'eos' | 'unk' | 'sep' | 'pad' | 'cls' | 'mask'

/** What a tokenizer folder says, in one form whatever files it held. */
export interface TokenizerDefinition {
  /** A complete tokenizer.json. */
  json: Record<string, unknown>
  /** tokenizer_config.json as it was, or an empty object. */
  config: Record<string, unknown>
  /** The file whose vocabulary was taken. */
  source: string
  /** The token of each special role. */
  special: Partial<Record<SpecialTokenName, string>>
  /** Greatest length in tokens that the files name; Infinity where they name none. */
  modelMaxLength: number
  truncationSide: 'left' | 'right'
  /** True for models without segments (RoBERTa): every token type id is 0. */
  zeroTypeIds: boolean
  /** Class that transformers loads this tokenizer with. */
  tokenizerClass: string
}

/** Field numbers: sentencepiece_model.proto of google/sentencepiece. */
export interface WireReader {
  readonly pos: number
  readonly len: number
  tag(): [number, number]
  skip(wireType: number): unknown
  uint32(): number
  int32(): number
  float(): number
  bool(): boolean
  string(): string
  bytes(): Uint8Array
}

/** What {@link loadDefinition} needs from outside, since it may import nothing. */
export interface LoadDependencies {
  readFile(path: string): Uint8Array
  exists(path: string): boolean
  join(...parts: string[]): string
  reader(bytes: Uint8Array): WireReader
  fail(code: string, message: string, file?: string): Error
}

/**
 * Reads a tokenizer folder: tokenizer.json, else spm.model (DeBERTa-v2/v3), else vocab.json with merges.txt
 * (RoBERTa), else vocab.txt (BERT); with tokenizer_config.json, special_tokens_map.json, added_tokens.json and
 * config.json where they are there.
 *
 * The tokenizer.json built from the other three matches transformers 5: `BertTokenizer`, `RobertaTokenizer`,
 * `DebertaV2Tokenizer`. The last has one choice, `normalization`:
 * - `transformers`: whitespace and NFC, as transformers 5 builds it;
 * - `sentencepiece`: the character map inside spm.model (NFKC for every published DeBERTa), as SentencePiece itself
 *   and the tokenizer.json files made by transformers 4 have it.
 * They differ on characters such as "…", "½" or full-width letters, which the first turns into [UNK].
 *
 * Runs inside the tokenizer's worker, to which it travels as source text: it may use its parameters and globals,
 * nothing imported.
 *
 * @throws Error with code INVALID_FILE or UNSUPPORTED, naming the file.
 */
export function loadDefinition(
  dir: string,
  normalization: 'transformers' | 'sentencepiece',
  deps: LoadDependencies,
): TokenizerDefinition {
  const { readFile, exists, join, fail } = deps
  type Json = Record<string, unknown>
  type TokenSpec =
    | string
    | {
        content: string
        lstrip?: boolean
        rstrip?: boolean
        single_word?: boolean
        normalized?: boolean
        special?: boolean
      }
  const roles: SpecialTokenName[] = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask']

  const readText = (name: string): string => {
    const bytes = readFile(join(dir, name))
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
    } catch {
      throw fail(
        'INVALID_FILE',
        `${join(dir, name)} is not UTF-8 text; fetch the file again`,
        join(dir, name),
      )
    }
  }
  const readJson = (name: string): Json | undefined => {
    const path = join(dir, name)
    if (!exists(path)) return undefined
    let value: unknown
    try {
      value = JSON.parse(readText(name))
    } catch (error) {
      if ((error as { file?: string }).file) throw error
      throw fail(
        'INVALID_FILE',
        `${path} is not valid JSON (${(error as Error).message}); it may be truncated: fetch it again`,
        path,
      )
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw fail(
        'INVALID_FILE',
        `${path}: expected a JSON object, received ${Array.isArray(value) ? 'an array' : typeof value}`,
        path,
      )
    return value as Json
  }

  // --- What kind of tokenizer the folder claims to be
  const config = readJson('tokenizer_config.json') ?? {}
  const modelConfig = readJson('config.json') ?? {}
  const specialMap = readJson('special_tokens_map.json') ?? {}
  const has = (name: string) => exists(join(dir, name))
  const source = has('tokenizer.json')
    ? 'tokenizer.json'
    : has('spm.model')
      ? 'spm.model'
      : has('vocab.json') && has('merges.txt')
        ? 'vocab.json'
        : has('vocab.txt')
          ? 'vocab.txt'
          : undefined
  if (!source) {
    const half = has('vocab.json')
      ? ' (vocab.json is there, merges.txt is not)'
      : has('merges.txt')
        ? ' (merges.txt is there, vocab.json is not)'
        : ''
    throw fail(
      'INVALID_FILE',
      `${dir} has no tokenizer${half}: looked for tokenizer.json, spm.model, vocab.json with merges.txt, and vocab.txt; copy the tokenizer files of the model into this folder`,
      dir,
    )
  }
  const className =
    typeof config.tokenizer_class === 'string' ? config.tokenizer_class.replace(/Fast$/, '') : ''
  const modelType = typeof modelConfig.model_type === 'string' ? modelConfig.model_type : ''
  const byModelType: Record<string, string> = {
    bert: 'BertTokenizer',
    roberta: 'RobertaTokenizer',
    'deberta-v2': 'DebertaV2Tokenizer',
    deberta: 'DebertaTokenizer',
  }
  const bySource: Record<string, string> = {
    'spm.model': 'DebertaV2Tokenizer',
    'vocab.json': 'RobertaTokenizer',
    'vocab.txt': 'BertTokenizer',
  }
  const generic = className === '' || className === 'PreTrainedTokenizer' || className === 'TokenizersBackend'
  const tokenizerClass =
    (generic ? (byModelType[modelType] ?? bySource[source]) : className) ?? 'PreTrainedTokenizerFast'
  if (source !== 'tokenizer.json' && tokenizerClass !== bySource[source])
    throw fail(
      'UNSUPPORTED',
      `${join(dir, source)}: a ${tokenizerClass} cannot be built from ${source} here (a ${bySource[source]} can); save it once with transformers to get a tokenizer.json`,
      join(dir, source),
    )

  // --- Special and added tokens, in transformers' order of precedence
  const text = (value: unknown): string | undefined =>
    typeof value === 'string'
      ? value
      : typeof (value as { content?: unknown } | null)?.content === 'string'
        ? (value as { content: string }).content
        : undefined
  const flags = (spec: TokenSpec, special: boolean): Omit<AddedToken, 'id'> => {
    const o = typeof spec === 'string' ? { content: spec, normalized: !special } : spec
    return {
      content: o.content,
      single_word: o.single_word ?? false,
      lstrip: o.lstrip ?? false,
      rstrip: o.rstrip ?? false,
      normalized: o.normalized ?? !special,
      special,
    }
  }
  const decoder = config.added_tokens_decoder as Record<string, TokenSpec> | undefined
  const named: Partial<Record<SpecialTokenName, TokenSpec>> = {}
  const bracketed = {
    bos: undefined,
    eos: undefined,
    unk: '[UNK]',
    sep: '[SEP]',
    pad: '[PAD]',
    cls: '[CLS]',
    mask: '[MASK]',
  }
  const defaults: Partial<Record<SpecialTokenName, string | undefined>> =
    tokenizerClass === 'RobertaTokenizer'
      ? { bos: '<s>', eos: '</s>', unk: '<unk>', sep: '</s>', pad: '<pad>', cls: '<s>', mask: '<mask>' }
      : tokenizerClass === 'DebertaV2Tokenizer'
        ? { ...bracketed, bos: '[CLS]', eos: '[SEP]' }
        : tokenizerClass === 'BertTokenizer'
          ? bracketed
          : {}
  for (const role of roles) {
    const key = `${role}_token`
    // The map file is read only where tokenizer_config.json does not list its added tokens.
    const spec = ((decoder ? undefined : specialMap[key]) ?? config[key] ?? defaults[role]) as
      | TokenSpec
      | null
      | undefined
    if (spec !== undefined && spec !== null && text(spec) !== undefined) named[role] = spec
  }
  const special: Partial<Record<SpecialTokenName, string>> = {}
  for (const role of roles) if (named[role] !== undefined) special[role] = text(named[role]) as string

  /** Appends what the configuration names and `added` lacks. `vocabulary` gives ids, `size` the next free one. */
  const complete = (
    added: AddedToken[],
    vocabulary: (token: string) => number | undefined,
    size: number,
  ): AddedToken[] => {
    const seen = new Set(added.map((t) => t.content))
    let next = Math.max(size, ...added.map((t) => t.id + 1))
    const add = (token: Omit<AddedToken, 'id'>, claimed: number | undefined, where: string) => {
      if (seen.has(token.content)) return
      seen.add(token.content)
      const id = vocabulary(token.content) ?? next
      if (claimed !== undefined && claimed !== id)
        throw fail(
          'INVALID_FILE',
          `${join(dir, where)} gives ${JSON.stringify(token.content)} the id ${claimed}, the vocabulary of ${source} gives it ${id}; the files are not of one model`,
          join(dir, where),
        )
      if (id === next) next++
      added.push({ id, ...token })
    }
    const specials = new Set(Object.values(special))
    if (decoder) {
      const ids = Object.keys(decoder)
        .map(Number)
        .sort((a, b) => a - b)
      for (const id of ids) {
        const spec = decoder[String(id)] as TokenSpec
        const isSpecial =
          (typeof spec === 'object' && spec.special === true) || specials.has(text(spec) ?? '')
        add(flags(spec, isSpecial), id, 'tokenizer_config.json')
      }
    } else if (source !== 'tokenizer.json') {
      const legacy = Object.entries(readJson('added_tokens.json') ?? {}) as [string, number][]
      for (const [token, id] of legacy.sort((a, b) => a[1] - b[1])) {
        add(flags(token, specials.has(token)), id, 'added_tokens.json')
      }
    }
    for (const role of roles)
      if (named[role] !== undefined)
        add(flags(named[role] as TokenSpec, true), undefined, 'tokenizer_config.json')
    for (const holder of [config, decoder ? {} : specialMap])
      for (const key of ['additional_special_tokens', 'extra_special_tokens'])
        for (const spec of Array.isArray(holder[key]) ? (holder[key] as TokenSpec[]) : [])
          if (text(spec) !== undefined) add(flags(spec, true), undefined, 'tokenizer_config.json')
    return added.sort((a, b) => a.id - b.id)
  }

  const idOf = (added: AddedToken[], role: SpecialTokenName): number => {
    const id = added.find((t) => t.content === special[role])?.id
    if (id === undefined)
      throw fail(
        'INVALID_FILE',
        `${join(dir, source)}: no id for the ${role} token ${JSON.stringify(special[role])}`,
        join(dir, source),
      )
    return id
  }
  const bertTemplate = (added: AddedToken[]): Json => {
    const cls = special.cls as string
    const sep = special.sep as string
    const token = (id: string, type_id: number) => ({ SpecialToken: { id, type_id } })
    const sequence = (id: string, type_id: number) => ({ Sequence: { id, type_id } })
    const single = [token(cls, 0), sequence('A', 0), token(sep, 0)]
    const entry = (id: string, role: SpecialTokenName) => ({ id, ids: [idOf(added, role)], tokens: [id] })
    return {
      type: 'TemplateProcessing',
      single,
      pair: [...single, sequence('B', 1), token(sep, 1)],
      special_tokens: { [cls]: entry(cls, 'cls'), [sep]: entry(sep, 'sep') },
    }
  }
  const robertaProcessing = (added: AddedToken[], addPrefixSpace: boolean): Json => ({
    type: 'RobertaProcessing',
    sep: [special.sep, idOf(added, 'sep')],
    cls: [special.cls, idOf(added, 'cls')],
    trim_offsets: config.trim_offsets !== false,
    add_prefix_space: addPrefixSpace,
  })
  const assemble = (added: AddedToken[], parts: Json): Json => ({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    ...parts,
  })
  /** Roles without which every text would come out wrong must be in the vocabulary, not invented. */
  const requireInVocabulary = (has: (token: string) => boolean, names: SpecialTokenName[]) => {
    const missing = names
      .filter((role) => !has(special[role] ?? ''))
      .map((role) => `${role}_token ${JSON.stringify(special[role])}`)
    if (missing.length > 0)
      throw fail(
        'INVALID_FILE',
        `${join(dir, source)} lacks ${missing.join(', ')}; the vocabulary is truncated, or tokenizer_config.json names other special tokens`,
        join(dir, source),
      )
  }

  // --- One builder a kind of file
  const fromTokenizerJson = (): Json => {
    const json = readJson('tokenizer.json') as Json
    const path = join(dir, 'tokenizer.json')
    const model = json.model as Json | undefined
    if (typeof model !== 'object' || model === null || model.vocab === undefined)
      throw fail(
        'INVALID_FILE',
        `${path} has no "model" with a "vocab"; expected a tokenizer.json of huggingface/tokenizers`,
        path,
      )
    const vocab = model.vocab as Record<string, number> | [string, number][]
    const index = Array.isArray(vocab) ? new Map(vocab.map(([token], id) => [token, id])) : undefined
    const lookup = (token: string) =>
      index
        ? index.get(token)
        : Object.hasOwn(vocab, token)
          ? (vocab as Record<string, number>)[token]
          : undefined
    const size = Array.isArray(vocab) ? vocab.length : Object.keys(vocab).length
    // Padding and truncation are ours to do: a file may carry both (all-MiniLM-L6-v2 pads everything to 128).
    json.padding = null
    json.truncation = null
    const added = complete((json.added_tokens as AddedToken[] | undefined) ?? [], lookup, size)
    json.added_tokens = added
    // transformers lets tokenizer_config.json overrule the file in these settings.
    const normalizer = json.normalizer as Json | null
    if (normalizer?.type === 'BertNormalizer' && tokenizerClass === 'BertTokenizer') {
      if (typeof config.do_lower_case === 'boolean') normalizer.lowercase = config.do_lower_case
      if (typeof config.strip_accents === 'boolean') normalizer.strip_accents = config.strip_accents
      if (typeof config.tokenize_chinese_chars === 'boolean')
        normalizer.handle_chinese_chars = config.tokenize_chinese_chars
    }
    const pre = json.pre_tokenizer as Json | null
    if (tokenizerClass === 'RobertaTokenizer') {
      if (pre?.type === 'ByteLevel' && typeof config.add_prefix_space === 'boolean')
        pre.add_prefix_space = config.add_prefix_space
      if (special.cls !== undefined && special.sep !== undefined)
        json.post_processor = robertaProcessing(added, pre?.add_prefix_space === true)
    } else if (
      (json.post_processor ?? null) === null &&
      special.cls !== undefined &&
      special.sep !== undefined
    )
      json.post_processor = bertTemplate(added)
    return json
  }

  const fromVocabTxt = (): Json => {
    const vocab: Record<string, number> = Object.create(null)
    const lines = readText('vocab.txt').split(/\r\n|\n|\r/)
    if (lines.at(-1) === '') lines.pop()
    lines.forEach((token, id) => {
      vocab[token] = id
    })
    requireInVocabulary((token) => token in vocab, ['unk', 'sep', 'cls'])
    const added = complete([], (token) => vocab[token], lines.length)
    return assemble(added, {
      normalizer: {
        type: 'BertNormalizer',
        clean_text: true,
        handle_chinese_chars: config.tokenize_chinese_chars !== false,
        strip_accents: typeof config.strip_accents === 'boolean' ? config.strip_accents : null,
        lowercase: config.do_lower_case !== false,
      },
      pre_tokenizer: { type: 'BertPreTokenizer' },
      post_processor: bertTemplate(added),
      decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
      model: {
        type: 'WordPiece',
        unk_token: special.unk,
        continuing_subword_prefix: '##',
        max_input_chars_per_word: 100,
        vocab,
      },
    })
  }

  const fromVocabAndMerges = (): Json => {
    const vocab = readJson('vocab.json') as Record<string, number>
    const path = join(dir, 'vocab.json')
    const bad = Object.entries(vocab).find(([, id]) => !Number.isInteger(id) || id < 0)
    if (bad)
      throw fail(
        'INVALID_FILE',
        `${path}: the id of ${JSON.stringify(bad[0])} is ${JSON.stringify(bad[1])}; expected a whole number`,
        path,
      )
    requireInVocabulary((token) => Object.hasOwn(vocab, token), ['sep', 'cls', 'pad'])
    const mergesPath = join(dir, 'merges.txt')
    const merges: [string, string][] = []
    readText('merges.txt')
      .split(/\r?\n/)
      .forEach((line, i) => {
        if (line === '' || (i === 0 && line.startsWith('#version'))) return
        const [left, right, ...rest] = line.split(' ')
        if (left === undefined || right === undefined || rest.length > 0)
          throw fail(
            'INVALID_FILE',
            `${mergesPath}, line ${i + 1}: expected two pieces with a space between, received ${JSON.stringify(line)}`,
            mergesPath,
          )
        for (const piece of [left, right, left + right])
          if (!Object.hasOwn(vocab, piece))
            throw fail(
              'INVALID_FILE',
              `${mergesPath}, line ${i + 1}: ${JSON.stringify(piece)} is not in vocab.json; the two files are not of one model, or vocab.json is truncated`,
              mergesPath,
            )
        merges.push([left, right])
      })
    const added = complete(
      [],
      (token) => (Object.hasOwn(vocab, token) ? vocab[token] : undefined),
      Object.keys(vocab).length,
    )
    const addPrefixSpace = config.add_prefix_space === true
    return assemble(added, {
      normalizer: null,
      pre_tokenizer: {
        type: 'ByteLevel',
        add_prefix_space: addPrefixSpace,
        trim_offsets: true,
        use_regex: true,
      },
      post_processor: robertaProcessing(added, addPrefixSpace),
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: '',
        end_of_word_suffix: '',
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: false,
        vocab,
        merges,
      },
    })
  }

  const fromSentencePiece = (): Json => {
    const path = join(dir, 'spm.model')
    const vocab: [string, number][] = []
    const declared: [number, boolean][] = []
    let charsmap: Uint8Array = new Uint8Array(0)
    let modelType = 1
    let unkId = 0
    try {
      const reader = deps.reader(readFile(path))
      const message = (field: (no: number, wire: number, r: WireReader) => void) => {
        const r = deps.reader(reader.bytes())
        while (r.pos < r.len) {
          const [no, wire] = r.tag()
          field(no, wire, r)
        }
      }
      while (reader.pos < reader.len) {
        const [no, wire] = reader.tag()
        if (no === 1) {
          let piece = ''
          let score = 0
          let type = 1
          message((f, w, r) => {
            if (f === 1) piece = r.string()
            else if (f === 2) score = r.float()
            else if (f === 3) type = r.int32()
            else r.skip(w)
          })
          // CONTROL (3) and USER_DEFINED (4) pieces are matched whole in the text; only the former are special.
          if (type === 3 || type === 4) declared.push([vocab.length, type === 3])
          vocab.push([piece, score])
        } else if (no === 2) {
          message((f, w, r) => {
            if (f === 3) modelType = r.int32()
            else if (f === 40) unkId = r.int32()
            else r.skip(w)
          })
        } else if (no === 3) {
          message((f, w, r) => {
            if (f === 2) charsmap = r.bytes()
            else r.skip(w)
          })
        } else reader.skip(wire)
      }
    } catch (error) {
      throw fail(
        'INVALID_FILE',
        `${path} is not a SentencePiece model (${(error as Error).message}); it may be truncated: fetch it again`,
        path,
      )
    }
    if (vocab.length === 0)
      throw fail('INVALID_FILE', `${path} holds no pieces; expected a SentencePiece model`, path)
    if (modelType !== 1)
      throw fail(
        'UNSUPPORTED',
        `${path} is a SentencePiece model of type ${modelType} (2 is BPE); expected a unigram model (1), as every DeBERTa-v2 and v3 has`,
        path,
      )
    const index = new Map(vocab.map(([token], id) => [token, id]))
    requireInVocabulary((token) => index.has(token), ['unk', 'sep', 'cls', 'pad'])
    const added = complete([], (token) => index.get(token), vocab.length)
    for (const [id, isSpecial] of declared) {
      const content = (vocab[id] as [string, number])[0]
      if (!added.some((t) => t.content === content))
        added.push({ id, ...flags({ content, normalized: false }, isSpecial) })
    }
    added.sort((a, b) => a.id - b.id)
    const normalizers: Json[] = config.do_lower_case === true ? [{ type: 'Lowercase' }] : []
    if (normalization === 'transformers') {
      normalizers.push(
        { type: 'Replace', pattern: { Regex: '\\s{2,}|[\\n\\r\\t]' }, content: ' ' },
        { type: 'NFC' },
        { type: 'Strip', strip_left: false, strip_right: true },
      )
    } else {
      normalizers.push({ type: 'Strip', strip_left: true, strip_right: true })
      if (charsmap.length > 0)
        normalizers.push({
          type: 'Precompiled',
          precompiled_charsmap: Buffer.from(charsmap).toString('base64'),
        })
      normalizers.push({ type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' })
    }
    const metaspace = {
      type: 'Metaspace',
      replacement: '▁',
      prepend_scheme: config.add_prefix_space === false ? 'first' : 'always',
      split: true,
    }
    const pretokenizers: Json[] =
      config.split_by_punct === true
        ? [{ type: 'Punctuation', behavior: 'Isolated' }, metaspace]
        : [metaspace]
    return assemble(added, {
      normalizer: { type: 'Sequence', normalizers },
      pre_tokenizer: { type: 'Sequence', pretokenizers },
      post_processor: bertTemplate(added),
      decoder: metaspace,
      model: { type: 'Unigram', unk_id: unkId, vocab, byte_fallback: false },
    })
  }

  const builders: Record<string, () => Json> = {
    'tokenizer.json': fromTokenizerJson,
    'spm.model': fromSentencePiece,
    'vocab.json': fromVocabAndMerges,
    'vocab.txt': fromVocabTxt,
  }
  const json = (builders[source] as () => Json)()

  const inputs = config.model_input_names
  const max = config.model_max_length
  return {
    json,
    config,
    source,
    special,
    // transformers writes 1e30 for "no limit".
    modelMaxLength: typeof max === 'number' && max > 0 && max < 1e9 ? max : Number.POSITIVE_INFINITY,
    truncationSide: config.truncation_side === 'left' ? 'left' : 'right',
    zeroTypeIds: Array.isArray(inputs)
      ? !inputs.includes('token_type_ids')
      : /^(Roberta|DistilBert|XLMRoberta|Camembert)Tokenizer$/.test(tokenizerClass),
    tokenizerClass,
  }
}
