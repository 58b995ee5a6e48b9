import { TorchLoraError } from '../errors.ts'
import { invalidFile, quote } from './entry.ts'
import type { PickleReader } from './pickle-reader.ts'
import { kindOf, PickleDict, PickleGlobal, PickleTuple, type PickleValue } from './pickle-values.ts'

/** What a pickle may name, and what its persistent ids mean. */
export interface UnpickleContext {
  /** For messages. */
  file: string
  /** The whole allow list: anything not in it is refused. */
  globals: ReadonlyMap<string, PickleGlobal>
  persistentLoad(id: PickleValue): PickleValue
}

/**
 * Opcodes that a pickle may take, and items that its calls may copy: of a state dict, fifty thousand tensors. Without
 * a bound a few bytes that are met again and again make gigabytes.
 */
const MAX_STEPS = 2_000_000

/** Stack, marks and memo of one pickle, and the three operations that could do harm: global, reduce, build. */
export class PickleMachine {
  readonly reader: PickleReader
  readonly context: UnpickleContext
  readonly #memo = new Map<number, PickleValue>()
  readonly #marks: PickleValue[][] = []
  #stack: PickleValue[] = []
  #steps = 0

  constructor(reader: PickleReader, context: UnpickleContext) {
    this.reader = reader
    this.context = context
  }

  /** Counts work before it is done. @throws TorchLoraError INVALID_FILE when it is too much */
  spend(steps: number): void {
    this.#steps += steps
    if (this.#steps > MAX_STEPS)
      throw this.invalid(`more than ${MAX_STEPS} opcodes and copied items, which no state dict takes`)
  }

  push(value: PickleValue): void {
    this.#stack.push(value)
  }

  top(): PickleValue {
    const value = this.#stack[this.#stack.length - 1]
    if (value === undefined) throw this.invalid('an empty stack')
    return value
  }

  pop(): PickleValue {
    const value = this.top()
    this.#stack.pop()
    return value
  }

  popMany(count: number): PickleValue[] {
    if (this.#stack.length < count) throw this.invalid('an empty stack')
    return this.#stack.splice(this.#stack.length - count)
  }

  mark(): void {
    this.#marks.push(this.#stack)
    this.#stack = []
  }

  /** Everything since the last mark. */
  popMark(): PickleValue[] {
    const outer = this.#marks.pop()
    if (outer === undefined) throw this.invalid('no mark')
    const items = this.#stack
    this.#stack = outer
    return items
  }

  /** POP on an empty stack takes the mark beneath it. */
  discard(): void {
    if (this.#stack.length === 0) this.popMark()
    else this.pop()
  }

  get(index: number): void {
    const value = this.#memo.get(index)
    if (value === undefined) throw this.invalid(`memo ${index} was never set`)
    this.push(value)
  }

  put(index: number = this.#memo.size): void {
    this.#memo.set(index, this.top())
  }

  append(items: readonly PickleValue[]): void {
    const target = this.top()
    if (!Array.isArray(target)) throw this.invalid(`an append to ${kindOf(target)}`)
    for (const item of items) target.push(item)
  }

  addItems(items: readonly PickleValue[]): void {
    const target = this.top()
    if (!(target instanceof Set)) throw this.invalid(`an item added to ${kindOf(target)}`)
    for (const item of items) target.add(item)
  }

  setItems(items: readonly PickleValue[]): void {
    const target = this.top()
    if (!(target instanceof PickleDict)) throw this.invalid(`a key set on ${kindOf(target)}`)
    if (items.length % 2 !== 0) throw this.invalid('a dict with a key that has no value')
    for (let at = 0; at < items.length; at += 2) {
      target.map.set(items[at] as PickleValue, items[at + 1] as PickleValue)
    }
  }

  global(module: PickleValue | undefined, name: PickleValue | undefined): void {
    if (typeof module !== 'string' || typeof name !== 'string') throw this.invalid('a global without a name')
    const full = `${module}.${name}`
    const allowed = this.context.globals.get(full)
    if (allowed === undefined) {
      throw this.#unsafe(
        `it names ${quote(full)}, which is not on the short list of what tensors are made of`,
      )
    }
    this.push(allowed)
  }

  reduce(): void {
    const [callable, args] = this.popMany(2)
    if (!(callable instanceof PickleGlobal) || callable.call === undefined) {
      throw this.#unsafe(`it calls ${kindOf(callable)}, which may not be called`)
    }
    if (!(args instanceof PickleTuple)) throw this.invalid(`a call of ${callable.name} without a tuple`)
    this.spend(args.items.length + args.items.reduce<number>((sum, arg) => sum + lengthOf(arg), 0))
    this.push(callable.call(args.items))
  }

  /** A state dict is an OrderedDict whose `_metadata` attribute comes as a BUILD; nothing else has attributes here. */
  build(): void {
    const state = this.pop()
    const target = this.top()
    const harmless = target instanceof PickleDict && target.ordered && state instanceof PickleDict
    if (!harmless) throw this.#unsafe(`it sets attributes of ${kindOf(target)} from ${kindOf(state)}`)
  }

  /** For opcodes that instantiate classes or look them up elsewhere; no `torch.save` of tensors needs one. */
  refuseOpcode(name: string): never {
    throw this.#unsafe(`its opcode ${name} makes objects of any class`)
  }

  invalid(problem: string): TorchLoraError {
    return invalidFile(this.context.file, `a malformed pickle: ${problem}, at byte ${this.reader.position}`)
  }

  #unsafe(reason: string): TorchLoraError {
    const { file } = this.context
    const advice = 'Nothing of it was run. If you trust its source, save its tensors as safetensors'
    return new TorchLoraError('UNSAFE_FILE', `${file}: refused, because ${reason}. ${advice}`, { file })
  }
}

/** Items of a list or a tuple that a call may copy. */
function lengthOf(value: PickleValue): number {
  if (value instanceof PickleTuple) return value.items.length
  return Array.isArray(value) ? value.length : 0
}
