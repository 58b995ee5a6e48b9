/** The checkers that come from PyPI as programs, in a virtual environment of their own, pinned by .ci/check-requirements.txt. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { root } from './run.mjs'

const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'torch-lora', 'check-tools')
const requirements = join(root, '.ci', 'check-requirements.txt')

function made(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stdout + stderr}`)
}

/**
 * The path of one of them; all are installed at first use, and again when the pins change.
 * @param {string} name
 */
export function tool(name) {
  const wanted = readFileSync(requirements, 'utf8')
  const stamp = join(folder, 'wanted')
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    rmSync(folder, { recursive: true, force: true })
    made('python3', ['-m', 'venv', folder])
    const pip = ['install', '--quiet', '--disable-pip-version-check', '--only-binary', ':all:']
    made(join(folder, 'bin', 'pip'), [...pip, '-r', requirements])
    writeFileSync(stamp, wanted)
  }
  return join(folder, 'bin', name)
}
