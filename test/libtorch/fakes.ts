import { createHash } from 'node:crypto'
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { afterAll } from 'vitest'
import { ZipFile } from 'yazl'

/** A folder that goes away with the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'torch-lora-test-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export interface FakeOptions {
  version?: string
  cuda?: boolean
  without?: string[]
  layout?: 'wheel' | 'zip'
}

/** The files of a libtorch, by their paths; the libraries are text, enough for everything but opening them. */
export function fakeFiles(options: FakeOptions = {}): Map<string, string> {
  const { version = '2.13.0+cpu', cuda = false, without = [], layout = 'wheel' } = options
  const top = layout === 'wheel' ? 'torch' : 'libtorch'
  const libraries = ['libc10.so', 'libtorch.so', 'libtorch_cpu.so', 'libtorch_python.so', 'libgomp.so.1']
  if (cuda) libraries.push('libc10_cuda.so', 'libtorch_cuda.so')
  const files = new Map(libraries.map((name) => [`${top}/lib/${name}`, `not really ${name} ${version}\n`]))
  files.set(`${top}/include/ATen/ATen.h`, '#pragma once\n')
  if (layout === 'wheel')
    files.set(
      `${top}/version.py`,
      `from typing import Optional\n\n__all__ = ['__version__', 'debug', 'cuda']\n__version__ = '${version}'\n`,
    )
  else files.set(`${top}/build-version`, `${version}\n`)
  files.set(`${top}/nn/linear.py`, 'raise SystemExit\n')
  for (const name of without) files.delete(`${top}/lib/${name}`)
  return files
}

/** Writes a fake libtorch under `folder` and gives the path of its `torch` (or `libtorch`) folder. */
export function fakeLibtorch(folder: string, options: FakeOptions = {}): string {
  for (const [path, content] of fakeFiles(options)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  return join(folder, options.layout === 'zip' ? 'libtorch' : 'torch')
}

/** Writes a zip; with `record`, a wheel: with the RECORD that goes with its files. */
export async function writeArchive(
  path: string,
  files: Map<string, string>,
  options: { record?: string; wrongHash?: string } = {},
): Promise<string> {
  const zip = new ZipFile()
  for (const [name, content] of files) zip.addBuffer(Buffer.from(content), name)
  if (options.record) {
    const lines = [...files].map(([name, content]) => {
      const hashed = name === options.wrongHash ? `${content}!` : content
      return `${name},sha256=${createHash('sha256').update(hashed).digest('base64url')},${content.length}`
    })
    zip.addBuffer(Buffer.from(`${lines.join('\r\n')}\r\n`), `${options.record}.dist-info/RECORD`)
  }
  zip.end()
  mkdirSync(dirname(path), { recursive: true })
  await pipeline(zip.outputStream, createWriteStream(path))
  return path
}

/** A wheel of a fake PyTorch. */
export function fakeWheel(
  folder: string,
  options: FakeOptions & { wrongHash?: string; requires?: string[] } = {},
): Promise<string> {
  const version = options.version ?? '2.13.0+cpu'
  const files = fakeFiles(options)
  const requires = (options.requires ?? []).map((text) => `Requires-Dist: ${text}\n`).join('')
  const metadata = `Metadata-Version: 2.1\nName: torch\nVersion: ${version}\n${requires}`
  files.set(`torch-${version}.dist-info/METADATA`, metadata)
  files.set(`torch-${version}.dist-info/WHEEL`, 'Wheel-Version: 1.0\nRoot-Is-Purelib: false\n')
  files.set(`torch-${version}.dist-info/licenses/LICENSE`, 'BSD-3-Clause\n')
  const path = join(folder, `torch-${version}-cp312-cp312-manylinux_2_28_x86_64.whl`)
  return writeArchive(path, files, { record: `torch-${version}`, wrongHash: options.wrongHash })
}
