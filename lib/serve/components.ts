/** A schema by its name, as routes and other schemas refer to it. */
export interface SchemaRef {
  readonly $ref: string
}

const named = new Map<string, object>()

/** The schemas that have names: in the OpenAPI document its components. */
export const components: ReadonlyMap<string, object> = named

/** Gives a schema a name, under which generators of clients make a type of it. */
export function component(name: string, schema: object): SchemaRef {
  named.set(name, { $id: name, ...schema })
  return { $ref: `${name}#` }
}
