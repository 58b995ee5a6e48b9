/** `torch-lora/serve`: the server of `torch-lora serve`, and what it answers to errors, for a server of your own. */
import '../dispose-symbols.ts'

export { createServer, type ServerOptions } from './app.ts'
export { httpStatus } from './failures.ts'
export type { ModelSource, ModelSources } from './load-models.ts'
