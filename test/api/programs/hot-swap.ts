import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { TextClassifier } from 'torch-lora'
import { httpStatus } from 'torch-lora/serve'
import type { Given } from './given.ts'

/** A server of one's own, whose model is exchanged while it answers. */
export async function main({ base }: Given) {
  await using classifier = await TextClassifier.load(base, { warmUp: false })
  const server = createServer(async (request, reply) => {
    try {
      const text = new URL(request.url!, 'http://server').searchParams.get('text')
      reply.end(JSON.stringify(await classifier.classify(text as string)))
    } catch (error) {
      reply.writeHead(httpStatus(error)).end()
    }
  }).listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const ask = (query: string) => fetch(`http://127.0.0.1:${port}/?${query}`)
  const [answers] = await Promise.all([
    Promise.all(Array.from({ length: 8 }, () => ask('text=good'))),
    classifier.swap(base),
  ])
  const statuses = [...answers.map(({ status }) => status), (await ask('')).status]
  server.close()
  return { statuses }
}
