import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tinyModel } from '../train/tiny.ts'
import { type Machines, twoMachines, withoutNamespaces } from './namespaces.ts'
import { startRank } from './processes.ts'

const why = withoutNamespaces()
if (why) console.warn(`training between two machines is not tried: ${why}`)

const program = new URL('./train-rank.ts', import.meta.url).pathname
let folder: string
let machines: Machines

describe.skipIf(why)('training between two machines', { timeout: 240_000 }, () => {
  beforeAll(async () => {
    folder = await tinyModel()
    machines = twoMachines()
  })
  afterAll(async () => {
    machines.close()
    await rm(folder, { recursive: true, force: true })
  })

  const start = (options: object, port: number) =>
    ([0, 1] as const).map((rank) =>
      startRank(
        machines.on(rank, [
          process.execPath,
          '--import',
          'tsx',
          program,
          JSON.stringify({ folder, batchSize: 4, ...options }),
        ]),
        rank,
        {
          worldSize: 2,
          port,
          env: { MASTER_ADDR: machines.addresses[0], GLOO_SOCKET_IFNAME: machines.link },
        },
      ),
    )

  it('comes to the same weights on both', async () => {
    const ranks = await Promise.all(start({ epochs: 1 }, 29_701).map(({ ended }) => ended))
    for (const { code, output } of ranks) expect(code, output).toBe(0)
    const [first, second] = ranks.map(({ lines }) => lines.find(({ digest }) => digest).digest)
    expect(first).toBe(second)
  })

  it('ends both with one error when the link goes down', async () => {
    const ranks = start({ epochs: 1000, timeoutMs: 5000 }, 29_702)
    await Promise.all(ranks.map(({ ready }) => ready))
    machines.cut(1)
    const ends = await Promise.all(ranks.map(({ ended }) => ended))
    for (const [rank, { code, lines, output }] of ends.entries()) {
      expect(code, output).not.toBe(0)
      expect(lines.at(-1), output).toMatchObject({
        code: 'DISTRIBUTED',
        message: expect.stringMatching(
          new RegExp(`^Rank ${rank} of 2: .* No word from rank ${1 - rank} \\(`),
        ),
      })
    }
  })
})
