import { spawn, spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = resolve(fileURLToPath(import.meta.url), '..', '..', '..')

/**
 * Runs a command in the root; what it said and how it ended.
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
export function run(command, args) {
  return new Promise((done) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => {
        output += text
      })
    child.on('error', (error) => done({ ok: false, output: error.message }))
    child.on('close', (code) => done({ ok: code === 0, output }))
  })
}

/** A program of a package in node_modules. */
export function bin(name, ...args) {
  return run(join(root, 'node_modules', '.bin', name), args)
}

/** Files under version control whose path matches, but for those that are deleted in the working tree. */
export function tracked(pattern) {
  const { stdout } = spawnSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  )
  const deleted = spawnSync('git', ['ls-files', '--deleted'], { cwd: root, encoding: 'utf8' }).stdout.split(
    '\n',
  )
  return stdout.split('\n').filter((path) => pattern.test(path) && !deleted.includes(path))
}
