import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { TorchLoraError } from '../../lib/errors.ts'
import { type Failure, revive } from '../../lib/tokenizer/failure.ts'

const program = new URL('./engine.ts', import.meta.url)

/** What a process has used and holds; of one that is gone nothing. */
export function usage(pid: number): { cpuSeconds: number; residentBytes: number } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
      residentBytes: Number(fields[21]) * 4096,
    }
  } catch {
    return { cpuSeconds: 0, residentBytes: 0 }
  }
}

/** The process that loads tokenizers, started again where it died. */
export class EngineProcess implements Disposable {
  #child: ChildProcess | undefined

  /**
   * Loads a tokenizer and encodes with it, as AutoTokenizer and encodeBatch would.
   * @throws TorchLoraError as they do, INVALID_FILE where the process dies; Error where it takes more than a case may
   */
  async load(dir: string, { cpuSeconds, bytes }: { cpuSeconds: number; bytes: number }): Promise<void> {
    this.#child ??= await this.#start()
    const child = this.#child
    const before = usage(child.pid!)
    let late = false
    const watch = setInterval(() => {
      late = usage(child.pid!).cpuSeconds - before.cpuSeconds > cpuSeconds
      if (late) child.kill('SIGKILL')
    }, 500)
    const answer = await this.#answer(child, () => child.send(dir)).finally(() => clearInterval(watch))
    if (late) throw new Error(`the tokenizer's process takes more than ${cpuSeconds} s`)
    if (answer === 'died') throw new TorchLoraError('INVALID_FILE', 'the process died of these files')
    const { residentBytes } = usage(child.pid!)
    if (residentBytes - before.residentBytes > bytes)
      throw new Error(
        `the tokenizer's process took ${Math.round((residentBytes - before.residentBytes) / 2 ** 20)} MiB`,
      )
    // What earlier cases left behind is none of a case's.
    if (residentBytes > 2 * bytes) this[Symbol.dispose]()
    if (answer.error) throw revive(answer.error)
  }

  async #start(): Promise<ChildProcess> {
    const child = fork(program, {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: { ...process.env, TOKENIZERS_PARALLELISM: 'false', UV_THREADPOOL_SIZE: '1' },
    })
    if ((await this.#answer(child)) === 'died') throw new Error("the tokenizer's process does not start")
    return child
  }

  #answer(child: ChildProcess, ask = () => {}): Promise<{ error?: Failure } | 'died'> {
    return new Promise((resolve) => {
      const settle = (answer: { error?: Failure } | 'died') => {
        child.off('message', answered).off('exit', died)
        resolve(answer)
      }
      const answered = (message: unknown) => settle(message as { error?: Failure })
      const died = () => {
        this.#child = undefined
        settle('died')
      }
      child.on('message', answered).on('exit', died)
      ask()
    })
  }

  [Symbol.dispose](): void {
    this.#child?.kill('SIGKILL')
    this.#child = undefined
  }
}
