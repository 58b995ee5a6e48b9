import { TorchLoraError, type TorchLoraErrorCode } from '../errors.ts'

/** An error as it travels between the tokenizer's process and ours. */
export interface Failure {
  code: TorchLoraErrorCode
  message: string
  file?: string | undefined
}

/** What the readers of files throw; what a message names comes from the file, and may be of any length. */
export const fail = (code: TorchLoraErrorCode, message: string, file?: string): TorchLoraError =>
  new TorchLoraError(
    code,
    message.length > 2000 ? `${message.slice(0, 2000)}…` : message,
    file === undefined ? {} : { file },
  )

/** Anything thrown as a {@link Failure}; what is no error of ours came out of the engine. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof TorchLoraError) {
    const { code, message, file } = error
    return { code, message, ...(file === undefined ? {} : { file }) }
  }
  return { code: 'NATIVE', message: `the tokenizer's engine: ${(error as Error).message}` }
}

/** The error that {@link describeFailure} described. */
export const revive = ({ code, message, file }: Failure) => fail(code, message, file)
