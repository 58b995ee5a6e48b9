import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { normalized } from '../../lib/libtorch/index/links.ts'

export const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')

/** What a test server was asked. */
export interface Asked {
  url: string
  headers: IncomingMessage['headers']
}

export interface IndexOptions {
  /** PEP 691's JSON, or PEP 503's HTML. */
  form?: 'json' | 'html'
  /** Changes the hash that the index gives. */
  hash?: (name: string, hash: string) => string | undefined
  /** `name:password`; without it 401. */
  login?: string
  /** Answers before the server does; true when it did. */
  before?: (request: IncomingMessage, response: Parameters<RequestListener>[1]) => boolean
}

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  afterAll(() => {
    server.close()
    server.closeAllConnections()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A package index over the wheels of a folder, with ranges, as the real ones are. */
export async function packageIndex(folder: string, options: IndexOptions = {}) {
  const asked: Asked[] = []
  const hashOf = (name: string) => {
    const real = sha256(join(folder, name))
    return options.hash ? options.hash(name, real) : real
  }
  const page = (project: string) => {
    const names = readdirSync(folder).filter((name) => normalized(name.split('-')[0]!) === project)
    if (names.length === 0) return undefined
    if (options.form === 'html') {
      const links = names.map((name) => {
        const hash = hashOf(name)
        return `<a href="../../files/${encodeURIComponent(name)}${hash ? `#sha256=${hash}` : ''}">${name}</a><br/>`
      })
      return {
        type: 'text/html; charset=utf-8',
        text: `<!DOCTYPE html><html><body>${links.join('\n')}</body></html>`,
      }
    }
    const files = names.map((name) => {
      const hash = hashOf(name)
      return {
        filename: name,
        url: `/files/${encodeURIComponent(name)}`,
        hashes: hash ? { sha256: hash } : {},
      }
    })
    return { type: 'application/vnd.pypi.simple.v1+json', text: JSON.stringify({ meta: {}, files }) }
  }
  const url = await listen((request, response) => {
    asked.push({ url: request.url!, headers: request.headers })
    if (options.before?.(request, response)) return
    const expected = options.login && `Basic ${Buffer.from(options.login).toString('base64')}`
    if (expected && request.headers.authorization !== expected) {
      response.writeHead(401).end()
      return
    }
    const project = /^\/simple\/([^/]+)\/$/.exec(request.url!)?.[1]
    const file = /^\/files\/(.+)$/.exec(request.url!)?.[1]
    const found = project && page(project)
    if (found) response.writeHead(200, { 'content-type': found.type }).end(found.text)
    else if (file) {
      const body = readFileSync(join(folder, decodeURIComponent(file)))
      const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
      const [start, end] = range
        ? [Number(range[1]), Number(range[2] || body.length - 1)]
        : [0, body.length - 1]
      response.writeHead(range ? 206 : 200, {
        etag: '"one"',
        'content-length': end + 1 - start,
        ...(range && { 'content-range': `bytes ${start}-${end}/${body.length}` }),
      })
      response.end(body.subarray(start, end + 1))
    } else response.writeHead(404).end()
  })
  return { url: `${url}/simple`, asked }
}

/** A proxy for http: and what it was asked. */
export async function httpProxy() {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    asked.push({ url: request.url!, headers: request.headers })
    const forward = httpRequest(request.url!, { headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
    })
    forward.on('error', () => response.writeHead(502).end())
    forward.end()
  })
  // undici tunnels plain http as well.
  server.on('connect', async (request, socket) => {
    asked.push({ url: request.url!, headers: request.headers })
    const { connect } = await import('node:net')
    const [host, port] = request.url!.split(':')
    const target = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      target.pipe(socket).pipe(target)
    })
    target.on('error', () => socket.destroy())
    socket.on('error', () => target.destroy())
  })
  afterAll(() => {
    server.close()
    server.closeAllConnections()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}
