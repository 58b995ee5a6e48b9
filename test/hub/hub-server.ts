import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface HubFile {
  content: Buffer
  /** Kept in large file storage: announced by SHA-256 instead of git's SHA-1. */
  lfs?: boolean
}

/** The routes of the Hugging Face hub that a download uses, on 127.0.0.1. */
export class HubServer {
  readonly commit = 'a'.repeat(40)
  readonly requests: string[] = []
  readonly repos = new Map<string, Map<string, HubFile>>()
  /** Called before each answer; true means that it has answered itself. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean = () => false
  endpoint = ''
  readonly #server = createServer((request, response) => this.#answer(request, response))

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.endpoint = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests.push(`${request.method} ${request.url} ${request.headers.range ?? ''}`)
    if (this.intercept(request, response)) return
    const url = new URL(request.url ?? '/', this.endpoint)
    const info = /^\/api\/models\/(.+)\/revision\/([^/]+)$/.exec(url.pathname)
    const tree = /^\/api\/models\/(.+)\/tree\/([^/]+)$/.exec(url.pathname)
    const content = /^\/(.+)\/resolve\/([^/]+)\/(.+)$/.exec(url.pathname)
    const [, id = '', revision = '', path = ''] = info ?? tree ?? content ?? []
    const repo = this.repos.get(id)
    const file = repo?.get(path)
    const known = revision === 'main' || revision === this.commit
    if (!repo || !known) fail(response, 404, 'RepoNotFound')
    else if (info)
      json(response, { _id: '1', id, sha: this.commit, lastModified: '2024-01-01T00:00:00.000Z' })
    else if (tree)
      json(
        response,
        Array.from(repo, ([name, entry]) => listing(name, entry)),
      )
    else if (file) sendRange(request, response, file)
    else fail(response, 404, 'EntryNotFound')
  }
}

function listing(path: string, { content, lfs }: HubFile) {
  const oid = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex')
  const sha256 = createHash('sha256').update(content).digest('hex')
  const large = { lfs: { oid: sha256, size: content.length, pointerSize: 130 } }
  return { type: 'file', path, size: content.length, oid, ...(lfs && large) }
}

function sendRange(request: IncomingMessage, response: ServerResponse, { content }: HubFile): void {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
  const headers = { 'content-type': 'application/octet-stream', etag: '"x"' }
  if (from === undefined) {
    response.writeHead(200, { ...headers, 'content-length': content.length }).end(content)
    return
  }
  const part = content.subarray(Number(from), Number(to) + 1)
  const range = `bytes ${from}-${Number(from) + part.length - 1}/${content.length}`
  response.writeHead(206, { ...headers, 'content-length': part.length, 'content-range': range }).end(part)
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

export function fail(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'x-error-code': code })
  response.end(JSON.stringify({ error: code }))
}
