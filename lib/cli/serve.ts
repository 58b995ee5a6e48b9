import { Command, InvalidArgumentError, Option } from 'commander'
import { TorchLoraError } from '../errors.ts'
import type { LongText } from '../inference/long-texts.ts'
import { taskTypeNames } from '../tasks/registry.ts'
import { maxLengthOption, withAdapter, withWindows } from './model-flags.ts'
import { applyRunFlags, duration, type RunFlags, wholeNumber, withDevice } from './options.ts'
import { adapterFlag, modelFlag, modelSources, type ServedModelFlags, taskFlag } from './served-models.ts'

interface ServeFlags extends RunFlags, ServedModelFlags {
  adapterRoot?: string
  cors?: string[]
  host: string
  port: number
  apiKey?: string
  maxBatchTokens?: number
  maxQueue: number
  maxQueueBytes: number
  maxLength?: number
  longText?: LongText
  windowOverlap?: number
  maxClientBatch: number
  maxBody: number
  requestTimeout: number
  logLevel: string
  grace: number
}

/** `torch-lora serve`: an HTTP server that speaks text-embeddings-inference's routes. */
export function serveCommand(version: string): Command {
  const command = new Command('serve')
    .description(
      'Serve models over HTTP: the routes of each by its task (/docs has all), /v1/models, /health, /info, /metrics, /adapters, a page at /',
    )
    .requiredOption(
      '--model <dir or id>',
      'the model, or the base model of the adapters; of several each by its name, NAME=DIR, the option repeated',
      modelFlag,
    )
  withAdapter(command, { adapter: 'an adapter to merge into the model' })
    .option(
      '--adapters <name=dir...>',
      'adapters that requests choose by name, kept apart; with several models MODEL/NAME=DIR',
      adapterFlag,
    )
    .option(
      '--task-type <name>',
      `what a model is for: ${taskTypeNames.join(', ')}; with several models NAME=TASK, the option repeated (default: what its files say)`,
      taskFlag,
    )
    .option('--adapter-root <dir>', 'let PUT /adapters/NAME load adapters from below this folder')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 for any that is free', port, 8080)
    .option('--api-key <key>', 'ask for "Authorization: Bearer KEY" (default: TORCH_LORA_API_KEY, else none)')
    .option(
      '--cors <origin>',
      'let pages of this origin ask, "https://app.example", repeated for more; "*" for any (default: none)',
      (origin: string, before: string[] = []) => [...before, origin],
    )
    .option(
      '--max-batch-tokens <count>',
      'tokens that run together (default: 512, on CUDA 16384)',
      wholeNumber,
    )
    .option('--max-queue <count>', 'texts that may wait; beyond it clients get 429', wholeNumber, 512)
    .option(
      '--max-queue-bytes <count>',
      'bytes of long texts that may wait, but for the first 4096 of each; beyond it clients get 429',
      wholeNumber,
      8 * 2 ** 20,
    )
    .addOption(maxLengthOption())
  withWindows(command, { of: ' that a request does not ask to be cut', otherwise: 'refuse' })
    .option('--max-client-batch <count>', 'texts of one request', wholeNumber, 32)
    .option('--max-body <bytes>', 'bytes of one request', wholeNumber, 2_000_000)
    .addOption(timeOption('--request-timeout', 'for one request, waiting included'))
    .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent', level, 'info')
    .addOption(timeOption('--grace', 'for requests in flight after SIGTERM'))
  return withDevice(command, { int8: true }).action((flags: ServeFlags) => serve(flags, version))
}

async function serve(flags: ServeFlags, version: string): Promise<void> {
  const { createServer } = await import('../serve/app.ts')
  const place = await applyRunFlags(flags)
  const stopped = new Promise<NodeJS.Signals>((resolve) => {
    process.once('SIGTERM', resolve).once('SIGINT', resolve)
  })
  const { models, options } = modelSources(flags)
  const shown = flags.model.join(', ')
  console.error(`torch-lora: loading ${shown}`)
  const app = await createServer(models, {
    ...options,
    adapterRoot: flags.adapterRoot,
    cors: flags.cors,
    ...place,
    cudaGraphs: flags.cudaGraphs,
    maxBatchTokens: flags.maxBatchTokens,
    maxQueue: flags.maxQueue,
    maxQueueBytes: flags.maxQueueBytes,
    maxLength: flags.maxLength,
    longText: flags.longText,
    windowOverlap: flags.windowOverlap,
    maxClientBatch: flags.maxClientBatch,
    maxBodyBytes: flags.maxBody,
    requestTimeoutMs: flags.requestTimeout,
    apiKey: flags.apiKey ?? process.env.TORCH_LORA_API_KEY,
    logLevel: flags.logLevel,
    version,
    // Whoever supervises the process starts another, which can use the device again.
    onDeviceLost: () => {
      app.log.fatal('the GPU is lost to this process: it ends')
      process.exit(1)
    },
  })
  try {
    const address = await app.listen({ host: flags.host, port: flags.port })
    console.error(`torch-lora: ${shown} at ${address}`)
  } catch (cause) {
    await app.close()
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `Cannot listen on ${flags.host}:${flags.port} (${(cause as Error).message}): choose another --host or --port.`,
      { cause },
    )
  }
  const signal = await stopped
  app.log.info({ signal }, 'going down: requests in flight are answered, new ones refused')
  const late = setTimeout(() => {
    app.log.error(`requests were still in flight after ${flags.grace / 1000} s`)
    process.exit(1)
  }, flags.grace)
  process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(1))
  await app.close()
  clearTimeout(late)
}

function timeOption(flag: string, what: string): Option {
  const said = `${what}: 500ms, 30s, 2m`
  return new Option(`${flag} <time>`, said).argParser(duration).default(30_000, '30s')
}

function port(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value > 65535)
    throw new InvalidArgumentError('expected a number from 0 to 65535.')
  return value
}

function level(text: string): string {
  if (['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'].includes(text)) return text
  throw new InvalidArgumentError('expected trace, debug, info, warn, error, fatal or silent.')
}
