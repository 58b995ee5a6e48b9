import { TorchLoraError } from './errors.ts'
import { setCreationListener, Tensor } from './tensor.ts'
import { flatten } from './tree.ts'

/**
 * Runs `body` and disposes of every tensor made inside but those it returns (alone, or in arrays and plain
 * objects). Scopes nest: what an inner scope returns belongs to the outer one.
 *
 * Synchronous on purpose: tensors of two interleaved async tasks cannot be told apart. Inside async code, wrap
 * the synchronous stretches, or use `using` and `dispose()`.
 * @throws TorchLoraError INVALID_ARGUMENT when `body` returns a promise
 */
export function scope<T>(body: () => T): T {
  const created = new Set<Tensor>()
  const outer = setCreationListener((tensor) => created.add(tensor))
  let result: T | undefined
  let finished = false
  try {
    result = body()
    if (result instanceof Promise) {
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        'scope() takes a synchronous function, received an async one.',
      )
    }
    finished = true
    return result
  } finally {
    setCreationListener(outer)
    const kept = new Set(finished ? flatten(result, (leaf) => (leaf instanceof Tensor ? [leaf] : [])) : [])
    for (const tensor of created) {
      if (kept.has(tensor)) outer?.(tensor)
      else tensor.dispose()
    }
  }
}
