import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createServer } from '../../lib/serve/app.ts'
import { taskRoutes } from '../../lib/serve/routes/index.ts'
import { tinyClassifier } from '../inference/models.ts'

let app: FastifyInstance
let document: Document
beforeAll(async () => {
  const base = await tinyClassifier({ labels: ['bad', 'good'] })
  app = await createServer(base, { apiKey: 'key', cors: ['https://app.example'], logLevel: 'silent' })
  document = (await app.inject({ url: '/api-doc/openapi.json' })).json()
})
afterAll(() => app.close())

interface Operation {
  operationId?: string
  requestBody?: { content: Record<string, { schema: object }> }
  responses: Record<string, { content?: Record<string, { schema: object }> }>
}

interface Document {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, object> }
}

describe('the OpenAPI document', () => {
  it('names every operation once, and has a named schema for what each route of the list takes and gives', () => {
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path))
    const ids = operations.map(({ operationId }) => operationId)
    expect(ids).not.toContain(undefined)
    expect(new Set(ids).size).toBe(ids.length)
    const reference = /^#\/components\/schemas\/([A-Z]\w+)$/
    for (const { path, operationId, errors } of taskRoutes) {
      const operation = document.paths[path]!.post!
      expect(operation.operationId).toBe(operationId)
      const request = operation.requestBody!.content['application/json']!.schema as { $ref: string }
      const response = operation.responses[200]!.content!['application/json']!.schema as { $ref: string }
      for (const { $ref } of [request, response])
        expect(document.components.schemas).toHaveProperty(reference.exec($ref)![1]!)
      for (const status of [422, 424, 429])
        expect(operation.responses[status]!.content!['application/json']!.schema).toEqual({
          $ref: `#/components/schemas/${errors === 'openai' ? 'OpenAIErrorResponse' : 'ErrorResponse'}`,
        })
    }
    const hub = document.paths['/models/{name}']!.post!
    expect(hub.requestBody!.content['application/json']!.schema).toMatchObject({
      anyOf: expect.arrayContaining([{ $ref: '#/components/schemas/TextClassificationRequest' }]),
    })
  })

  it('every reference leads to a schema', () => {
    const text = JSON.stringify(document)
    const names = Array.from(text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g), ([, name]) => name!)
    expect(names.length).toBeGreaterThan(20)
    for (const name of names) expect(document.components.schemas).toHaveProperty(name)
    expect(text.match(/"\$ref":"(?!#\/components\/schemas\/)/)).toBeNull()
  })
})

describe('pages of other origins', () => {
  const ask = (origin: string, method: 'GET' | 'OPTIONS' | 'POST' = 'GET', url = '/health') =>
    app.inject({ method, url, headers: { origin } })

  it('may ask from the origins that are named, a key included', async () => {
    const preflight = await ask('https://app.example', 'OPTIONS', '/predict')
    expect(preflight.statusCode).toBe(204)
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-headers': expect.stringContaining('authorization'),
      vary: 'origin',
    })
    const answer = await ask('https://app.example')
    expect(answer.headers['access-control-allow-origin']).toBe('https://app.example')
    expect(answer.headers['access-control-expose-headers']).toContain('x-compute-tokens')
    // What is refused can be read too.
    const refused = await ask('https://app.example', 'POST', '/predict')
    expect(refused.statusCode).toBe(401)
    expect(refused.headers['access-control-allow-origin']).toBe('https://app.example')
  })

  it('may not from others, and from none unless it is said', async () => {
    const answer = await ask('https://other.example')
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    expect((await ask('https://other.example', 'OPTIONS', '/predict')).statusCode).toBe(404)
    const base = await tinyClassifier({})
    const closed = await createServer(base, { logLevel: 'silent' })
    const { headers } = await closed.inject({ url: '/health', headers: { origin: 'https://app.example' } })
    expect(headers['access-control-allow-origin']).toBeUndefined()
    await closed.close()
    const open = await createServer(base, { logLevel: 'silent', cors: ['*'] })
    const any = await open.inject({ url: '/health', headers: { origin: 'https://x.example' } })
    expect(any.headers['access-control-allow-origin']).toBe('*')
    await open.close()
    for (const wrong of ['app.example', 'https://app.example/', 'https://app.example/page', ''])
      await expect(createServer(base, { logLevel: 'silent', cors: [wrong] })).rejects.toThrow(
        /`cors`.*origin/,
      )
  })
})
