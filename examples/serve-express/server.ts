/**
 * A classifier inside an Express service.
 *
 *   npx tsx examples/serve-express/server.ts MODEL_FOLDER
 *   curl -d '{"text":"The invoice shows the wrong sum."}' -H 'content-type: application/json' localhost:3000/tickets
 */
import type { AddressInfo } from 'node:net'
import express, { type NextFunction, type Request, type Response } from 'express'
// In a project of your own: from 'torch-lora'.
import { TextClassifier, TorchLoraError } from '../../lib/index.ts'

const classifier = await TextClassifier.load(process.argv[2]!, { device: 'auto', maxQueue: 512 })
const app = express()
app.use(express.json())

app.post('/tickets', async (request, response) => {
  // A client that goes away takes its work out of the queue.
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const { label, score } = await classifier.classify(request.body?.text, {
    signal: gone.signal,
    timeoutMs: 10_000,
  })
  response.json({ label, score })
})
app.get('/health', (_request, response) => {
  response.json({ waiting: classifier.waiting })
})
app.use((error: Error & { status?: number }, _request: Request, response: Response, _next: NextFunction) => {
  const code = error instanceof TorchLoraError ? error.code : undefined
  if (code === 'QUEUE_FULL') response.setHeader('retry-after', '1')
  const status =
    code === 'QUEUE_FULL' ? 429 : code === 'INVALID_ARGUMENT' ? 422 : code ? 503 : (error.status ?? 500)
  response.status(status).json({ error: error.message })
})

const server = app.listen(Number(process.env.PORT ?? 3000), () =>
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
)
process.once('SIGTERM', () => server.close(() => classifier.close()))
