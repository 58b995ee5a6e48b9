import { TorchLoraError, type TorchLoraErrorCode } from '../errors.ts'

/** What a client is told. `error_type` as text-embeddings-inference writes it; Timeout is our own. */
export interface Failure {
  status: number
  error: string
  error_type: 'Unhealthy' | 'Backend' | 'Overloaded' | 'Validation' | 'Tokenizer' | 'Empty' | 'Timeout'
}

const statuses: Partial<Record<TorchLoraErrorCode, [status: number, type: Failure['error_type']]>> = {
  TOO_LONG: [413, 'Validation'],
  INVALID_ARGUMENT: [422, 'Validation'],
  INVALID_FILE: [422, 'Validation'],
  UNSAFE_FILE: [422, 'Validation'],
  UNSUPPORTED: [422, 'Validation'],
  INCOMPATIBLE: [422, 'Validation'],
  QUEUE_FULL: [429, 'Overloaded'],
  ABORTED: [503, 'Timeout'],
  TIMEOUT: [503, 'Timeout'],
  DISPOSED: [503, 'Unhealthy'],
  DEVICE_LOST: [503, 'Unhealthy'],
}

/** The HTTP status that the server answers an error with: 413 too long, 422 malformed, 429 a full queue, 503, 424. */
export function httpStatus(error: unknown): number {
  return failureOf(error).status
}

/** Fastify's own refusals carry a status; whatever is left is a failure of the model. */
export function failureOf(error: unknown): Failure {
  if (error instanceof TorchLoraError) {
    const [status, type] = statuses[error.code] ?? [424, 'Backend']
    return { status, error: error.message, error_type: type }
  }
  const { statusCode, errorType, validation, message } = error as {
    statusCode?: number | undefined
    errorType?: Failure['error_type'] | undefined
    validation?: unknown | undefined
    message: string
  }
  if (statusCode === 424) return { status: 424, error: message, error_type: 'Backend' }
  if (validation) return { status: 422, error: message, error_type: 'Validation' }
  if (statusCode !== undefined && statusCode < 500)
    return { status: statusCode, error: message, error_type: errorType ?? 'Validation' }
  return { status: statusCode ?? 500, error: 'Internal error; the log says more.', error_type: 'Backend' }
}
