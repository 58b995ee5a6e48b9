/** Package managers and runtimes: each installs the tarball into an empty project and uses it. */
import { tool } from './tools.mjs'

/** What docs/installing.md gives for Yarn 1 on Node 20. */
const resolutions = { 'light-my-request': '6.6.0' }

function yarn1(make, options) {
  const yarn = tool('yarn 1')
  const project = make(options)
  project.run('node', [yarn.path, 'add', '--ignore-scripts', '--no-progress', `file:${project.kit.tarball}`])
  project.useBoth()
  return yarn.version
}

/** Yarn 4 in a project of its own settings; `use` is what is tried there. */
function yarn4(make, settings, use) {
  const yarn = tool('yarn 4')
  const project = make()
  project.write('.yarnrc.yml', `${settings}enableTelemetry: false\nenableScripts: false\n`)
  project.write('yarn.lock', '')
  project.run('node', [yarn.path, 'add', `torch-lora@file:${project.kit.tarball}`])
  use(project, ['node', [yarn.path, 'node']])
  return yarn.version
}
const pnp = 'nodeLinker: pnp\n'

/** name: what is tried; gives the tool's version, or throws. `make(options)` gives a project. */
export const managers = {
  npm: (make) => {
    const project = make()
    project.npm([project.kit.tarball])
    project.useBoth()
    return project.run('npm', ['--version']).trim()
  },
  pnpm: (make) => {
    const pnpm = tool('pnpm')
    const project = make()
    project.run('node', [pnpm.path, 'add', '--ignore-scripts', project.kit.tarball])
    project.useBoth()
    return pnpm.version
  },
  'Yarn 1': (make) => yarn1(make),
  'Yarn 1, light-my-request 6.6.0': (make) => yarn1(make, { manifest: { resolutions } }),
  'Yarn 4, node_modules': (make) =>
    yarn4(make, 'nodeLinker: node-modules\n', (project, command) => project.useBoth(...command)),
  'Yarn 4, PnP, import': (make) =>
    yarn4(make, pnp, (project, command) => {
      project.useImport(...command)
      project.useLateImport(...command)
    }),
  'Yarn 4, PnP, require': (make) => yarn4(make, pnp, (project, command) => project.useRequire(...command)),
  'Bun installs, Node runs': (make) => {
    const bun = tool('bun')
    const project = make()
    project.run(bun.path, ['add', '--ignore-scripts', project.kit.tarball])
    project.useBoth()
    return bun.version
  },
  'Bun runs': (make) => {
    const bun = tool('bun')
    const project = make()
    project.run(bun.path, ['add', '--ignore-scripts', project.kit.tarball])
    project.useBoth(bun.path, ['run', '--bun'])
    return bun.version
  },
  'Deno runs, npm installs': (make) => {
    const deno = tool('deno')
    const project = make()
    project.npm([project.kit.tarball])
    project.useBoth(deno.path, ['run', '--allow-all', '--node-modules-dir=manual'])
    return deno.version
  },
}

/** Releases of Node, each installing with `engine-strict` and running. */
export const nodes = Object.fromEntries(
  ['20.19', '22', '24', '25'].map((release) => [
    `Node ${release}, engine-strict`,
    (make) => {
      const node = tool(`node ${release}`)
      const project = make({ node: node.path })
      project.write('.npmrc', 'engine-strict=true\n')
      project.npm([project.kit.tarball])
      project.useBoth()
      return node.version
    },
  ]),
)
