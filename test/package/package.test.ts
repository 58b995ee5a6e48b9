import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findLibtorch } from '../../lib/libtorch/find.ts'
import { tinyClassifier } from '../inference/models.ts'
import { temporaryFolder } from '../libtorch/fakes.ts'
import { EmptyProject, type Packed, pack, predictScript, root } from './installed.ts'

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

interface LockEntry {
  version?: string
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

describe('the manifest', () => {
  it('runs nothing when the package is installed', () => {
    expect(Object.keys(manifest.scripts)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(pre|post)?(install|prepare)$/)]),
    )
    // Where npm sees binding.gyp it runs node-gyp by itself, unless told otherwise.
    expect(manifest.gypfile).toBe(false)
  })

  it('has a lock file that names all that is depended on, or `npm ci` refuses', () => {
    const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, LockEntry>
    }
    const missing: string[] = []
    for (const [path, entry] of Object.entries(packages)) {
      const wanted = { ...entry.dependencies, ...entry.devDependencies, ...entry.optionalDependencies }
      for (const name of Object.keys(wanted)) {
        let folder = path
        while (folder && !packages[`${folder}/node_modules/${name}`])
          folder = folder.replace(/(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/, '')
        if (!packages[folder ? `${folder}/node_modules/${name}` : `node_modules/${name}`]?.version)
          missing.push(`${path}: ${name}`)
      }
    }
    expect(missing).toEqual([])
  })
})

/** This Node, and those that TORCH_LORA_NODES names (paths, as PATH has them), as .ci/run does. */
const nodes = [process.execPath, ...(process.env.TORCH_LORA_NODES?.split(':').filter(Boolean) ?? [])]
const platform = `prebuilds/${process.platform}-${process.arch}`

describe('the package, packed and installed where there is no compiler, without scripts', () => {
  let project: EmptyProject
  let tarball: Packed
  let offline: string | undefined
  let model: string
  const libtorch = { TORCH_LORA_LIBTORCH: findLibtorch().path }

  beforeAll(async () => {
    const folder = temporaryFolder()
    tarball = pack(folder)
    model = await tinyClassifier({ labels: ['bad', 'good'] })
    project = new EmptyProject(folder)
    expect(project.run('g++', ['--version']).status).toBe(null)
    const { status, stderr } = project.install(tarball.tarball)
    // npm's cache has what this checkout was installed from; an emptied cache without a network is no fault of ours.
    if (/ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN/.test(stderr)) offline = stderr
    else expect(stderr).toBe('')
    expect(status === 0 || offline !== undefined).toBe(true)
  }, 240_000)
  beforeEach((context) => {
    if (offline) context.skip(`the npm registry cannot be reached: ${offline}`)
  })

  it('holds the code, the addon and what builds it; no sources of ours, tests, or binding.gyp', () => {
    for (const path of [
      'LICENSE',
      'dist/index.js',
      'dist/index.cjs',
      'dist/index.d.ts',
      'dist/index.d.cts',
      'dist/cli/main.js',
      'CMakeLists.txt',
      'native/loader.cpp',
      'scripts/build-native.mjs',
      ...['torch-lora.glibc.node', 'libtorch_lora_core.so', 'liblora_ops.so'].map(
        (name) => `${platform}/${name}`,
      ),
    ]) {
      expect(tarball.files).toContain(path)
    }
    expect(
      tarball.files.filter((path) => /^(lib|test|bench|examples|build)\/|binding\.gyp|\.sources/.test(path)),
    ).toEqual([])
    const stamp = readFileSync(
      join(project.folder, 'node_modules/torch-lora', platform, 'torch_lora.build.json'),
      'utf8',
    )
    expect(Object.keys(JSON.parse(stamp))).toEqual(['sources', 'version']) // no path of this machine
  })

  it('is under 15 MB, and the addon for one libtorch under 4 MB', () => {
    expect(tarball.bytes).toBeLessThan(15e6)
    const addon = ['torch-lora.glibc.node', 'libtorch_lora_core.so', 'liblora_ops.so'].map(
      (name) => statSync(join(project.folder, 'node_modules/torch-lora', platform, name)).size,
    )
    expect(addon.reduce((sum, size) => sum + size, 0)).toBeLessThan(4e6)
  })

  it.each(nodes)('predicts through import and through require, quietly: %s', (node) => {
    const esm = project.write('use.mjs', predictScript.esm + predictScript.body)
    const cjs = project.write('use.cjs', predictScript.cjs + predictScript.body)
    const found = [esm, cjs].map((script) => {
      const { status, stdout, stderr } = project.run(node, [script, model], libtorch)
      expect(stderr).toBe('') // no warning of Node's about require(esm) either
      expect(status).toBe(0)
      return JSON.parse(stdout)
    })
    expect(found[0]).toEqual(found[1])
    expect(['bad', 'good']).toContain(found[0].label)
    expect(found[0].logits).toHaveLength(2)
  })

  it('is one module, whichever way it comes in', () => {
    const script = project.write(
      'same.cjs',
      `const required = require('torch-lora')
       import('torch-lora').then((imported) => console.log(required.Tensor === imported.Tensor))`,
    )
    expect(project.run('node', [script], libtorch)).toMatchObject({ stdout: 'true\n', stderr: '' })
  })

  it('has a command line that is ready, through npx', () => {
    const { status, stdout } = project.run(
      'npx',
      ['--no-install', 'torch-lora', 'doctor', '--json'],
      libtorch,
    )
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      addon: { from: 'prebuilds' },
      package: { path: join(project.folder, 'node_modules', 'torch-lora') },
    })
    expect(status).toBe(0)
  })

  it.each(['node16', 'node18', 'node20', 'nodenext'])(
    'has its types, for import and require, under `module: %s`',
    (module) => {
      const use = `export const x: Tensor = Tensor.ones([2])
      export const name = (prediction: Prediction): string | undefined => prediction.label
      // @ts-expect-error
      Tensor.nothing()`
      const head = `import { type Prediction, Tensor } from 'torch-lora'\n`
      const cts = `import torchLora = require('torch-lora')\nexport type P = torchLora.Prediction\n`
      const files = [project.write('types.mts', head + use), project.write('types.cts', head + cts + use)]
      const tsc = join(root, 'node_modules/typescript/bin/tsc')
      const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')]
      const target = ['--target', 'es2023', '--lib', 'es2023,esnext.disposable', '--strict']
      const { status, stdout } = spawnSync(
        process.execPath,
        [tsc, '--noEmit', '--module', module, ...target, ...types, ...files],
        { cwd: project.folder, encoding: 'utf8' },
      )
      expect(stdout).toBe('')
      expect(status).toBe(0)
    },
  )
})
