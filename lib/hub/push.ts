import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createRepo, HubApiError, uploadFilesWithProgress } from '@huggingface/hub'
import { TorchLoraError } from '../errors.ts'
import { isHubName } from './names.ts'
import { hubSettings } from './settings.ts'
import { explain, hubFetch } from './transport.ts'

/** What is sent to the hub, and how. */
export interface PushOptions {
  /** `user/name` or `organisation/name`; made where it is not there. */
  repo: string
  /** Whether a repository that is made is for its owner alone. Default false. */
  private?: boolean | undefined
  title?: string | undefined
  /** Default: HF_TOKEN, else the token of `hf auth login`. It must be allowed to write. */
  token?: string | undefined
  endpoint?: string | undefined
  /** Called as files are sent, with a share from 0 to 1. */
  onProgress?: ((file: string, share: number) => void) | undefined
  signal?: AbortSignal | undefined
}

/** Files of a model or adapter folder, and of nothing else that lies in it. */
const sent =
  /^(README\.md|config\.json|adapter_config\.json|.*\.safetensors|.*\.safetensors\.index\.json|tokenizer.*\.json|special_tokens_map\.json|added_tokens\.json|vocab\.(txt|json)|merges\.txt|.*\.model|modules\.json|sentence_\w+_config\.json|config_sentence_transformers\.json)$/
/** Where modules.json puts what stands behind the encoder: `1_Pooling`. */
const moduleFolder = /^\d+_\w+$/

async function filesOf(folder: string): Promise<string[]> {
  const within = async (below: string) =>
    (await readdir(join(folder, below)).catch(() => []))
      .filter((name) => sent.test(name))
      .map((name) => (below === '' ? name : `${below}/${name}`))
  const names = await within('')
  if (names.includes('modules.json'))
    for (const name of await readdir(folder)) if (moduleFolder.test(name)) names.push(...(await within(name)))
  return names.sort()
}

/**
 * Sends a model or adapter folder to the Hugging Face hub as one commit.
 * @returns the address of the commit
 * @throws TorchLoraError INVALID_ARGUMENT for a missing token or a folder that is neither, before anything is sent; NETWORK
 */
export async function pushFolder(folder: string, options: PushOptions): Promise<string> {
  const { repo, signal } = options
  if (!isHubName(repo) || !repo.includes('/'))
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `repo: expected NAMESPACE/NAME, received ${JSON.stringify(repo)}.`,
    )
  const { endpoint, token } = await hubSettings(options)
  if (token === undefined)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      'There is no Hugging Face token: set HF_TOKEN to one that may write (huggingface.co/settings/tokens), or run `hf auth login`.',
    )
  const names = await filesOf(folder)
  const described = names.some((name) =>
    ['config.json', 'adapter_config.json', 'modules.json'].includes(name),
  )
  if (!described || !names.some((name) => name.endsWith('.safetensors')))
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `${folder} is no model or adapter: expected config.json or adapter_config.json with its weights in .safetensors.`,
      { file: folder },
    )
  for (const name of names)
    if (!(await stat(join(folder, name))).isFile())
      throw new TorchLoraError('INVALID_FILE', `${join(folder, name)} is not a file.`, { file: folder })
  const common = {
    repo: { type: 'model' as const, name: repo },
    accessToken: token,
    hubUrl: endpoint,
    fetch: hubFetch(signal),
  }
  try {
    await createRepo({ ...common, private: options.private }).catch((error) => {
      if (!(error instanceof HubApiError) || error.statusCode !== 409) throw error // it is there
    })
    const upload = uploadFilesWithProgress({
      ...common,
      commitTitle: options.title ?? 'Upload by torch-lora',
      files: names.map((name) => ({ path: name, content: pathToFileURL(join(folder, name)) })),
      abortSignal: signal,
    })
    for (;;) {
      const { done, value } = await upload.next()
      if (done) return value?.commit.url ?? `${endpoint}/${repo}`
      if (value.event === 'fileProgress') options.onProgress?.(value.path, value.progress)
    }
  } catch (error) {
    if (signal?.aborted) throw new TorchLoraError('ABORTED', 'The upload was aborted.', { cause: error })
    throw explainPush(error, repo, endpoint)
  }
}

function explainPush(error: unknown, repo: string, endpoint: string): TorchLoraError {
  if (error instanceof HubApiError && [401, 403].includes(error.statusCode))
    return new TorchLoraError(
      'NETWORK',
      `${endpoint} refused to write to ${repo} (${error.statusCode}): the token must have the right to write, and ${repo.split('/')[0]} be its owner or an organisation of theirs.`,
      { cause: error },
    )
  const { message } = explain(error, repo, endpoint)
  return new TorchLoraError(
    'NETWORK',
    message.replace(/no such folder here, and |\. To bring the files by hand.*$/g, ''),
    {
      cause: error,
    },
  )
}
