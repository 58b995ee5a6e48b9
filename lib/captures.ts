import type { NativeId } from './native.ts'

/** A program, of the tensors that its function reached by closure. */
export interface Captor {
  /** Whether the function would still meet all of them. */
  current: boolean
}

const captors = new Map<NativeId, Set<Captor>>()

/** Says that `captor` holds tensors, until `release`. */
export function capture(captor: Captor, tensors: Iterable<NativeId>): void {
  for (const id of tensors) {
    const held = captors.get(id)
    if (held) held.add(captor)
    else captors.set(id, new Set([captor]))
  }
}

/** Says that it holds them no more. */
export function release(captor: Captor, tensors: Iterable<NativeId>): void {
  for (const id of tensors) {
    const held = captors.get(id)
    held?.delete(captor)
    if (held?.size === 0) captors.delete(id)
  }
}

/** Tells every program that holds a tensor that its function would not meet it any more: it is recorded again. */
export function outdate(id: NativeId): void {
  const held = captors.get(id)
  if (held) for (const captor of held) captor.current = false
}
