import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TorchLoraError } from '../../errors.ts'
import { downloadFile, fileNameOf, verifySha256 } from '../download.ts'
import type { Target } from '../install.ts'
import type { Report } from '../sources.ts'
import { shownUrl, type Transport, transport } from '../transport.ts'
import { type Archive, readFromArchive } from '../unpack.ts'
import { Indexes, type Wheel } from './pick.ts'
import { pinned } from './pins.ts'
import { nvidiaWheels, torchWheel } from './resolve.ts'
import { indexSettings } from './settings.ts'
import { type Machine, thisMachine } from './wheel-name.ts'

export interface IndexRequest extends Target {
  /** Where downloads are kept until they are unpacked, to go on from. */
  kept: string
  environment?: NodeJS.ProcessEnv
  machine?: Machine
  signal?: AbortSignal
  report: Report
}

/** What an index gave: wheels on this machine, PyTorch's first. */
export interface FromIndex {
  archives: string[]
  from: string
}

/**
 * Gets PyTorch's wheel, and the NVIDIA wheels that go with it, from the package indexes that pip is set up to use,
 * without pip. Each file is held against the hash of its index and, where this package knows it, of this package.
 * @throws TorchLoraError NETWORK, INVALID_FILE (a file that is not what was promised), ABORTED
 */
export async function torchFromIndex(request: IndexRequest): Promise<FromIndex> {
  const { indexes, through } = open(request)
  const { wheel, needsNvidia } = await torchWheel(request, indexes)
  const get = (one: Wheel) => fetchWheel(one, request, through)
  const torch = await get(wheel)
  const archives = [torch]
  if (needsNvidia) {
    const metadata = (await metadataOf(torch)) ?? ''
    const options = {
      cuda: request.cuda,
      read: async (one: Wheel) => (await metadataOf(await get(one))) ?? '',
    }
    for (const one of await nvidiaWheels(metadata, indexes, options)) archives.push(await get(one))
  }
  return { archives, from: shownUrl(wheel.url) }
}

/** A wheel that would be got, and the hash it must have. */
export interface PlannedWheel {
  wheel: Wheel
  sha256?: string
  /** It, where it lies: a path or a place on a server. */
  archive: Archive
}

/**
 * The wheels that {@link torchFromIndex} would get. Nothing is downloaded but their tables of contents.
 * @throws TorchLoraError NETWORK, INVALID_FILE, ABORTED
 */
export async function planFromIndex(request: Omit<IndexRequest, 'kept' | 'report'>): Promise<PlannedWheel[]> {
  const { indexes, through } = open(request)
  const { wheel, needsNvidia } = await torchWheel(request, indexes)
  const archiveOf = ({ url }: Wheel): Archive =>
    url.startsWith('file:') ? fileURLToPath(url) : { url, transport: through, signal: request.signal }
  const read = async (one: Wheel) => (await metadataOf(archiveOf(one))) ?? ''
  const wheels = [wheel]
  if (needsNvidia)
    wheels.push(...(await nvidiaWheels(await read(wheel), indexes, { cuda: request.cuda, read })))
  return wheels.map((one) => ({ wheel: one, sha256: promised(one), archive: archiveOf(one) }))
}

function open(request: Omit<IndexRequest, 'kept' | 'report'>) {
  const settings = indexSettings(request.environment)
  const through = transport({ environment: request.environment, settings })
  const options = { transport: through, machine: request.machine ?? thisMachine(), signal: request.signal }
  return { through, indexes: new Indexes(settings, options) }
}

const metadataOf = (wheel: Archive) => readFromArchive(wheel, /^[^/]+\.dist-info\/METADATA$/)

/**
 * The hash that a wheel must have: this package's, else its index's.
 * @throws TorchLoraError INVALID_FILE where they differ
 */
function promised({ name, sha256, url }: Wheel): string | undefined {
  const ours = pinned.get(name)
  if (ours && sha256 && ours !== sha256) {
    throw new TorchLoraError(
      'INVALID_FILE',
      `The index offers ${shownUrl(url)} with sha256 ${sha256}, and the ${name} that this package knows has ${ours}. Nothing was downloaded. If the index has a build of its own, name it: \`torch-lora libtorch install --from URL --sha256 HEX\`.`,
      { file: shownUrl(url) },
    )
  }
  return ours ?? sha256
}

async function fetchWheel(wheel: Wheel, request: IndexRequest, through: Transport): Promise<string> {
  const expected = promised(wheel)
  if (wheel.url.startsWith('file:')) {
    const path = fileURLToPath(wheel.url)
    if (!existsSync(path))
      throw new TorchLoraError('NETWORK', `The index names ${path}, and there is no such file.`, {
        file: path,
      })
    if (expected) {
      request.report('verify', wheel.name)
      await verifySha256(path, expected)
    }
    return path
  }
  const file = join(request.kept, fileNameOf(wheel.url))
  const earlier = existsSync(file) // got whole by an installation that did not end
  if (!earlier || !expected) {
    const onBytes = request.report('download', wheel.name)
    await downloadFile(wheel.url, request.kept, { transport: through, onBytes, signal: request.signal })
  }
  if (expected) {
    request.report('verify', wheel.name)
    await verifySha256(file, expected).catch(async (cause) => {
      await rm(file) // going on from wrong bytes would never end well
      if (!earlier) throw cause
      await fetchWheel(wheel, request, through)
    })
  }
  return file
}
