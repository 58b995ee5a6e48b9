import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { getHFHubCachePath, HUB_URL } from '@huggingface/hub'
import { TorchLoraError } from '../errors.ts'

/** Where the hub is and how to speak to it: options first, then the environment that Hugging Face's own tools read. */
export interface HubSettings {
  endpoint: string
  cacheDir: string
  offline: boolean
  token: string | undefined
}

/**
 * HF_ENDPOINT; HF_HUB_CACHE, HF_HOME; HF_HUB_OFFLINE; HF_TOKEN, HF_TOKEN_PATH or the file of `hf auth login`.
 *
 * @throws TorchLoraError INVALID_ARGUMENT for a token that cannot be one
 * Source: huggingface_hub/constants.py
 */
export async function hubSettings(
  options: { [Name in keyof HubSettings]?: HubSettings[Name] | undefined },
): Promise<HubSettings> {
  const env = process.env
  const token = options.token ?? (env.HF_TOKEN?.trim() || (await savedToken()))
  if (token !== undefined && !token.startsWith('hf_')) {
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      'the Hugging Face token (option token, HF_TOKEN) must start with "hf_"',
    )
  }
  return {
    endpoint: (options.endpoint ?? (env.HF_ENDPOINT || HUB_URL)).replace(/\/+$/, ''),
    cacheDir: options.cacheDir ?? getHFHubCachePath(),
    offline: options.offline ?? /^(1|true|yes|on)$/i.test(env.HF_HUB_OFFLINE ?? ''),
    token,
  }
}

async function savedToken(): Promise<string | undefined> {
  const home =
    process.env.HF_HOME ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'huggingface')
  const path = process.env.HF_TOKEN_PATH ?? join(home, 'token')
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.trim() || undefined
}
