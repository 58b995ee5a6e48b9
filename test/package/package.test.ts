import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { addonPath } from '../../lib/addon.ts'
import { findLibtorch } from '../../lib/libtorch/find.ts'
import { temporaryFolder } from '../libtorch/fakes.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
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

describe('the package, packed and installed', () => {
  const project = temporaryFolder()
  const installed = join(project, 'node_modules', 'torch-lora')
  let files: string[] = []

  beforeAll(() => {
    // npm pack reads the working tree, so pack a copy in which the addon stands where prebuildify puts it.
    const copy = temporaryFolder()
    for (const name of [
      'package.json',
      'LICENSE',
      'CMakeLists.txt',
      'binding.gyp',
      'native',
      'dist',
      'scripts',
      'lib',
    ]) {
      cpSync(join(root, name), join(copy, name), { recursive: true })
    }
    const prebuilds = join(copy, 'prebuilds', `${process.platform}-${process.arch}`)
    mkdirSync(prebuilds, { recursive: true })
    const build = dirname(addonPath())
    for (const name of readdirSync(build)) {
      cpSync(join(build, name), join(prebuilds, name.replace('torch_lora.node', 'torch-lora.node')), {
        recursive: true,
      })
    }
    const packed = spawnSync('npm', ['pack', '--json', '--pack-destination', project], {
      cwd: copy,
      encoding: 'utf8',
    })
    expect(packed.status).toBe(0)
    const [{ filename, files: listed }] = JSON.parse(packed.stdout)
    files = listed.map(({ path }: { path: string }) => path)
    mkdirSync(installed, { recursive: true })
    spawnSync('tar', ['-xzf', join(project, filename), '--strip-components=1', '-C', installed])
    // What npm would put beside it.
    for (const name of Object.keys(manifest.dependencies)) {
      const scope = dirname(join(project, 'node_modules', name))
      mkdirSync(scope, { recursive: true })
      symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name))
    }
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
  }, 120_000)

  it('holds the code, the addon and what builds it; no sources of ours, tests, or binding.gyp', () => {
    for (const path of [
      'LICENSE',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/cli/main.js',
      'CMakeLists.txt',
      'native/loader.cpp',
    ]) {
      expect(files).toContain(path)
    }
    for (const name of ['torch-lora.node', 'libtorch_lora_core.so', 'liblora_ops.so']) {
      expect(files).toContain(`prebuilds/${process.platform}-${process.arch}/${name}`)
    }
    expect(
      files.filter((path) => /^(lib|test|bench|examples|build)\/|binding\.gyp|\.sources/.test(path)),
    ).toEqual([])
  })

  it('imports and computes by its prebuilt addon', () => {
    const script = `import { Tensor, ops } from 'torch-lora'
      const x = Tensor.ones([2, 3])
      console.log(JSON.stringify(ops.matmul(x, x.t()).toArray()))`
    writeFileSync(join(project, 'use.js'), script)
    const { stdout, stderr, status } = spawnSync(process.execPath, ['use.js'], {
      cwd: project,
      encoding: 'utf8',
      env: { ...process.env, TORCH_LORA_LIBTORCH: findLibtorch().path },
    })
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toEqual([
      [3, 3],
      [3, 3],
    ])
  })

  it('has a command line that is ready', () => {
    const { stdout, status } = spawnSync(
      process.execPath,
      [join(installed, manifest.bin['torch-lora']), 'doctor', '--json'],
      {
        cwd: project,
        encoding: 'utf8',
      },
    )
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      addon: { from: 'prebuilds' },
      package: { path: installed },
    })
    expect(status).toBe(0)
    expect(existsSync(join(installed, 'dist', 'cli', 'main.js'))).toBe(true)
  })
})
