import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { findLibtorch } from '../../lib/libtorch/find.ts'
import { defaultLibtorch, minorOf } from '../../lib/libtorch/versions.ts'
import { fakeLibtorch, fakeWheel, temporaryFolder } from '../libtorch/fakes.ts'
import { packageIndex } from '../libtorch/package-index.ts'
import { main } from './run.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { version, description } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string
  description: string
}

function cli(args: string[], environment: NodeJS.ProcessEnv = {}) {
  return spawnSync(process.execPath, [main, ...args], {
    cwd: root,
    env: { ...process.env, DEBUG: undefined, ...environment },
    encoding: 'utf8',
  })
}

describe('torch-lora', () => {
  it('says what it can do, and which version it is', () => {
    const help = cli(['--help'])
    expect(help.status).toBe(0)
    expect(help.stdout.replaceAll(/\s+/g, ' ')).toContain(description)
    expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain(description)
    for (const verb of ['train', 'evaluate', 'merge', 'predict', 'doctor', 'libtorch']) {
      expect(help.stdout).toMatch(new RegExp(`^  ${verb}\\b.* \\S`, 'm'))
    }
    expect(cli(['--version']).stdout.trim()).toBe(version)
  })

  it('refuses what it does not know, on stderr, and says where help is', () => {
    for (const args of [
      ['doctor', '--loud'],
      ['juggle'],
      ['doctor', 'extra'],
      ['libtorch', 'install', '--from'],
    ]) {
      const { status, stdout, stderr } = cli(args)
      expect(status).toBe(1)
      expect(stdout).toBe('')
      expect(stderr).toMatch(/^error: /)
      expect(stderr).toContain('--help says more')
    }
  })

  it('ends quietly when the reader of its output goes away', () => {
    const { status, stderr } = spawnSync(
      'sh',
      ['-c', `"$0" --import tsx lib/cli/main.ts doctor --json | true`, process.execPath],
      {
        cwd: root,
        encoding: 'utf8',
      },
    )
    expect(status).toBe(0)
    expect(stderr).toBe('')
  })
})

describe('torch-lora doctor', () => {
  it('finds this checkout ready', () => {
    const { status, stdout } = cli(['doctor', '--json'])
    const diagnosis = JSON.parse(stdout)
    expect(diagnosis).toMatchObject({
      ok: true,
      package: { version },
      platform: `${process.platform}-${process.arch}`,
    })
    expect(diagnosis.system.threads).toBeGreaterThan(0)
    expect(diagnosis.libtorch.version).toMatch(/^2\.1[1-4]\./)
    expect(status).toBe(0)
    const text = cli(['doctor']).stdout
    expect(text).toContain(diagnosis.libtorch.path)
    expect(text).toContain('Ready.')
    for (const [dtype, { products, because }] of Object.entries<{ products: string; because: string }>(
      diagnosis.products,
    ))
      expect(text).toMatch(new RegExp(`^${dtype} +${products} on the CPU: ${because}$`, 'm'))
    expect(Object.keys(diagnosis.products)).toEqual(['bfloat16', 'int8'])
    expect(text).toContain(`${diagnosis.autoDtype.dtype} on ${diagnosis.autoDtype.device}`)
  })

  it.skipIf(process.arch !== 'x64')('says what a variable may be that limits the instructions', () => {
    const { status, stdout } = cli(['doctor', '--json'], { TORCH_LORA_AMX: 'on' })
    expect(status).toBe(1)
    const { problems } = JSON.parse(stdout) as { problems: { message: string }[] }
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/TORCH_LORA_AMX is "on": expected off or emulated/),
    ])
    const limited = JSON.parse(cli(['doctor', '--json'], { ATEN_CPU_CAPABILITY: 'default' }).stdout)
    expect(limited.products.bfloat16).toEqual({
      products: 'products of float32',
      because: 'without AMX-BF16 and AVX512-BF16, with ATEN_CPU_CAPABILITY=default',
    })
  })

  it('says in words what is wrong and what mends it, and exits with 1', () => {
    const environment = {
      TORCH_LORA_LIBTORCH: undefined,
      XDG_CACHE_HOME: temporaryFolder(),
      PATH: '/nowhere',
    }
    const none = cli(['doctor'], environment)
    expect(none.status).toBe(1)
    expect(none.stdout).toContain('libtorch    not found')
    expect(none.stdout).toContain('`torch-lora libtorch install`')
    const old = cli(['doctor', '--json'], {
      TORCH_LORA_LIBTORCH: fakeLibtorch(temporaryFolder(), { version: '2.4.0' }),
    })
    expect(old.status).toBe(1)
    const { ok, problems } = JSON.parse(old.stdout)
    expect(ok).toBe(false)
    expect(problems).toEqual([{ severity: 'error', message: expect.stringContaining('2.4.0') }])
  })

  it('names the release that the addon was built for, where another is at hand', () => {
    const built = minorOf(findLibtorch().version)
    const other = built === '2.12' ? '2.11' : '2.12'
    const { status, stdout } = cli(['doctor', '--json'], {
      TORCH_LORA_LIBTORCH: fakeLibtorch(temporaryFolder(), { version: `${other}.0+cpu` }),
    })
    expect(status).toBe(1)
    const [{ severity, message }] = JSON.parse(stdout).problems
    expect(severity).toBe('error')
    for (const part of [`libtorch ${other}.0+cpu`, `needs ${built}`, 'libtorch install', 'build-native.mjs'])
      expect(message).toContain(part)
  })

  it('tells of installs that are broken or too new, though another one works', () => {
    const home = temporaryFolder()
    const cache = join(home, 'torch-lora', 'libtorch')
    fakeLibtorch(join(cache, '2.12.0+cpu'), { version: '2.12.0+cpu', without: ['libc10.so'] })
    fakeLibtorch(join(cache, '2.15.0+cpu'), { version: '2.15.0+cpu' })
    mkdirSync(cache, { recursive: true })
    const found = JSON.parse(cli(['doctor', '--json']).stdout).libtorch.path as string
    const { status, stdout } = cli(['doctor', '--json'], { XDG_CACHE_HOME: home, TORCH_LORA_LIBTORCH: found })
    expect(status).toBe(0)
    const messages = (JSON.parse(stdout).problems as { message: string }[])
      .map(({ message }) => message)
      .join('\n')
    expect(messages).toContain('libc10.so is missing')
    expect(messages).toContain('libtorch 2.15.0+cpu, which this version cannot use')
  })
})

/** A command in a terminal, where an answer is typed once it is asked for; what is shown there. */
async function inTerminal(args: string[], answer: string, environment: NodeJS.ProcessEnv) {
  const command = [process.execPath, main, ...args].map((word) => `'${word}'`).join(' ')
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: root,
    env: { ...process.env, DEBUG: undefined, TORCH_LORA_LIBTORCH: undefined, ...environment },
  })
  let shown = ''
  for await (const chunk of child.stdout) {
    shown += chunk
    if (shown.includes('[y/N]') && child.stdin.writable) child.stdin.end(answer)
  }
  return { status: child.exitCode ?? (await once(child, 'exit'))[0], shown }
}

describe('a command that finds no libtorch', async () => {
  const wheels = temporaryFolder()
  const name = basename(await fakeWheel(wheels, { version: `${defaultLibtorch}+cpu` }))
  const { url } = await packageIndex(wheels)
  const bin = temporaryFolder() // with no python3, which may have a PyTorch
  symlinkSync(execFileSync('which', ['script'], { encoding: 'utf8' }).trim(), join(bin, 'script'))
  const environment = () => ({
    XDG_CACHE_HOME: temporaryFolder(),
    PATH: bin,
    SHELL: '/bin/sh',
    PIP_INDEX_URL: url,
    PIP_CONFIG_FILE: '/dev/null',
    PIP_FIND_LINKS: '',
    PIP_EXTRA_INDEX_URL: '',
  })
  const predict = ['predict', '--model', '/nowhere', '--input', '/nowhere.jsonl']

  it('offers it to who sits at a terminal, and gets it for yes alone', async () => {
    const no = await inTerminal(predict, 'n\n', environment())
    expect(no.shown).toMatch(/There is no libtorch here yet\.[\s\S]*get 2\.13\.0:/)
    for (const part of [encodeURIComponent(name), 'unpacked', 'Get it now? [y/N]'])
      expect(no.shown).toContain(part)
    expect(no.shown).not.toContain('getting torch')
    expect(no.status).toBe(1)
    const ended = await inTerminal(predict, '\x04', environment()) // Ctrl-D
    expect(ended.shown).not.toContain('getting torch')
    expect(ended.status).toBe(1)
    const home = environment()
    const yes = await inTerminal(predict, 'y\n', home)
    expect(yes.shown).toContain(`getting ${name}`)
    const again = await inTerminal(predict, '\x04', home)
    expect(again.shown).not.toContain('no libtorch')
  }, 180_000)

  it('asks nothing where no person is', () => {
    const { status, stderr } = cli(predict, { ...environment(), TORCH_LORA_LIBTORCH: undefined })
    expect(status).toBe(1)
    expect(stderr).not.toContain('Get it now?')
  })
})

describe('torch-lora libtorch install', () => {
  it('installs from a file: result on stdout, progress on stderr', async () => {
    const home = temporaryFolder()
    const wheel = await fakeWheel(temporaryFolder())
    const environment = { XDG_CACHE_HOME: home }
    const dry = cli(['libtorch', 'install', '--from', wheel, '--dry-run', '--json'], environment)
    expect(JSON.parse(dry.stdout)).toMatchObject({
      from: wheel,
      into: join(home, 'torch-lora', 'libtorch'),
      files: [{ source: wheel, bytes: statSync(wheel).size, unpackedBytes: expect.any(Number) }],
    })
    const words = cli(['libtorch', 'install', '--from', wheel, '--dry-run'], environment).stdout
    expect(words).toMatch(/\d k?B +torch-2\.13\.0\+cpu.*whl\n[\s\S]* in all, [\d.]+ k?B unpacked\n/)
    const { status, stdout, stderr } = cli(['libtorch', 'install', '--from', wheel, '--json'], environment)
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ installed: true, version: '2.13.0+cpu' })
    expect(stderr).toContain('unpacking torch-2.13.0+cpu')
    expect(cli(['libtorch', 'install', '--from', wheel], environment).stdout).toContain('is there already')
  })

  it('takes --version as its own option, and ends a failure in one message without a stack', () => {
    const environment = { XDG_CACHE_HOME: temporaryFolder() }
    const { status, stdout, stderr } = cli(['libtorch', 'install', '--version', '2.15.0'], environment)
    expect(status).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(
      /^torch-lora: libtorch 2\.15\.0 was asked for, and this package needs 2\.11 to 2\.14\..*\n$/,
    )
    const bad = join(temporaryFolder(), 'torch.whl')
    writeFileSync(bad, 'no zip')
    const debug = cli(['libtorch', 'install', '--from', bad], { ...environment, DEBUG: '1' })
    expect(debug.stderr).toContain('cause')
  })
})
