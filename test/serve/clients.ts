import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

/** A folder of npm, and a virtual environment of Python, with clients (`.ci/run` makes one): TORCH_LORA_CLIENTS. */
export const folder = process.env.TORCH_LORA_CLIENTS

/** What a program of Python prints, as JSON. @param given what it finds as `given` */
export async function inPython<T>(program: string, given: unknown): Promise<T> {
  const begin = 'import json, sys\ngiven = json.loads(sys.argv[1])\n'
  const python = join(folder!, 'bin/python')
  const { stdout } = await promisify(execFile)(python, ['-c', begin + program, JSON.stringify(given)], {
    env: {
      ...process.env,
      HF_HUB_DISABLE_TELEMETRY: '1',
      HAYSTACK_TELEMETRY_ENABLED: 'False',
    },
  })
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as T
}

/** A package of npm. */
export async function npmClient<T>(name: string): Promise<T> {
  const require = createRequire(join(folder!, 'package.json'))
  return (await import(pathToFileURL(require.resolve(name)).href)) as T
}
