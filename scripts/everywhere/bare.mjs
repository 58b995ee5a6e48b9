/**
 * A machine that has Node, npm and glibc, and nothing else: no shell, no Python, no pip, no compiler. The package is
 * installed there and gets its libtorch by itself.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { indexSettings } from '../../dist/libtorch/index/settings.js'
import { use } from './project.mjs'

const said = (command, args) => execFileSync(command, args, { encoding: 'utf8' }).trim()

/** What is not a program: how names and certificates are found, and what pip's settings name, for `libtorch install`. */
function systemsFiles() {
  const { files, cert, findLinks, indexes } = indexSettings()
  const folders = [...findLinks, ...indexes.filter((index) => index.startsWith('file:'))]
  const local = folders.map((place) => place.replace(/^file:\/\//, ''))
  const own = ['/dev/null', '/dev/urandom', '/etc/hosts', '/etc/resolv.conf', '/etc/ssl']
  return [...own, ...files, ...local, ...(cert ? [cert] : [])].filter(existsSync)
}

/** A file or folder of this machine, seen at its own path in the root. */
function shown(root, path) {
  const place = join(root, path)
  mkdirSync(dirname(place), { recursive: true })
  if (statSync(path).isDirectory()) mkdirSync(place, { recursive: true })
  else if (!existsSync(place)) writeFileSync(place, '')
  return `mount --bind '${path}' '${place}'`
}

export const bare = {
  'Node, npm and glibc alone: libtorch install': (make) => {
    const project = make()
    const root = join(project.folder, 'root')
    for (const folder of ['app', 'bin', 'proc', 'tmp']) mkdirSync(join(root, folder), { recursive: true })
    copyFileSync(process.execPath, join(root, 'bin', 'node'))
    const linked = [...said('ldd', [process.execPath]).matchAll(/(\/\S+) \(/g)].map(([, path]) => path)
    const libc = linked.find((path) => path.endsWith('/libc.so.6')) ?? ''
    linked.push(join(dirname(libc), 'librt.so.1')) // of glibc too, though Node does without
    for (const library of linked) {
      mkdirSync(dirname(join(root, library)), { recursive: true })
      copyFileSync(realpathSync(library), join(root, library))
    }
    copyFileSync(project.kit.tarball, join(root, 'app', 'package.tgz'))
    cpSync(project.kit.model, join(root, 'model'), { recursive: true })
    writeFileSync(join(root, 'app', 'use.mjs'), use.body + use.esm)

    const npm = realpathSync(said('which', ['npm']))
    const setting = (name) => said('npm', ['config', 'get', name])
    const cache = setting('cache')
    const mounts = [...systemsFiles(), dirname(dirname(npm)), cache].map((path) => shown(root, path))
    const commands = [
      ...mounts,
      `mount --rbind /proc '${root}/proc'`,
      `exec unshare --root='${root}' /bin/node "$@"`,
    ]
    const node = (...args) =>
      project.run(
        'unshare',
        ['--user', '--map-root-user', '--mount', 'sh', '-c', commands.join(' && '), 'sh', ...args],
        {
          PATH: '/bin:/usr/bin',
          HOME: '/app',
          XDG_CACHE_HOME: '/app/cache',
          TMPDIR: '/tmp',
          TORCH_LORA_LIBTORCH: '',
        },
      )
    const quiet = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel', 'error']
    const [registry, cafile] = [setting('registry'), setting('cafile')]
    const places = [
      '--registry',
      registry,
      '--cache',
      cache,
      ...(cafile === 'null' ? [] : ['--cafile', cafile]),
    ]
    node(npm, 'install', '--prefix', '/app', ...quiet, ...places, '/app/package.tgz')
    const cli = '/app/node_modules/torch-lora/dist/cli/main.js'
    const { version } = JSON.parse(node(cli, 'libtorch', 'install', '--json').split('\n')[0])
    const doctor = node(cli, 'doctor')
    if (!doctor.includes('Ready.')) throw Object.assign(new Error('doctor is not content'), { said: doctor })
    project.expectLabel(node('/app/use.mjs', '/model'))
    return `libtorch ${version}`
  },
}
