import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readCheckpoint } from '../../lib/checkpoint/index.ts'
import {
  bytes,
  dict,
  global,
  integer,
  MARK,
  PROTO,
  REDUCE,
  STOP,
  tensor,
  text,
  tuple,
  zip,
} from './handmade.ts'
import { FIXTURES, failure, readElements, temporaryFolder } from './support.ts'

const folder = await temporaryFolder()
const path = join(folder, 'pytorch_model.bin')
const storage = Buffer.from(new Float32Array([1, 2, 3, 4]).buffer)
const good = tensor({ shape: [2, 2], strides: [2, 1] })

/** Writes the checkpoint whose data.pkl is this value. */
async function save(value: Buffer, records: Record<string, Buffer> = { 'data/0': storage }): Promise<string> {
  await writeFile(
    path,
    zip({ 'data.pkl': bytes(PROTO, value, STOP), byteorder: bytes('little'), ...records }),
  )
  return path
}

/** The legacy stream whose value is this. */
async function saveLegacy(
  value: Buffer,
  keys = bytes(']', text('0'), 'a'),
  data = storage,
  count = 4n,
): Promise<string> {
  const magic = bytes(0x8a, 10, Buffer.from('6cfc9c46f9206aa85019', 'hex'))
  const protocol = bytes('M', 0xe9, 0x03)
  const system = dict({ little_endian: bytes(0x88) })
  const pickles = [magic, protocol, system, value, keys].map((pickle) => bytes(PROTO, pickle, STOP))
  const length = Buffer.alloc(8)
  length.writeBigInt64LE(count)
  await writeFile(path, Buffer.concat([...pickles, length, data]))
  return path
}

describe('a torch.save made by hand', () => {
  it.each([
    ['zip', save],
    ['legacy', saveLegacy],
  ] as const)('is read from %s', async (_, write) => {
    const { entries } = await readCheckpoint(await write(dict({ w: good, step: integer(3) })))
    expect([...entries.keys()]).toEqual(['w'])
    expect(await readElements(entries.get('w')!)).toEqual(storage)
  })

  it('may nest its state dict', async () => {
    const { entries } = await readCheckpoint(
      await save(dict({ epoch: integer(1), state_dict: dict({ w: good }) })),
    )
    expect([...entries.keys()]).toEqual(['w'])
  })

  it('may carry attributes on an OrderedDict, as state_dict() does', async () => {
    const ordered = bytes(global('collections', 'OrderedDict'), ')', REDUCE, MARK, text('w'), good, 'u')
    const value = bytes(ordered, dict({ _metadata: dict({}) }), 'b')
    expect((await readCheckpoint(await save(value))).entries.size).toBe(1)
  })
})

describe('a pickle that would run code', () => {
  const call = (module: string, name: string, ...args: Buffer[]) =>
    bytes(global(module, name), tuple(...args), REDUCE)
  const attacks: [what: string, value: Buffer, names: string][] = [
    ['os.system', call('os', 'system', text('touch /tmp/owned')), 'os.system'],
    ['eval', call('builtins', 'eval', text('1')), 'builtins.eval'],
    ['eval of Python 2', call('__builtin__', 'eval', text('1')), '__builtin__.eval'],
    ['a name only, without a call', global('subprocess', 'Popen'), 'subprocess.Popen'],
    ['STACK_GLOBAL', bytes(text('posix'), text('system'), 0x93), 'posix.system'],
    ['a dotted name', bytes(text('torch'), text('_utils.sys.exit'), 0x93), 'torch._utils.sys.exit'],
    ['an allowed module, another name', global('torch.hub', 'load'), 'torch.hub.load'],
    ['torch.load within', call('torch', 'load', text('/tmp/x')), 'torch.load'],
    ['INST', bytes(MARK, text('id'), 'ios\nsystem\n'), 'INST'],
    ['OBJ', bytes(MARK, global('collections', 'OrderedDict'), 'o'), 'OBJ'],
    ['NEWOBJ', bytes(global('collections', 'OrderedDict'), ')', 0x81), 'NEWOBJ'],
    ['an extension code', bytes(0x82, 1), 'EXT1'],
    ['BUILD on a dict', bytes('}', dict({ __class__: text('x') }), 'b'), 'attributes of a dict'],
    ['BUILD on a tensor', bytes(good, dict({ x: integer(1) }), 'b'), 'attributes of a tensor'],
    ['a call of a dtype', call('torch', 'float32'), 'torch.float32'],
    ['a call of a storage class', call('torch', 'FloatStorage', integer(4)), 'torch.FloatStorage'],
    ['a call of a string', bytes(text('os.system'), tuple(), REDUCE), 'a string'],
    ['__proto__', call('__proto__', 'constructor'), '__proto__.constructor'],
  ]
  it.each(attacks)('%s is refused by name', async (_, value, names) => {
    for (const write of [save, saveLegacy]) {
      const error = await failure(readCheckpoint(await write(dict({ w: good, x: value }))), 'UNSAFE_FILE')
      expect(error.message).toContain(names)
      expect(error.message).toContain(path)
    }
  })
})

describe('a state dict that lies', () => {
  const lies: [what: string, value: Buffer, says: RegExp][] = [
    [
      'a tensor beyond its storage',
      dict({ w: tensor({ shape: [5], strides: [1] }) }),
      /"w" takes elements 0 to 5.*4/,
    ],
    ['an offset beyond its storage', dict({ w: tensor({ shape: [1], strides: [1], offset: 4 }) }), /4 to 5/],
    ['strides beyond its storage', dict({ w: tensor({ shape: [2, 2], strides: [3, 1] }) }), /0 to 5/],
    ['a negative stride', dict({ w: tensor({ shape: [2], strides: [-1] }) }), /malformed/],
    ['a negative size', dict({ w: tensor({ shape: [-2], strides: [1] }) }), /malformed/],
    ['a stride too few', dict({ w: tensor({ shape: [2, 2], strides: [1] }) }), /malformed/],
    [
      'a size that overflows',
      dict({ w: tensor({ shape: [2 ** 40, 2 ** 40], strides: [0, 0] }) }),
      /overflows/,
    ],
    [
      'a storage larger than its record',
      dict({ w: tensor({ shape: [1], strides: [1], numel: 5 }) }),
      /20 bytes.*16/,
    ],
    [
      'a storage without a record',
      dict({ w: tensor({ shape: [1], strides: [1], key: '7' }) }),
      /storage "7"/,
    ],
    [
      'an impossible storage',
      dict({ w: tensor({ shape: [1], strides: [1], numel: 2 ** 53 - 1 }) }),
      /impossible/,
    ],
    ['a persistent id of another kind', dict({ w: bytes(tuple(text('module')), 'Q') }), /persistent id/],
    ['a list', bytes(']'), /holds a list/],
    ['a dict without tensors', dict({ a: integer(1) }), /without tensors/],
    ['an unset memo', bytes('h', 9), /memo 9/],
    ['nothing on the stack', bytes('0'), /no mark/],
    ['an unknown opcode', bytes(0xff), /0xff/],
    ['a protocol of the future', bytes(0x80, 9), /protocol/],
    ['text that is not UTF-8', bytes('U', 1, 0xff), /malformed/],
    ['text beyond the end', bytes('X', 0xff, 0xff, 0xff, 0x7f), /ends before/],
    ['a float of 80,000 digits', bytes('F', `${'1'.repeat(80_000)}x\n`), /a float that is none/],
    ['an integer of 80,000 digits', bytes('I', `${'1'.repeat(80_000)}\n`), /an integer that is none/],
    ['a memo of 80,000 digits', bytes('g', `${'1'.repeat(80_000)}\n`), /a memo index that is none/],
    [
      'more dimensions than any tensor has',
      tensor({ shape: Array(33).fill(1), strides: Array(33).fill(1) }),
      /malformed/,
    ],
    ['an integer of a million bytes', bytes(0x8b, 0x40, 0x42, 0x0f, 0x00), /1000000 bytes/],
  ]
  it.each(lies)('%s is named', async (_, value, says) => {
    expect((await failure(readCheckpoint(await save(value)), 'INVALID_FILE')).message).toMatch(says)
  })

  /** A list of 20,000 items in memo 1, and 30,000 calls that would each copy it. */
  const copied = (module: string, name: string) =>
    bytes(
      ...[']', 'q', 1, MARK, ...Array<string>(20_000).fill('N'), 'e0'],
      ...Array.from({ length: 30_000 }, () => bytes(global(module, name), 'h', 1, 0x85, REDUCE, '0')),
      'N',
    )
  it.each([
    ['builtins', 'set'],
    ['torch', 'Size'],
    ['collections', 'OrderedDict'],
  ])('a list copied by %s.%s again and again is not', async (module, name) => {
    const before = process.memoryUsage().rss
    const error = await failure(readCheckpoint(await save(copied(module, name))), 'INVALID_FILE')
    expect(error.message).toMatch(/malformed pickle/)
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 2 ** 20)
  })

  it('millions of empty dicts are not made', async () => {
    const value = bytes(MARK, Buffer.alloc(4_000_000, '}'), 't')
    const error = await failure(readCheckpoint(await save(value)), 'INVALID_FILE')
    expect(error.message).toMatch(/more than 2000000 opcodes/)
  })

  it('a legacy file whose protocol is a list that holds itself a billion times over is named', async () => {
    const laughs = bytes(
      ']',
      ...Array.from({ length: 60 }, () => bytes('q', 1, ']', 'h', 1, 'a', 'h', 1, 'a')),
    )
    const magic = bytes(0x8a, 10, Buffer.from('6cfc9c46f9206aa85019', 'hex'))
    await writeFile(path, Buffer.concat([magic, laughs].map((pickle) => bytes(PROTO, pickle, STOP))))
    expect((await failure(readCheckpoint(path), 'INVALID_FILE')).message).toMatch(/protocol a list/)
  })

  it('an expanded view, a big-endian file, odd storages, TorchScript and compression are named as unsupported', async () => {
    const refusal = async (file: string) => (await failure(readCheckpoint(file), 'UNSUPPORTED')).message
    const expanded = dict({ w: tensor({ shape: [1000, 1000], strides: [0, 0] }) })
    expect(await refusal(await save(expanded))).toContain('repeats a storage')
    expect(
      await refusal(await save(dict({ w: good }), { 'data/0': storage, byteorder: bytes('big') })),
    ).toContain('big')
    const complex = dict({ w: tensor({ shape: [1], strides: [1], type: 'ComplexFloatStorage' }) })
    expect(await refusal(await save(complex))).toContain('ComplexFloatStorage')
    expect(await refusal(await save(dict({ w: good }), { 'constants.pkl': bytes('x') }))).toContain(
      'TorchScript',
    )
    await writeFile(path, zip({ 'data.pkl': bytes(PROTO, dict({ w: good }), STOP) }, { method: 8 }))
    expect(await refusal(path)).toContain('compressed')
  })

  it('a zip of something else, or one with a record twice, is named', async () => {
    await writeFile(path, zip({ 'readme.txt': bytes('hello') }))
    expect((await failure(readCheckpoint(path), 'INVALID_FILE')).message).toContain('without data.pkl')
    const twice = zip({ 'data.pkl': bytes('}.'), 'datb.pkl': bytes('}.') })
    for (let at = twice.indexOf('datb'); at >= 0; at = twice.indexOf('datb')) twice.write('data', at)
    await writeFile(path, twice)
    expect((await failure(readCheckpoint(path), 'INVALID_FILE')).message).toContain('twice')
  })

  it('a legacy stream that lies is named', async () => {
    const value = dict({ w: good })
    const keys = bytes(']', text('0'), 'a')
    const says = async (file: string) => (await failure(readCheckpoint(file), 'INVALID_FILE')).message
    expect(await says(await saveLegacy(value, keys, storage.subarray(1)))).toContain('truncated')
    expect(await says(await saveLegacy(value, keys, storage, 5n))).toMatch(/16 bytes.*5 elements/)
    expect(await says(await saveLegacy(value, keys, storage, -1n))).toContain('elements')
    expect(await says(await saveLegacy(value, bytes(']', text('1'), 'a')))).toContain('no tensor uses')
    expect(await says(await saveLegacy(value, bytes(']')))).toContain('which the file lacks')
    expect(await says(await saveLegacy(value, bytes(']', MARK, text('0'), text('0'), 'e')))).toContain(
      'twice',
    )
  })
})

it('every prefix of a real file is refused', async () => {
  for (const name of ['views.zip.bin', 'views.legacy.bin']) {
    const whole = await readFile(join(FIXTURES, 'checkpoints', name))
    for (let length = 0; length < whole.length; length += 97) {
      await writeFile(path, whole.subarray(0, length))
      await failure(readCheckpoint(path), 'INVALID_FILE')
    }
  }
})
