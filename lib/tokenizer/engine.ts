import { type ChildProcess, fork } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { TorchLoraError } from '../errors.ts'
import { revive } from './failure.ts'
import { lanesOf } from './lanes.ts'
import type {
  EngineMessage,
  EngineReplies,
  EngineRequest,
  EngineSetup,
  NumberedRequest,
  TokenizerFacts,
} from './messages.ts'

// The engine is Hugging Face's own package `tokenizers` (the Rust library by Node-API, released with the Python
// wheel of the same version), not `@anush008/tokenizers` (a third party's build of the same Rust code for npm).
// Compared at 0.23.2 and 0.6.0 (Rust 0.22.2) by bench/tokenizer.ts: equal ids and equal speed within noise, so upkeep
// decides. The first comes out of huggingface/tokenizers' release workflow at each release, the second from one
// person, a Rust release behind. Its price is 64 MB unpacked against 5, since one package carries all platforms;
// beside libtorch that is bearable, and neither runs anything at install time.
//
// It runs in a process of its own because its panics abort the process that it is in, which no thread contains: a
// damaged tokenizer.json or character map does it while loading or at some text, a regular expression over its retry
// limit while serving. A list of components that are allowed would have to know every such place in 30,000 lines of
// Rust, and a trial in a throwaway process cannot try all texts. bench/tokenizer.ts measures what it costs a text.

/** Where the program is: beside this file, in the sources as in the package. */
const inSources = import.meta.url.endsWith('.ts')
const program = inSources
  ? new URL('./process.ts', import.meta.url)
  : new URL('./process.js', import.meta.url)

/** Node runs TypeScript by itself from 22.18 on; before, a checkout's tests load it with tsx. */
const loader =
  inSources && !(process.features as { typescript?: unknown }).typescript
    ? ['--import', import.meta.resolve('tsx')]
    : []

interface Pending {
  request: EngineRequest
  /** Whether a process that had it alone was killed from outside. */
  spared?: boolean
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** What a panic says, or else the last line. */
const cause = (words: string): string => {
  const lines = words.split('\n').filter((line) => line.trim() !== '')
  const panic = lines.findIndex((line) => line.includes('panicked at'))
  return (panic >= 0 ? lines.slice(panic, panic + 2).join(' ') : (lines.at(-1) ?? '')).slice(0, 300)
}

/** How much of what the engine writes is kept, should it end with it. */
const LAST_WORDS = 2000

/**
 * How long the engine may say nothing while it loads or has something to answer. A request takes it milliseconds, its
 * largest (a text that could not be cut) seconds, the largest vocabulary two seconds to load: of processor time, since
 * a busy machine makes any wait long. One that sleeps uses none, and is given more time by the clock.
 */
export interface Patience {
  processorSeconds: number
  seconds: number
}
const patient: Patience = { processorSeconds: 60, seconds: 600 }

/** Seconds that a process has spent on processors; 0 where it is gone. */
function processorSeconds(pid: number | undefined): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return 0
  }
}

/**
 * The main process's end of a tokenizer's process: requests out, promises back. Never keeps the main process alive
 * but while requests are open.
 *
 * When the process dies (a panic), or says nothing for too long and is ended, it is started again, and what was open is
 * asked again, one request at a time: only the one that it dies of fails. Of a kill from outside it is not the cause.
 */
export class Engine {
  readonly #setup: EngineSetup
  #child!: ChildProcess
  #lastWords = ''
  /** What the process has not been asked, and what it has not answered, by number. */
  #waiting: Pending[] = []
  readonly #open = new Map<number, Pending>()
  /** What goes to the process together, once what now runs has asked for all that it asks for. */
  #outbox: NumberedRequest[] = []
  /** While above 0, so many requests are asked one by one. */
  #suspects = 0
  #next = 0
  #ready = false
  readonly #watch: NodeJS.Timeout
  /** Since when the process says nothing though it owes an answer. */
  #silentSince: { clock: number; processor: number } | undefined
  /** Why it was ended. */
  #silent: string | undefined
  #ended: TorchLoraError | undefined

  readonly #patience: Patience

  private constructor(setup: EngineSetup, patience: Patience) {
    this.#setup = setup
    this.#patience = patience
    this.#watch = setInterval(() => this.#look(), 1000)
    this.#watch.unref()
  }

  /**
   * Starts the process and waits until it has loaded the folder.
   * @throws TorchLoraError INVALID_FILE, UNSUPPORTED, ADDON_NOT_FOUND as `loadTokenizer`; INVALID_FILE for files that
   * the engine dies of, NATIVE where no process can be started
   */
  static async start(
    setup: EngineSetup,
    { patience = patient }: { patience?: Patience } = {},
  ): Promise<{ engine: Engine; facts: TokenizerFacts }> {
    const engine = new Engine(setup, patience)
    try {
      return { engine, facts: await engine.#load() }
    } catch (error) {
      engine.#end(error as TorchLoraError)
      throw error
    }
  }

  /** Sends a request; resolves with the reply to its kind. */
  request<K extends EngineRequest['kind']>(request: EngineRequest & { kind: K }): Promise<EngineReplies[K]> {
    return new Promise<EngineReplies[K]>((resolve, reject) => {
      this.#waiting.push({ request, resolve: resolve as (value: unknown) => void, reject })
      this.#pump()
    })
  }

  /** Ends the process. Requests that are open fail with DISPOSED. */
  async close(): Promise<void> {
    this.#end(new TorchLoraError('DISPOSED', 'the tokenizer is closed; load it again'))
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    this.#hold(true)
    child.kill('SIGKILL')
    await gone
  }

  #load(): Promise<TokenizerFacts> {
    this.#lastWords = ''
    return new Promise((resolve, reject) => {
      if (!existsSync(program))
        throw new TorchLoraError(
          'ADDON_NOT_FOUND',
          `the tokenizer's program is not at ${fileURLToPath(program)}: a bundler that took torch-lora in has to leave it out (external), or copy this file`,
        )
      const child = fork(program, {
        // Loaders and inspectors of this process have nothing to do in that one; its encoder frees what long texts took.
        execArgv: [...loader, '--expose-gc'],
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        env: {
          ...process.env,
          TOKENIZERS_PARALLELISM: 'false', // batches would take every core, through a pool of threads of their own
          UV_THREADPOOL_SIZE: String(lanesOf(availableParallelism())),
          // What one thread freed serves the next: else each long text took so much again (bench/serve.ts --long).
          MALLOC_ARENA_MAX: '1',
        },
      })
      this.#child = child
      this.#silent = undefined
      this.#silentSince = undefined
      child.stderr!.setEncoding('utf8').on('data', (text: string) => {
        this.#lastWords = (this.#lastWords + text).slice(0, LAST_WORDS)
      })
      child.on('message', (messages: EngineMessage[]) => {
        this.#silentSince = undefined
        for (const message of messages)
          if (!('facts' in message) && message.id === -1 && 'error' in message) reject(revive(message.error))
          else if ('facts' in message) {
            this.#ready = true
            this.#hold(this.#waiting.length > 0)
            resolve(message.facts)
          } else this.#settle(message)
      })
      // Once the process is gone and its last words are read.
      child.on('close', (code, signal) => {
        const ending = this.#silent ?? signal
        const how = `${ending ?? `exit code ${code}`}${this.#lastWords === '' ? '' : `: ${cause(this.#lastWords)}`}`
        // No text kills with this signal: whoever had the request alone is asked again, once.
        if (this.#ready) this.#died(child, how, { killed: ending === 'SIGKILL' })
        else
          reject(
            new TorchLoraError(
              'INVALID_FILE',
              `${this.#setup.dir}: the tokenizer's engine died of these files (${how}); fetch them again`,
              { file: this.#setup.dir },
            ),
          )
      })
      child.on('error', (error) => {
        if (child.pid === undefined)
          reject(
            new TorchLoraError('NATIVE', `the tokenizer's process cannot be started (${error.message})`, {
              cause: error,
            }),
          )
      })
      child.send(this.#setup)
    })
  }

  #pump(): void {
    if (this.#ended) {
      for (const { reject } of this.#waiting.splice(0)) reject(this.#ended)
      return
    }
    if (!this.#ready) return
    while (this.#waiting.length > 0 && (this.#suspects === 0 || this.#open.size === 0)) {
      const pending = this.#waiting.shift()!
      const id = this.#next++
      if (this.#open.size === 0) this.#hold(true)
      this.#open.set(id, pending)
      // After every promise that is settled now: texts of many clients, answered together, ask for more together.
      if (this.#outbox.length === 0) process.nextTick(() => this.#flush())
      this.#outbox.push({ id, request: pending.request })
    }
  }

  /** A message costs more than a text. Where it cannot be sent the process is gone, and `close` follows. */
  #flush(): void {
    const requests = this.#outbox
    this.#outbox = []
    if (requests.length > 0) this.#child.send(requests, () => {})
  }

  #settle(message: EngineMessage): void {
    const pending = this.#open.get(message.id)
    if (!pending) return
    this.#open.delete(message.id)
    if (this.#suspects > 0) this.#suspects--
    if (this.#open.size === 0) this.#hold(false)
    if ('error' in message) pending.reject(revive(message.error))
    else if ('value' in message) pending.resolve(message.value)
    this.#pump()
  }

  #died(child: ChildProcess, how: string, { killed }: { killed: boolean }): void {
    if (child !== this.#child || this.#ended) return
    this.#ready = false
    const open = [...this.#open.values()]
    this.#open.clear()
    this.#outbox = []
    const [alone] = open.length === 1 ? open : []
    if (alone && (!killed || alone.spared)) {
      if (this.#suspects > 0) this.#suspects--
      alone.reject(
        new TorchLoraError(
          'NATIVE',
          `the tokenizer's engine died of this request (${how}): a text, or a file of ${this.#setup.dir}, is more than it can bear`,
        ),
      )
    } else {
      if (alone) alone.spared = true
      if (this.#suspects === 0) this.#suspects = open.length
      this.#waiting.unshift(...open)
    }
    this.#load().then(
      () => this.#pump(),
      (error: TorchLoraError) => {
        this.#end(error)
        this.#pump()
      },
    )
  }

  /** Ends a process that says nothing for too long. */
  #look(): void {
    const { pid } = this.#child
    if (this.#ready && this.#open.size === 0) this.#silentSince = undefined
    else if (!this.#silentSince)
      this.#silentSince = { clock: performance.now(), processor: processorSeconds(pid) }
    else {
      const clock = (performance.now() - this.#silentSince.clock) / 1000
      const processor = processorSeconds(pid) - this.#silentSince.processor
      if (clock < this.#patience.seconds && processor < this.#patience.processorSeconds) return
      this.#silent = `no answer within ${Math.round(clock)} s, ${Math.round(processor)} s of a processor`
      this.#child.kill('SIGKILL')
    }
  }

  /** Whether the main process has to stay alive for this one. */
  #hold(wanted: boolean): void {
    const { stderr, channel } = this.#child
    const does = wanted ? 'ref' : 'unref'
    this.#child[does]()
    channel?.[does]?.() // Bun's has neither, and keeps no process alive
    ;(stderr as import('node:net').Socket | null)?.[does]()
  }

  #end(error: TorchLoraError): void {
    this.#ended ??= error
    clearInterval(this.#watch)
    for (const { reject } of [...this.#open.values(), ...this.#waiting.splice(0)]) reject(this.#ended)
    this.#open.clear()
  }
}
