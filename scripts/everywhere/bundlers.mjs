/** Bundlers: what they make runs, with the package left outside; and what is said where it was not. */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { use } from './project.mjs'

const versionIn = (project, name) =>
  createRequire(join(project.folder, 'package.json'))(`${name}/package.json`).version

const script = use.body + use.esm

function esbuild(make, args) {
  const project = make({ manifest: { type: 'module' } })
  project.npm([project.kit.tarball, 'esbuild@0.28'])
  project.write('use.js', script)
  const flags = ['--bundle', '--platform=node', '--format=esm', '--outfile=out/use.mjs', ...args]
  project.run('node_modules/.bin/esbuild', ['use.js', ...flags])
  return project
}

/** A Next.js application with one route, built and asked once. */
async function next(make, config) {
  const project = make()
  project.npm([project.kit.tarball, 'next@16', 'react@19', 'react-dom@19'])
  project.write('next.config.mjs', `export default ${config}\n`)
  project.write(
    'app/layout.jsx',
    'export default function Layout({ children }) { return <html><body>{children}</body></html> }\n',
  )
  project.write('app/page.jsx', 'export default function Page() { return <p>hello</p> }\n')
  project.write(
    'app/label/route.js',
    `import { TextClassifier } from 'torch-lora'
export const dynamic = 'force-dynamic'
${use.body}
export async function GET() {
  return new Response('label: ' + (await use({ TextClassifier }, process.env.MODEL)))
}
`,
  )
  const environment = { NEXT_TELEMETRY_DISABLED: '1' }
  project.run('node_modules/.bin/next', ['build'], environment)
  const env = {
    ...process.env,
    ...environment,
    MODEL: project.kit.model,
    TORCH_LORA_LIBTORCH: project.kit.libtorch,
  }
  const port = 20000 + (process.pid % 20000)
  const server = spawn(join(project.folder, 'node_modules/.bin/next'), ['start', '-p', String(port)], {
    cwd: project.folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (text) => (said += text))
  try {
    const answer = await asked(`http://127.0.0.1:${port}/label`)
    if (!/^label: /.test(answer))
      throw Object.assign(new Error(/^.*Error.*$/m.exec(said)?.[0] ?? answer), { said })
  } finally {
    server.kill()
  }
  return versionIn(project, 'next')
}

/** What a server that is starting answers. */
async function asked(url) {
  for (let tries = 0; ; tries++) {
    const response = await fetch(url).catch(() => undefined)
    if (response) return await response.text()
    if (tries === 120) throw new Error(`${url} does not answer`)
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

export const bundlers = {
  'esbuild, external': (make) => {
    const project = esbuild(make, ['--external:torch-lora'])
    project.expectLabel(project.run('node', ['out/use.mjs', project.kit.model]))
    return versionIn(project, 'esbuild')
  },
  'esbuild, all in one: a sentence that names the setting': (make) => {
    let project
    try {
      project = esbuild(make, [])
      project.run('node', ['out/use.mjs', project.kit.model])
    } catch (error) {
      if (!/external/.test(error.said)) throw error
      return 'refused as it should be'
    }
    throw new Error('it ran, though an addon cannot be bundled')
  },
  'Vite, SSR build': (make) => {
    const project = make({ manifest: { type: 'module' } })
    project.npm([project.kit.tarball, 'vite@8.3.8'])
    project.write('use.js', script)
    project.run('node_modules/.bin/vite', ['build', '--ssr', 'use.js'])
    project.expectLabel(project.run('node', ['dist/use.js', project.kit.model]))
    return versionIn(project, 'vite')
  },
  'Next.js, serverExternalPackages': (make) => next(make, `{ serverExternalPackages: ['torch-lora'] }`),
  'Next.js, as it comes': (make) => next(make, '{}'),
}
