import childProcess, { type ForkOptions } from 'node:child_process'
import { syncBuiltinESMExports } from 'node:module'

/**
 * A tokenizer's process is started from dist/, which scripts/built/dist.mjs keeps as lib/ is: from lib/ each would load tsx first,
 * which takes longer than the rest of a small test.
 */
const { fork } = childProcess
const fromDist = (file: string | URL, options: ForkOptions) => {
  const program = String(file)
  if (!program.endsWith('/lib/tokenizer/process.ts')) return fork(file, options)
  return fork(new URL(program.replace('/lib/tokenizer/process.ts', '/dist/tokenizer/process.js')), {
    ...options,
    execArgv: options.execArgv!.filter((flag) => flag.startsWith('--expose')),
  })
}
Object.assign(childProcess, { fork: fromDist })
syncBuiltinESMExports()
