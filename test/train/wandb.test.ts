import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { crc32 } from 'node:zlib'
import { BinaryReader } from '@bufbuild/protobuf/wire'
import { expect, it } from 'vitest'
import type { TrainerEvent } from '../../lib/train/events.ts'
import { WandbRun } from '../../lib/train/wandb.ts'

const python = process.env.TORCH_LORA_PYTHON
const script = resolve(import.meta.dirname, '../../scripts/parity/wandb_read.py')
const hasWandb = () => {
  try {
    execFileSync(python!, ['-c', 'import wandb.sdk.internal.datastore'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Records of LevelDB's log, of which every checksum holds. */
function records(file: Buffer): Uint8Array[] {
  expect(file.subarray(0, 7)).toEqual(Buffer.from([...Buffer.from(':W&B'), 0xe1, 0xbe, 0]))
  const found: Uint8Array[] = []
  let parts: Buffer[] = []
  for (let at = 7; at < file.length; ) {
    const left = 32_768 - (at % 32_768)
    if (left < 7) {
      expect(file.subarray(at, at + left).every((byte) => byte === 0)).toBe(true)
      at += left
      continue
    }
    const length = file.readUInt16LE(at + 4)
    const kind = file[at + 6]!
    const data = file.subarray(at + 7, at + 7 + length)
    expect(file.readUInt32LE(at)).toBe(crc32(Buffer.concat([Buffer.from([kind]), data])))
    expect(7 + length).toBeLessThanOrEqual(left)
    expect(kind === 1 || kind === 2).toBe(parts.length === 0)
    parts.push(data)
    if (kind === 1 || kind === 4) {
      found.push(Buffer.concat(parts))
      parts = []
    }
    at += 7 + length
  }
  expect(parts).toEqual([])
  return found
}

/** Fields of a message by number; nested messages stay bytes. */
function fields(bytes: Uint8Array): Map<number, (number | Uint8Array)[]> {
  const reader = new BinaryReader(bytes)
  const found = new Map<number, (number | Uint8Array)[]>()
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag()
    const value = type === 0 ? Number(reader.int64()) : reader.bytes()
    found.set(number, [...(found.get(number) ?? []), value])
  }
  return found
}

const items = (bytes: Uint8Array) =>
  Object.fromEntries(
    fields(bytes)
      .get(1)!
      .map((each) => {
        const own = fields(each as Uint8Array)
        const text = (field: number) => Buffer.from(own.get(field)![0] as Uint8Array).toString()
        return [text(1), text(16)]
      }),
  )

const step = (number: number): TrainerEvent => ({
  type: 'step',
  step: number,
  totalSteps: 9,
  epoch: number / 3,
  loss: 1 / number,
  gradNorm: Number.NaN,
  learningRate: 1e-3,
  examples: 8,
  tokens: 100,
  seconds: 0.5,
})

async function written() {
  const directory = join(await mkdtemp(join(tmpdir(), 'wandb-')), 'my-run')
  const run = await WandbRun.create({
    project: 'tickets',
    directory,
    parameters: { lr: 1e-3, target: ['query'], long: 'x'.repeat(100_000), nothing: undefined },
  })
  for (let number = 1; number <= 400; number++) await run.log(step(number))
  await run.log({
    type: 'evaluation',
    step: 400,
    epoch: 3,
    metrics: { loss: 0.5, accuracy: 0.75 },
    best: true,
    seconds: 1,
  })
  await run.log({ type: 'checkpoint', step: 400, path: 'nowhere', seconds: 1 })
  await run.end('finished', { accuracy: 0.75 })
  return { run, directory }
}

it('is a log of records that reads back, past the ends of blocks', async () => {
  const { run, directory } = await written()
  const [folder] = await readdir(join(directory, 'wandb'))
  expect(folder).toMatch(/^offline-run-\d{8}_\d{6}-[0-9a-f]{8}$/)
  expect(run.path).toBe(join(directory, 'wandb', folder!, `run-${run.runId}.wandb`))
  const all = records(await readFile(run.path)).map(fields)
  expect(all.map((record) => record.get(1)![0])).toEqual(all.map((_, at) => at + 1))
  const own = fields(all[0]!.get(17)![0] as Uint8Array)
  const text = (field: number) => Buffer.from(own.get(field)![0] as Uint8Array).toString()
  expect([text(1), text(3), text(8)]).toEqual([run.runId, 'tickets', 'my-run'])
  expect(items(own.get(4)![0] as Uint8Array)).toEqual({
    lr: '0.001',
    target: '["query"]',
    long: JSON.stringify('x'.repeat(100_000)),
  })
  const history = all
    .filter((record) => record.has(2))
    .map((record) => items(record.get(2)![0] as Uint8Array))
  expect(history).toHaveLength(401)
  expect(history[1]).toMatchObject({
    'train/loss': '0.5',
    'train/grad_norm': 'NaN',
    _step: '1',
    'train/global_step': '2',
  })
  expect(history[400]).toMatchObject({ 'eval/accuracy': '0.75', 'train/global_step': '400', _step: '400' })
  const [summary, exit, final] = all.slice(-3)
  expect(items(summary!.get(3)![0] as Uint8Array)).toMatchObject({
    'best/accuracy': '0.75',
    'eval/loss': '0.5',
  })
  expect(fields(exit!.get(18)![0] as Uint8Array).get(1)).toEqual([0])
  expect(final!.has(20)).toBe(true)
})

it.skipIf(!python || !hasWandb())("is read by W&B's own SDK (skipped without it)", async () => {
  const { run } = await written()
  const lines = execFileSync(python!, [script, run.path], { encoding: 'utf8', maxBuffer: 1 << 26 })
    .trim()
    .split('\n')
  const all = lines.map((line) => JSON.parse(line))
  expect(all).toHaveLength(405)
  expect(all[0].run).toMatchObject({ run_id: run.runId, project: 'tickets', display_name: 'my-run' })
  expect(all[1].history.item).toContainEqual({ key: 'train/loss', value_json: '1' })
  expect(all.at(-2).exit).toBeDefined()
})
