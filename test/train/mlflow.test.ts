import { execFile } from 'node:child_process'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { TrainerEvent } from '../../lib/train/events.ts'
import { MlflowRun } from '../../lib/train/mlflow.ts'
import { tinyExamples, tinyModel } from './tiny.ts'

const main = new URL('../../lib/cli/main.ts', import.meta.url).pathname

/** Requests as MLflow's REST API 2.0 takes them; anything else is refused as it refuses. */
const metric = z.strictObject({
  key: z.string().max(250),
  value: z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]),
  timestamp: z.int(),
  step: z.int(),
})
const pair = z.strictObject({ key: z.string().max(250), value: z.string().max(6000) })
const bodies = {
  'experiments/create': z.strictObject({ name: z.string() }),
  'runs/create': z.strictObject({
    experiment_id: z.string(),
    run_name: z.string(),
    start_time: z.int(),
    tags: z.array(pair),
  }),
  'runs/log-batch': z.strictObject({
    run_id: z.string(),
    metrics: z.array(metric).max(1000).optional(),
    params: z.array(pair).max(100).optional(),
  }),
  'runs/update': z.strictObject({
    run_id: z.string(),
    status: z.enum(['RUNNING', 'FINISHED', 'FAILED', 'KILLED']),
    end_time: z.int().optional(),
  }),
}

interface Run {
  experiment: string
  status: string
  params: Record<string, string>
  metrics: z.infer<typeof metric>[]
}

let server: Server
let uri: string
let experiments: Map<string, string>
let runs: Map<string, Run>
let asked: { path: string; authorization?: string | undefined }[]
/** Requests that are to fail first. */
let stumbles: number

function answer(path: string, query: URLSearchParams, body: unknown): object {
  const missing = { error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'not there' }
  if (path === 'experiments/get-by-name') {
    const id = experiments.get(query.get('experiment_name')!)
    return id
      ? { experiment: { experiment_id: id, name: query.get('experiment_name') } }
      : { ...missing, status: 404 }
  }
  const schema = bodies[path as keyof typeof bodies]
  const given = schema?.safeParse(body)
  if (!given?.success)
    return { error_code: 'INVALID_PARAMETER_VALUE', message: String(given?.error ?? path), status: 400 }
  const data = given.data as unknown as Record<string, never>
  if (path === 'experiments/create') {
    experiments.set(data.name!, String(experiments.size))
    return { experiment_id: experiments.get(data.name!) }
  }
  if (path === 'runs/create') {
    const id = `run${runs.size}`
    runs.set(id, { experiment: data.experiment_id!, status: 'RUNNING', params: {}, metrics: [] })
    return { run: { info: { run_id: id } } }
  }
  const run = runs.get(data.run_id!)
  if (!run) return { ...missing, status: 404 }
  if (path === 'runs/update') run.status = data.status!
  for (const { key, value } of (data.params ?? []) as z.infer<typeof pair>[]) run.params[key] = value
  run.metrics.push(...((data.metrics ?? []) as z.infer<typeof metric>[]))
  return {}
}

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const url = new URL(request.url!, 'http://localhost')
    const path = url.pathname.replace('/api/2.0/mlflow/', '')
    asked.push({ path, authorization: request.headers.authorization })
    let text = ''
    for await (const chunk of request) text += chunk
    if (stumbles > 0) {
      stumbles--
      response.writeHead(503).end('busy')
      return
    }
    const { status = 200, ...rest } = answer(path, url.searchParams, text && JSON.parse(text)) as {
      status?: number
    }
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(rest))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close())
beforeEach(() => {
  experiments = new Map()
  runs = new Map()
  asked = []
  stumbles = 0
})

const directory = () => mkdtemp(join(tmpdir(), 'mlflow-'))
const step = (number: number): TrainerEvent => ({
  type: 'step',
  step: number,
  totalSteps: 9,
  epoch: 1,
  loss: 1 / number,
  gradNorm: Number.NaN,
  learningRate: 1e-3,
  examples: 8,
  tokens: 100,
  seconds: 0.5,
})

describe('MlflowRun', () => {
  it('logs settings, curves and the end, more than one request holds, past a server that stumbles', async () => {
    process.env.MLFLOW_TRACKING_TOKEN = 'secret'
    try {
      const parameters = Object.fromEntries(Array.from({ length: 130 }, (_, i) => [`setting ${i}`, i]))
      stumbles = 2
      const run = await MlflowRun.create({
        uri: `${uri}/`,
        experiment: 'tickets',
        directory: await directory(),
        resume: false,
        parameters: { ...parameters, list: ['a'], nothing: undefined },
      })
      stumbles = 4 // more than a request is tried again
      for (let number = 1; number <= 500; number++) await run.log(step(number))
      await run.log({
        type: 'evaluation',
        step: 500,
        epoch: 3,
        metrics: { loss: 0.5, accuracy: 0.75 },
        best: true,
        seconds: 1,
      })
      await run.end('finished', { accuracy: 0.75 })
      const { status, params, metrics } = runs.get('run0')!
      expect(status).toBe('FINISHED')
      expect(Object.keys(params)).toHaveLength(131)
      expect(params).toMatchObject({ 'setting 129': '129', list: '["a"]' })
      const of = (key: string) => metrics.filter((each) => each.key === key)
      expect(of('train/loss').map(({ step: at, value }) => [at, value])).toEqual(
        Array.from({ length: 500 }, (_, i) => [i + 1, 1 / (i + 1)]),
      )
      expect(of('train/grad_norm')[0]!.value).toBe('NaN')
      expect(of('eval/accuracy')).toMatchObject([{ value: 0.75, step: 500 }])
      expect(of('best/accuracy')).toHaveLength(1)
      expect(asked.every(({ authorization }) => authorization === 'Bearer secret')).toBe(true)
    } finally {
      delete process.env.MLFLOW_TRACKING_TOKEN
    }
  })

  it('refuses before anything runs: no server, another kind of one, one that is not there or is no MLflow', async () => {
    const options = { directory: await directory(), resume: false, parameters: {} }
    await expect(MlflowRun.create(options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(MlflowRun.create({ ...options, uri: 'file:///tmp' })).rejects.toThrow(
      /expected the address of a tracking server/,
    )
    await expect(MlflowRun.create({ ...options, uri: 'http://127.0.0.1:1' })).rejects.toMatchObject({
      code: 'NETWORK',
      message: expect.stringMatching(/cannot be reached/),
    })
    const other = createServer((_, response) => response.end('<html>'))
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done))
    const page = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
    await expect(MlflowRun.create({ ...options, uri: page })).rejects.toThrow(/none of MLflow's/)
    other.close()
  })

  it('never holds a run up: what a server that went away has missed is said at the end', async () => {
    const run = await MlflowRun.create({ uri, directory: await directory(), resume: false, parameters: {} })
    stumbles = Number.POSITIVE_INFINITY
    const began = performance.now()
    for (let number = 1; number <= 200; number++) await run.log(step(number))
    expect(performance.now() - began).toBeLessThan(500)
    const warned = new Promise<Error>((done) => process.once('warning', done))
    await run.end('finished')
    expect((await warned).message).toMatch(
      /does not have all of run run0: 1000 values were not taken \(.*503/,
    )
  })
})

it('train --mlflow logs a run, and a resumed run goes on in it', { timeout: 180_000 }, async () => {
  const data = await directory()
  const lines = (count: number, offset = 0) =>
    tinyExamples(count, offset)
      .map((example) => `${JSON.stringify(example)}\n`)
      .join('')
  await writeFile(join(data, 'train.jsonl'), lines(48))
  await writeFile(join(data, 'dev.jsonl'), lines(32, 200))
  const out = join(data, 'run')
  const model = await tinyModel()
  const train = (...args: string[]) =>
    new Promise<{ code: number; stderr: string }>((done) =>
      execFile(
        process.execPath,
        [
          '--import',
          'tsx',
          main,
          'train',
          '--model',
          model,
          '--train',
          join(data, 'train.jsonl'),
          '--eval',
          join(data, 'dev.jsonl'),
          '--epochs',
          '2',
          '--batch-size',
          '8',
          '--out',
          out,
          '--mlflow',
          uri,
          '--experiment',
          'tickets',
          '--log-every',
          '1',
          ...args,
        ],
        (error, _stdout, stderr) => done({ code: error ? Number(error.code) : 0, stderr }),
      ),
    )
  expect((await train('--until', '1')).code).toBe(0)
  expect(runs.get('run0')!.status).toBe('KILLED')
  expect((await train('--resume')).code).toBe(0)
  expect([...runs.keys()]).toEqual(['run0'])
  const { status, metrics, params } = runs.get('run0')!
  expect(status).toBe('FINISHED')
  expect(params).toMatchObject({ epochs: '2', method: 'lora' })
  const steps = metrics.filter(({ key }) => key === 'train/loss').map((each) => each.step)
  expect(steps).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
  expect(metrics.filter(({ key }) => key === 'eval/accuracy')).toHaveLength(2)
  expect(JSON.parse(await readFile(join(out, 'mlflow.json'), 'utf8'))).toEqual({ uri, runId: 'run0' })
})
