/** What ajv says of a value, with `verbose`. */
export interface SchemaError {
  keyword: string
  instancePath: string
  message?: string | undefined
  params: Record<string, unknown>
  parentSchema?: { description?: string | undefined } | undefined
}

/** One sentence of what is wrong: where, and what was expected; of values with several forms, what its schema says. */
export function schemaError(errors: readonly SchemaError[], where: string): Error {
  // Of a value that may have several forms ajv reports each that it has not, and last that it has none.
  const { keyword, instancePath, message, params, parentSchema } = errors.at(-1)!
  const place = where + instancePath
  if ('additionalProperty' in params)
    return new Error(`${place} has an unknown field, ${JSON.stringify(params.additionalProperty)}; see /docs`)
  const forms = keyword === 'anyOf' && parentSchema?.description
  if (forms) return new Error(`${place} must be ${asPhrase(forms)}`)
  const allowed = 'allowedValues' in params ? `: ${params.allowedValues}` : ''
  return new Error(`${place} ${message}${allowed}`)
}

/** "A text, or an array of texts. More." within a sentence. */
function asPhrase(description: string): string {
  const [sentence] = description.split(/\.( |$)/)
  return sentence![0]!.toLowerCase() + sentence!.slice(1)
}
