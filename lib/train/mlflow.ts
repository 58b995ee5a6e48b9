import { hostname, userInfo } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { packageVersion } from '../addon.ts'
import { readJson, writeJson } from '../checkpoint/index.ts'
import { TorchLoraError } from '../errors.ts'
import { below, curvesOf, type RunEnd, type Tracker } from './curves.ts'
import type { TrainerEvent } from './events.ts'

/** What a run is logged as. */
export interface MlflowOptions {
  /** Of the tracking server, http or https. Default: MLFLOW_TRACKING_URI. */
  uri?: string | undefined
  /** Made where it is not there. Default: MLFLOW_EXPERIMENT_NAME, else "torch-lora". */
  experiment?: string | undefined
  /** Of the run, whose name it gives; keeps the run's id, by which a resumed run goes on. */
  directory: string
  /** Whether to go on with the run that the folder names, where it names one. */
  resume: boolean
  /** Settings, kept as MLflow's parameters. */
  parameters: Readonly<Record<string, unknown>>
}

interface Metric {
  key: string
  value: number | string
  timestamp: number
  step: number
}

/** Of one request: MLflow's limits. */
const most = { metrics: 1000, parameters: 100, value: 500, key: 250 }
/** Kept while the server does not answer; the oldest go first. */
const mostWaiting = 100_000
const runFile = z.object({ uri: z.string(), runId: z.string() })

/**
 * A run on an MLflow tracking server, by its REST API 2.0 (mlflow.org/docs/latest/rest-api.html). Curves are sent while
 * the run goes on, and never wait for: where the server does not answer any more they are kept and sent later, or at the
 * end said to be lost. MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, are sent with
 * every request.
 */
export class MlflowRun implements Tracker {
  #waiting: Metric[] = []
  #sending: Promise<void> | undefined
  #failure: unknown
  #lost = 0

  private constructor(
    readonly uri: string,
    readonly runId: string,
  ) {}

  /**
   * Starts a run, or goes on with one.
   * @throws TorchLoraError INVALID_ARGUMENT for a server that is not said or not of http; NETWORK where it cannot be
   * reached or refuses
   */
  static async create(options: MlflowOptions): Promise<MlflowRun> {
    const { directory, resume, parameters } = options
    const uri = serverOf(options.uri ?? process.env.MLFLOW_TRACKING_URI)
    const file = join(directory, 'mlflow.json')
    const before = resume ? await readJson(file, runFile).catch(() => null) : null
    if (before?.uri === uri) {
      await call(uri, 'runs/update', { run_id: before.runId, status: 'RUNNING' })
      return new MlflowRun(uri, before.runId)
    }
    const experiment = options.experiment ?? process.env.MLFLOW_EXPERIMENT_NAME ?? 'torch-lora'
    const { run } = await call(
      uri,
      'runs/create',
      {
        experiment_id: await experimentOf(uri, experiment),
        run_name: basename(resolve(directory)),
        start_time: Date.now(),
        tags: tagsOf({
          'mlflow.source.name': 'torch-lora train',
          'mlflow.source.type': 'LOCAL',
          'mlflow.user': userInfo().username,
          'torch-lora.version': packageVersion(),
          'torch-lora.host': hostname(),
        }),
      },
      { schema: created },
    )
    const runId = run.info.run_id
    const params = Object.entries(parameters)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => ({ key: key.slice(0, most.key), value: textOf(value).slice(0, most.value) }))
    for (let at = 0; at < params.length; at += most.parameters)
      await call(uri, 'runs/log-batch', { run_id: runId, params: params.slice(at, at + most.parameters) })
    await writeJson(file, { uri, runId })
    return new MlflowRun(uri, runId)
  }

  async log(event: TrainerEvent): Promise<void> {
    const drawn = curvesOf(event)
    if (drawn) this.#add(drawn.values, drawn.step)
  }

  async end(how: RunEnd, best: Readonly<Record<string, number>> = {}): Promise<void> {
    this.#add(below('best', best), 0)
    // What a failed attempt has left, once more.
    for (let tries = 0; tries < 3 && (this.#waiting.length > 0 || this.#sending); tries++) {
      this.#send()
      while (this.#sending) await this.#sending
    }
    const status = { finished: 'FINISHED', interrupted: 'KILLED', failed: 'FAILED' }[how]
    await call(this.uri, 'runs/update', { run_id: this.runId, status, end_time: Date.now() }).catch(
      (error) => {
        this.#failure ??= error
      },
    )
    const lost = this.#lost + this.#waiting.length
    if (lost > 0 || this.#failure)
      process.emitWarning(
        `MLflow at ${this.uri} does not have all of run ${this.runId}: ${lost} values were not taken${this.#failure instanceof Error ? ` (${this.#failure.message})` : ''}. They are in metrics.jsonl.`,
        { code: 'TORCH_LORA_TRACKING' },
      )
  }

  #add(values: Readonly<Record<string, number>>, step: number): void {
    const timestamp = Date.now()
    for (const [key, value] of Object.entries(values))
      this.#waiting.push({ key, value: Number.isFinite(value) ? value : String(value), timestamp, step })
    this.#send()
  }

  /** One request at a time, in the background: what comes meanwhile goes with the next one. */
  #send(): void {
    if (this.#sending || this.#waiting.length === 0) return
    const batch = this.#waiting.splice(0, most.metrics)
    this.#sending = call(this.uri, 'runs/log-batch', { run_id: this.runId, metrics: batch })
      .then(() => {
        this.#failure = undefined
        this.#sending = undefined
        this.#send()
      })
      .catch((error) => {
        this.#failure = error
        this.#sending = undefined
        this.#waiting.unshift(...batch)
        const over = Math.max(0, this.#waiting.length - mostWaiting)
        this.#waiting.splice(0, over)
        this.#lost += over
      })
  }
}

const created = z.object({ run: z.object({ info: z.object({ run_id: z.string() }) }) })
const experimentFound = z.object({ experiment: z.object({ experiment_id: z.string() }) })
const experimentMade = z.object({ experiment_id: z.string() })
const problem = z.object({ error_code: z.string().optional(), message: z.string().optional() })

/** @throws TorchLoraError INVALID_ARGUMENT */
function serverOf(given: string | undefined): string {
  if (given && /^https?:\/\//.test(given)) return given.replace(/\/+$/, '')
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `MLflow: expected the address of a tracking server, http://..., by --mlflow or MLFLOW_TRACKING_URI, received ${given ? JSON.stringify(given) : 'none'}. \`mlflow server\` starts one.`,
  )
}

async function experimentOf(uri: string, name: string): Promise<string> {
  const query = `experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`
  const found = await call(uri, query, undefined, { schema: experimentFound, missing: true })
  if (found) return found.experiment.experiment_id
  return (await call(uri, 'experiments/create', { name }, { schema: experimentMade })).experiment_id
}

/** A request that is tried again where the network or the server stumbles. */
async function call(uri: string, path: string, body?: object): Promise<unknown>
async function call<T>(
  uri: string,
  path: string,
  body: object | undefined,
  options: { schema: z.ZodType<T> },
): Promise<T>
async function call<T>(
  uri: string,
  path: string,
  body: object | undefined,
  options: { schema: z.ZodType<T>; missing: true },
): Promise<T | null>
async function call<T>(
  uri: string,
  path: string,
  body?: object,
  { schema, missing = false }: { schema?: z.ZodType<T>; missing?: boolean } = {},
): Promise<unknown> {
  const url = `${uri}/api/2.0/mlflow/${path}`
  const init: RequestInit = {
    method: body ? 'POST' : 'GET',
    headers: { 'content-type': 'application/json', ...authorization() },
    ...(body && { body: JSON.stringify(body) }),
  }
  for (let tries = 1; ; tries++) {
    const last = tries === 3
    let response: Response
    try {
      response = await fetch(url, { ...init, signal: AbortSignal.timeout(20_000) })
    } catch (cause) {
      if (last) throw refused(uri, 'it cannot be reached', cause)
      await sleep(200 * tries)
      continue
    }
    const text = await response.text()
    if (response.ok) return schema ? parsed(schema, text, uri) : undefined
    const said = problem.safeParse(jsonOf(text)).data ?? {}
    if (missing && said.error_code === 'RESOURCE_DOES_NOT_EXIST') return null
    if (response.status < 500 || last)
      throw refused(
        uri,
        `${response.status} for ${path.split('?')[0]}: ${(said.message ?? text).slice(0, 300)}`,
      )
    await sleep(200 * tries)
  }
}

function parsed<T>(schema: z.ZodType<T>, text: string, uri: string): T {
  const result = schema.safeParse(jsonOf(text))
  if (result.success) return result.data
  throw refused(uri, `its answer is none of MLflow's: ${text.slice(0, 80)}`)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function refused(uri: string, why: string, cause?: unknown): TorchLoraError {
  const reason = cause instanceof Error && cause.cause instanceof Error ? ` (${cause.cause.message})` : ''
  return new TorchLoraError('NETWORK', `MLflow at ${uri}: ${why}${reason}.`, { cause })
}

function authorization(): Record<string, string> {
  const {
    MLFLOW_TRACKING_TOKEN: token,
    MLFLOW_TRACKING_USERNAME: user,
    MLFLOW_TRACKING_PASSWORD: password,
  } = process.env
  if (token) return { authorization: `Bearer ${token}` }
  if (!user) return {}
  return { authorization: `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}` }
}

function tagsOf(tags: Readonly<Record<string, string>>): { key: string; value: string }[] {
  return Object.entries(tags).map(([key, value]) => ({ key, value }))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
