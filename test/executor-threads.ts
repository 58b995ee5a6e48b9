/** Prints what becomes of threads, as JSON: run in a process of its own by executor.test.ts. */
import { readdirSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

setPriority(10) // of this thread, so of those that it starts
const threads = () => readdirSync('/proc/self/task').map(Number)
const before = threads()
const { compile, ops, setThreads, Tensor } = await import('../lib/index.ts')
await setThreads(2)
const large = Tensor.zeros([1000, 1000])
const add = compile(() => ops.add(large, large))
using first = await add()
const started = threads().filter((thread) => !before.includes(thread))
const priorities = started.map((thread) => getPriority(thread))

using eager = ops.add(large, large) // in parallel, on this thread
const withTeam = threads()
using second = await add()
let ended: number[] = []
for (let wait = 0; wait < 100 && ended.length === 0; wait++) {
  await sleep(20)
  const left = threads()
  ended = withTeam.filter((thread) => !left.includes(thread))
}
using third = ops.add(large, large)
const sums = [first, eager, second, third].map((tensor) => tensor.shape)
console.log(JSON.stringify({ priorities, ended: ended.length, sums }))
process.exit()
