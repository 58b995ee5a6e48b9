import { type Captor, capture, release } from './captures.ts'
import { TorchLoraError } from './errors.ts'
import { guarded, type NativeId, toTorchLoraError } from './native.ts'
import { object, type Rules, readOptions, signal, string, whole } from './options.ts'
import { Recording, record } from './recording.ts'
import { outsideScopes } from './scope.ts'
import { type Device, Tensor } from './tensor.ts'
import { flatten, mapTree } from './tree.ts'

/**
 * `T` where it is made of tensors, null and undefined, alone or in arrays and objects; what is not becomes `never`.
 * Interfaces count, which a type with an index signature would refuse.
 */
export type TensorTree<T> = T extends Tensor | null | undefined
  ? T
  : T extends
        | string
        | number
        | boolean
        | bigint
        | symbol
        | ((...args: never[]) => unknown)
        | PromiseLike<unknown>
    ? never
    : { [K in keyof T]: TensorTree<T[K]> }

/** `unknown`, which any function is, or a sentence, which none is: it stands in the compiler's message. */
export type Compilable<Args, Result> = [Args] extends [TensorTree<Args>]
  ? [Result] extends [TensorTree<Result>]
    ? unknown
    : 'A compiled function gives tensors, alone or in arrays and objects: no numbers, strings or promises.'
  : 'A compiled function takes tensors, alone or in arrays and objects: a number that changes enters as Tensor.scalar(x).'

/** What a call of a compiled function gives: arrays and objects dispose of all their tensors at once (`using`). */
export type Results<Result> = Result extends Tensor | null | undefined ? Result : Result & Disposable

/** How a run is ended early, and how many may wait. */
export interface RunOptions {
  /**
   * Aborting drops a waiting run and stops a running one, unless it has already changed a captured tensor. A program that
   * exchanges with other processes is never aborted: they count on it.
   */
  signal?: AbortSignal | undefined
}

/** How {@link compile} records and replays. */
export interface CompileOptions {
  /** Runs that may wait on the executor before a call is refused with QUEUE_FULL. Default 1024. */
  maxQueue?: number | undefined
  /**
   * The CUDA device that the tensors are on: its work is captured as CUDA graphs, by the shapes of the arguments, and
   * replayed with one launch. A shape is run as ever when it is first met, captured when it comes back. Arguments are
   * copied to the device; a 0-dimensional whole number on the CPU belongs to the shape. What copies to the CPU has to
   * come last. A program that cannot be captured runs without graphs, and a process warning says why.
   *
   * 'cpu' does all this but the capture: for tests.
   */
  graphs?: Device | undefined
  /**
   * The module that `fn` runs. When something below it was put in another's place, as an adapter is that is applied, `fn`
   * is recorded again at the next call. What is disposed of, or put aside by `setAdapter`, is noticed without this.
   */
  follows?: { readonly revision: number } | undefined
}

const compileRules: Rules<CompileOptions> = {
  maxQueue: whole(1),
  graphs: string,
  follows: object('a module'),
}
const runRules: Rules<RunOptions> = { signal }

/** What became of a program's graphs, all its forms together. */
export interface GraphReport {
  captures: number
  replays: number
}

/** A recorded function: call it like the original, and await the result. */
export interface Compiled<Args extends readonly unknown[], Result> {
  (...args: Args): Promise<Results<Result>>
  /** The same with options. */
  run(args: Args, options?: RunOptions): Promise<Results<Result>>
  /** Native instructions of the program that the last call ran; 0 before the first. */
  readonly instructionCount: number
  /** Of `graphs`; zeros without. */
  readonly graphReport: GraphReport
  /** Frees the recorded programs. Runs under way finish; later calls fail with DISPOSED. */
  dispose(): void
  [Symbol.dispose](): void
}

interface RecordedProgram extends Captor {
  id: NativeId
  /** The tensors that are not its arguments. */
  captured: readonly NativeId[]
  /** Of what it follows, when it was recorded. */
  revision: number | undefined
  instructionCount: number
  /** The result's form, with output numbers for tensors. */
  form: unknown
  graphs: boolean
  warned: boolean
  released: boolean
}

const registry = new FinalizationRegistry<Map<string, RecordedProgram>>((programs) => {
  for (const program of programs.values()) releaseProgram(program)
})

/** Runs under way finish. */
function releaseProgram(program: RecordedProgram): void {
  program.released = true
  release(program, program.captured)
  guarded((native) => native.releaseProgram(program.id))
}

/**
 * Makes `fn` a program that runs natively, off the main thread. It takes and gives tensors, alone or in arrays and
 * plain objects; null and undefined stand for no tensor. Of an array or object that a call gives, `[Symbol.dispose]()`
 * frees every tensor: `using out = await step(batch)`.
 *
 * At the first call `fn` runs once with stand-ins for its tensors; every op it calls becomes an instruction.
 * Each call then replays the instructions on the executor's thread and settles a promise. Tensors that `fn`
 * reaches by closure (parameters) are captured by reference, so in-place changes to them are seen and kept.
 * JavaScript control flow is fixed by the recording: `fn` cannot read a tensor's values, shape or dtype.
 *
 * A call whose arguments have another form (a tensor where there was null) records another program. So does one after
 * a captured tensor was disposed of, or its adapter put aside: `fn` then meets what stands in its place, the base model
 * after `unloadLora`. Where nothing does, the call fails with DISPOSED, as `fn` itself would.
 *
 * @throws TorchLoraError from the returned promise: RECORDING when `fn` reads a value, INVALID_ARGUMENT when an
 * argument is no tensor, QUEUE_FULL, ABORTED, DISPOSED, OUT_OF_MEMORY, or NATIVE with `op` and `shapes`
 */
export function compile<Args extends readonly unknown[], Result>(
  fn: ((...args: Args) => Result) & Compilable<Args, Result>,
  options: CompileOptions = {},
): Compiled<Args, Result> {
  const { maxQueue = 1024, graphs, follows } = readOptions('compile', options, compileRules)
  const programs = new Map<string, RecordedProgram>()
  let disposed = false
  let last: RecordedProgram | undefined

  const run = async (args: Args, options: RunOptions = {}): Promise<Results<Result>> => {
    const { signal } = readOptions('run', options, runRules)
    if (disposed) throw new TorchLoraError('DISPOSED', 'This compiled function was disposed of.')
    if (signal?.aborted) throw abortError(signal)
    const key = formOf(args)
    let program = programs.get(key)
    const revision = follows?.revision
    if (program && (!program.current || program.revision !== revision)) {
      programs.delete(key)
      releaseProgram(program)
      program = undefined
    }
    if (!program) {
      program = recordProgram(fn, args, { graphs, revision })
      programs.set(key, program)
    }
    last = program
    const inputs = flatten(args, (leaf) => (leaf instanceof Tensor ? [leaf.id] : []))
    const { promise, job } = guarded((native) => native.run(program.id, inputs, maxQueue))
    const results = await settle(promise, job, signal)
    warnOfRefusal(program)
    const tensors = results.map((id) => Tensor.wrap(id as NativeId))
    const tree = mapTree(program.form, (leaf) => (typeof leaf === 'number' ? tensors[leaf] : leaf))
    return disposable(tree, tensors) as Results<Result>
  }

  const compiled = Object.assign((...args: Args) => run(args), {
    run,
    dispose() {
      if (disposed) return
      disposed = true
      registry.unregister(programs)
      for (const program of programs.values()) releaseProgram(program)
    },
    [Symbol.dispose]() {
      compiled.dispose()
    },
  })
  Object.defineProperty(compiled, 'instructionCount', { get: () => last?.instructionCount ?? 0 })
  Object.defineProperty(compiled, 'graphReport', { get: () => graphReport(programs.values()) })
  registry.register(compiled, programs, programs)
  return compiled as unknown as Compiled<Args, Result>
}

/** Lets `using` free all tensors of an array or object at once; a tensor can by itself. */
function disposable(tree: unknown, tensors: readonly Tensor[]): unknown {
  if (typeof tree !== 'object' || tree === null || tree instanceof Tensor) return tree
  return Object.defineProperty(tree, Symbol.dispose, {
    value: () => {
      for (const tensor of tensors) tensor.dispose()
    },
  })
}

async function settle(promise: Promise<unknown[]>, job: number, signal?: AbortSignal): Promise<unknown[]> {
  const cancel = () => guarded((native) => native.cancel(job))
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    return await promise
  } catch (thrown) {
    const error = toTorchLoraError(thrown)
    if (signal?.aborted && error instanceof TorchLoraError && error.code === 'ABORTED')
      throw abortError(signal)
    throw error
  } finally {
    signal?.removeEventListener('abort', cancel)
  }
}

function abortError(signal: AbortSignal): TorchLoraError {
  return new TorchLoraError('ABORTED', 'The run was aborted.', { cause: signal.reason })
}

/** The form of the arguments: two calls with one form share a program. */
function formOf(args: readonly unknown[]): string {
  const form = mapTree(args, (leaf, path) => {
    if (leaf instanceof Tensor) return 'T'
    if (leaf === null || leaf === undefined) return null
    const hint = typeof leaf === 'number' ? ' Pass a number that changes as Tensor.scalar(x).' : ''
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `A compiled function takes tensors; argument ${path} is of type ${typeof leaf}.${hint}`,
    )
  })
  return JSON.stringify(form)
}

/** Once a program: that it runs, but slower than was asked for. */
function warnOfRefusal(program: RecordedProgram): void {
  if (!program.graphs || program.warned || program.released) return
  const { refusal } = guarded((native) => native.graphReport(program.id))
  if (refusal === '') return
  program.warned = true
  process.emitWarning(`A program runs without CUDA graphs: ${refusal}`, { type: 'TorchLoraWarning' })
}

function graphReport(programs: Iterable<RecordedProgram>): GraphReport {
  const sum = { captures: 0, replays: 0 }
  for (const { id, graphs } of programs) {
    if (!graphs) continue
    const { captures, replays } = guarded((native) => native.graphReport(id))
    sum.captures += captures
    sum.replays += replays
  }
  return sum
}

function recordProgram<Args extends readonly unknown[]>(
  fn: (...args: Args) => unknown,
  args: Args,
  { graphs, revision }: { graphs: Device | undefined; revision: number | undefined },
): RecordedProgram {
  const recording = new Recording(Tensor.symbolic)
  const stand = mapTree(args, (leaf) => (leaf instanceof Tensor ? recording.newTensor() : leaf)) as Args
  const inputs = recording.slots
  // What it makes on the way is the program's, not the caller's scope's.
  const result = outsideScopes(() => record(recording, () => fn(...stand)))
  if (result instanceof Promise) {
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      'compile() takes a synchronous function, received an async one.',
    )
  }
  const outputs: number[] = []
  const form = mapTree(result, (leaf, path) => {
    if (leaf instanceof Tensor) return outputs.push(recording.slotOf(leaf)) - 1
    if (leaf === null || leaf === undefined) return leaf
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `A compiled function returns tensors; ${path || 'the result'} is of type ${typeof leaf}.`,
    )
  })
  const id = guarded((native) =>
    native.createProgram({
      slots: recording.slots,
      inputs,
      captured: Array.from(recording.captured, ([tensor, slot]) => [slot, tensor]),
      instructions: recording.instructions,
      outputs,
      graphs,
    }),
  )
  const program: RecordedProgram = {
    id,
    captured: [...recording.captured.keys()],
    current: true,
    revision,
    instructionCount: recording.instructions.length,
    form,
    graphs: graphs !== undefined,
    warned: false,
    released: false,
  }
  capture(program, program.captured)
  return program
}
