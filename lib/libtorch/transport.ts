import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { rootCertificates } from 'node:tls'
import { Agent, type Dispatcher, EnvHttpProxyAgent, ProxyAgent, fetch as undiciFetch } from 'undici'
import { TorchLoraError } from '../errors.ts'
import { netrcLogin } from './index/netrc.ts'
import { type IndexSettings, indexSettings } from './index/settings.ts'

/** One request. */
export interface Request {
  method?: 'GET' | 'HEAD'
  headers?: Record<string, string>
  signal?: AbortSignal
}

/** How to reach servers: the proxies, certificates and passwords that pip would use, and how often to try. */
export interface Transport {
  /**
   * @returns an answer of status 2xx, 206 or one of `accept`
   * @throws TorchLoraError NETWORK, ABORTED
   */
  request(url: string, options?: Request & { accept?: number[] }): Promise<Response>
  /** Waits before another try; false when there have been enough. */
  again(tries: number, signal?: AbortSignal, after?: number): Promise<boolean>
}

const attempts = 5
const retried = new Set([408, 425, 429, 500, 502, 503, 504])

/** Without a name and password: what may be shown. */
export function shownUrl(url: string): string {
  if (!URL.canParse(url)) return url
  const shown = new URL(url)
  shown.username = ''
  shown.password = ''
  return shown.href
}

/** @param options.firstWait milliseconds before the second try; each further wait is twice as long */
export function transport(
  options: { environment?: NodeJS.ProcessEnv; settings?: IndexSettings; firstWait?: number } = {},
): Transport {
  const environment = options.environment ?? process.env
  const settings = options.settings ?? indexSettings(environment)
  const firstWait = options.firstWait ?? 500
  const dispatchers = new Map<boolean, Dispatcher>()
  const dispatcherFor = (url: URL) => {
    const trusted = settings.trustedHosts.some((host) => host === url.host || host === url.hostname)
    const known = dispatchers.get(trusted) ?? dispatcher(environment, settings, trusted)
    dispatchers.set(trusted, known)
    return known
  }
  const again: Transport['again'] = async (tries, signal, after) => {
    if (tries >= attempts || signal?.aborted) return false
    await sleep(after ?? firstWait * 2 ** (tries - 1), undefined, { signal }).catch(() => undefined)
    return !signal?.aborted
  }
  return {
    again,
    async request(address, { method = 'GET', headers = {}, signal, accept = [] } = {}) {
      const url = new URL(address)
      const login = loginFor(url, environment)
      url.username = ''
      url.password = ''
      url.hash = ''
      const all: Record<string, string> = { 'accept-encoding': 'identity', ...headers }
      if (login)
        all.authorization = `Basic ${Buffer.from(`${login.login}:${login.password}`).toString('base64')}`
      for (let tries = 1; ; tries++) {
        let response: Response
        try {
          response = (await undiciFetch(url, {
            method,
            headers: all,
            signal,
            dispatcher: dispatcherFor(url),
          })) as unknown as Response
        } catch (cause) {
          if (await again(tries, signal)) continue
          throw unreachable(url.href, cause as Error, signal, tries)
        }
        if (response.ok || accept.includes(response.status)) return response
        const wait = Number(response.headers.get('retry-after') ?? Number.NaN)
        await response.body?.cancel()
        const after = Number.isFinite(wait) ? Math.min(wait, 30) * 1000 : undefined
        if (retried.has(response.status) && (await again(tries, signal, after))) continue
        throw refused(url.href, response, tries)
      }
    },
  }
}

function dispatcher(environment: NodeJS.ProcessEnv, settings: IndexSettings, trusted: boolean): Dispatcher {
  const tls = { rejectUnauthorized: !trusted, ...(settings.cert && { ca: certificates(settings.cert) }) }
  if (settings.proxy) {
    const uri = /^\w+:\/\//.test(settings.proxy) ? settings.proxy : `http://${settings.proxy}`
    return new ProxyAgent({ uri, requestTls: tls })
  }
  const from = (...names: string[]) => names.map((name) => environment[name]).find(Boolean)
  const any = from('all_proxy', 'ALL_PROXY')
  const httpProxy = from('http_proxy', 'HTTP_PROXY') ?? any
  const httpsProxy = from('https_proxy', 'HTTPS_PROXY') ?? any
  if (!httpProxy && !httpsProxy) return new Agent({ connect: tls })
  return new EnvHttpProxyAgent({
    httpProxy: httpProxy ?? '',
    httpsProxy: httpsProxy ?? '',
    noProxy: from('no_proxy', 'NO_PROXY') ?? '',
    requestTls: tls,
    connect: tls,
  })
}

function certificates(file: string): string[] {
  try {
    return [...rootCertificates, readFileSync(file, 'utf8')]
  } catch (cause) {
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `The certificates that pip's settings name cannot be read: ${(cause as Error).message}. Correct \`cert\` in pip.conf, PIP_CERT or REQUESTS_CA_BUNDLE.`,
      { file, cause },
    )
  }
}

function loginFor(url: URL, environment: NodeJS.ProcessEnv) {
  if (url.username || url.password)
    return { login: decodeURIComponent(url.username), password: decodeURIComponent(url.password) }
  return netrcLogin(url.hostname, environment)
}

function unreachable(
  url: string,
  cause: Error,
  signal: AbortSignal | undefined,
  tries: number,
): TorchLoraError {
  if (signal?.aborted) return new TorchLoraError('ABORTED', 'The download was interrupted.', { cause })
  if (cause instanceof TorchLoraError) return cause
  const deeper = cause.cause
  const reason = deeper instanceof Error && deeper.message ? deeper.message : cause.message
  return new TorchLoraError(
    'NETWORK',
    `${url} cannot be reached: ${reason} (tried ${tries} times). Check the address; behind a proxy, set HTTPS_PROXY, or get the file by other means and give it to --from.`,
    { cause },
  )
}

function refused(url: string, response: Response, tries: number): TorchLoraError {
  const { status, statusText } = response
  const advice =
    status === 401 || status === 403
      ? 'Put a name and password into the URL or into ~/.netrc'
      : status === 407
        ? 'The proxy wants a name and password: http://NAME:PASSWORD@HOST:PORT'
        : 'Check the address'
  const often = tries > 1 ? ` (tried ${tries} times)` : ''
  return new TorchLoraError('NETWORK', `${url} answered ${status} ${statusText}${often}. ${advice}.`, {
    cause: { status },
  })
}
