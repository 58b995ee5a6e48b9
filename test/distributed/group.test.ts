import { createServer } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { distributed } from '../../lib/distributed/index.ts'
import { Tensor } from '../../lib/tensor.ts'
import { follow, freePort, python, type Rank, runRanks, scenario, startRank, torchrun } from './processes.ts'

// Every rank is a process of its own, with libtorch in it: a second or two each, on an idle machine.
const patient = { timeout: 120_000 }

const started: Rank[] = []
afterEach(() => {
  for (const { process: child } of started.splice(0)) child.kill('SIGKILL')
})

async function startAll(worldSize: number, command: readonly string[]): Promise<Rank[]> {
  const port = await freePort()
  const ranks = Array.from({ length: worldSize }, (_, rank) => startRank(command, rank, { worldSize, port }))
  started.push(...ranks)
  return ranks
}

describe('several processes', patient, () => {
  it('reduce, broadcast and gather, with the same result on each', async () => {
    const ranks = await runRanks(3, scenario('collectives'))
    ranks.forEach(({ lines, code, output }, rank) => {
      expect(code, output).toBe(0)
      expect(lines[0]).toEqual({ rank, worldSize: 3, localRank: 0 })
      expect(lines[1]).toEqual({
        sum: [6, 60],
        greatest: [2, 0],
        mean: [2],
        column: [3, 3],
        parameter: [7, 7],
        requiresGrad: true,
        gathered: [
          [0, 0],
          [1, 1],
          [2, 2],
        ],
      })
    })
  })

  it('exchange inside of recorded programs, which no signal ends and no graph holds', async () => {
    const ranks = await runRanks(2, scenario('program'))
    for (const { lines, code, output } of ranks) {
      expect(code, output).toBe(0)
      expect(lines[0]).toEqual({
        first: [2, 4],
        total: [6, 8],
        graphed: [7],
        again: [[1], [7], [13]],
        replays: 3,
      })
    }
  })

  it('never take the exchange of a later run for that of one that failed', async () => {
    const ranks = await runRanks(2, scenario('owed'))
    for (const [rank, { lines, code, output }] of ranks.entries()) {
      expect(code, output).toBe(0)
      expect(lines[0]).toEqual([[2, 4]])
      expect(lines[1], output).toEqual([rank === 1 ? 'NATIVE' : 'DISTRIBUTED', 'DISTRIBUTED'])
      expect(lines[2][0]).toMatch(rank === 1 ? /index out of range/ : /ended a program of rank 1 \(/)
      expect(lines[2][1]).toMatch(/all_reduce failed .*An error of its own ended a program of rank 1 \(/)
    }
  })

  it('close and meet again', async () => {
    for (const { lines, output } of await runRanks(2, scenario('again')))
      expect(lines, output).toEqual([{ code: 'INVALID_ARGUMENT' }, { sum: [2] }])
  })

  it('say which rank differs, and in what', async () => {
    for (const { lines, code, output } of await runRanks(3, scenario('agree'))) {
      expect(code).toBe(3)
      expect(lines[0], output).toMatchObject({ code: 'INCOMPATIBLE' })
      expect(lines[0].message).toContain(
        'rank 2 has options {"epochs":3,"seed":1}, rank 0 has {"epochs":3,"seed":0}',
      )
      expect(lines[0].message).not.toMatch(/rank 1|data/)
    }
    for (const { lines, output } of await runRanks(2, scenario('alike')))
      expect(lines, output).toEqual(['alike'])
  })

  it('refuse to be differentiated through', async () => {
    for (const { lines, output } of await runRanks(2, scenario('derivative')))
      expect(lines[0], output).toMatchObject({
        code: 'NATIVE',
        message: expect.stringContaining('derivative for lora_c10d::all_gather is not implemented'),
      })
  })

  it.skipIf(!python)('may be Python processes, in either place', async () => {
    for (const [pythonRank, backend] of [
      [0, 'cpu:gloo'],
      [1, 'gloo'],
    ] as const) {
      const port = await freePort()
      const interop = new URL('./interop.py', import.meta.url).pathname
      const commands = [scenario('interop'), scenario('interop')]
      commands[pythonRank] = [python!, interop, backend]
      const ranks = commands.map((command, rank) => startRank(command, rank, { worldSize: 2, port }))
      started.push(...ranks)
      for (const { lines, code, output } of await Promise.all(ranks.map(({ ended }) => ended))) {
        expect(code, output).toBe(0)
        expect(lines.at(-1)).toEqual({ sum: [2994, 2997], sent: 42, gathered: [0.5, 1.5] })
      }
    }
  })
})

describe('a rank that fails', patient, () => {
  // With four, nobody waits for the one that is killed but its neighbour in gloo's ring: the others must be told.
  it.each([
    [3, 1],
    [3, 0],
    [4, 2],
  ])('of %i killed (rank %i), ends the others at once, by name', async (worldSize, victim) => {
    const ranks = await startAll(worldSize, scenario('forever', { timeoutMs: 60_000 }))
    await Promise.all(ranks.map(({ ready }) => ready))
    const began = performance.now()
    ranks[victim]!.process.kill('SIGKILL')
    for (const [rank, { ended }] of ranks.entries()) {
      if (rank === victim) continue
      const { lines, code, output } = await ended
      expect(code, output).toBe(3)
      expect(lines.at(-1).code).toBe('DISTRIBUTED')
      expect(lines.at(-1).message).toMatch(
        new RegExp(
          `^Rank ${rank} of ${worldSize}: all_reduce failed after \\d+ ms .*No word from rank ${victim} \\(.*process ${ranks[victim]!.process.pid}\\)`,
        ),
      )
      expect(output).not.toMatch(/frame #|\[c10d\]/)
    }
    expect(performance.now() - began).toBeLessThan(20_000)
  })

  it('killed while another computes, is named by that one too, which comes when the first has left', async () => {
    const ranks = await startAll(3, scenario('busy', { timeoutMs: 60_000 }))
    await Promise.all(ranks.map(({ ready }) => ready))
    ranks[1]!.process.kill('SIGKILL')
    const survivors = [ranks[0]!, ranks[2]!]
    for (const { lines, code, output } of await Promise.all(survivors.map(({ ended }) => ended))) {
      expect(code, output).toBe(3)
      expect(lines.at(-1).message).toContain('No word from rank 1 (')
      expect(lines.at(-1).message).not.toMatch(/rank [02] \(/)
    }
  })

  it('alive, but elsewhere for longer than the timeout, is told apart from one that is gone', async () => {
    for (const { lines, code, output } of await runRanks(3, scenario('late', { timeoutMs: 3000 }))) {
      expect(code, output).toBe(3)
      expect(lines.at(-1).message).toMatch(/Waited in vain for rank 1 \([^)]*\): alive, but busy/)
    }
  })

  it('ends the waiting of those who wait for another, in a group that can be left at once', async () => {
    const ranks = await startAll(4, scenario('after', { timeoutMs: 600_000 }))
    await Promise.all(ranks.map(({ ready }) => ready))
    ranks[1]!.process.kill('SIGKILL')
    for (const [rank, { ended }] of ranks.entries()) {
      if (rank === 1) continue
      const { lines, code, output } = await ended
      expect(code, output).toBe(0)
      const [first, second] = lines.at(-1).messages
      expect(first).toMatch(/broadcast failed .* No word from rank 1 \(.*: ended, stopped, or cut off\. /)
      // Nothing of gloo's would have told rank 2.
      if (rank === 2) expect(first).toContain('(another rank noticed it)')
      expect(second).toMatch(
        /barrier failed after \d ms .* No word from rank 1 \(.* \(a rank failed before\)/,
      )
    }
  })

  it('stopped, ends the others at the timeout, by name', async () => {
    const ranks = await startAll(2, scenario('forever', { timeoutMs: 3000 }))
    await Promise.all(ranks.map(({ ready }) => ready))
    ranks[1]!.process.kill('SIGSTOP')
    const { lines, code, output } = await ranks[0]!.ended
    expect(code, output).toBe(3)
    expect(lines.at(-1).message).toMatch(
      /all_reduce failed after 3\d\d\d ms \(timeout 3000 ms\)\. No word from rank 1/,
    )
  })

  it('waiting, ends at once when it is told to', async () => {
    const ranks = await startAll(2, scenario('exit', { timeoutMs: 60_000 }))
    await ranks[0]!.ready
    await new Promise((resolve) => setTimeout(resolve, 300))
    const began = performance.now()
    ranks[0]!.process.kill('SIGTERM')
    expect((await ranks[0]!.ended).code).toBe(143)
    expect(performance.now() - began).toBeLessThan(5000)
  })

  it.skipIf(!torchrun)("tells torchrun why: its error is the run's", async () => {
    const { output, code } = await follow([
      torchrun!,
      '--standalone',
      '--no-python',
      '--nproc-per-node=2',
      ...scenario('error'),
    ]).ended
    expect(code).toBe(1)
    expect(output).toMatch(
      /Root Cause[\s\S]*rank +: 1 [\s\S]*traceback : TorchLoraError: dev\.jsonl, line 3: no text\./,
    )
  })

  it.skipIf(!torchrun)(
    'restarts under torchrun, whose store remembers the addresses of the dead',
    async () => {
      const { lines, output, code } = await follow([
        torchrun!,
        '--no-python',
        '--nproc-per-node=2',
        '--max-restarts=2',
        `--master-port=${await freePort()}`,
        ...scenario('restart'),
      ]).ended
      expect(code, output).toBe(0)
      expect(lines.filter((line) => line.done)).toEqual([
        { done: true, restartCount: 2 },
        { done: true, restartCount: 2 },
      ])
    },
  )
})

describe('a rank that cannot join', patient, () => {
  it('says who is missing', async () => {
    const port = await freePort()
    const command = scenario('collectives', { timeoutMs: 2000 })
    const ranks = [0, 2].map((rank) => startRank(command, rank, { worldSize: 4, port }))
    started.push(...ranks)
    const [first, other] = await Promise.all(ranks.map(({ ended }) => ended))
    for (const { lines, code } of [first!, other!]) {
      expect(code).toBe(3)
      expect(lines[0].code).toBe('DISTRIBUTED')
    }
    const missing = /for all of WORLD_SIZE 4; missing: rank 1, rank 3\./
    expect(first!.lines[0].message).toMatch(missing)
    // Where it began to wait much later than rank 0, it can no longer know.
    if (!/lost the store .*rank 0 ended, or gave up/.test(other!.lines[0].message))
      expect(other!.lines[0].message).toMatch(missing)
  })

  it('says where it looked, when nobody is there', async () => {
    const port = await freePort()
    const rank = startRank(scenario('collectives', { timeoutMs: 1500 }), 1, { worldSize: 2, port })
    started.push(rank)
    const { lines, code, output } = await rank.ended
    expect(code).toBe(3)
    expect(lines[0].code).toBe('DISTRIBUTED')
    expect(lines[0].message).toContain(`Rank 1 of 2 found no store at 127.0.0.1:${port} within 1500 ms`)
    expect(output).not.toMatch(/frame #|\[c10d\]/)
  })

  it('says that the port is in use, and does not take a stranger for the store', async () => {
    const server = createServer(() => {}).listen(0, '0.0.0.0')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    const command = scenario('collectives', { timeoutMs: 1500 })
    const ranks = [0, 1].map((rank) => startRank(command, rank, { worldSize: 2, port }))
    started.push(...ranks)
    const [first, second] = await Promise.all(ranks.map(({ ended }) => ended))
    server.closeAllConnections()
    server.close()
    expect(first!.lines[0].message).toMatch(new RegExp(`port ${port} is in use on this machine.*MASTER_PORT`))
    expect(second!.lines[0].message).toContain('found no store at')
  })
})

describe('a process that is alone', () => {
  it('is rank 0 of 1, and exchanges with itself', async () => {
    const world = await distributed.init()
    expect(world).toEqual({ rank: 0, worldSize: 1, localRank: 0, restartCount: 0 })
    const x = Tensor.from([1, 2])
    await distributed.allReduce(x)
    await distributed.broadcast(x)
    await distributed.barrier()
    await distributed.agree({ anything: 1 })
    expect(x.toArray()).toEqual([1, 2])
    expect((await distributed.allGather(x)).toArray()).toEqual([[1, 2]])
    await expect(distributed.init()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await distributed.close()
    expect(distributed.worldSize).toBe(1)
  })

  it.each<[object, RegExp]>([
    [{ backend: 'mpi' }, /backend must be 'auto', 'gloo' or 'nccl', received 'mpi'/],
    [{ timeoutMs: 0 }, /timeoutMs must be a whole number of milliseconds from 1/],
    [{ timeoutMs: '5s' }, /timeoutMs .* received '5s'/],
    [{ timeout: 5 }, /no option 'timeout', 'timeoutMs' is the nearest/],
  ])('refuses init(%j)', async (options, message) => {
    await expect(distributed.init(options)).rejects.toThrow(message)
  })

  it('refuses reductions and ranks that there are not', async () => {
    const x = Tensor.from([1])
    await expect(distributed.allReduce(x, { op: 'median' as 'sum' })).rejects.toThrow(/op must be sum, avg/)
    await expect(distributed.broadcast(x, { from: 1 })).rejects.toThrow(
      /from must be a rank, 0 to 0, received 1/,
    )
  })
})
