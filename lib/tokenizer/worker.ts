import type { Layout, LayoutPiece, readLayout, slidingWindows, truncateLongestFirst } from './layout.ts'
import type { AddedToken, LoadDependencies, loadDefinition, SpecialTokenName, WireReader } from './sources.ts'

/** What the worker is started with. */
export interface WorkerSetup {
  dir: string
  normalization: 'transformers' | 'sentencepiece'
  /** Absolute paths of the two packages the worker needs: evaluated source cannot resolve names itself. */
  modules: { tokenizers: string; wire: string }
}

/** What the main thread knows of a loaded tokenizer. */
export interface TokenizerFacts {
  source: string
  tokenizerClass: string
  vocabSize: number
  modelMaxLength: number
  truncationSide: 'left' | 'right'
  /** Special tokens that {@link Layout} puts around one text and around two. */
  specialTokensPerText: number
  specialTokensPerPair: number
  special: Partial<Record<SpecialTokenName, { token: string; id: number }>>
}

/** Texts of a batch, laid flat: an input of two texts takes two places. */
export interface EncodeRequest {
  kind: 'encode'
  texts: string[]
  /** For each input 1 (one text) or 2 (a pair). */
  counts: Uint8Array
  maxLength: number
  /** -1 for truncation; 0 or more for sliding windows that share so many tokens. */
  stride: number
  addSpecialTokens: boolean
}

/** Every window of every input, end to end. */
export interface EncodeReply {
  ids: Int32Array<ArrayBuffer>
  typeIds: Int32Array<ArrayBuffer>
  /** Where window w begins and ends: [offsets[w], offsets[w+1]). */
  offsets: Int32Array<ArrayBuffer>
  /** How many windows each input has: 1 without a stride. */
  windows: Int32Array<ArrayBuffer>
  /** 1 where tokens of the input are in no first window. */
  truncated: Uint8Array<ArrayBuffer>
}

export type WorkerRequest =
  | EncodeRequest
  | { kind: 'decode'; ids: Uint32Array[]; skipSpecialTokens: boolean }
  | { kind: 'tokensToIds'; tokens: string[] }
  | { kind: 'idsToTokens'; ids: Uint32Array }
  | { kind: 'save'; dir: string }

export interface WorkerReplies {
  encode: EncodeReply
  decode: string[]
  tokensToIds: (number | null)[]
  idsToTokens: (string | null)[]
  /** Paths of the files written. */
  save: string[]
}

export type WorkerMessage =
  | { id: -1; facts: TokenizerFacts }
  | { id: number; value: unknown }
  | { id: number; error: { code: string; message: string; file?: string } }

/** Everything outside the function that {@link runWorker} uses. */
interface WorkerScope {
  loadDefinition: typeof loadDefinition
  readLayout: typeof readLayout
  truncateLongestFirst: typeof truncateLongestFirst
  slidingWindows: typeof slidingWindows
  require: NodeJS.Require
}

/** The part of the `tokenizers` package (huggingface/tokenizers, bindings/node) that is used. */
interface NativeTokenizer {
  encodeBatch(texts: string[], options: { addSpecialTokens: boolean }): Promise<{ getIds(): number[] }[]>
  decodeBatch(ids: number[][], skipSpecialTokens: boolean): Promise<string[]>
  getVocabSize(withAddedTokens: boolean): number
  idToToken(id: number): string | null
  tokenToId(token: string): number | null
  save(path: string, pretty: boolean): void
}

/**
 * The tokenizer's worker thread: loads the files, then answers requests.
 *
 * All of it is off the main thread on purpose: reading roberta-base takes 0.1 s and a SentencePiece model of 128,000
 * pieces longer, and the addon hands its results over as JavaScript arrays, an element at a time.
 *
 * It reaches the thread as source text, so that one build artefact works from dist, from a bundle and from
 * TypeScript sources alike: it may use its parameter and globals, nothing imported.
 */
export function runWorker(scope: WorkerScope): void {
  const { require, truncateLongestFirst, slidingWindows } = scope
  const { parentPort, workerData } = require('node:worker_threads') as typeof import('node:worker_threads')
  const fs = require('node:fs') as typeof import('node:fs')
  const { join } = require('node:path') as typeof import('node:path')
  const setup = workerData as WorkerSetup
  const port = parentPort as import('node:worker_threads').MessagePort

  const fail: LoadDependencies['fail'] = (code, message, file) =>
    Object.assign(new Error(message), { code, file })
  const describe = (error: unknown) => {
    const { code, file, message } = error as Error & { code?: string; file?: string }
    // Node's own codes (ENOENT, ...) are of unreadable files; anything without a code came out of the addon.
    const known = ['INVALID_FILE', 'UNSUPPORTED', 'INVALID_ARGUMENT', 'ADDON_NOT_FOUND']
    return {
      code: known.includes(code ?? '')
        ? (code as string)
        : code === undefined || code === 'GenericFailure'
          ? 'NATIVE'
          : 'INVALID_FILE',
      message,
      ...(file === undefined ? {} : { file }),
    }
  }

  const load = () => {
    let engine: { Tokenizer: { fromString(json: string): NativeTokenizer } }
    try {
      engine = require(setup.modules.tokenizers)
    } catch (error) {
      throw fail(
        'ADDON_NOT_FOUND',
        `the package "tokenizers" has no addon that loads on ${process.platform}-${process.arch} (${(error as Error).message}); reinstall it on this platform`,
      )
    }
    const { BinaryReader } = require(setup.modules.wire) as {
      BinaryReader: new (bytes: Uint8Array) => WireReader
    }
    const definition = scope.loadDefinition(setup.dir, setup.normalization, {
      readFile: (path) => {
        try {
          return fs.readFileSync(path)
        } catch (error) {
          throw fail('INVALID_FILE', `cannot read ${path} (${(error as Error).message})`, path)
        }
      },
      exists: (path) => fs.existsSync(path),
      join,
      reader: (bytes) => new BinaryReader(bytes),
      fail,
    })
    const path = join(setup.dir, definition.source)
    let native: NativeTokenizer
    const text = JSON.stringify(definition.json)
    try {
      native = engine.Tokenizer.fromString(text)
    } catch (error) {
      throw fail(
        'INVALID_FILE',
        `${path} is not a tokenizer that huggingface/tokenizers can build (${(error as Error).message}); fetch the file again, or save it anew with transformers`,
        path,
      )
    }
    const layout = scope.readLayout(
      definition.json.post_processor,
      (code, message) => fail(code, `${path}: ${message}`, path),
      definition.zeroTypeIds,
    )
    // The vocabulary lives in the addon from here on; `json` would hold it a second time.
    const { json, ...rest } = definition
    return { definition: { ...rest, added: json.added_tokens as AddedToken[] }, native, layout }
  }

  const serve = ({ definition, native, layout }: ReturnType<typeof load>) => {
    const { added } = definition
    const mayShorten = definition.truncationSide === 'right' && !added.some((t) => /\s/.test(t.content))

    /**
     * A beginning of `text` that is enough for `limit` tokens, or the whole text. Only the first `limit` tokens
     * survive truncation, and no supported tokenizer looks past a single space between two ASCII letters or digits:
     * so a text of megabytes costs what its first kilobytes cost.
     */
    const beginning = (text: string, chars: number): string => {
      for (let at = text.indexOf(' ', chars); at >= 0 && at < 2 * chars; at = text.indexOf(' ', at + 1))
        if (/^[0-9A-Za-z] [0-9A-Za-z]$/.test(text.slice(at - 1, at + 2))) return text.slice(0, at)
      return text
    }

    /** Token ids of each text, without special tokens around it; at least `limit` of them where the text has so many. */
    const encodeTexts = async (texts: string[], limit: number): Promise<number[][]> => {
      const ids: number[][] = new Array(texts.length)
      let open = texts.map((_, i) => i)
      for (let chars = mayShorten ? 8 * limit + 256 : Number.POSITIVE_INFINITY; open.length > 0; chars *= 8) {
        const parts = open.map((i) =>
          texts[i]!.length > 2 * chars ? beginning(texts[i]!, chars) : texts[i]!,
        )
        const encodings = await native.encodeBatch(parts, { addSpecialTokens: false })
        encodings.forEach((encoding, k) => {
          ids[open[k]!] = encoding.getIds()
        })
        open = open.filter((i, k) => parts[k]!.length < texts[i]!.length && ids[i]!.length <= limit)
      }
      return ids
    }

    const textsOnly = (pieces: LayoutPiece[]) => pieces.filter((piece) => piece.sequence >= 0)
    const bare: Layout = { single: textsOnly(layout.single), pair: textsOnly(layout.pair) }

    const encode = async (request: EncodeRequest): Promise<EncodeReply> => {
      const { texts, counts, maxLength, stride, addSpecialTokens } = request
      const raw = await encodeTexts(texts, stride < 0 ? maxLength : Number.POSITIVE_INFINITY)
      const { single, pair } = addSpecialTokens ? layout : bare
      // What each window takes: its layout, and [start, end) of one or two texts.
      const plan: {
        pieces: LayoutPiece[]
        ids: [number[], number[]]
        from: [number, number]
        to: [number, number]
      }[] = []
      const windows = new Int32Array(counts.length)
      const truncated = new Uint8Array(counts.length)
      let total = 0
      let t = 0
      counts.forEach((count, i) => {
        const pieces = count === 1 ? single : pair
        const specials = pieces.length - textsOnly(pieces).length
        const first = raw[t]!
        const second = count === 1 ? [] : raw[t + 1]!
        const room = maxLength - specials
        t += count
        if (stride >= 0) {
          const spans = slidingWindows(first.length, room, stride, definition.truncationSide)
          for (const [from, to] of spans)
            plan.push({ pieces, ids: [first, second], from: [from, 0], to: [to, 0] })
          windows[i] = spans.length
          truncated[i] = spans.length > 1 ? 1 : 0
        } else {
          const kept = truncateLongestFirst(first.length, second.length, room)
          const left = definition.truncationSide === 'left'
          const from: [number, number] = left
            ? [first.length - kept.first, second.length - kept.second]
            : [0, 0]
          plan.push({ pieces, ids: [first, second], from, to: [from[0] + kept.first, from[1] + kept.second] })
          windows[i] = 1
          truncated[i] = kept.first < first.length || kept.second < second.length ? 1 : 0
        }
      })
      for (const { pieces, from, to } of plan)
        for (const { sequence } of pieces) total += sequence < 0 ? 1 : to[sequence]! - from[sequence]!
      const ids = new Int32Array(total)
      const typeIds = new Int32Array(total)
      const offsets = new Int32Array(plan.length + 1)
      let at = 0
      plan.forEach((window, w) => {
        for (const piece of window.pieces) {
          const start = at
          if (piece.sequence < 0) ids[at++] = piece.id
          else {
            const text = window.ids[piece.sequence]!
            for (let k = window.from[piece.sequence]!; k < window.to[piece.sequence]!; k++)
              ids[at++] = text[k]!
          }
          if (piece.typeId !== 0) typeIds.fill(piece.typeId, start, at)
        }
        offsets[w + 1] = at
      })
      return { ids, typeIds, offsets, windows, truncated }
    }

    /** Writes tokenizer.json and what transformers reads beside it, each file whole or not at all. */
    const save = (dir: string): string[] => {
      const pretty = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`
      const special = Object.fromEntries(
        Object.entries(definition.special).map(([role, token]) => [`${role}_token`, token]),
      )
      const map = Object.fromEntries(
        Object.entries(definition.special).flatMap(([role, token]) => {
          const found = added.find((t) => t.content === token)
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
            fs.writeFileSync(
              path,
              pretty({ ...config, ...special, ...limit, tokenizer_class: definition.tokenizerClass }),
            ),
        ],
        ['special_tokens_map.json', (path) => fs.writeFileSync(path, pretty(map))],
      ]
      try {
        fs.mkdirSync(dir, { recursive: true })
        return writers.map(([name, write]) => {
          const path = join(dir, name)
          const partial = `${path}.${process.pid}.partial`
          try {
            write(partial)
            fs.renameSync(partial, path)
          } finally {
            fs.rmSync(partial, { force: true })
          }
          return path
        })
      } catch (error) {
        throw fail('INVALID_FILE', `cannot save the tokenizer to ${dir} (${(error as Error).message})`, dir)
      }
    }

    const answer = async (request: WorkerRequest): Promise<unknown> => {
      switch (request.kind) {
        case 'encode':
          return encode(request)
        case 'decode':
          return native.decodeBatch(
            request.ids.map((ids) => Array.from(ids)),
            request.skipSpecialTokens,
          )
        case 'tokensToIds':
          return request.tokens.map((token) => native.tokenToId(token))
        case 'idsToTokens':
          return Array.from(request.ids, (id) => native.idToToken(id))
        case 'save':
          return save(request.dir)
      }
    }
    port.on('message', ({ id, request }: { id: number; request: WorkerRequest }) => {
      answer(request).then(
        (value) => {
          const buffers = Object.values(value as object).flatMap((part) =>
            ArrayBuffer.isView(part) ? [part.buffer as ArrayBuffer] : [],
          )
          port.postMessage({ id, value } satisfies WorkerMessage, buffers)
        },
        (error) => port.postMessage({ id, error: describe(error) } satisfies WorkerMessage),
      )
    })

    const count = (pieces: LayoutPiece[]) => pieces.filter((piece) => piece.sequence < 0).length
    const special: TokenizerFacts['special'] = {}
    for (const [role, token] of Object.entries(definition.special)) {
      const id = native.tokenToId(token)
      if (id !== null) special[role as SpecialTokenName] = { token, id }
    }
    const facts: TokenizerFacts = {
      source: join(setup.dir, definition.source),
      tokenizerClass: definition.tokenizerClass,
      vocabSize: native.getVocabSize(true),
      modelMaxLength: definition.modelMaxLength,
      truncationSide: definition.truncationSide,
      specialTokensPerText: count(layout.single),
      specialTokensPerPair: count(layout.pair),
      special,
    }
    port.postMessage({ id: -1, facts } satisfies WorkerMessage)
  }

  try {
    serve(load())
  } catch (error) {
    port.postMessage({ id: -1, error: describe(error) } satisfies WorkerMessage)
    port.close()
  }
}
