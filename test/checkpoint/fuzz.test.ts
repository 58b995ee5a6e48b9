import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type CheckpointIndex, ITEM_SIZE, readCheckpoint } from '../../lib/checkpoint/index.ts'
import { TorchLoraError } from '../../lib/errors.ts'
import { FIXTURES, temporaryFolder } from './support.ts'

const ROUNDS = Number(process.env.TORCH_LORA_FUZZ_ROUNDS ?? 400)
const SEED = Number(process.env.TORCH_LORA_FUZZ_SEED ?? 1)
const folder = await temporaryFolder()

/** mulberry32: small, seeded, the same everywhere. */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

const INTERESTING = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x2e, 0x28, 0x52, 0x63, 0x30, 0x39, 0x5d, 0x7b]

/** Flips, sets, cuts or repeats; mostly near the front and the end, where the headers are. */
function mutate(original: Buffer, below: (n: number) => number): Buffer {
  const copy = Buffer.from(original)
  for (let count = 1 + below(6); count > 0; count--) {
    const at = below(3) === 0 ? copy.length - 1 - below(Math.min(copy.length, 1500)) : below(copy.length)
    copy[at] = below(2) === 0 ? copy[at]! ^ (1 << below(8)) : INTERESTING[below(INTERESTING.length)]!
  }
  const action = below(12)
  if (action === 0) return copy.subarray(0, below(copy.length))
  if (action === 1) {
    const from = below(copy.length)
    const piece = copy.subarray(from, from + below(64))
    return Buffer.concat([copy.subarray(0, from), piece, copy.subarray(from)])
  }
  return copy
}

/** What the mapped loader relies on. */
function expectWithinFile(index: CheckpointIndex, size: number): void {
  for (const { byteOffset, byteLength, shape, strides, dtype } of index.entries.values()) {
    expect(Number.isSafeInteger(byteOffset) && byteOffset >= 0 && byteOffset + byteLength <= size).toBe(true)
    const last = shape.reduce((sum, length, dim) => sum + (length - 1) * strides[dim]!, 0)
    expect(byteLength).toBe(shape.includes(0) ? 0 : (last + 1) * ITEM_SIZE[dtype])
  }
}

describe('any bytes give a valid index or a TorchLoraError', () => {
  it.each([
    ['views.safetensors', 'a.safetensors'],
    ['views.zip.bin', 'b.bin'],
    ['views.protocol4.bin', 'c.bin'],
    ['views.legacy.bin', 'd.bin'],
    ['sharded-bin/pytorch_model-00002-of-00002.bin', 'e.bin'],
  ])('%s', async (name, target) => {
    const original = await readFile(join(FIXTURES, 'checkpoints', name))
    const below = random(SEED)
    const path = join(folder, target)
    const seen = { valid: 0, refused: 0 }
    for (let round = 0; round < ROUNDS; round++) {
      const mutated = mutate(original, below)
      await writeFile(path, mutated)
      try {
        expectWithinFile(await readCheckpoint(path), mutated.length)
        seen.valid++
      } catch (error) {
        if (!(error instanceof TorchLoraError)) throw error
        expect(['INVALID_FILE', 'UNSAFE_FILE', 'UNSUPPORTED']).toContain(error.code)
        expect(error.message.length).toBeLessThan(5000)
        seen.refused++
      }
    }
    expect(seen.valid + seen.refused).toBe(ROUNDS)
    expect(seen.refused).toBeGreaterThan(ROUNDS / 10)
  })
})
