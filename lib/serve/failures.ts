import { TorchLoraError, type TorchLoraErrorCode } from '../errors.ts'

/** What a client is told. `error_type` as in text-embeddings-inference. */
export interface Failure {
  status: number
  error: string
  error_type: string
}

const statuses: Partial<Record<TorchLoraErrorCode, [status: number, type: string]>> = {
  TOO_LONG: [413, 'validation'],
  INVALID_ARGUMENT: [422, 'validation'],
  INVALID_FILE: [422, 'validation'],
  UNSAFE_FILE: [422, 'validation'],
  UNSUPPORTED: [422, 'validation'],
  INCOMPATIBLE: [422, 'validation'],
  QUEUE_FULL: [429, 'overloaded'],
  ABORTED: [503, 'timeout'],
  TIMEOUT: [503, 'timeout'],
  DISPOSED: [503, 'unhealthy'],
  DEVICE_LOST: [503, 'unhealthy'],
}

/** The HTTP status that the server answers an error with: 413 too long, 422 malformed, 429 a full queue, 503, 424. */
export function httpStatus(error: unknown): number {
  return failureOf(error).status
}

/** Fastify's own refusals carry a status; whatever is left is a failure of the model. */
export function failureOf(error: unknown): Failure {
  if (error instanceof TorchLoraError) {
    const [status, type] = statuses[error.code] ?? [424, 'backend']
    return { status, error: error.message, error_type: type }
  }
  const { statusCode, validation, message } = error as {
    statusCode?: number | undefined
    validation?: unknown | undefined
    message: string
  }
  if (statusCode === 424) return { status: 424, error: message, error_type: 'backend' }
  if (validation) return { status: 422, error: message, error_type: 'validation' }
  if (statusCode !== undefined && statusCode < 500)
    return { status: statusCode, error: message, error_type: 'validation' }
  return { status: statusCode ?? 500, error: 'Internal error; the log says more.', error_type: 'backend' }
}
