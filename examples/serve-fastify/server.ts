/**
 * A classifier inside a Fastify service: the model runs in this process, the event loop stays free.
 *
 *   npx tsx examples/serve-fastify/server.ts MODEL_FOLDER
 *   curl -d '{"text":"The invoice shows the wrong sum."}' -H 'content-type: application/json' localhost:3000/tickets
 */
import Fastify from 'fastify'
// In a project of your own: from 'torch-lora'.
import { TextClassifier, TorchLoraError } from '../../lib/index.ts'

const classifier = await TextClassifier.load(process.argv[2]!, { device: 'auto', maxQueue: 512 })
const app = Fastify({ logger: { level: 'warn' }, forceCloseConnections: 'idle' })
app.addHook('onClose', () => classifier.close())

app.setErrorHandler((error, _request, reply) => {
  if (!(error instanceof TorchLoraError)) return reply.send(error)
  if (error.code === 'QUEUE_FULL') reply.header('retry-after', 1)
  return reply
    .code(error.code === 'QUEUE_FULL' ? 429 : error.code === 'INVALID_ARGUMENT' ? 422 : 503)
    .send({ error: error.message })
})

app.post<{ Body: { text: string } }>(
  '/tickets',
  { schema: { body: { type: 'object', required: ['text'], properties: { text: { type: 'string' } } } } },
  async (request, reply) => {
    // A client that goes away takes its work out of the queue.
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort())
    const { label, score } = await classifier.classify(request.body.text, {
      signal: gone.signal,
      timeoutMs: 10_000,
    })
    return { label, score }
  },
)
app.get('/health', () => ({ waiting: classifier.waiting }))

process.once('SIGTERM', () => app.close())
console.log(await app.listen({ port: Number(process.env.PORT ?? 3000) }))
