import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { ops, TorchLoraError } from '../lib/index.ts'

// A process of its own for test/memory.test.ts, which may map 8 GiB more than it has: there is room for a tensor of
// 6 GiB, which nobody touches, and none for its copy. V8's own allocation would end it there.

ops.empty([1]).dispose() // libtorch is loaded before the limit is set
const kib = Number(/^VmSize:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1])
execFileSync('prlimit', [`--pid=${process.pid}`, `--as=${kib * 1024 + 8 * 2 ** 30}`])

const large = ops.empty([6 * 2 ** 30], { dtype: 'int8' })
const codeOf = (error: unknown) => (error instanceof TorchLoraError ? error.code : String(error))
try {
  large.readSync()
} catch (error) {
  console.log('readSync', codeOf(error))
}
await large.bytes().catch((error) => console.log('bytes', codeOf(error)))
