import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addonPath } from '../../lib/addon.ts'
import { freePort, nodeCommand, startRank } from '../distributed/processes.ts'
import { tinyModel } from '../train/tiny.ts'
import { missing, onCuda } from './device.ts'

// NCCL takes one rank a GPU. More than one is for a machine with more.

const program = new URL('./nccl-rank.ts', import.meta.url).pathname
let folder: string
let model: string

const start = async (worldSize: number, env: Record<string, string> = {}) => {
  const port = await freePort()
  const ranks = Array.from({ length: worldSize }, (_, rank) =>
    startRank(nodeCommand(program, model), rank, { worldSize, port, env: { LOCAL_RANK: '0', ...env } }),
  )
  return Promise.all(ranks.map(({ ended }) => ended))
}

describe.skipIf(missing || !onCuda)('NCCL', { timeout: 240_000 }, () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nccl-'))
    model = await tinyModel()
  })
  afterAll(async () => {
    for (const made of [folder, model]) await rm(made, { recursive: true, force: true })
  })

  it('was built: its header and library lie beside this libtorch', () => {
    expect(existsSync(join(dirname(addonPath()), 'liblora_distributed_nccl.so'))).toBe(true)
  })

  it('exchanges what lies on the GPU, in programs too, which then are no graphs, and trains', async () => {
    const [{ lines, code, output }] = (await start(1)) as [Awaited<ReturnType<typeof start>>[number]]
    expect(code, output).toBe(0)
    expect(lines[0]).toEqual({ backend: 'nccl', opened: true })
    expect(lines[1]).toEqual({ x: [1, 2, 3], gathered: [[1, 2, 3]], onCpu: [4, 5], device: 'cuda:0' })
    // What is before the exchange and behind it is captured, the exchange is not.
    expect(lines[2]).toEqual({ values: [[0], [1], [2], [3]], replays: 3 })
    const { together, alone } = lines[3]
    expect(together).toHaveLength(16)
    for (const [i, loss] of together.entries()) expect(loss).toBeCloseTo(alone[i], 4)
  })

  it('two ranks on one GPU end with an error', async () => {
    for (const { lines, code, output } of await start(2)) {
      expect(code, output).toBe(3)
      expect(lines.at(-1), output).toMatchObject({ code: 'DISTRIBUTED' })
    }
  })

  it('refuses a libnccl of another version than it was compiled for', async () => {
    // What any other library of that name would say, in front of the one that is there.
    const source = join(folder, 'other.c')
    const other = join(folder, 'other.so')
    await writeFile(source, 'int ncclGetVersion(int* version) { *version = 22101; return 0; }\n')
    execFileSync('cc', ['-shared', '-fPIC', '-o', other, source])
    const preload = [other, process.env.LD_PRELOAD].filter(Boolean).join(':')
    const [{ lines, code, output }] = (await start(1, { LD_PRELOAD: preload })) as [
      Awaited<ReturnType<typeof start>>[number],
    ]
    expect(code, output).toBe(3)
    expect(lines.at(-1)).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(
        /compiled for NCCL 2\.\d+\.\d+, the one that is loaded is 2\.21\.1: install/,
      ),
    })
  })
})
