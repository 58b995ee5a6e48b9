/** Arrays and plain objects of leaves: the shape in which functions take and give several tensors. */

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** The leaves of `tree`, depth first, each passed through `collect`. */
export function flatten<T>(tree: unknown, collect: (leaf: unknown) => T[]): T[] {
  if (Array.isArray(tree)) return tree.flatMap((child) => flatten(child, collect))
  if (isPlainObject(tree)) return Object.values(tree).flatMap((child) => flatten(child, collect))
  return collect(tree)
}

/** A tree of the same form with every leaf replaced. `path` names the leaf, as in `batch.inputIds`. */
export function mapTree(
  tree: unknown,
  replace: (leaf: unknown, path: string) => unknown,
  path = '',
): unknown {
  if (Array.isArray(tree)) return tree.map((child, i) => mapTree(child, replace, `${path}[${i}]`))
  if (isPlainObject(tree)) {
    const entries = Object.entries(tree).map(([key, child]) => [
      key,
      mapTree(child, replace, path ? `${path}.${key}` : key),
    ])
    return Object.fromEntries(entries)
  }
  return replace(tree, path)
}
