/**
 * Writes lib/generated: a typed function for each operator that a tensor program can use, from the schemas that the
 * loaded libtorch carries. `npm run generate`; test/generated.test.ts fails when a file is not current.
 *
 * Overloads of a name are one function, and their order is that of PyTorch's argument parser: the narrower type first.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { operator } from '../lib/dispatch.ts'
import { guarded, type NativeArgument, type NativeSchema } from '../lib/native.ts'
import { fusedOperators, methods, notInEveryRelease } from '../lib/ops.list.ts'
import { camelCase, hiddenType, isReduction } from '../lib/overloads.ts'

const types: Record<string, string> = {
  Tensor: 'Tensor',
  int: 'number',
  SymInt: 'number',
  float: 'number',
  bool: 'boolean',
  str: 'string',
  number: 'Scalar',
  Scalar: 'Scalar',
  ScalarType: 'DType',
  Device: 'Device',
}

/** Words that a str may be, by the argument's name. */
const words: Record<string, string> = {
  approximate: "'none' | 'tanh'",
  rounding_mode: "'trunc' | 'floor'",
  indexing: "'ij' | 'xy'",
}

/** PyTorch gives these no binding of their own: a number counts for a tensor that decides no dtype. */
const withoutScalarForm = new Set(['add', 'sub', 'mul', 'div'].flatMap((name) => [name, `${name}_`]))
/** And takes a number for `other` there, and in their other names. */
const takesNumbers = new Set(
  [...withoutScalarForm].concat(
    ['subtract', 'multiply', 'divide', 'true_divide', 'floor_divide'].flatMap((name) => [name, `${name}_`]),
  ),
)

/** The TypeScript type of an argument, or undefined where there is none. */
function typeOf({ name, type, fixedLength }: NativeArgument, base = ''): string | undefined {
  if (type.endsWith('?')) {
    const inner = typeOf({ name, type: type.slice(0, -1), fixedLength } as NativeArgument, base)
    return inner && `${inner} | null`
  }
  if (type.endsWith('[]')) {
    const element = typeOf({ name: '', type: type.slice(0, -2) } as NativeArgument)
    const list = element && `readonly ${element.includes('|') ? `(${element})` : element}[]`
    return list && fixedLength && element !== 'Tensor' ? `${element} | ${list}` : list
  }
  if (isReduction({ name, type } as NativeArgument)) return 'Reduction'
  if (type === 'str' && words[name]) return words[name]
  if (type === 'Tensor' && name === 'other' && takesNumbers.has(base)) return 'Tensor | Scalar'
  return types[type]
}

function resultOf({ returns }: NativeSchema): string | undefined {
  const each = returns.map(({ type }) => {
    if (type === 'Tensor[]') return 'Tensor[]'
    return type.endsWith('[]')
      ? undefined
      : typeOf({ name: '', type } as NativeArgument)?.replace('Scalar', 'number')
  })
  if (each.includes(undefined)) return undefined
  return each.length === 0 ? 'void' : each.length === 1 ? each[0] : `[${each.join(', ')}]`
}

/** Whether a tensor program can use the operator through a typed function. */
function isUsable(name: string, schema: NativeSchema): boolean {
  if (/^_(?!foreach_|fused_)|backward|^sym_|(?<!^index|^_foreach)_copy$/.test(name)) return false
  const written = schema.arguments.filter(({ mutated }) => mutated)
  const inPlace = name.endsWith('_') && schema.arguments[0]?.mutated === true
  if (written.length > 0 && !inPlace) return false // out forms, and those that write to what they are not named after
  if (schema.arguments.some((argument) => hiddenType.test(argument.type) && !argument.hasDefault))
    return false
  const visible = schema.arguments.filter(({ type }) => !hiddenType.test(type))
  return resultOf(schema) !== undefined && visible.every((argument) => typeOf(argument) !== undefined)
}

const ranks = ['bool', 'int', 'SymInt', 'float', 'number', 'ScalarType', 'Device', 'str', 'Tensor']

/** Orders overloads: argument by argument the narrower type first, then the shorter list. */
function narrower(a: NativeSchema, b: NativeSchema): number {
  const rank = ({ type }: NativeArgument) => ranks.indexOf(type.replace(/[?[\]]/g, ''))
  for (let i = 0; i < Math.min(a.arguments.length, b.arguments.length); i++) {
    const difference = rank(a.arguments[i]!) - rank(b.arguments[i]!)
    if (difference !== 0) return difference
  }
  return a.arguments.length - b.arguments.length || (a.overload < b.overload ? -1 : 1)
}

/** A name that may be a parameter. */
function parameterName(name: string): string {
  const camel = camelCase(name)
  return ['function', 'in', 'default', 'var', 'new', 'this', 'with', 'else', 'import'].includes(camel)
    ? `${camel}_`
    : camel
}

interface Parameter {
  name: string
  type: string
  optional: boolean
}

/** The call signatures of an overload: optional arguments by position, or by name in a last object. */
function signaturesOf(base: string, schema: NativeSchema): Parameter[][] {
  const visible = schema.arguments.filter(({ type }) => !hiddenType.test(type))
  const parameter = (argument: NativeArgument): Parameter => ({
    name: argument.kwargOnly || argument.hasDefault ? camelCase(argument.name) : parameterName(argument.name),
    type: typeOf(argument, base)!,
    optional: argument.hasDefault,
  })
  const isPositional = (argument: NativeArgument) => !argument.kwargOnly && !argument.hasDefault
  const required = visible.filter(isPositional).map(parameter)
  const others = visible.filter((argument) => !isPositional(argument))
  // By position as far as no true or false comes, which says nothing where it stands.
  const byPosition = others.findIndex(({ type, kwargOnly }) => kwargOnly || /^bool\??$/.test(type))
  const leading = (byPosition < 0 ? others : others.slice(0, byPosition)).map(parameter)
  const options = (from: Parameter[]): Parameter[] => {
    if (from.length === 0) return []
    const fields = from.map(({ name, type, optional }) =>
      optional ? `${name}?: ${type} | undefined` : `${name}: ${type}`,
    )
    return [
      { name: 'options', type: `{ ${fields.join('; ')} }`, optional: from.every(({ optional }) => optional) },
    ]
  }
  const all = others.map(parameter)
  const named = [...required, ...options(all)]
  if (leading.length === 0) return [named]
  const rest = all.slice(leading.length)
  const reachable = rest.every(({ optional }) => optional)
  const tail = leading.map((one) => ({ ...one, name: parameterName(one.name), optional: reachable }))
  return [
    [...required, ...tail, ...options(rest)],
    [...required, ...options(all).map((one) => ({ ...one, optional: false }))],
  ]
}

const write = (parameters: readonly Parameter[], result: string): string =>
  `(${parameters.map(({ name, type, optional }) => `${name}${optional ? '?' : ''}: ${type}`).join(', ')}): ${result}`

/** Signatures of which two differ in one argument's type alone are one, with both types. */
function merged(
  signatures: { parameters: Parameter[]; result: string }[],
): { parameters: Parameter[]; result: string }[] {
  const kept: { parameters: Parameter[]; result: string }[] = []
  for (const signature of signatures) {
    const twin = kept.find(({ parameters, result }) => {
      if (result !== signature.result || parameters.length !== signature.parameters.length) return false
      const different = parameters.filter(({ name, type, optional }, i) => {
        const other = signature.parameters[i]!
        return (
          type !== other.type || optional !== other.optional || (name !== other.name && name === 'options')
        )
      })
      return (
        different.length <= 1 &&
        different.every(({ name, optional }) => {
          const other = signature.parameters[parameters.findIndex((one) => one.name === name)]!
          return name !== 'options' && optional === other.optional
        })
      )
    })
    if (!twin) kept.push({ ...signature, parameters: signature.parameters.map((one) => ({ ...one })) })
    else {
      twin.parameters.forEach((one, i) => {
        const all = new Set([...one.type.split(' | '), ...signature.parameters[i]!.type.split(' | ')])
        if (one.type !== signature.parameters[i]!.type) one.type = [...all].join(' | ')
      })
    }
  }
  return kept
}

/** An operator under all its overloads. */
interface Entry {
  /** `aten::eq` */
  qualified: string
  /** `eq` in TypeScript */
  name: string
  schemas: NativeSchema[]
}

function entriesOf(namespace: 'aten' | 'lora'): Entry[] {
  const byName = new Map<string, NativeSchema[]>()
  for (const qualified of guarded((native) => native.opNames()).sort()) {
    const [space, name] = qualified.split(/::|\./) as [string, string]
    if (space !== namespace) continue
    const wanted = namespace === 'lora' ? fusedOperators.includes(name) : !notInEveryRelease.includes(name)
    if (!wanted) continue
    const { schema } = operator(qualified)
    if (namespace === 'aten' && !isUsable(name, schema)) continue
    if (withoutScalarForm.has(name) && schema.overload === 'Scalar') continue
    byName.set(name, [...(byName.get(name) ?? []), schema])
  }
  return Array.from(byName, ([name, schemas]) => ({
    qualified: `${namespace}::${name}`,
    name: camelCase(name.replace(/^_/, '')),
    schemas: schemas.sort(narrower),
  }))
}

function comment({ schemas }: Entry, indent = ''): string {
  const lines = schemas.map(({ text }) => `\`${text}\``)
  if (lines.length === 1) return `${indent}/** ${lines[0]} */`
  return `${indent}/**\n${lines.map((line) => `${indent} * - ${line}`).join('\n')}\n${indent} */`
}

const overloadsOf = ({ schemas }: Entry): string =>
  `[${schemas.map(({ overload }) => `'${overload}'`).join(', ')}]`

const callsOf = (entry: Entry) => {
  const base = entry.qualified.split('::')[1]!
  return merged(
    entry.schemas.flatMap((schema) =>
      signaturesOf(base, schema).map((parameters) => ({ parameters, result: resultOf(schema)! })),
    ),
  )
}

const reserved = ['var', 'in', 'delete', 'new', 'function']

function functionFor(entry: Entry): string {
  const calls = callsOf(entry).map(({ parameters, result }) => `  ${write(parameters, result)}\n`)
  const hidden = reserved.includes(entry.name)
  const name = hidden ? `${entry.name}_` : entry.name
  const text = `
${comment(entry)}
${hidden ? '' : 'export '}const ${name}: {
${calls.join('')}} = /* @__PURE__ */ define('${entry.qualified}', ${overloadsOf(entry)})
`
  return hidden ? `${text}export { ${name} as ${entry.name} }\n` : text
}

/** A method's lines in the interface; what is written in place gives the tensor itself. */
function methodFor(entry: Entry): string {
  const calls = callsOf(entry).map(({ parameters, result }) => {
    const returned = entry.name.endsWith('_') && result === 'Tensor' ? 'this' : result
    return `  ${entry.name}${write(parameters.slice(1), returned)}\n`
  })
  return `${comment(entry, '  ')}\n${calls.join('')}`
}

function methodEntries(): Entry[] {
  const entries = new Map(entriesOf('aten').map((entry) => [entry.qualified.slice('aten::'.length), entry]))
  return methods.map((name) => {
    const entry = entries.get(name)
    const schemas = entry?.schemas.filter(
      ({ arguments: [first] }) => first?.name === 'self' && first.type === 'Tensor',
    )
    if (!schemas?.length)
      throw new Error(`generate-ops: '${name}' of lib/ops.list.ts is no operator of a tensor first`)
    return { ...entry!, schemas }
  })
}

function methodsFile(): string {
  const entries = methodEntries()
  const table = entries.map((entry) => `  ${entry.name}: ['${entry.qualified}', ${overloadsOf(entry)}],\n`)
  return `
/** The operators that are methods of Tensor. */
export interface TensorMethods {
${entries.map(methodFor).join('\n')}}

/** Their operators and overloads, in the order in which arguments are tried. */
export const methods: Record<keyof TensorMethods, readonly [operator: string, overloads: readonly string[]]> = {
${table.join('')}}
`
}

const head = "// Written by scripts/generate-ops.ts from libtorch's schemas: `npm run generate`.\n"

/** The import of those of `names` that `text` uses. */
function importOf(names: string[], from: string, text: string): string {
  const code = text.replaceAll(/^ *(\/\*\*.*| \* .*)$/gm, '')
  const used = names.filter((name) => new RegExp(`\\b${name}\\b`).test(code))
  return used.length > 0 ? `import type { ${used.join(', ')} } from '${from}'\n` : ''
}

/** The files of lib/generated. */
export const generatedFiles = ['ops.ts', 'fused.ts', 'methods.ts'] as const

/** The text of a file of lib/generated. */
export function generateOps(file: (typeof generatedFiles)[number]): string {
  const body =
    file === 'methods.ts'
      ? methodsFile()
      : entriesOf(file === 'ops.ts' ? 'aten' : 'lora')
          .map(functionFor)
          .join('')
  const scalars = importOf(['Reduction', 'Scalar'], '../overloads.ts', body)
  const tensors = importOf(['Device', 'DType', 'Tensor'], '../tensor.ts', body)
  if (file === 'methods.ts') return head + scalars + tensors + body
  return `${head}import { define } from '../overloads.ts'\n${scalars}import '../tensor.ts'\n${tensors}${body}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const file of generatedFiles) {
    writeFileSync(new URL(`../lib/generated/${file}`, import.meta.url), generateOps(file))
  }
}
