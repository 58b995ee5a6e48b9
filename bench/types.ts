/**
 * What the package's declarations, every operator of ATen among them, cost a user's type check: a program that imports
 * the package and calls operators, beside one that imports nothing, by `tsc --noEmit --extendedDiagnostics`; with and
 * without `skipLibCheck`, without which every declaration is checked and not only what the program names.
 *
 *   npm run build:ts && npx tsx bench/types.ts [--runs 5]
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { median } from './worker.ts'

const { values } = parseArgs({ options: { runs: { type: 'string', default: '5' } } })
const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'torch-lora-types-'))
mkdirSync(join(folder, 'node_modules', '@types'), { recursive: true })
symlinkSync(root, join(folder, 'node_modules', 'torch-lora'))
symlinkSync(join(root, 'node_modules', '@types', 'node'), join(folder, 'node_modules', '@types', 'node'))
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
writeFileSync(join(folder, 'nothing.ts'), 'export const gram = (x: Float32Array): number => x.length\n')
writeFileSync(
  join(folder, 'package.ts'),
  `import { ops, Tensor } from 'torch-lora'
export const gram = (x: Tensor): Tensor => ops.softmax(x.matmul(x.t()).add(1), -1)
export const sum: number = gram(Tensor.ones([2, 2])).sum().item()
`,
)

/** Seconds by the compiler's own account, and its memory. */
function measured(
  compiler: string,
  options: readonly string[],
): { check: number; total: number; mib: number } {
  const tsc = join(root, 'node_modules', compiler, 'bin', 'tsc')
  const fixed = '--noEmit --strict --target es2023 --module nodenext --types node --extendedDiagnostics'
  const args = [tsc, ...fixed.split(' '), '--lib', 'es2023,esnext.disposable', ...options]
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(stdout)
  const figure = (name: string) => Number(new RegExp(`^${name}:\\s+([\\d.]+)`, 'm').exec(stdout)![1])
  return { check: figure('Check time'), total: figure('Total time'), mib: figure('Memory used') / 1024 }
}

console.log(
  '| TypeScript | `skipLibCheck` | program | check | total | memory |\n| --- | --- | --- | --- | --- | --- |',
)
try {
  for (const [release, compiler] of Object.entries({ 7: 'typescript', 5.9: 'typescript-5' }))
    for (const skip of [true, false])
      for (const [what, file] of Object.entries({ 'imports nothing': 'nothing.ts', package: 'package.ts' })) {
        const options = ['--skipLibCheck', String(skip), file]
        const runs = Array.from({ length: Number(values.runs) }, () => measured(compiler, options))
        const middle = (name: 'check' | 'total' | 'mib') => median(runs.map((run) => run[name]))
        console.log(
          `| ${release} | ${skip ? 'yes' : 'no'} | ${what} | ${middle('check').toFixed(2)} s | ${middle('total').toFixed(2)} s | ${middle('mib').toFixed(0)} MiB |`,
        )
      }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
