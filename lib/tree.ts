/** Arrays and plain objects of leaves: the shape in which functions take and give several tensors. */
import { isTensor, type TensorHandle } from './handle.ts'

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

/** Disposes of every tensor of a tree. */
export function disposeTree(tree: unknown): void {
  for (const tensor of flatten(tree, (leaf) => (isTensor(leaf) ? [leaf] : []))) tensor.dispose()
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

/**
 * Every tensor that can be reached from `value`: through arrays, Maps, Sets and the properties of any object. Private
 * fields cannot be seen, and getters are not called.
 */
export function tensorsIn(value: unknown): Set<TensorHandle> {
  const found = new Set<TensorHandle>()
  const seen = new Set<object>()
  const waiting: unknown[] = [value]
  while (waiting.length > 0) {
    const next = waiting.pop()
    if (typeof next !== 'object' || next === null || ArrayBuffer.isView(next) || seen.has(next)) continue
    if (isTensor(next)) {
      found.add(next)
      continue
    }
    seen.add(next)
    if (next instanceof Map) for (const [key, item] of next) waiting.push(key, item)
    if (next instanceof Set) for (const item of next) waiting.push(item)
    for (const key of Reflect.ownKeys(next)) {
      waiting.push(Object.getOwnPropertyDescriptor(next, key)?.value)
    }
  }
  return found
}
