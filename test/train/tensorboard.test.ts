import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BinaryReader } from '@bufbuild/protobuf/wire'
import { expect, it } from 'vitest'
import { crc32c } from '../../lib/train/crc32c.ts'
import { TensorBoardFile } from '../../lib/train/tensorboard.ts'

/** Messages of a TFRecord file, with both checksums held. */
function records(file: Buffer): Uint8Array[] {
  const unmask = (masked: number) => {
    const rotated = (masked - 0xa282ead8) >>> 0
    return ((rotated >>> 17) | (rotated << 15)) >>> 0
  }
  const messages: Uint8Array[] = []
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at))
    expect(unmask(file.readUInt32LE(at + 8))).toBe(crc32c(file.subarray(at, at + 8)))
    const message = file.subarray(at + 12, at + 12 + length)
    expect(unmask(file.readUInt32LE(at + 12 + length))).toBe(crc32c(message))
    messages.push(message)
    at += 16 + length
  }
  return messages
}

/** Fields of a message by number; nested messages stay bytes. */
function fields(bytes: Uint8Array): Map<number, unknown[]> {
  const reader = new BinaryReader(bytes)
  const found = new Map<number, unknown[]>()
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag()
    const value =
      type === 0
        ? Number(reader.int64())
        : type === 1
          ? reader.double()
          : type === 5
            ? reader.float()
            : reader.bytes()
    found.set(number, [...(found.get(number) ?? []), value])
  }
  return found
}

const text = (bytes: unknown) => new TextDecoder().decode(bytes as Uint8Array)

it('crc32c gives the check value of RFC 3720', () => {
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283)
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
})

it('writes updates and evaluations as scalars, and the restart of a resumed run', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'board-'))
  const board = await TensorBoardFile.create(folder, { firstStep: 8 })
  await board.log({
    type: 'step',
    step: 8,
    totalSteps: 10,
    epoch: 0.5,
    loss: 0.25,
    gradNorm: 2,
    learningRate: 0.125,
    examples: 4,
    tokens: 40,
    seconds: 2,
  })
  await board.log({
    type: 'evaluation',
    step: 8,
    epoch: 1,
    metrics: { accuracy: 0.75 },
    best: true,
    seconds: 1,
  })
  const [name] = await readdir(folder)
  expect(name).toMatch(/^events\.out\.tfevents\.\d+\.\d+\./)
  const events = records(await readFile(join(folder, name!))).map(fields)
  expect(text(events[0]!.get(3)![0])).toBe('brain.Event:2')
  expect(events.map((event) => event.get(2))).toEqual([[0], [8], [8], [8]])
  expect(fields(events[1]!.get(7)![0] as Uint8Array).get(1)).toEqual([1])
  const scalars = (event: Map<number, unknown[]>) =>
    fields(event.get(5)![0] as Uint8Array)
      .get(1)!
      .map((value) => fields(value as Uint8Array))
      .map((value) => [text(value.get(1)![0]), value.get(2)![0]])
  expect(scalars(events[2]!)).toEqual([
    ['train/loss', 0.25],
    ['train/learning_rate', 0.125],
    ['train/grad_norm', 2],
    ['train/tokens_per_second', 20],
    ['train/epoch', 0.5],
  ])
  expect(scalars(events[3]!)).toEqual([['eval/accuracy', 0.75]])
})
