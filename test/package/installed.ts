import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** What scripts/pack.mjs made. */
export interface Packed {
  tarball: string
  bytes: number
  unpackedBytes: number
  files: string[]
}

/** The tarball of this checkout, into a folder. */
export function pack(folder: string): Packed {
  const script = join(root, 'scripts', 'pack.mjs')
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, folder, '--json'], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as Packed
}

/** What one command on the machine of a user gave. */
export interface Outcome {
  status: number | null
  stdout: string
  stderr: string
}

/** An empty project on a machine with Node, npm and a shell on the PATH, and nothing else: no compiler, no Python. */
export class EmptyProject {
  readonly folder: string
  readonly #path: string

  constructor(folder: string) {
    this.folder = join(folder, 'project')
    this.#path = join(folder, 'bin')
    mkdirSync(this.folder, { recursive: true })
    mkdirSync(this.#path)
    for (const name of ['node', 'npm', 'npx', 'sh']) symlinkSync(onPath(name), join(this.#path, name))
    writeFileSync(join(this.folder, 'package.json'), '{ "private": true }\n')
  }

  /** Runs a command in the project; names without a slash are looked up on its PATH alone. */
  run(command: string, args: string[], environment: NodeJS.ProcessEnv = {}): Outcome {
    const env: NodeJS.ProcessEnv = { ...process.env, PATH: this.#path, ...environment }
    // What vitest sets for itself would make the difference between here and a user's machine.
    delete env.NODE_ENV
    delete env.NODE_OPTIONS
    const { status, stdout, stderr, error } = spawnSync(command, args, {
      cwd: this.folder,
      env,
      encoding: 'utf8',
    })
    return { status, stdout: stdout ?? '', stderr: error?.message ?? stderr }
  }

  /** `npm install` without scripts, refusing what wants a newer Node than this one. npm's cache serves what it has, so a machine without a network can do it twice. */
  install(tarball: string): Outcome {
    const flags = [
      '--ignore-scripts',
      '--engine-strict',
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      '--loglevel',
      'error',
    ]
    return this.run('npm', ['install', ...flags, tarball])
  }

  /** Writes a file into the project and gives its name. */
  write(name: string, content: string): string {
    writeFileSync(join(this.folder, name), content)
    return name
  }
}

function onPath(name: string): string {
  if (name === 'node') return process.execPath
  for (const folder of process.env.PATH!.split(delimiter)) {
    const path = join(folder, name)
    if (spawnSync(path, ['--version'], { stdio: 'ignore' }).error === undefined) return path
  }
  throw new Error(`${name} is not on PATH`)
}

/** Predicts with the model in argv[2], as a user's script would, by `import` or by `require`. */
export const predictScript = {
  esm: `import * as torchLora from 'torch-lora'
await use(torchLora)
`,
  cjs: `const torchLora = require('torch-lora')
use(torchLora)
`,
  body: `async function use({ TextClassifier }) {
  const classifier = await TextClassifier.load(process.argv[2])
  const { label, logits } = await classifier.classify('the film was great.')
  console.log(JSON.stringify({ node: process.versions.node, label, logits }))
  await classifier.close()
}
`,
}
