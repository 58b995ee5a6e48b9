import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TorchLoraError } from '../../lib/errors.ts'
import { Engine } from '../../lib/tokenizer/engine.ts'
import { AutoTokenizer } from '../../lib/tokenizer/index.ts'

const fixtures = new URL('./fixtures/', import.meta.url).pathname
let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tokenizer-engine-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

/** bert-json's tokenizer.json with other components. */
async function changed(name: string, components: object): Promise<string> {
  const json = JSON.parse(await readFile(join(fixtures, 'bert-json', 'tokenizer.json'), 'utf8'))
  const dir = join(scratch, name)
  await mkdir(dir)
  await writeFile(join(dir, 'tokenizer.json'), JSON.stringify({ ...json, ...components }))
  return dir
}
const precompiled = (bytes: number[]) => ({
  normalizer: { type: 'Precompiled', precompiled_charsmap: Buffer.from(bytes).toString('base64') },
})
/** Its trie names places that it does not have: the engine indexes out of bounds at most texts. */
const damaged = precompiled([8, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255])
/** Backtracks for ever at "aaa...b". */
const split = { type: 'Split', pattern: { Regex: '(a+)+c' }, behavior: 'Isolated', invert: false }
const hostile = `${'a'.repeat(60)}b`

const outcome = (promise: Promise<{ ids: Int32Array }>) =>
  promise.then(
    ({ ids }) => ids.length,
    ({ name, code, message }: TorchLoraError) => ({ name, code, message }),
  )
const died = (message: RegExp) => ({
  name: 'TorchLoraError',
  code: 'NATIVE',
  message: expect.stringMatching(message),
})

describe('a panic of the engine', () => {
  it.each([
    ['without a map', []],
    ['of a map that ends early', [255, 255, 0, 0, 1]],
  ])('while it loads is an error that names the folder: a normalizer %s', async (name, bytes) => {
    const dir = await changed(`load ${name}`, precompiled(bytes))
    await expect(AutoTokenizer.fromPretrained(dir)).rejects.toMatchObject({
      name: 'TorchLoraError',
      code: 'INVALID_FILE',
      file: dir,
      message: expect.stringMatching(/died of these files \(SIGABRT: .*panicked/),
    })
  })

  it('at a text fails its request alone: those beside it and after it are answered', async () => {
    await using tokenizer = await AutoTokenizer.fromPretrained(
      await changed('retries', { pre_tokenizer: split }),
    )
    const texts = ['the kettle', hostile, 'sings', hostile, 'x']
    const first = await Promise.all(texts.map((text) => outcome(tokenizer.encode(text))))
    const reason = died(/died of this request \(SIGABRT: .*retry-limit-in-match/)
    expect(first).toEqual([3, reason, 4, reason, 3])
    expect(await outcome(tokenizer.encode('the kettle'))).toBe(3)
    expect(await outcome(tokenizer.encode(hostile))).toEqual(reason)
    expect(await outcome(tokenizer.encode('sings'))).toBe(4)
  })

  it('at every text fails every request, and no more', async () => {
    await using tokenizer = await AutoTokenizer.fromPretrained(await changed('charsmap', damaged))
    const failures = await Promise.all(['a', 'é'].map((text) => outcome(tokenizer.encode(text))))
    for (const failure of failures) expect(failure).toEqual(died(/index out of bounds/))
  })
})

/** Whether a process is there and is no zombie. */
const alive = async (pid: number) =>
  readFile(`/proc/${pid}/stat`, 'utf8').then(
    (stat) => !/\) Z /.test(stat),
    () => false,
  )
async function gone(pid: number): Promise<boolean> {
  for (let i = 0; i < 100 && (await alive(pid)); i++) await setTimeout(100)
  return !(await alive(pid))
}
/** The processes that any thread of a process started. */
async function children(pid: number): Promise<number[]> {
  const pids: number[] = []
  for (const task of await readdir(`/proc/${pid}/task`)) {
    const list = await readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')
    pids.push(...list.split(' ').filter(Boolean).map(Number))
  }
  return pids
}

/** A program that has a tokenizer and answers lines on its standard input with token counts. */
const program = `
import { createInterface } from 'node:readline'
import { AutoTokenizer } from ${JSON.stringify(new URL('../../lib/tokenizer/index.ts', import.meta.url).href)}
const tokenizer = await AutoTokenizer.fromPretrained(process.argv[2])
process.on('SIGINT', () => {})
console.log('ready')
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'throw') setImmediate(() => { throw new Error('thrown') })
  else console.log((await tokenizer.encode(line)).ids.length)
}
await tokenizer.close()
`
async function start(): Promise<{
  parent: ChildProcess
  engine: number
  ask(line: string): Promise<string>
}> {
  const file = join(scratch, 'program.mts')
  await writeFile(file, program)
  const parent = spawn(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), file, join(fixtures, 'bert')],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  )
  const line = async () => String((await once(parent.stdout!, 'data'))[0]).trim()
  expect(await line()).toBe('ready')
  const engines: number[] = []
  for (const pid of await children(parent.pid!))
    if (/tokenizer.process/.test(await readFile(`/proc/${pid}/cmdline`, 'utf8'))) engines.push(pid)
  expect(engines.length).toBe(1)
  const ask = (text: string) => {
    parent.stdin!.write(`${text}\n`)
    return line()
  }
  return { parent, engine: engines[0]!, ask }
}

describe.runIf(process.platform === 'linux')("the tokenizer's process", { timeout: 60_000 }, () => {
  it('ends with its parent, however that ends', async () => {
    for (const end of ['stdin', 'SIGKILL', 'throw']) {
      const { parent, engine } = await start()
      const ended = once(parent, 'exit')
      if (end === 'stdin') parent.stdin!.end()
      else if (end === 'throw') parent.stdin!.write('throw\n')
      else parent.kill('SIGKILL')
      const [code, signal] = await ended
      expect([end, code, signal]).toEqual([
        end,
        end === 'stdin' ? 0 : end === 'throw' ? 1 : null,
        end === 'SIGKILL' ? end : null,
      ])
      expect(await gone(engine)).toBe(true)
    }
  })

  it("leaves a terminal's Ctrl-C to its parent, and comes back when it is killed", async () => {
    const { parent, engine, ask } = await start()
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(engine, signal)
    expect(await ask('the kettle')).toBe('6')
    expect(await alive(engine)).toBe(true)
    process.kill(engine, 'SIGKILL')
    expect(await gone(engine)).toBe(true)
    expect(await ask('the kettle')).toBe('6')
    const ended = once(parent, 'exit')
    parent.stdin!.end()
    expect(await ended).toEqual([0, null])
  })

  it('is ended and started again when it says nothing: of its requests the one that it hangs at fails', async () => {
    const before = new Set(await children(process.pid))
    const patience = { processorSeconds: 60, seconds: 600 }
    const { engine } = await Engine.start(
      { dir: join(fixtures, 'bert'), settings: { normalization: 'transformers', classOfModel: {} } },
      { patience },
    )
    const [pid] = (await children(process.pid)).filter((each) => !before.has(each))
    const ask = () => engine.request({ kind: 'tokensToIds', tokens: ['the'] })
    const answer = await ask()
    process.kill(pid!, 'SIGSTOP')
    patience.seconds = 1
    await expect(ask()).rejects.toMatchObject(died(/died of this request \(no answer within \d+ s, 0 s of a/))
    expect(await gone(pid!)).toBe(true)
    patience.seconds = 600
    expect(await ask()).toEqual(answer)
    await engine.close()
  })

  it('ends with the worker thread that started it', async () => {
    const built = new URL('../../dist/tokenizer/index.js', import.meta.url).href
    const before = new Set(await children(process.pid))
    const worker = new Worker(
      `import(${JSON.stringify(built)}).then(async ({ AutoTokenizer }) => {
        const t = await AutoTokenizer.fromPretrained(${JSON.stringify(join(fixtures, 'bert'))})
        require('node:worker_threads').parentPort.postMessage((await t.encode('the kettle')).ids.length)
        t.encodeBatch(Array.from({ length: 5000 }, () => 'the kettle sings'))
      })`,
      { eval: true },
    )
    expect((await once(worker, 'message'))[0]).toBe(6)
    const started: number[] = []
    for (const pid of await children(process.pid)) if (!before.has(pid)) started.push(pid)
    expect(started.length).toBe(1)
    await worker.terminate()
    for (const pid of started) expect(await gone(pid)).toBe(true)
  })
})
