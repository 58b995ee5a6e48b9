import { AsyncLocalStorage } from 'node:async_hooks'
import { setCreationListener, type TensorHandle } from './handle.ts'
import { tensorsIn } from './tree.ts'

/** The tensors made in one call of `scope`, its asynchronous continuations included. */
class Scope {
  readonly #outer: Scope | undefined
  readonly #created = new Set<TensorHandle>()
  #open = true

  constructor(outer: Scope | undefined) {
    this.#outer = outer
  }

  /** What is made after the end, by work that nobody awaited, belongs to the next scope outside. */
  add(tensor: TensorHandle): void {
    if (this.#open) this.#created.add(tensor)
    else this.#outer?.add(tensor)
  }

  close(kept: ReadonlySet<TensorHandle>): void {
    this.#open = false
    for (const tensor of this.#created) {
      if (kept.has(tensor)) this.#outer?.add(tensor)
      else tensor.dispose()
    }
    this.#created.clear()
  }
}

const current = new AsyncLocalStorage<Scope | undefined>()
const listener = (tensor: TensorHandle) => current.getStore()?.add(tensor)
const none: ReadonlySet<TensorHandle> = new Set()

/** Runs `body` outside every scope: what it makes stays. */
export function outsideScopes<T>(body: () => T): T {
  return current.run(undefined, body)
}

/**
 * Runs `body` and disposes of every tensor made inside but those in what it returns: alone, in arrays, Maps, Sets, and
 * in properties of objects, class instances too. Private fields (`#weight`) are seen by nobody: a tensor that only such
 * a field holds is disposed of. Scopes nest: what an inner scope returns belongs to the outer one.
 *
 * `body` may be async: the scope then ends when its promise settles, and what other tasks make meanwhile is not its own.
 * @returns what `body` returns
 */
export function scope<T>(body: () => T): T {
  const scope = new Scope(current.getStore())
  setCreationListener(listener)
  let result: T
  try {
    result = current.run(scope, body)
  } catch (thrown) {
    scope.close(none)
    throw thrown
  }
  if (result instanceof Promise) {
    return result.then(
      (value: unknown) => {
        scope.close(tensorsIn(value))
        return value
      },
      (thrown: unknown) => {
        scope.close(none)
        throw thrown
      },
    ) as T
  }
  scope.close(tensorsIn(result))
  return result
}
