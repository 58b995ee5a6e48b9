/**
 * A classifier inside a Hono service on Node.
 *
 *   npx tsx examples/serve-hono/server.ts MODEL_FOLDER
 *   curl -d '{"text":"The invoice shows the wrong sum."}' -H 'content-type: application/json' localhost:3000/tickets
 */
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
// In a project of your own: from 'torch-lora'.
import { TextClassifier, TorchLoraError } from '../../lib/index.ts'

const classifier = await TextClassifier.load(process.argv[2]!, { device: 'auto', maxQueue: 512 })
const app = new Hono()

app.onError((error, c) => {
  if (error instanceof SyntaxError) return c.json({ error: error.message }, 400)
  if (!(error instanceof TorchLoraError)) throw error
  if (error.code === 'QUEUE_FULL') c.header('retry-after', '1')
  const status = error.code === 'QUEUE_FULL' ? 429 : error.code === 'INVALID_ARGUMENT' ? 422 : 503
  return c.json({ error: error.message }, status)
})

app.post('/tickets', async (c) => {
  const { text } = await c.req.json<{ text: string }>()
  // The request's own signal: a client that goes away takes its work out of the queue.
  const { label, score } = await classifier.classify(text, { signal: c.req.raw.signal, timeoutMs: 10_000 })
  return c.json({ label, score })
})
app.get('/health', (c) => c.json({ waiting: classifier.waiting }))

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, ({ port }) =>
  console.log(`http://127.0.0.1:${port}`),
)
process.once('SIGTERM', () => server.close(() => classifier.close()))
