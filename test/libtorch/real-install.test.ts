import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findLibtorch } from '../../lib/libtorch/find.ts'
import { installLibtorch } from '../../lib/libtorch/install.ts'
import { defaultLibtorch, minorOf } from '../../lib/libtorch/versions.ts'
import { main } from '../cli/run.ts'
import { temporaryFolder } from './fakes.ts'

// The real thing: the index that this machine is set up for, the real wheel of the default release, and opening what
// came of it. Slow (half a minute and half a gigabyte), so once. Where no index has such a wheel, it is skipped and
// says so.
describe('a real install', () => {
  it('gets the default release, finds it, and the addon opens it', async (context) => {
    const { version } = findLibtorch()
    if (minorOf(version) !== minorOf(defaultLibtorch))
      context.skip(`the addon is built for libtorch ${version}, which is not the default`)
    const home = temporaryFolder()
    const cache = join(home, 'torch-lora', 'libtorch')
    const steps = new Map<string, number>()
    const installed = await installLibtorch({
      cache,
      onProgress: ({ step, bytes, total }) => bytes && total && steps.set(step, bytes / total),
    }).catch((error: { code?: string; message: string }) => {
      if (error.code !== 'NETWORK') throw error
      context.skip(`no libtorch to be had here: ${error.message}`)
      throw error
    })
    expect(installed).toMatchObject({ installed: true, cuda: false, headers: false })
    expect(installed.version).toBe('2.13.0+cpu')
    expect(steps.get('unpack')).toBe(1)
    expect(readdirSync(cache).filter((name) => name.startsWith('.staging'))).toEqual([])
    expect(existsSync(join(installed.path, 'lib', 'libtorch_python.so'))).toBe(false)

    const environment: NodeJS.ProcessEnv = { ...process.env, XDG_CACHE_HOME: home }
    delete environment.TORCH_LORA_LIBTORCH
    expect(findLibtorch({ environment, driver: false }).path).toBe(installed.path)
    const doctor = spawnSync(process.execPath, [main, 'doctor', '--json'], {
      env: environment,
      encoding: 'utf8',
    })
    const diagnosis = JSON.parse(doctor.stdout)
    expect(diagnosis.libtorch).toMatchObject({ path: installed.path, source: 'cache' })
    expect(diagnosis.problems).toEqual([])
    expect(doctor.status).toBe(0)
  }, 600_000)
})
