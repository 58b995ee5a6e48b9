import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Uses the package as a script of a user would: one text through the model in argv[2]. */
export const use = {
  body: `async function use({ TextClassifier }, model) {
  const classifier = await TextClassifier.load(model)
  const { label } = await classifier.classify('the film was great.')
  await classifier.close()
  if (label !== 'bad' && label !== 'good') throw new Error('label ' + label)
  return label
}
`,
  esm: `import * as torchLora from 'torch-lora'\nconsole.log('label:', await use(torchLora, process.argv[2]))\n`,
  late: `import('torch-lora').then((torchLora) => use(torchLora, process.argv[2])).then((label) => console.log('label:', label))\n`,
  cjs: `const torchLora = require('torch-lora')\nuse(torchLora, process.argv[2]).then((label) => console.log('label:', label))\n`,
}

/** A folder with a package.json, on a machine that has one Node and the tools that are named, and no compiler. */
export class Project {
  /**
   * @param {string} folder does not exist yet
   * @param {{ libtorch: string, model: string, tarball: string }} kit
   * @param {{ node?: string, tools?: string[], manifest?: object }} [options] Node's binary; folders of PATH
   */
  constructor(folder, kit, { node = process.execPath, tools = [], manifest = {} } = {}) {
    this.folder = folder
    this.kit = kit
    this.bin = join(folder, '..', `${folder.split('/').at(-1)}-bin`)
    mkdirSync(folder, { recursive: true })
    mkdirSync(this.bin)
    symlinkSync(node, join(this.bin, 'node'))
    this.path = [this.bin, ...tools, ...(process.env.PATH?.split(':') ?? [])].join(':')
    this.write('package.json', `${JSON.stringify({ private: true, ...manifest })}\n`)
  }

  write(name, text) {
    mkdirSync(dirname(join(this.folder, name)), { recursive: true })
    writeFileSync(join(this.folder, name), text)
    return name
  }

  /**
   * @returns {string} stdout and stderr together
   * @throws Error with what the command said last
   */
  run(command, args, environment = {}) {
    const { kit, folder: cwd } = this
    const env = {
      ...process.env,
      PATH: this.path,
      TORCH_LORA_LIBTORCH: kit.libtorch,
      NO_COLOR: '1',
      ...environment,
    }
    for (const name of Object.keys(env)) if (/^npm_(config|package|lifecycle)/.test(name)) delete env[name]
    const options = /** @type {const} */ ({
      cwd,
      env,
      encoding: 'utf8',
      timeout: 300_000,
      maxBuffer: 1 << 28,
    })
    const { status, signal, stdout, stderr, error } = spawnSync(command, args, options)
    const said = `${stdout ?? ''}${stderr ?? ''}`
    if (status !== 0) throw Object.assign(new Error(error?.message ?? reason(said) ?? `${signal}`), { said })
    return said
  }

  /** `npm install`, without scripts. */
  npm(packages, environment) {
    const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel', 'error']
    return this.run('npm', ['install', ...flags, ...packages], environment)
  }

  /** The package, used by `import`, by this command. */
  useImport(command = 'node', args = []) {
    this.#use(command, [...args, this.write('use.mjs', use.body + use.esm)])
  }

  /** The package, used by `import()` in CommonJS, by this command. */
  useLateImport(command = 'node', args = []) {
    this.#use(command, [...args, this.write('late.cjs', use.body + use.late)])
  }

  /** The package, used by `require`, by this command. */
  useRequire(command = 'node', args = []) {
    this.#use(command, [...args, this.write('use.cjs', use.body + use.cjs)])
  }

  useBoth(command, args) {
    this.useImport(command, args)
    this.useRequire(command, args)
  }

  #use(command, args) {
    this.expectLabel(this.run(command, [...args, this.kit.model]))
  }

  /** @throws Error unless a label was printed */
  expectLabel(said) {
    if (!/label: (bad|good)/.test(said)) throw Object.assign(new Error('no label was printed'), { said })
  }
}

/** The line that says what went wrong. */
function reason(said) {
  const lines = said.split('\n').map((line) => line.trim())
  const named = lines.find((line) => /\b(error|Error)\b.{3,}/.test(line) && !/^at /.test(line))
  return named ?? lines.filter(Boolean).at(-1)
}
