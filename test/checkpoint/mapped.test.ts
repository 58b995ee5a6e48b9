import { copyFile, readFile, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readCheckpoint, type TensorEntry } from '../../lib/checkpoint/index.ts'
import * as fused from '../../lib/generated/fused.ts'
import * as ops from '../../lib/generated/ops.ts'
import { dropPages } from '../../lib/memory.ts'
import { guarded } from '../../lib/native.ts'
import { compile } from '../../lib/program.ts'
import { Tensor } from '../../lib/tensor.ts'
import { FIXTURES, failure, readElements, residentBytes, temporaryFolder } from './support.ts'

const folder = await temporaryFolder()
const views = join(FIXTURES, 'checkpoints/views.zip.bin')

const openFile = (path: string) => guarded((native) => native.openFile(path))
const releaseFile = (file: number) => guarded((native) => native.releaseFile(file))

function map(
  file: number,
  { byteOffset, byteLength, dtype, shape, strides }: Omit<TensorEntry, 'file' | 'name'>,
) {
  return Tensor.wrap(
    guarded((native) => native.mappedTensor(file, byteOffset, byteLength, dtype, shape, strides)),
  )
}

const attempt = (call: () => unknown) => failure((async () => call())(), 'NATIVE')

describe('mapped tensors', () => {
  it.each(['views.zip.bin', 'views.legacy.bin', 'views.safetensors'])(
    'hold every tensor of %s',
    async (name) => {
      const path = join(FIXTURES, 'checkpoints', name)
      const file = openFile(path)
      for (const entry of (await readCheckpoint(path)).entries.values()) {
        using tensor = map(file, entry)
        expect(tensor.shape, entry.name).toEqual(entry.shape)
        expect(tensor.dtype).toBe(entry.dtype)
        using contiguous = tensor.clone()
        expect(Buffer.from(await contiguous.bytes()), entry.name).toEqual(await readElements(entry))
      }
      releaseFile(file)
    },
  )

  it('outlive their file handle, and writes to them never reach the file', async () => {
    const path = join(folder, 'copy.bin')
    await copyFile(views, path)
    const before = await readFile(path)
    const entry = (await readCheckpoint(path)).entries.get('whole')!
    const file = openFile(path)
    using tensor = map(file, entry)
    releaseFile(file)
    ops.fill_(tensor, 7)
    expect(tensor.readSync().every((value) => value === 7)).toBe(true)
    expect((await readFile(path)).equals(before)).toBe(true)
    await rm(path)
    expect(tensor.readSync()[0]).toBe(7)
  })

  it('are copied where the file does not align them', async () => {
    const path = join(folder, 'odd')
    await writeFile(
      path,
      Buffer.concat([Buffer.from('x'), Buffer.from(new Float32Array([1.5, -2, 3]).buffer)]),
    )
    const file = openFile(path)
    using tensor = map(file, { byteOffset: 1, byteLength: 12, dtype: 'float32', shape: [2], strides: [2] })
    expect([...tensor.readSync()]).toEqual([1.5, 3])
    releaseFile(file)
  })

  it('are not copied where the file was found cut, though it has its length again', async () => {
    const path = join(folder, 'odd-and-cut')
    const bytes = 1 << 16
    await writeFile(path, Buffer.alloc(bytes, 1))
    const file = openFile(path)
    const aligned = {
      byteOffset: 0,
      byteLength: bytes,
      dtype: 'uint8' as const,
      shape: [bytes],
      strides: [1],
    }
    using whole = map(file, aligned)
    await truncate(path, 100)
    await failure((async () => ops.sum(whole))(), 'INVALID_FILE')
    await truncate(path, bytes)
    const odd = { byteOffset: 8193, byteLength: 8, dtype: 'float32' as const, shape: [2], strides: [1] }
    const error = await failure((async () => map(file, odd))(), 'INVALID_FILE')
    expect(error.message).toContain(`${path} was cut short while its weights were in use`)
    releaseFile(file)

    // And another file's cut is not this one's.
    await writeFile(`${path}-not`, Buffer.alloc(bytes, 1))
    const another = openFile(`${path}-not`)
    using copied = map(another, odd)
    expect(copied.shape).toEqual([2])
    releaseFile(another)
  })

  it('never reach outside their bytes or the file', async () => {
    const path = join(folder, 'small')
    await writeFile(path, Buffer.alloc(64))
    const file = openFile(path)
    const good = { byteOffset: 0, byteLength: 64, dtype: 'float32' as const, shape: [16], strides: [1] }
    map(file, good).dispose()
    for (const change of [
      { byteOffset: 4 },
      { byteLength: 60 },
      { byteLength: 68 },
      { shape: [17] },
      { strides: [2] },
      { shape: [2 ** 40, 2 ** 40], strides: [0, 0] },
    ]) {
      await attempt(() => map(file, { ...good, ...change }))
    }
    releaseFile(file)
  })

  it('are refused when their file was cut, and kept when it was replaced', async () => {
    const path = join(folder, 'cut')
    await writeFile(path, Buffer.alloc(8192, 1))
    const entry = { byteOffset: 0, byteLength: 8192, dtype: 'uint8' as const, shape: [8192], strides: [1] }
    const file = openFile(path)
    await writeFile(`${path}.new`, 'short')
    await rename(`${path}.new`, path)
    using kept = map(file, entry)
    expect(kept.readSync()[8191]).toBe(1)
    releaseFile(file)

    await writeFile(path, Buffer.alloc(8192, 1))
    const again = openFile(path)
    await truncate(path, 100)
    const error = await failure((async () => map(again, entry))(), 'INVALID_FILE')
    expect(error.message).toContain('was cut')
    releaseFile(again)
  })

  it('that were cut while they are in use throw, and nothing else does', async () => {
    const path = join(folder, 'in-use')
    const length = 1 << 20
    await writeFile(path, new Float32Array(length).fill(1))
    const entry = {
      byteOffset: 0,
      byteLength: 4 * length,
      dtype: 'float32' as const,
      shape: [length],
      strides: [1],
    }
    const file = openFile(path)
    const inUse = map(file, entry)
    using view = ops.narrow(inUse, 0, 0, 4)
    using other = Tensor.ones([length])
    const total = compile((x: Tensor) => ops.sum(ops.mul(x, inUse)))
    expect((await total(other)).item()).toBe(length)
    ops.fill_(ops.narrow(inUse, 0, length - 4, 4), 2) // a page of our own, which goes with the file's
    await truncate(path, 4096)
    // A run that is under way, eager calls, reads, and every one after: none may take zeros for weights.
    const errors = [
      await failure(total(other), 'INVALID_FILE'),
      await failure(total(other), 'INVALID_FILE'),
      await failure((async () => ops.sum(inUse))(), 'INVALID_FILE'),
      await failure((async () => ops.sum(view))(), 'INVALID_FILE'),
      await failure((async () => inUse.readSync())(), 'INVALID_FILE'),
      await failure(inUse.bytes(), 'INVALID_FILE'),
      await failure((async () => ops.cat([other, inUse]))(), 'INVALID_FILE'),
    ]
    expect(errors[1]!.message).toContain(`${path} was cut short while its weights were in use`)
    using sum = ops.sum(other)
    expect(sum.item()).toBe(length)
    inUse.dispose()
    releaseFile(file)
  })

  it('say why a file cannot be mapped', async () => {
    expect((await attempt(() => openFile(join(folder, 'none')))).message).toContain('cannot be opened')
    expect((await attempt(() => openFile(folder))).message).toContain('regular file')
  })

  it('give their pages back and read the file again', async () => {
    const path = join(folder, 'large')
    await writeFile(path, Buffer.alloc(1 << 20, 3))
    const file = openFile(path)
    using tensor = map(file, {
      byteOffset: 0,
      byteLength: 1 << 20,
      dtype: 'uint8',
      shape: [1 << 20],
      strides: [1],
    })
    expect(tensor.readSync().every((value) => value === 3)).toBe(true)
    expect(residentBytes(path)).toBe(1 << 20)
    dropPages(tensor)
    expect(residentBytes(path)).toBe(0)
    expect(tensor.readSync().every((value) => value === 3)).toBe(true)
    // What was written is nowhere else.
    ops.fill_(tensor, 4)
    dropPages(tensor)
    expect(tensor.readSync().every((value) => value === 4)).toBe(true)
    releaseFile(file)
  })
})

describe('embeddings in a file', () => {
  const rows = 4096
  const size = 1024
  const table = Float32Array.from({ length: rows * size }, (_, i) => Math.sin(i))

  async function mapTable(name: string) {
    const path = join(folder, name)
    await writeFile(path, table)
    const file = openFile(path)
    const byteLength = table.byteLength
    const tensor = map(file, {
      byteOffset: 0,
      byteLength,
      dtype: 'float32',
      shape: [rows, size],
      strides: [size, 1],
    })
    releaseFile(file)
    return { path, tensor }
  }

  it('give their rows, bit for bit, without a page of the table', async () => {
    const { path, tensor } = await mapTable('table')
    const numbers = Array.from({ length: 700 }, (_, i) => (i % 3 === 0 ? i : (i * 977) % rows))
    for (const dtype of ['int32', 'int64'] as const) {
      using indices = Tensor.from([...numbers, ...Array(300).fill(0), rows - 2, rows - 1, rows - 1], {
        dtype,
      })
      using read = fused.embedding(tensor, indices)
      expect(residentBytes(path)).toBe(0)
      using gathered = ops.embedding(tensor, indices)
      expect(residentBytes(path)).toBeGreaterThan(0)
      expect(read.shape).toEqual([numbers.length + 303, size])
      expect(Buffer.from(await read.bytes()).equals(Buffer.from(await gathered.bytes()))).toBe(true)
      dropPages(tensor)
    }
    tensor.dispose()
  })

  it('refuse an index outside the table', async () => {
    const { tensor } = await mapTable('small-table')
    for (const index of [-1, rows]) {
      // So many that threads share them, some of which meet nothing wrong.
      using indices = Tensor.from([...Array(1000).keys(), index], { dtype: 'int64' })
      const error = await attempt(() => fused.embedding(tensor, indices))
      expect(error.message).toContain(`received ${index}`)
    }
    tensor.dispose()
  })

  it('follow what is written to them, and are trained where they require a gradient', async () => {
    const { tensor } = await mapTable('trained')
    using indices = Tensor.from([5, 5], { dtype: 'int64' })
    tensor.requiresGrad = true
    const loss = ops.sum(fused.embedding(tensor, indices))
    loss.backward()
    const gradient = tensor.grad!.readSync() as Float32Array
    expect([...gradient.subarray(5 * size - 1, 5 * size + 2)]).toEqual([0, 2, 2])
    tensor.requiresGrad = false
    ops.fill_(tensor, 7)
    using changed = fused.embedding(tensor, indices)
    expect(changed.readSync().every((value) => value === 7)).toBe(true)
    tensor.dispose()
  })

  it('outlive a file that is replaced, and fail by name when it is written to or cut', async () => {
    const { path, tensor } = await mapTable('replaced')
    using indices = Tensor.from([9], { dtype: 'int64' })
    const first = () => {
      using row = fused.embedding(tensor, indices)
      return row.readSync()[0]
    }
    await writeFile(`${path}.new`, 'another')
    await rename(`${path}.new`, path)
    expect(first()).toBe(table[9 * size])
    tensor.dispose()

    for (const change of [(file: string) => truncate(file, 4096), (file: string) => writeFile(file, table)]) {
      const written = await mapTable('written')
      await utimes(written.path, 1, 1)
      const fresh = openFile(written.path)
      using again = map(fresh, {
        byteOffset: 0,
        byteLength: table.byteLength,
        dtype: 'float32',
        shape: [rows, size],
        strides: [size, 1],
      })
      releaseFile(fresh)
      await change(written.path)
      const error = await failure((async () => fused.embedding(again, indices))(), 'INVALID_FILE')
      expect(error.message).toContain(written.path)
      expect(error.message).toContain('was written to')
      written.tensor.dispose()
    }
  })
})
