import { TorchLoraError } from '../errors.ts'
import { invalidFile } from './entry.ts'
import { PickleMachine, type UnpickleContext } from './pickle-machine.ts'
import { narrow, PickleReader, PickleTruncated } from './pickle-reader.ts'
import { PickleDict, PickleTuple, type PickleValue } from './pickle-values.ts'

const STOP = 0x2e

/**
 * Runs one pickle on a machine that can build numbers, strings, lists, tuples, dicts, sets and what the allow list
 * makes, and nothing else: no import, no call of anything but the functions in `context.globals`, which are ours.
 *
 * @returns the value, and the position after its STOP
 * @throws TorchLoraError UNSAFE_FILE naming what the pickle would run, INVALID_FILE for a malformed one;
 *   PickleTruncated when it goes on beyond `bytes`
 * Source: the opcodes of CPython's Lib/pickletools.py, protocols 0 to 5.
 */
export function unpickle(bytes: Buffer, context: UnpickleContext): { value: PickleValue; end: number } {
  const machine = new PickleMachine(new PickleReader(bytes), context)
  try {
    for (;;) {
      machine.spend(1)
      const opcode = machine.reader.uint8()
      if (opcode === STOP) return { value: machine.pop(), end: machine.reader.position }
      const run = OPCODES.get(opcode)
      if (run === undefined) throw machine.invalid(`unknown opcode 0x${opcode.toString(16)}`)
      run(machine)
    }
  } catch (cause) {
    if (cause instanceof TorchLoraError || cause instanceof PickleTruncated) throw cause
    throw invalidFile(context.file, `a malformed pickle: ${(cause as Error).message}`, cause)
  }
}

type Opcode = (machine: PickleMachine) => void

const OPCODES: ReadonlyMap<number, Opcode> = new Map<number, Opcode>([
  [0x80, proto],
  [0x95, (m) => void m.reader.take(8)], // FRAME, a hint for streaming readers

  // the stack
  [0x28, (m) => m.mark()],
  [0x30, (m) => m.discard()], // POP
  [0x31, (m) => void m.popMark()], // POP_MARK
  [0x32, (m) => m.push(m.top())], // DUP
  [0x67, (m) => m.get(memoIndex(m.reader.line()))], // GET
  [0x68, (m) => m.get(m.reader.uint8())], // BINGET
  [0x6a, (m) => m.get(m.reader.uint32())], // LONG_BINGET
  [0x70, (m) => m.put(memoIndex(m.reader.line()))], // PUT
  [0x71, (m) => m.put(m.reader.uint8())], // BINPUT
  [0x72, (m) => m.put(m.reader.uint32())], // LONG_BINPUT
  [0x94, (m) => m.put()], // MEMOIZE

  // constants and numbers
  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x4a, (m) => m.push(m.reader.int32())], // BININT
  [0x4b, (m) => m.push(m.reader.uint8())], // BININT1
  [0x4d, (m) => m.push(m.reader.uint16())], // BININT2
  [0x8a, (m) => m.push(m.reader.long(m.reader.uint8()))], // LONG1
  [0x8b, long4],
  [0x49, (m) => m.push(integerOrBoolean(m.reader.line()))], // INT
  [0x4c, (m) => m.push(integer(m.reader.line()))], // LONG
  [0x46, (m) => m.push(float(m.reader.line()))], // FLOAT
  [0x47, (m) => m.push(m.reader.float64())], // BINFLOAT

  // strings and bytes
  [0x53, (m) => m.push(quotedString(m.reader.line()))], // STRING
  [0x54, (m) => m.push(m.reader.text(m.reader.uint32()))], // BINSTRING
  [0x55, (m) => m.push(m.reader.text(m.reader.uint8()))], // SHORT_BINSTRING
  [0x56, (m) => m.push(rawUnicode(m.reader.line()))], // UNICODE
  [0x58, (m) => m.push(m.reader.text(m.reader.uint32()))], // BINUNICODE
  [0x8c, (m) => m.push(m.reader.text(m.reader.uint8()))], // SHORT_BINUNICODE
  [0x8d, (m) => m.push(m.reader.text(m.reader.uint64()))], // BINUNICODE8
  [0x42, (m) => m.push(m.reader.take(m.reader.uint32()))], // BINBYTES
  [0x43, (m) => m.push(m.reader.take(m.reader.uint8()))], // SHORT_BINBYTES
  [0x8e, (m) => m.push(m.reader.take(m.reader.uint64()))], // BINBYTES8
  [0x96, (m) => m.push(m.reader.take(m.reader.uint64()))], // BYTEARRAY8

  // containers
  [0x5d, (m) => m.push([])], // EMPTY_LIST
  [0x6c, (m) => m.push(m.popMark())], // LIST
  [0x61, (m) => m.append([m.pop()])], // APPEND
  [0x65, (m) => m.append(m.popMark())], // APPENDS
  [0x29, (m) => m.push(new PickleTuple([]))], // EMPTY_TUPLE
  [0x74, (m) => m.push(new PickleTuple(m.popMark()))], // TUPLE
  [0x85, (m) => m.push(new PickleTuple(m.popMany(1)))], // TUPLE1
  [0x86, (m) => m.push(new PickleTuple(m.popMany(2)))], // TUPLE2
  [0x87, (m) => m.push(new PickleTuple(m.popMany(3)))], // TUPLE3
  [0x7d, (m) => m.push(new PickleDict(false))], // EMPTY_DICT
  [0x64, dict],
  [0x73, (m) => m.setItems(m.popMany(2))], // SETITEM
  [0x75, (m) => m.setItems(m.popMark())], // SETITEMS
  [0x8f, (m) => m.push(new Set())], // EMPTY_SET
  [0x90, (m) => m.addItems(m.popMark())], // ADDITEMS
  [0x91, (m) => m.push(new Set(m.popMark()))], // FROZENSET

  // names, calls, attributes, storages: each goes through the allow list
  [0x63, (m) => m.global(m.reader.line(), m.reader.line())], // GLOBAL
  [0x93, stackGlobal],
  [0x52, (m) => m.reduce()], // REDUCE
  [0x62, (m) => m.build()], // BUILD
  [0x51, (m) => m.push(m.context.persistentLoad(m.pop()))], // BINPERSID

  [0x69, (m) => m.refuseOpcode('INST')],
  [0x6f, (m) => m.refuseOpcode('OBJ')],
  [0x81, (m) => m.refuseOpcode('NEWOBJ')],
  [0x92, (m) => m.refuseOpcode('NEWOBJ_EX')],
  [0x82, (m) => m.refuseOpcode('EXT1')],
  [0x83, (m) => m.refuseOpcode('EXT2')],
  [0x84, (m) => m.refuseOpcode('EXT4')],
])

function proto(machine: PickleMachine): void {
  if (machine.reader.uint8() > 5) throw machine.invalid('a pickle protocol above 5')
}

function long4(machine: PickleMachine): void {
  const length = machine.reader.int32()
  // Converting is not linear in the length: a number of a million bytes could only be an attack.
  if (length < 0 || length > 1024) throw machine.invalid(`an integer of ${length} bytes`)
  machine.push(machine.reader.long(length))
}

function dict(machine: PickleMachine): void {
  const items = machine.popMark()
  machine.push(new PickleDict(false))
  machine.setItems(items)
}

function stackGlobal(machine: PickleMachine): void {
  const [module, name] = machine.popMany(2)
  machine.global(module, name)
}

function memoIndex(line: string): number {
  if (!/^\d{1,10}$/.test(line)) throw new Error('a memo index that is none')
  return Number(line)
}

function integerOrBoolean(line: string): number | bigint | boolean {
  if (line === '00') return false
  if (line === '01') return true
  return integer(line)
}

function integer(line: string): number | bigint {
  const digits = line.endsWith('L') ? line.slice(0, -1) : line
  if (digits.length > 1024 || !/^[+-]?\d+$/.test(digits)) throw new Error('an integer that is none')
  return narrow(BigInt(digits.replace('+', '')))
}

/** Python writes a float in at most 24 characters. */
function float(line: string): number {
  if (line.length > 64 || !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$|^[+-]?(inf|nan)$/i.test(line))
    throw new Error('a float that is none')
  return Number(line.replace(/inf/i, 'Infinity'))
}

function quotedString(line: string): string {
  const match = /^(['"])([^\\]*)\1$/.exec(line)
  if (match === null) throw new Error('a string without quotes, or with escapes')
  return match[2] as string
}

function rawUnicode(line: string): string {
  return line.replace(/\\u([0-9a-fA-F]{4})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}
