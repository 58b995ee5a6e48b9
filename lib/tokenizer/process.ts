import { describeFailure } from './failure.ts'
import { type LoadedTokenizer, loadTokenizer } from './load.ts'
import type { EngineMessage, EngineRequest, EngineSetup, NumberedRequest } from './messages.ts'
import { saveTokenizer } from './save.ts'

/**
 * The program of a tokenizer's process: loads the files, then answers requests. Started by engine.ts, which says why it
 * is a process. It lives as long as the channel to its parent.
 */
const send = (messages: EngineMessage[], sent = () => {}) => {
  if (process.connected) process.send!(messages, undefined, undefined, sent)
}
let outbox: EngineMessage[] = []
/** Answers that are there at the same turn of the event loop go together. */
const reply = (message: EngineMessage) => {
  if (outbox.length === 0)
    setImmediate(() => {
      send(outbox)
      outbox = []
    })
  outbox.push(message)
}
process.on('disconnect', () => process.exit())
// A terminal sends Ctrl-C to every process of the group, a service manager SIGTERM: the parent may have requests to
// answer first, and ends this process by ending.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

async function answer(tokenizer: LoadedTokenizer, request: EngineRequest): Promise<unknown> {
  const { native } = tokenizer
  switch (request.kind) {
    case 'encode':
      return tokenizer.encode(request)
    case 'decode':
      return native.decodeBatch(
        request.ids.map((ids) => Array.from(ids)),
        request.skipSpecialTokens,
      )
    case 'tokensToIds':
      return request.tokens.map((token) => native.tokenToId(token))
    case 'idsToTokens':
      return Array.from(request.ids, (id) => native.idToToken(id))
    case 'save':
      return saveTokenizer(tokenizer, request.dir)
  }
}

process.once('message', (setup: EngineSetup) => {
  let tokenizer: LoadedTokenizer
  try {
    tokenizer = loadTokenizer(setup)
  } catch (error) {
    send([{ id: -1, error: describeFailure(error) }], () => process.disconnect())
    return
  }
  process.on('message', (requests: NumberedRequest[]) => {
    for (const { id, request } of requests)
      answer(tokenizer, request).then(
        (value) => reply({ id, value }),
        (error: unknown) => reply({ id, error: describeFailure(error) }),
      )
  })
  send([{ id: -1, facts: tokenizer.facts }])
})
