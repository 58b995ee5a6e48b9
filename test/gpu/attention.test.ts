import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { device } from './device.ts'

/** The names of what scripts/gpu/dry-cuda launches for attention with heads of `size`. */
function launchesOf(size: number, env: NodeJS.ProcessEnv = {}): string {
  const trace = join(mkdtempSync(join(tmpdir(), 'attention-')), 'trace')
  const file = new URL('attend.ts', import.meta.url).pathname
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', file, device, String(size)],
    { encoding: 'utf8', env: { ...process.env, ...env, DRY_CUDA_TRACE: trace } },
  )
  expect(status, stderr).toBe(0)
  expect(stdout).toBe(`[200,3,2,${size}]\n`)
  return readFileSync(trace, 'utf8')
}

describe.runIf(process.env.DRY_CUDA_TRACE)('attention of long sequences', () => {
  it("goes to libtorch's flash kernels for heads and devices that these take", () => {
    expect(launchesOf(64)).toMatch(/flash_fwd[\s\S]*flash_bwd/)
  })

  it.each([20, 272])('goes elsewhere for heads of %i', (size) => {
    expect(launchesOf(size)).not.toContain('flash')
  })

  it('goes elsewhere on a device before compute capability 8.0', () => {
    expect(launchesOf(64, { DRY_CUDA_CAPABILITY: '75' })).not.toContain('flash')
  })
})
