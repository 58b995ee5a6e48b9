/**
 * Writes lib/generated/ops.ts: a typed function for each operator of lib/ops.list.ts, from the schemas that the
 * loaded libtorch carries. `npm run generate`; test/generated.test.ts fails when the file is not current.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { operator } from '../lib/dispatch.ts'
import type { NativeArgument } from '../lib/native.ts'
import { operatorList } from '../lib/ops.list.ts'

const header = `// Written by scripts/generate-ops.ts from libtorch's schemas. Change lib/ops.list.ts and run \`npm run generate\`.
import { operator } from '../dispatch.ts'
import type { DType, Device, Tensor } from '../tensor.ts'
`

const scalarTypes: Record<string, string> = {
  Tensor: 'Tensor',
  int: 'number',
  SymInt: 'number',
  float: 'number',
  bool: 'boolean',
  str: 'string',
  number: 'number',
  Scalar: 'number',
  ScalarType: 'DType',
  Device: 'Device',
}

/** Arguments that JavaScript never gives: a caller wants their default. */
const hidden = /^(Layout|MemoryFormat|Generator)\??$/

function typeOf(type: string, { fixedLength = false } = {}): string {
  if (type.endsWith('?')) return `${typeOf(type.slice(0, -1))} | null`
  if (type.endsWith('[]')) {
    const element = typeOf(type.slice(0, -2))
    const list = `readonly ${element.includes('|') ? `(${element})` : element}[]`
    return fixedLength && element !== 'Tensor' ? `${element} | ${list}` : list
  }
  const known = scalarTypes[type]
  if (!known) throw new Error(`generate-ops: no TypeScript type for '${type}'`)
  return known
}

function camelCase(name: string): string {
  return name.replace(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

/** A name that may be a parameter: `self` and `input` as they are, reserved words with an underscore. */
function parameterName(name: string): string {
  const camel = camelCase(name)
  return ['function', 'in', 'out', 'default', 'var', 'new'].includes(camel) ? `${camel}_` : camel
}

function functionFor(entry: string | { op: string; as: string }): string {
  const qualified = typeof entry === 'string' ? entry : entry.op
  const { schema } = operator(qualified)
  const name = typeof entry === 'string' ? camelCase(schema.name.split('::')[1]!) : entry.as
  const required = schema.arguments.filter((argument) => !argument.hasDefault && !argument.kwargOnly)
  const optional = schema.arguments.filter(
    (argument) => !required.includes(argument) && !hidden.test(argument.type),
  )

  const parameters = required.map(
    (argument) => `${parameterName(argument.name)}: ${typeOf(argument.type, argument)}`,
  )
  if (optional.length > 0) {
    const fields = optional.map((argument) => {
      const mark = argument.hasDefault ? '?' : ''
      return `${camelCase(argument.name)}${mark}: ${typeOf(argument.type, argument)}`
    })
    const allOptional = optional.every((argument) => argument.hasDefault)
    parameters.push(`options: { ${fields.join('; ')} }${allOptional ? ' = {}' : ''}`)
  }
  const values = schema.arguments.map((argument: NativeArgument) => {
    if (required.includes(argument)) return parameterName(argument.name)
    if (optional.includes(argument)) return `options.${camelCase(argument.name)}`
    return 'undefined'
  })
  const returns = schema.returns.map((result) =>
    result.type.endsWith('[]') ? 'Tensor[]' : typeOf(result.type),
  )
  const result =
    returns.length === 0 ? 'void' : returns.length === 1 ? returns[0]! : `[${returns.join(', ')}]`
  return `
/** \`${schema.text}\` */
export function ${name}(${parameters.join(', ')}): ${result} {
  return operator('${qualified}').call([${values.join(', ')}]) as ${result}
}
`
}

/** The text of lib/generated/ops.ts. */
export function generateOps(): string {
  return header + operatorList.map(functionFor).join('')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('../lib/generated/ops.ts', import.meta.url), generateOps())
}
