import type { AddedToken, SpecialTokenName, TokenizerDefinition, WireReader } from './definition.ts'
import type { makeEncoder } from './encoder.ts'
import type { LayoutPiece, readLayout, slidingWindows, truncateLongestFirst } from './layout.ts'
import type { splitsAtSpaces, takesWords } from './locality.ts'
import type { LoadDependencies, loadDefinition } from './sources.ts'
import type {
  NativeTokenizer,
  TokenizerFacts,
  WorkerMessage,
  WorkerRequest,
  WorkerSetup,
} from './worker-messages.ts'

/** Everything outside the function that {@link runWorker} uses. */
interface WorkerScope {
  loadDefinition: typeof loadDefinition
  readTokenRegistry: LoadDependencies['readTokenRegistry']
  builders: LoadDependencies['builders']
  readLayout: typeof readLayout
  makeEncoder: typeof makeEncoder
  splitsAtSpaces: typeof splitsAtSpaces
  takesWords: typeof takesWords
  truncateLongestFirst: typeof truncateLongestFirst
  slidingWindows: typeof slidingWindows
  require: NodeJS.Require
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
  const { require } = scope
  const { parentPort, workerData } = require('node:worker_threads') as typeof import('node:worker_threads')
  const fs = require('node:fs') as typeof import('node:fs')
  const { availableParallelism } = require('node:os') as typeof import('node:os')
  const { join } = require('node:path') as typeof import('node:path')
  const setup = workerData as WorkerSetup
  const port = parentPort as import('node:worker_threads').MessagePort

  const fail: LoadDependencies['fail'] = (code, message, file) =>
    Object.assign(new Error(message), { code, file })
  const describe = (error: unknown) => {
    const { code, file, message } = error as Error & { code?: string; file?: string }
    // Node's own codes (ENOENT, ...) are of unreadable files; anything without a code came out of the addon.
    const known = ['INVALID_FILE', 'UNSUPPORTED', 'INVALID_ARGUMENT', 'ADDON_NOT_FOUND', 'TOO_LONG']
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
    const dependencies: LoadDependencies = {
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
      readTokenRegistry: scope.readTokenRegistry,
      builders: scope.builders,
    }
    let definition: TokenizerDefinition
    try {
      definition = scope.loadDefinition(setup.dir, setup.settings, dependencies)
    } catch (error) {
      if ((error as { code?: string }).code) throw error
      // Valid JSON of the wrong shape: a number where a list belongs, and the like.
      throw fail(
        'INVALID_FILE',
        `${setup.dir}: the tokenizer's files are malformed (${(error as Error).message})`,
        setup.dir,
      )
    }
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
    const encode = scope.makeEncoder(
      { native, layout, side: definition.truncationSide, splitsAtSpaces: scope.splitsAtSpaces(json) },
      { ...scope, fail, cores: availableParallelism() },
    )
    const facts = { takesWords: scope.takesWords(json) }
    return {
      definition: { ...rest, added: json.added_tokens as AddedToken[] },
      native,
      layout,
      encode,
      facts,
    }
  }

  const serve = ({ definition, native, layout, encode, ...loaded }: ReturnType<typeof load>) => {
    const { added } = definition

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
      ...loaded.facts,
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
