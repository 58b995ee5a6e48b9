import type { FastifyInstance } from 'fastify'
import { TorchLoraError } from '../errors.ts'

/** Bytes of a body that count for nothing, so that an ordinary request never waits because of large ones. */
const free = 64 * 1024

/**
 * Bounds the bytes of large bodies that are received, parsed and worked on at once. One that has no room is refused by
 * its head, before a byte of it is parsed: else the event loop would do nothing but parse what is refused later. A body
 * that does not say its length counts as the largest there may be. One alone has room whatever its size.
 * @param maxBytes of all large bodies together
 * @param maxBodyBytes of one body
 */
export function boundReceiving(
  app: FastifyInstance,
  { maxBytes, maxBodyBytes }: { maxBytes: number; maxBodyBytes: number },
): void {
  let held = 0
  app.addHook('onRequest', async ({ headers }, reply) => {
    const said =
      headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : maxBodyBytes
    if (said > maxBodyBytes) return // refused as too large
    const bytes = Math.max(0, said - free)
    if (bytes === 0) return
    if (held > 0 && held + bytes > maxBytes)
      throw new TorchLoraError(
        'QUEUE_FULL',
        `Large requests of ${held} bytes are under way and at most ${maxBytes} may be, so there is no room for one of ${said}. Try again later, or raise \`maxQueueBytes\`.`,
      )
    held += bytes
    reply.raw.once('close', () => {
      held -= bytes
    })
  })
}
