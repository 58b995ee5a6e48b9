import { HubApiError } from '@huggingface/hub'
import { EnvHttpProxyAgent, fetch as undiciFetch } from 'undici'
import { TorchLoraError } from '../errors.ts'

const PROXY_VARIABLES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']

/**
 * `fetch` that ends with `signal`, and that goes through the proxy of the environment (HTTPS_PROXY, HTTP_PROXY,
 * NO_PROXY), which Node's own does not.
 */
export function hubFetch(signal: AbortSignal | undefined): typeof fetch {
  const proxied = PROXY_VARIABLES.some((name) => process.env[name])
  if (!proxied) return (input, init) => fetch(input, signal ? { ...init, signal } : init)
  const dispatcher = new EnvHttpProxyAgent()
  // The two fetches differ in their types only: both are undici's.
  const through = undiciFetch as unknown as (input: unknown, init: unknown) => Promise<Response>
  return (input, init) => through(input, { ...init, dispatcher, ...(signal && { signal }) })
}

/** True when asking again may help: no answer at all, or one that says "not now". */
export function isTransient(error: unknown): boolean {
  if (error instanceof TorchLoraError || isFileSystem(error)) return false
  if (error instanceof HubApiError) return error.statusCode >= 500 || error.statusCode === 429
  return true
}

/** What fetch throws wraps the system's error as its cause; only files throw it bare. */
function isFileSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string'
}

/** The failure in words, with what to do about it. */
export function explain(error: unknown, id: string, endpoint: string): TorchLoraError {
  if (error instanceof TorchLoraError) return error
  if (isFileSystem(error)) {
    const problem =
      error.code === 'ENOSPC' ? 'the disk of the cache is full' : `cannot write the cache: ${error.message}`
    return new TorchLoraError('INVALID_FILE', `${id}: ${problem}. HF_HOME names another place for it`, {
      cause: error,
    })
  }
  return new TorchLoraError(
    'NETWORK',
    `${id}: no such folder here, and ${reason(error, endpoint)}. ${byHand(id)}`,
    { cause: error },
  )
}

/** How to do without the network. */
export function byHand(id: string): string {
  return (
    `To bring the files by hand: on a machine with access run \`hf download ${id} --local-dir DIR\`, copy DIR here ` +
    'and give its path in place of the name. HF_ENDPOINT names a mirror, HTTPS_PROXY a proxy'
  )
}

function reason(error: unknown, endpoint: string): string {
  if (!(error instanceof HubApiError)) return `cannot reach ${endpoint} (${innermost(error)})`
  const { statusCode } = error
  if (statusCode === 401 || statusCode === 403) {
    return `${endpoint} refused access (${statusCode}): the name is wrong, or the repository is private or gated; for those set HF_TOKEN to a token that may read it`
  }
  if (statusCode === 404) return `${endpoint} knows no such repository or revision (404)`
  return `${endpoint} answered with status ${statusCode}`
}

/** `fetch failed` says nothing; its cause does. */
function innermost(error: unknown): string {
  let current = error
  while (current instanceof Error && current.cause instanceof Error) current = current.cause
  if (current instanceof AggregateError && current.errors[0] instanceof Error) current = current.errors[0]
  if (!(current instanceof Error)) return String(current)
  const { code } = current as NodeJS.ErrnoException
  return code ?? (current.message || current.name)
}
