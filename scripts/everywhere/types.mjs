/** TypeScript under each way to find modules, with every declaration checked (no skipLibCheck). */
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const compilers = { 5.9: 'typescript-5', 7: 'typescript' }

const body = `export const x: Tensor = Tensor.ones([2])
export async function label(classifier: TextClassifier): Promise<string | undefined> {
  return (await classifier.classify('a')).label
}
// @ts-expect-error
Tensor.nothing()
`
const esm = `import { createServer } from 'torch-lora/serve'
import { Linear } from 'torch-lora/nn'
import { Tensor, TextClassifier } from 'torch-lora'
export { createServer, Linear }
${body}`
const cjs = `import torchLora = require('torch-lora')
import { Tensor, TextClassifier } from 'torch-lora'
export const all: typeof torchLora = torchLora
${body}`

/** name: [compiler options, files]. */
const settings = {
  'node16, import': [{ module: 'node16' }, { 'use.mts': esm }],
  'node16, require': [{ module: 'node16' }, { 'use.cts': cjs }],
  'nodenext, import': [{ module: 'nodenext' }, { 'use.mts': esm }],
  'nodenext, require': [{ module: 'nodenext' }, { 'use.cts': cjs }],
  bundler: [{ module: 'esnext', moduleResolution: 'bundler' }, { 'use.ts': esm }],
}

/** One project with the package and @types/node serves them all. */
let project

export const types = Object.fromEntries(
  Object.entries(compilers).flatMap(([release, name]) =>
    Object.entries(settings).map(([what, [options, files]]) => [
      `TypeScript ${release}, ${what}`,
      (make) => {
        if (!project) {
          project = make()
          project.npm([project.kit.tarball, '@types/node@20'])
        }
        const compilerOptions = {
          target: 'es2023',
          lib: ['es2023', 'esnext.disposable'],
          types: ['node'],
          strict: true,
          skipLibCheck: false,
          noEmit: true,
          ...options,
        }
        for (const [file, text] of Object.entries(files)) project.write(file, text)
        project.write('tsconfig.json', JSON.stringify({ compilerOptions, files: Object.keys(files) }))
        const tsc = `${root}node_modules/${name}/bin/tsc`
        project.run('node', [tsc, '-p', 'tsconfig.json'])
        return project.run('node', [tsc, '--version']).trim().replace('Version ', '')
      },
    ]),
  ),
)
