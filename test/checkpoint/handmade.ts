/** Pickles and zips made of bytes by hand, so that no hostile file lies in the repository. */

const ascii = (text: string) => Buffer.from(text, 'latin1')

export const bytes = (...parts: (string | number | Buffer)[]): Buffer =>
  Buffer.concat(
    parts.map((part) =>
      typeof part === 'number' ? Buffer.of(part) : typeof part === 'string' ? ascii(part) : part,
    ),
  )

export const PROTO = bytes(0x80, 2)
export const STOP = '.'
export const MARK = '('
export const REDUCE = 'R'

export function global(module: string, name: string): Buffer {
  return ascii(`c${module}\n${name}\n`)
}

export function text(value: string): Buffer {
  const body = Buffer.from(value)
  const head = Buffer.alloc(5)
  head[0] = 0x58
  head.writeUInt32LE(body.length, 1)
  return Buffer.concat([head, body])
}

export function integer(value: number | bigint): Buffer {
  const body = Buffer.alloc(8)
  body.writeBigInt64LE(BigInt(value))
  return bytes(0x8a, 8, body)
}

export const tuple = (...items: Buffer[]): Buffer => bytes(MARK, ...items, 't')

export function dict(items: Record<string, Buffer>): Buffer {
  return bytes('}', MARK, ...Object.entries(items).flatMap(([key, value]) => [text(key), value]), 'u')
}

/** A float32 tensor over storage `key` of `numel` elements. */
export function tensor(options: {
  key?: string
  numel?: number
  offset?: number
  shape: number[]
  strides: number[]
  type?: string
}): Buffer {
  const { key = '0', numel = 4, offset = 0, shape, strides, type = 'FloatStorage' } = options
  const id = tuple(text('storage'), global('torch', type), text(key), text('cpu'), integer(numel))
  const counts = (values: number[]) => tuple(...values.map(integer))
  const hooks = bytes(global('collections', 'OrderedDict'), ')', REDUCE)
  return bytes(
    global('torch._utils', '_rebuild_tensor_v2'),
    tuple(bytes(id, 'Q'), integer(offset), counts(shape), counts(strides), bytes(0x89), hooks),
    REDUCE,
  )
}

/** A zip of stored records under `archive/`, as torch.save lays them out. */
export function zip(records: Record<string, Buffer>, options: { method?: number } = {}): Buffer {
  const { method = 0 } = options
  const locals: Buffer[] = []
  const central: Buffer[] = []
  let offset = 0
  for (const [name, data] of Object.entries(records)) {
    const file = ascii(`archive/${name}`)
    const sizes = Buffer.alloc(8)
    sizes.writeUInt32LE(data.length, 0)
    sizes.writeUInt32LE(data.length, 4)
    const u16 = (value: number) => bytes(value & 255, value >> 8)
    const u32 = (value: number) => {
      const buffer = Buffer.alloc(4)
      buffer.writeUInt32LE(value)
      return buffer
    }
    const shared = bytes(u16(20), u16(0), u16(method), u32(0), u32(0), sizes, u16(file.length), u16(0))
    const local = bytes('PK\x03\x04', shared, file, data)
    central.push(bytes('PK\x01\x02', u16(20), shared, u16(0), u16(0), u16(0), u32(0), u32(offset), file))
    locals.push(local)
    offset += local.length
  }
  const directory = Buffer.concat(central)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(central.length, 8)
  end.writeUInt16LE(central.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, directory, end])
}
