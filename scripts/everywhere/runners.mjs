/** Test runners, and Electron. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { use } from './project.mjs'
import { tool } from './tools.mjs'

const versionIn = (project, name) =>
  createRequire(join(project.folder, 'package.json'))(`${name}/package.json`).version

const vitestTest = `import { expect, it } from 'vitest'
import * as torchLora from 'torch-lora'
${use.body}
it('classifies', async () => {
  expect(['bad', 'good']).toContain(await use(torchLora, process.env.MODEL))
}, 60_000)
`
/** Tests that get the package by this statement: at the top of the file, or in each test. */
const jestTest = ({ top = '', inTest = '' }) => `${top}
${use.body}
it('classifies', async () => {
  ${inTest}
  expect(['bad', 'good']).toContain(await use(torchLora, process.env.MODEL))
}, 60_000)
it('throws what it exports', async () => {
  ${inTest}
  await expect(torchLora.TextClassifier.load('/nowhere')).rejects.toThrow(torchLora.TorchLoraError)
}, 60_000)
`
const required = { top: `const torchLora = require('torch-lora')` }
const imported = { top: `import * as torchLora from 'torch-lora'` }
const importedLate = { inTest: `const torchLora = await import('torch-lora')` }

/** One project serves all pools. */
let vitest

const pool = (name) => (make) => {
  if (!vitest) {
    vitest = make({ manifest: { type: 'module' } })
    vitest.npm([vitest.kit.tarball, 'vite@8.3.8', 'vitest@4.1.12'])
    vitest.write('use.test.js', vitestTest)
  }
  vitest.run('node_modules/.bin/vitest', ['run', '--pool', name], { MODEL: vitest.kit.model })
  return versionIn(vitest, 'vitest')
}

/**
 * Jest, on a test file that gets the package in one of these ways, with Node's flag for ES modules or without.
 * @param make gives a project
 * @param {{ top?: string, inTest?: string }} way
 * @param {{ flag?: boolean, node?: string, manifest?: object }} [options]
 */
function jest(make, way, { flag = true, ...options } = {}) {
  const project = make(options)
  project.npm([project.kit.tarball, 'jest@30'])
  project.write('use.test.js', jestTest(way))
  const environment = { MODEL: project.kit.model, ...(flag && { NODE_OPTIONS: '--experimental-vm-modules' }) }
  project.run('node_modules/.bin/jest', ['--ci'], environment)
  return versionIn(project, 'jest')
}

/** Electron's main process, without a window and without a screen. Its package gets the program itself from elsewhere. */
function electron(make) {
  const { path: node } = tool('node 22')
  const project = make({ node, manifest: { main: 'main.mjs' } })
  project.npm([project.kit.tarball, 'electron@45'])
  project.run('node', ['node_modules/electron/install.js'])
  project.write(
    'main.mjs',
    `import { app } from 'electron'
import * as torchLora from 'torch-lora'
${use.body}
await app.whenReady()
console.log('label:', await use(torchLora, process.env.MODEL))
app.quit()
`,
  )
  const flags = ['--no-sandbox', '--ozone-platform=headless', '--disable-gpu']
  project.expectLabel(
    project.run('node_modules/.bin/electron', [...flags, '.'], { MODEL: project.kit.model }),
  )
  return versionIn(project, 'electron')
}

export const runners = {
  "Electron's main process": electron,
  'Jest, CommonJS, require, no flags': (make) => jest(make, required, { flag: false }),
  'Jest, CommonJS, require, Node 24': (make) => jest(make, required, { node: tool('node 24').path }),
  'Jest, CommonJS, import()': (make) => jest(make, importedLate),
  'Jest, ES modules': (make) =>
    jest(make, imported, { manifest: { type: 'module', jest: { transform: {} } } }),
  'Vitest, forks': pool('forks'),
  'Vitest, threads': pool('threads'),
  'Vitest, vmForks': pool('vmForks'),
  'Vitest, vmThreads': pool('vmThreads'),
}
