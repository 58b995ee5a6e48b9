import { createHash, randomUUID, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { TorchLoraError } from '../errors.ts'
import type { Failure } from './failures.ts'

/** An error that is answered with this status and message. */
export function httpError(
  statusCode: number,
  message: string,
  errorType?: Failure['error_type'],
): Error & { statusCode: number; errorType: Failure['error_type'] | undefined } {
  return Object.assign(new Error(message), { statusCode, errorType })
}

/** @throws 400 for none, as text-embeddings-inference has it */
export function requireSome(list: readonly unknown[], field: string): void {
  if (list.length === 0) throw httpError(400, `\`${field}\` cannot be empty`, 'Empty')
}

/** @throws 400 for an empty text, or a pair of them, as text-embeddings-inference has it */
export function requireFilled(texts: readonly string[]): void {
  if (texts.includes('')) throw httpError(400, '`inputs` cannot be empty', 'Empty')
}

/** @throws 413 for more of something than a request may hold */
export function requireAtMost(count: number, { most, what }: { most: number; what: string }): void {
  if (count > most)
    throw httpError(413, `A request takes at most ${most} ${what}, received ${count}: split it.`)
}

/** Texts must be UTF-8: the default parser would put replacement characters where they are not. */
export function refuseMalformedText(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  const decoder = new TextDecoder('utf-8', { fatal: true })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    // Many clients name a content type even where they send nothing.
    if (request.method === 'DELETE' && body.length === 0) {
      done(null, undefined)
      return
    }
    let text: string
    try {
      text = decoder.decode(body as Buffer)
    } catch {
      done(httpError(400, 'The body is not UTF-8: encode it as UTF-8.'))
      return
    }
    parse(request, text, done)
  })
}

/** What a request is called in logs: what the client says, where it may be shown, or a new name. */
export function requestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\x21-\x7e]{1,128}$/.test(given) ? given : randomUUID()
}

/**
 * Refuses what does not carry the key, in a time that says nothing of it. The scheme is written in any case (RFC 9110);
 * a key beyond ASCII may come as UTF-8 or, as browsers send it, as Latin-1.
 * @throws TorchLoraError INVALID_ARGUMENT for a key that no header can carry, or an empty one
 */
export function keyCheck(apiKey: string) {
  if (!/^\P{Cc}+$/u.test(apiKey) || apiKey.trim() !== apiKey)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `\`apiKey\`: expected characters without line ends and without spaces around them, received ${apiKey === '' ? 'an empty key' : 'others (a line end behind a key read from a file?)'}.`,
    )
  const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest()
  const encodings = ['utf8', 'latin1'] as const
  const expected = encodings.map((encoding) => digest(Buffer.from(apiKey, encoding)))
  if (/[^\0-\xff]/.test(apiKey)) expected.pop() // Latin-1 cannot say it, and would take another key for it
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const [, key = ''] = /^bearer +(.*)$/i.exec(request.headers.authorization ?? '') ?? []
    const given = digest(Buffer.from(key, 'latin1')) // Node gives a header's bytes as Latin-1
    if (expected.filter((one) => timingSafeEqual(one, given)).length > 0) return
    reply.header('www-authenticate', 'Bearer')
    throw httpError(401, 'Send the API key as Authorization: Bearer KEY.')
  }
}

/** Aborts when the client goes away before it has its answer. */
export function whileConnected(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableEnded) controller.abort(new Error('The client closed the connection.'))
  })
  return controller.signal
}
