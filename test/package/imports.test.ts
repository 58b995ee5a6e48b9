import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'

const dist = new URL('../../dist/', import.meta.url).href

const hook = `import { writeSync } from 'node:fs'
export async function load(url, context, next) {
  writeSync(2, url + '\\n')
  return next(url, context)
}`
const register = `import { register } from 'node:module'
register('data:text/javascript,' + ${JSON.stringify(encodeURIComponent(hook))})`

/** The packages whose modules are loaded by an import of one of this package's entries, or by what it exports. */
function loadedBy(script: string): string[] {
  const hooks = `data:text/javascript,${encodeURIComponent(register)}`
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', hooks, '--input-type=module', '-e', script],
    { encoding: 'utf8' },
  )
  expect(status, stderr).toBe(0)
  expect(stderr).toContain(dist)
  const names = [...stderr.matchAll(/node_modules\/((?:@[^/\s]+\/)?[^/\s]+)/g)].map((match) => match[1]!)
  return [...new Set(names)].sort()
}

describe('importing the package', () => {
  it.each(['index', 'nn/index'])('loads nothing that only serving and reports need: %s', (entry) => {
    const loaded = loadedBy(`await import('${dist}${entry}.js')`)
    for (const name of loaded) expect(['@opentelemetry/api', 'zod']).toContain(name)
  })

  it('for serving loads the server', () => {
    const loaded = loadedBy(`await import('${dist}serve/index.js')`)
    expect(loaded).toContain('fastify')
    expect(loaded).not.toContain('@observablehq/plot')
  })
})
