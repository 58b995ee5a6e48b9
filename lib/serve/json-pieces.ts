import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'

/** Characters that are written in one go: about a millisecond's of numbers. */
const atOnce = 2 ** 16

/** An answer as JSON that is made piece by piece, so that one of millions of numbers never holds the event loop. */
export class JsonPieces {
  constructor(readonly pieces: Iterable<string>) {}

  /** The text as it is read; whatever else is ready has its turn in between. */
  stream(): Readable {
    return Readable.from(paced(this.pieces), { objectMode: false })
  }
}

/** The pieces of an array, of each item those that `piecesOf` makes. */
export function* arrayPieces<T>(
  items: readonly T[],
  piecesOf: (item: T, i: number) => readonly string[] | Generator<string>,
): Generator<string> {
  yield '['
  for (const [i, item] of items.entries()) {
    if (i > 0) yield ','
    yield* piecesOf(item, i)
  }
  yield ']'
}

async function* paced(pieces: Iterable<string>): AsyncGenerator<string> {
  let text = ''
  for (const piece of pieces) {
    text += piece
    if (text.length < atOnce) continue
    yield text
    text = ''
    await setImmediate()
  }
  yield text
}
