/**
 * clang-tidy over the native code, with the compile commands of build/. A file takes seconds, so one that passed is
 * not looked at again until it, a header, the settings or the checker changes: the cache keeps what passed.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, homedir } from 'node:os'
import { join } from 'node:path'
import { root, run, tracked } from './run.mjs'
import { tool } from './tools.mjs'

function hashOf(files) {
  const hash = createHash('sha256')
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

/** @returns {Promise<{ ok: boolean, output: string }>} */
export async function tidy() {
  const commands = join(root, 'build', 'compile_commands.json')
  if (!existsSync(commands))
    return { ok: false, output: `${commands} is not there: run \`npm run build:native -- --force\`.` }
  const compiled = new Set(JSON.parse(readFileSync(commands, 'utf8')).map(({ file }) => file))
  const common = hashOf([...tracked(/^native\/.*\.h$/), '.clang-tidy', '.ci/check-requirements.txt'])
  const passed = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'torch-lora', 'tidy')
  mkdirSync(passed, { recursive: true })
  const files = tracked(/^native\/.*\.cpp$/)
    // The kernels are written for GCC (__builtin_shuffle), and clang has no omp.h.
    .filter((file) => compiled.has(join(root, file)) && !/\/cpu\/kernels_|idle_team/.test(file))
    .map((file) => ({ file, stamp: join(passed, hashOf([file]) + common) }))
    .filter(({ stamp }) => !existsSync(stamp))
  const program = tool('clang-tidy')
  const found = []
  const worker = async () => {
    for (let next = files.shift(); next; next = files.shift()) {
      const { ok, output } = await run(program, ['-p', 'build', '--quiet', next.file])
      if (ok) writeFileSync(next.stamp, '')
      else found.push(output)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
  return { ok: found.length === 0, output: found.join('\n') }
}
