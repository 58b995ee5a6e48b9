import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import { TorchLoraError, type TorchLoraErrorCode } from '../errors.ts'
import { makeEncoder } from './encoder.ts'
import { fromSentencePiece } from './from-sentencepiece.ts'
import { fromTokenizerJson } from './from-tokenizer-json.ts'
import { fromVocabAndMerges } from './from-vocab-merges.ts'
import { fromVocabTxt } from './from-vocab-txt.ts'
import { readLayout, slidingWindows, truncateLongestFirst } from './layout.ts'
import { splitsAtSpaces, takesWords } from './locality.ts'
import { loadDefinition } from './sources.ts'
import { readTokenRegistry } from './special-tokens.ts'
import { runWorker } from './worker.ts'
import type {
  TokenizerFacts,
  WorkerMessage,
  WorkerReplies,
  WorkerRequest,
  WorkerSetup,
} from './worker-messages.ts'

// The engine is Hugging Face's own package `tokenizers` (the Rust library by Node-API, released with the Python
// wheel of the same version), not `@anush008/tokenizers` (a third party's build of the same Rust code for npm).
// Compared at 0.23.2 and 0.6.0 (Rust 0.22.2) by bench/tokenizer.ts: equal ids and equal speed within noise, so upkeep
// decides. The first comes out of huggingface/tokenizers' release workflow at each release, the second from one
// person, a Rust release behind. Its price is 64 MB unpacked against 5, since one package carries all platforms;
// beside libtorch that is bearable, and neither runs anything at install time. Both load synchronously (0.1 s for
// roberta-base), keep truncation as state under a lock that the caller's thread would wait for, and hand ids over as
// JavaScript arrays on the caller's thread: hence the worker.
const modules = () => {
  const require = createRequire(import.meta.url)
  try {
    return { tokenizers: require.resolve('tokenizers'), wire: require.resolve('@bufbuild/protobuf/wire') }
  } catch (cause) {
    throw new TorchLoraError(
      'ADDON_NOT_FOUND',
      `a package that the tokenizer needs is not installed (${(cause as Error).message.split('\n')[0]}); run npm install`,
      { cause },
    )
  }
}

/**
 * The worker's program: functions by their source. A worker cannot start from a TypeScript file under Node 20, nor
 * find its file in a bundle; source text works everywhere, and the compiler has checked it. `__name` is what esbuild
 * (tsx) wraps nested functions in.
 */
const source = () => `'use strict'
const __name = (fn) => fn;
(${runWorker})({
  require,
  loadDefinition: ${loadDefinition},
  readTokenRegistry: ${readTokenRegistry},
  readLayout: ${readLayout},
  makeEncoder: ${makeEncoder},
  splitsAtSpaces: ${splitsAtSpaces},
  takesWords: ${takesWords},
  truncateLongestFirst: ${truncateLongestFirst},
  slidingWindows: ${slidingWindows},
  builders: {
    'tokenizer.json': ${fromTokenizerJson},
    'spm.model': ${fromSentencePiece},
    'vocab.json': ${fromVocabAndMerges},
    'vocab.txt': ${fromVocabTxt},
  },
})`

interface Pending {
  resolve(value: unknown): void
  reject(error: unknown): void
}

/**
 * The main thread's end of a tokenizer worker: requests out, promises back. The thread keeps the process alive only
 * while requests are open.
 */
export class WorkerClient {
  readonly #worker: Worker
  readonly #pending = new Map<number, Pending>()
  #next = 0
  #ended: TorchLoraError | undefined

  private constructor(worker: Worker) {
    this.#worker = worker
    worker.on('message', (message: WorkerMessage) => this.#settle(message))
    worker.on('error', (cause) =>
      this.#end(
        new TorchLoraError('NATIVE', `the tokenizer's worker failed: ${(cause as Error).message}`, { cause }),
      ),
    )
    worker.on('exit', () =>
      this.#end(new TorchLoraError('DISPOSED', 'the tokenizer is closed; load it again')),
    )
  }

  /**
   * Starts a worker and waits until it has loaded the folder.
   * @throws TorchLoraError as {@link loadDefinition} says, or ADDON_NOT_FOUND.
   */
  static async start(
    setup: Omit<WorkerSetup, 'modules'>,
  ): Promise<{ client: WorkerClient; facts: TokenizerFacts }> {
    const workerData: WorkerSetup = { ...setup, modules: modules() }
    // execArgv: loaders of the main thread (--import ...) have nothing to do in this one.
    const client = new WorkerClient(
      new Worker(source(), { eval: true, workerData, execArgv: [], name: 'tokenizer' }),
    )
    const facts = await client.#wait<TokenizerFacts>(-1)
    return { client, facts }
  }

  /** Sends a request; resolves with the worker's reply to its kind. */
  request<K extends WorkerRequest['kind']>(request: WorkerRequest & { kind: K }): Promise<WorkerReplies[K]> {
    if (this.#ended) return Promise.reject(this.#ended)
    const id = this.#next++
    const reply = this.#wait<WorkerReplies[K]>(id)
    this.#worker.postMessage({ id, request })
    return reply
  }

  /** Ends the thread. Requests that are open fail with DISPOSED. */
  async close(): Promise<void> {
    this.#ended ??= new TorchLoraError('DISPOSED', 'the tokenizer is closed; load it again')
    await this.#worker.terminate()
  }

  #wait<T>(id: number): Promise<T> {
    if (this.#pending.size === 0) this.#worker.ref()
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject })
    })
  }

  #settle(message: WorkerMessage): void {
    const pending = this.#pending.get(message.id)
    this.#pending.delete(message.id)
    if (this.#pending.size === 0) this.#worker.unref()
    if ('error' in message) {
      const { code, message: text, file } = message.error
      pending?.reject(
        new TorchLoraError(code as TorchLoraErrorCode, text, file === undefined ? {} : { file }),
      )
    } else pending?.resolve('facts' in message ? message.facts : message.value)
  }

  #end(error: TorchLoraError): void {
    this.#ended ??= error
    for (const { reject } of this.#pending.values()) reject(this.#ended)
    this.#pending.clear()
  }
}
