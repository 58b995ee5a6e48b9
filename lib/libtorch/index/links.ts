import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { TorchLoraError } from '../../errors.ts'
import { shownUrl, type Transport } from '../transport.ts'

/** A file that an index offers. */
export interface Link {
  name: string
  /** http, https or file, as absolute as the index lets it be; may carry a name and password. */
  url: string
  /** In hex; absent where the index gives none. */
  sha256?: string
  bytes?: number
  /** Taken back by who published it. */
  yanked: boolean
}

const accepted =
  'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1'

/** PEP 503's form of a project's name. */
export function normalized(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-')
}

/**
 * The files of one project on a simple index: PEP 691's JSON or PEP 503's HTML, from a server or a folder.
 * @returns undefined where the index does not have the project
 * @throws TorchLoraError NETWORK, INVALID_FILE (an answer that is neither), ABORTED
 */
export async function projectLinks(
  index: string,
  project: string,
  transport: Transport,
  signal?: AbortSignal,
): Promise<Link[] | undefined> {
  const base = index.endsWith('/') ? index : `${index}/`
  const page = new URL(`${normalized(project)}/`, withScheme(base))
  if (page.protocol === 'file:') {
    const folder = fileURLToPath(page)
    const file = join(folder, 'index.html')
    return existsSync(file) ? linksOfHtml(readFileSync(file, 'utf8'), page.href) : undefined
  }
  return await pageLinks(page.href, transport, signal)
}

/**
 * The files of pip's `--find-links`: a folder, a file of HTML, or a page.
 * @throws TorchLoraError NETWORK, INVALID_FILE, ABORTED
 */
export async function foundLinks(place: string, transport: Transport, signal?: AbortSignal): Promise<Link[]> {
  const url = withScheme(place)
  if (url.protocol !== 'file:') return (await pageLinks(url.href, transport, signal)) ?? []
  const path = fileURLToPath(url)
  if (!existsSync(path)) return [] // as pip does: a stick that is not plugged in is no error
  if (!statSync(path).isDirectory()) return linksOfHtml(readFileSync(path, 'utf8'), url.href)
  return readdirSync(path)
    .filter((name) => name.endsWith('.whl'))
    .map((name) => {
      const file = join(path, name)
      return { name, url: pathToFileURL(file).href, bytes: statSync(file).size, yanked: false }
    })
}

function withScheme(place: string): URL {
  return /^(https?|file):/.test(place)
    ? new URL(place)
    : pathToFileURL(resolve(place) + (place.endsWith('/') ? '/' : ''))
}

async function pageLinks(
  url: string,
  transport: Transport,
  signal?: AbortSignal,
): Promise<Link[] | undefined> {
  const response = await transport.request(url, { headers: { accept: accepted }, signal, accept: [404, 403] })
  // 403 is what some mirrors say of a project that they do not carry.
  if (response.status === 404 || response.status === 403) {
    await response.body?.cancel()
    return undefined
  }
  const text = await response.text()
  // Where a redirect led is what relative addresses are relative to; the password stays with its host.
  const base = new URL(response.url || url)
  const asked = new URL(url)
  if (base.host === asked.host) {
    base.username = asked.username
    base.password = asked.password
  }
  const type = response.headers.get('content-type') ?? ''
  if (/json/.test(type)) return linksOfJson(text, base.href)
  if (/html/.test(type) || /<(!doctype|html|a)\b/i.test(text.slice(0, 1000)))
    return linksOfHtml(text, base.href)
  throw new TorchLoraError(
    'INVALID_FILE',
    `${shownUrl(url)} answered with '${type}', and a package index answers with PEP 691's JSON or PEP 503's HTML. Check index-url in pip's settings.`,
    { file: shownUrl(url) },
  )
}

interface JsonPage {
  files?: {
    filename?: unknown
    url?: unknown
    size?: unknown
    yanked?: unknown
    hashes?: { sha256?: unknown }
  }[]
}

/** PEP 691. */
export function linksOfJson(text: string, base: string): Link[] {
  let page: JsonPage
  try {
    page = JSON.parse(text) as JsonPage
  } catch (cause) {
    throw damaged(base, (cause as Error).message)
  }
  if (!Array.isArray(page?.files)) throw damaged(base, 'it has no list `files`')
  return page.files.flatMap(({ filename, url, size, yanked, hashes } = {}) => {
    if (typeof filename !== 'string' || typeof url !== 'string') return []
    const link = absolute(url, base)
    if (!link) return []
    return [
      {
        name: filename,
        url: link.href,
        ...(typeof hashes?.sha256 === 'string' && { sha256: hashes.sha256.toLowerCase() }),
        ...(typeof size === 'number' && { bytes: size }),
        yanked: Boolean(yanked),
      },
    ]
  })
}

function damaged(base: string, reason: string): TorchLoraError {
  return new TorchLoraError(
    'INVALID_FILE',
    `The package index's page ${shownUrl(base)} is damaged: ${reason}. Try again, or another index (PIP_INDEX_URL).`,
    { file: shownUrl(base) },
  )
}

/** PEP 503: anchors whose addresses end in the file's name and may carry `#sha256=`. */
export function linksOfHtml(text: string, page: string): Link[] {
  const declared = /<base\b[^>]*\bhref\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/i.exec(text)?.[1]
  const base = declared ? (absolute(unquoted(declared), page)?.href ?? page) : page
  return [...text.matchAll(/<a\b([^>]*)>/gi)].flatMap(([, attributes]) => {
    const href = /\bhref\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/i.exec(attributes!)?.[1]
    const url = href && absolute(unquoted(href), base)
    if (!url) return []
    const name = decodeURIComponent(url.pathname.split('/').at(-1)!)
    const sha256 = /^#(?:.*&)?sha256=([0-9a-f]{64})\b/i.exec(url.hash)?.[1]?.toLowerCase()
    url.hash = ''
    const yanked = /\bdata-yanked\b/i.test(attributes!)
    return [{ name, url: url.href, ...(sha256 && { sha256 }), yanked }]
  })
}

function absolute(href: string, base: string): URL | undefined {
  if (!URL.canParse(href, base)) return undefined
  const url = new URL(href, base)
  if (!/^(https?|file):$/.test(url.protocol)) return undefined
  const from = new URL(base)
  // A page from the network may not name files of this machine.
  if (url.protocol === 'file:' && from.protocol !== 'file:') return undefined
  if (url.host === from.host && !url.username) {
    url.username = from.username
    url.password = from.password
  }
  return url
}

const entities: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  '#39': "'",
  '#43': '+',
}

function unquoted(attribute: string): string {
  return attribute
    .replace(/^(["'])(.*)\1$/s, '$2')
    .replace(/&(#?\w+);/g, (all, name) => entities[name] ?? all)
}
