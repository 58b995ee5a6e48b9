import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { addonPath } from '../../lib/addon.ts'
import { findLibtorch } from '../../lib/libtorch/find.ts'

const build = dirname(addonPath())
const objdump = spawnSync('objdump', ['--version']).status === 0

/** The newest version of each set that a library needs: `{ GLIBC: '2.28', GLIBCXX: '3.4.22', ... }`. */
function needs(library: string): Record<string, string> {
  const { stdout } = spawnSync('objdump', ['-T', library], { encoding: 'utf8', maxBuffer: 2 ** 30 })
  const newest: Record<string, string> = {}
  for (const line of stdout.split('\n').filter((text) => text.includes('*UND*'))) {
    const [, set, version] = /\((GLIBC|GLIBCXX|CXXABI|GCC)_([\d.]+)\)/.exec(line) ?? []
    if (set && version && (!newest[set] || older(newest[set], version))) newest[set] = version
  }
  return newest
}

function older(a: string, b: string): boolean {
  return a.localeCompare(b, 'en', { numeric: true }) < 0
}

describe.skipIf(!objdump)('the libraries that are packed', () => {
  const libtorch = findLibtorch()
  const theirs = needs(join(libtorch.path, 'lib', 'libtorch_cpu.so'))

  const ours = readdirSync(build).filter((name) => /\.(so|node)$/.test(name))
  it.each(ours)('%s runs on every system that libtorch itself runs on', (name) => {
    expect(theirs.GLIBC).toBeDefined()
    for (const [set, version] of Object.entries(needs(join(build, name)))) {
      expect(
        older(theirs[set]!, version),
        `${name} needs ${set}_${version}, libtorch ${set}_${theirs[set]}`,
      ).toBe(false)
    }
  })

  it('links to no path of this machine', () => {
    for (const name of ours) {
      const { stdout } = spawnSync('objdump', ['-p', join(build, name)], { encoding: 'utf8' })
      const paths = [...stdout.matchAll(/^\s*(RPATH|RUNPATH)\s+(.*)$/gm)].map((match) => match[2])
      expect(new Set([...paths, '$ORIGIN'])).toEqual(new Set(['$ORIGIN']))
      for (const [, needed] of stdout.matchAll(/^\s*NEEDED\s+(.*)$/gm)) expect(needed).not.toContain('/')
    }
  })
})
