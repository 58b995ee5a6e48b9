/** What went wrong, as a word a program can branch on. */
export type TorchLoraErrorCode =
  | 'LIBTORCH_NOT_FOUND' // no libtorch, or one that does not load
  | 'LIBTORCH_VERSION' // a libtorch outside the supported range
  | 'ADDON_NOT_FOUND' // no prebuilt or built addon for this platform
  | 'INVALID_ARGUMENT' // a value the function cannot take
  | 'INVALID_FILE' // a file that is missing, truncated or malformed
  | 'UNSAFE_FILE' // a checkpoint that would run code
  | 'UNSUPPORTED' // a valid request for something this package does not do
  | 'INCOMPATIBLE' // parts that do not fit: an adapter and a model, a label and a label set
  | 'NATIVE' // libtorch refused or failed
  | 'OUT_OF_MEMORY' // an allocation failed
  | 'DEVICE_LOST' // an error of a GPU after which this process cannot use it any more: end it and start another
  | 'DISPOSED' // a tensor, program or model used after dispose()
  | 'RECORDING' // a value read while a program is being recorded
  | 'TOO_LONG' // a text with more tokens than the model takes, where cutting was not allowed
  | 'QUEUE_FULL' // a bounded queue has no room
  | 'ABORTED' // an AbortSignal or close() ended the work; such an error's name is AbortError
  | 'TIMEOUT' // a time limit of the call ended the work; such an error's name is TimeoutError
  | 'DIVERGED' // a loss, a merged weight, or what a float16 model gives, that is not a number
  | 'NETWORK' // a download failed
  | 'DISTRIBUTED' // other ranks are missing, gone, or do not answer

/** Facts that go with an error: which operator, which shapes, which file. */
export interface TorchLoraErrorDetails {
  op?: string | undefined
  shapes?: number[][] | undefined
  file?: string | undefined
  cause?: unknown | undefined
}

/** What the platform calls such errors, for code that asks an error's name. */
const names: Partial<Record<TorchLoraErrorCode, 'AbortError' | 'TimeoutError'>> = {
  ABORTED: 'AbortError',
  TIMEOUT: 'TimeoutError',
}

/** Characters of a message's beginning and end that are kept, where what a file holds is quoted at length. */
const kept = { beginning: 6000, end: 1000 }

function readable(message: string): string {
  const more = message.length - kept.beginning - kept.end
  if (more <= 0) return message
  return `${message.slice(0, kept.beginning)} ... ${more} characters more ... ${message.slice(-kept.end)}`
}

/** The one error class of the public API: `code` to branch on, `message` to read, `cause` beneath. */
export class TorchLoraError extends Error {
  /** As the platform names them, 'AbortError' for ABORTED and 'TimeoutError' for TIMEOUT; else 'TorchLoraError'. */
  override readonly name: 'TorchLoraError' | 'AbortError' | 'TimeoutError'
  readonly code: TorchLoraErrorCode
  readonly op?: string
  readonly shapes?: number[][]
  readonly file?: string

  constructor(code: TorchLoraErrorCode, message: string, details: TorchLoraErrorDetails = {}) {
    super(readable(message), details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.name = names[code] ?? 'TorchLoraError'
    if (details.op !== undefined) this.op = details.op
    if (details.shapes !== undefined) this.shapes = details.shapes
    if (details.file !== undefined) this.file = details.file
  }
}
