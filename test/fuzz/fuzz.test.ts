import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { mulberry } from '../random.ts'
import { mutateBytes, mutateJson, mutateLines, mutatePickle } from './mutate.ts'

const root = resolve(import.meta.dirname, '../..')
const fuzz = (...args: string[]) =>
  promisify(execFile)(process.execPath, ['--import', 'tsx', 'scripts/fuzz.ts', ...args], { cwd: root })

describe('files from outside, changed at random', () => {
  it('end in an answer or a TorchLoraError, within the bounds that SECURITY.md states', {
    timeout: 180_000,
  }, async () => {
    const { stdout } = await fuzz('--seconds', '20', '--seed', '1')
    const [, cases, refused] = /(\d+) cases with seed 1, (\d+) refused, 0 failures/.exec(stdout)!
    expect(Number(cases)).toBeGreaterThan(100)
    expect(Number(refused)).toBeLessThan(Number(cases)) // some are still what they were
  })

  it('are the same again for one seed and number', () => {
    const original = Buffer.from(JSON.stringify({ a: [1, { b: 'c' }], d: null }))
    for (const mutate of [mutateBytes, mutateJson, mutateLines, mutatePickle])
      for (let number = 0; number < 50; number++)
        expect(mutate(original, mulberry(number)).equals(mutate(original, mulberry(number)))).toBe(true)
  })

  it('that end the process, never end, or throw what is no TorchLoraError are told by number', {
    timeout: 180_000,
  }, async () => {
    for (const [way, says] of [
      ['abort', /case 0, self-test abort: ended the process \(SIGABRT\)/],
      ['hang', /case 0, self-test hang: takes more than 5 s/],
      ['throw', /case 0, self-test throw: an exception that is no TorchLoraError: TypeError/],
      ['memory', /case \d+, self-test memory: (took \d+ MiB|holds \d+ MiB)/],
    ] as const) {
      const own = ['--cases', '3', '--seed', '1', '--workers', '1', '--target', `self-test ${way}`]
      const failed = await fuzz(...own).catch((error) => error)
      expect(failed.code, way).toBe(1)
      expect(failed.stdout, way).toMatch(says)
    }
  })
})
