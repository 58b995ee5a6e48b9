import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { rolldown } from 'rolldown'
import ts from 'typescript-5'
import { expect, it } from 'vitest'
import { findLibtorch } from '../../lib/libtorch/find.ts'
import { temporaryFolder } from '../libtorch/fakes.ts'
import { root } from './installed.ts'

const dist = join(root, 'dist')

/** A project that has the package, and looks like it to a bundle, whose addon it so finds. */
function project(): string {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules', 'torch-lora'))
  symlinkSync(join(root, 'node_modules', 'node-gyp-build'), join(folder, 'node_modules', 'node-gyp-build'))
  symlinkSync(join(root, 'build'), join(folder, 'build'))
  writeFileSync(join(folder, 'package.json'), '{ "name": "torch-lora", "type": "module" }')
  return folder
}

/** A script and what it needs of the package in one file: its path, the operators in it, and the package's modules. */
async function bundle(script: string) {
  const folder = project()
  writeFileSync(join(folder, 'use.js'), script)
  const path = join(folder, 'out', 'use.js')
  const build = await rolldown({ input: join(folder, 'use.js'), cwd: folder, platform: 'node' })
  const { output } = await build.write({ file: path, codeSplitting: false })
  await build.close()
  const [{ code, modules }] = output
  const used = Object.keys(modules).filter((id) => modules[id]!.renderedLength > 0)
  return {
    path,
    operators: [...code.matchAll(/\bdefine\("(\w+::\w+)"/g)].map((match) => match[1]).sort(),
    modules: used.map((id) => relative(dist, id)).filter((name) => !name.startsWith('.')),
  }
}

it('a bundle has the operators that it names and no others, and they run', async () => {
  const { path, operators, modules } = await bundle(`
    import { ops } from 'torch-lora'
    console.log(ops.relu(ops.full([2, 3], -1)).add(2).sum().item())`)
  expect(operators).toEqual(['aten::full', 'aten::relu'])
  expect(modules).toContain('tensor.js')
  for (const folder of ['adapters', 'checkpoint', 'encoders', 'nn', 'tasks', 'tokenizer', 'train'])
    expect(modules.filter((name) => name.startsWith(`${folder}/`))).toEqual([])
  const { stdout, stderr } = spawnSync(process.execPath, [path], {
    encoding: 'utf8',
    env: { ...process.env, TORCH_LORA_LIBTORCH: findLibtorch().path },
  })
  expect(stderr).toBe('')
  expect(stdout).toBe('12\n')
})

it('a bundle of one module of torch-lora/nn leaves the others out', async () => {
  const { operators, modules } = await bundle(`
    import { Dropout } from 'torch-lora/nn'
    console.log(new Dropout(0.1))`)
  expect(operators.filter((name) => name!.startsWith('lora::'))).toEqual(['lora::dropout'])
  expect(modules).toContain('nn/dropout.js')
  for (const name of ['nn/attention.js', 'nn/embedding.js', 'nn/linear.js'])
    expect(modules).not.toContain(name)
})

/** Whether a module does something as it is loaded: has a statement that is no declaration, or a class with one. */
function acts(file: string): boolean {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2023)
  return source.statements.some((statement) => {
    if (ts.isClassDeclaration(statement)) return statement.members.some(ts.isClassStaticBlockDeclaration)
    return !ts.isDeclarationStatement(statement) && !ts.isVariableStatement(statement)
  })
}

it('package.json names the modules that do something as they are loaded, and the entries, which import one', () => {
  const { sideEffects } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const files = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' })
  const acting = files.filter((name) => name.endsWith('.ts') && acts(join(root, 'lib', name)))
  const named = ['index.ts', 'nn/index.ts', 'serve/index.ts', ...acting]
  expect([...sideEffects].sort()).toEqual(named.map((name) => `./dist/${name.replace(/ts$/, 'js')}`).sort())
})
