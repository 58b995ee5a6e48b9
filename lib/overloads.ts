import { type Operator, operator } from './dispatch.ts'
import { TorchLoraError } from './errors.ts'
import { isTensor } from './handle.ts'
import type { NativeArgument } from './native.ts'
import { RecordedList } from './recording.ts'

/** A whole number or a fraction, or a boolean: what PyTorch calls a Scalar. */
export type Scalar = number | bigint | boolean

/** How a loss becomes one number. */
export type Reduction = 'none' | 'mean' | 'sum'

const reductions: readonly unknown[] = ['none', 'mean', 'sum'] // at::Reduction's numbers

const dtypes = new Set<unknown>(
  'float32 float64 float16 bfloat16 int64 int32 int16 int8 uint8 bool'.split(' '),
)

/** Types of arguments that JavaScript never gives: a caller wants their default. */
export const hiddenType = /^(Layout|MemoryFormat|Generator)\??$/

/** A schema's name as TypeScript has it: `cu_seqlens` is `cuSeqlens`, `add_` and `_x` keep their underscores. */
export function camelCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])_+([a-z0-9])/gi, (all, letter: string) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : all,
  )
}

/** Whether an argument is a loss's reduction, which is an int in schemas and a word here. */
export function isReduction({ name, type }: NativeArgument): boolean {
  return name === 'reduction' && type === 'int'
}

/** Whether `value` may stand for an argument of that type; a number for a Tensor only where `wrap`. */
function fits(type: string, value: unknown, fixedLength: boolean, wrap: boolean): boolean {
  if (value === undefined) return true
  if (type.endsWith('?')) return value === null || fits(type.slice(0, -1), value, fixedLength, wrap)
  if (type.endsWith('[]')) {
    const element = type.slice(0, -2)
    if (value instanceof RecordedList) return element === 'Tensor'
    if (Array.isArray(value)) return value.every((item) => fits(element, item, false, false))
    return fixedLength && element !== 'Tensor' && fits(element, value, false, false)
  }
  switch (type) {
    case 'Tensor':
      return isTensor(value) || (wrap && fits('Scalar', value, false, false))
    case 'int':
    case 'SymInt':
      return Number.isInteger(value) || typeof value === 'bigint'
    case 'float':
      return typeof value === 'number'
    case 'bool':
      return typeof value === 'boolean'
    case 'ScalarType':
      return dtypes.has(value)
    case 'Device':
      return typeof value === 'string' && !dtypes.has(value)
    case 'str':
      return typeof value === 'string'
    default:
      return ['number', 'bigint', 'boolean'].includes(typeof value)
  }
}

function isOptions(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || isTensor(value)) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** One overload: arguments in the schema's order, from any point on by name in a last object. */
class Form {
  readonly operator: Operator
  readonly #arguments: readonly NativeArgument[]
  /** What may be given by position; indices of the schema. */
  readonly #positional: number[]
  readonly #named = new Map<string, number>()
  readonly #required: number[]
  readonly #reduction: number
  /** Whether what may be given by position comes first in the schema, and how much of it must. */
  readonly #leading: boolean
  readonly #least: number

  constructor(operator: Operator) {
    this.operator = operator
    this.#arguments = operator.schema.arguments
    const visible = this.#arguments.flatMap((argument, i) => (hiddenType.test(argument.type) ? [] : [i]))
    this.#positional = visible.filter((i) => !this.#arguments[i]!.kwargOnly)
    this.#required = visible.filter((i) => !this.#arguments[i]!.hasDefault)
    for (const i of visible) this.#named.set(camelCase(this.#arguments[i]!.name), i)
    this.#reduction = this.#arguments.findIndex(isReduction)
    this.#leading = this.#positional.every((place, i) => place === i)
    this.#least = this.#required.every((place) => this.#positional.includes(place))
      ? this.#required.length
      : Number.POSITIVE_INFINITY
  }

  /** `(self: Tensor, other: Tensor, { alpha: number })` */
  toString(): string {
    const words = (kwargOnly: boolean) =>
      [...this.#named].flatMap(([name, i]) => {
        const { type, kwargOnly: isKwarg } = this.#arguments[i]!
        return isKwarg === kwargOnly ? [`${name}: ${type}`] : []
      })
    const byName = words(true)
    return `(${[...words(false), ...(byName.length > 0 ? [`{ ${byName.join(', ')} }`] : [])].join(', ')})`
  }

  /** The arguments in the schema's order, or what is wrong with them, as a sentence. */
  bind(args: readonly unknown[]): readonly unknown[] | string {
    const last = args[args.length - 1]
    const options = isOptions(last) ? last : undefined
    let count = options ? args.length - 1 : args.length
    while (count > 0 && args[count - 1] === undefined) count--
    const positional = this.#positional
    // As they are, where nothing has to be put elsewhere: this is what most calls are.
    if (
      !options &&
      this.#leading &&
      this.#reduction < 0 &&
      count >= this.#least &&
      count <= positional.length
    ) {
      if (args.length === count && (count === 0 || !args.includes(undefined))) return args
    }
    if (count > positional.length) return `takes ${positional.length} by position, received ${count}`
    const values: unknown[] = []
    for (let i = 0; i < this.#arguments.length; i++) values.push(undefined)
    for (let i = 0; i < count; i++) values[positional[i]!] = args[i]
    for (const name in options) {
      const value = options[name]
      const place = this.#named.get(name)
      if (place === undefined)
        return `has no argument '${name}'; it has ${[...this.#named.keys()].join(', ')}`
      if (value === undefined) continue
      if (values[place] !== undefined) return `received '${name}' by position and by name`
      values[place] = value
    }
    for (const place of this.#required) {
      if (values[place] !== undefined) continue
      return `needs '${camelCase(this.#arguments[place]!.name)}'`
    }
    const reduction = values[this.#reduction]
    if (reduction !== undefined) {
      const number = reductions.indexOf(reduction)
      if (number < 0) return `takes a reduction of 'none', 'mean' or 'sum', received ${String(reduction)}`
      values[this.#reduction] = number
    }
    return values
  }

  fits(values: readonly unknown[], wrap: boolean): boolean {
    return this.#arguments.every(({ type, fixedLength }, i) => fits(type, values[i], fixedLength, wrap))
  }
}

/** One operator under all its overloads, tried in their order, as PyTorch's own argument parser does. */
class Overloads {
  readonly #name: string
  readonly #overloads: readonly string[]
  #forms: Form[] | undefined

  constructor(name: string, overloads: readonly string[]) {
    this.#name = name
    this.#overloads = overloads
  }

  /** Those that this libtorch has. */
  get forms(): Form[] {
    if (!this.#forms) {
      const all = this.#overloads.map((overload) =>
        operator(overload === '' ? this.#name : `${this.#name}.${overload}`),
      )
      const found = all.filter((candidate) => candidate.exists)
      this.#forms = (found.length > 0 ? found : all.slice(0, 1)).map((candidate) => new Form(candidate))
    }
    return this.#forms
  }

  call(args: readonly unknown[]): unknown {
    const { forms } = this
    if (forms.length === 1) {
      const values = forms[0]!.bind(args)
      if (typeof values === 'string') throw this.#refusal(values)
      return forms[0]!.operator.call(values)
    }
    const bound = forms.map((form) => form.bind(args))
    for (const wrap of [false, true]) {
      for (let i = 0; i < forms.length; i++) {
        const values = bound[i]!
        if (typeof values !== 'string' && forms[i]!.fits(values, wrap)) return forms[i]!.operator.call(values)
      }
    }
    const reasons = new Set(bound.filter((values) => typeof values === 'string'))
    if (reasons.size === 1 && bound.every((values) => typeof values === 'string'))
      throw this.#refusal([...reasons][0] as string)
    throw this.#refusal(`takes ${forms.join(' or ')}, received (${args.map(kindOf).join(', ')})`)
  }

  #refusal(what: string): TorchLoraError {
    return new TorchLoraError('INVALID_ARGUMENT', `${this.#name} ${what}.`, { op: this.#name })
  }
}

function kindOf(value: unknown): string {
  if (isTensor(value)) return 'a tensor'
  if (Array.isArray(value))
    return `[${value.slice(0, 4).map(kindOf).join(', ')}${value.length > 4 ? ', ...' : ''}]`
  if (isOptions(value)) return `{ ${Object.keys(value).join(', ')} }`
  return typeof value === 'string' ? `'${value}'` : String(value)
}

/**
 * The function of an operator: `define('aten::eq', ['Tensor', 'Scalar'])`. It looks the overloads up at its first call
 * and takes the first that the arguments fit. Arguments come in the schema's order, and from any point on by name, in a
 * last object. A number counts for a tensor where no overload takes a number.
 */
export function define<F>(name: string, overloads: readonly string[]): F {
  const all = new Overloads(name, overloads)
  return ((...args: unknown[]) => all.call(args)) as F
}

/** The same as a method: what it is called on comes first. */
export function defineMethod(name: string, overloads: readonly string[]): (...args: unknown[]) => unknown {
  const all = new Overloads(name, overloads)
  return function (this: unknown, ...args: unknown[]) {
    return all.call([this, ...args])
  }
}
