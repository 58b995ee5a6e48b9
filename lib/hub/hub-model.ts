import { join } from 'node:path'
import { type ListFileEntry, listFiles, modelInfo } from '@huggingface/hub'
import { readShardIndex } from '../checkpoint/index.ts'
import { TorchLoraError } from '../errors.ts'
import { ModelCache } from './cache.ts'
import { contentHash, downloadBlob, type HubConnection } from './download.ts'
import { type FileRequest, MODEL_REQUEST, select, TOKENIZER_REQUEST } from './request.ts'
import type { ResolveModelOptions } from './resolve.ts'
import { type HubSettings, hubSettings } from './settings.ts'
import { byHand, explain, hubFetch, isTransient } from './transport.ts'

/**
 * The snapshot of a model in Hugging Face's cache, downloaded as far as it is not there yet.
 * @throws TorchLoraError as `resolveModel`
 */
export async function resolveFromHub(id: string, options: ResolveModelOptions): Promise<string> {
  const settings = await hubSettings(options)
  const model = new HubModel(id, settings, options)
  if (settings.offline) return model.fromCache('offline mode is on (HF_HUB_OFFLINE)')
  try {
    return await model.fromHub()
  } catch (error) {
    if (options.signal?.aborted) {
      throw new TorchLoraError('ABORTED', `${id}: the download was aborted`, { cause: error })
    }
    const problem = explain(error, id, settings.endpoint)
    if (!isTransient(error)) throw problem
    // The hub gave no answer: an earlier download may stand in for it.
    return model.fromCache(problem.message, problem)
  }
}

class HubModel {
  readonly #id: string
  readonly #settings: HubSettings
  readonly #options: ResolveModelOptions
  readonly #revision: string
  readonly #requests: readonly FileRequest[]
  readonly #cache: ModelCache

  constructor(id: string, settings: HubSettings, options: ResolveModelOptions) {
    this.#id = id
    this.#settings = settings
    this.#options = options
    this.#revision = options.revision ?? 'main'
    this.#requests = options.files ?? [...MODEL_REQUEST, ...TOKENIZER_REQUEST]
    this.#cache = new ModelCache(settings.cacheDir, id)
  }

  /** What an earlier download left, when it is everything. */
  async fromCache(why: string, cause?: TorchLoraError): Promise<string> {
    const commit = await this.#cache.commitOf(this.#revision)
    if (commit !== undefined && (await this.#isComplete(commit))) return this.#cache.snapshot(commit)
    if (cause !== undefined) throw cause
    const where = `${this.#cache.folder} does not hold all files of ${this.#id} (${this.#revision})`
    throw new TorchLoraError('NETWORK', `${this.#id}: ${why}, and ${where}. ${byHand(this.#id)}`)
  }

  async #isComplete(commit: string): Promise<boolean> {
    const names = this.#requests.flatMap((request) =>
      typeof request === 'string' ? [request] : 'optional' in request ? [request.optional] : request.firstOf,
    )
    const present = new Set<string>()
    for (const name of names) if (await this.#cache.has(commit, name)) present.add(name)
    const { found, missing } = select(this.#requests, (name) => present.has(name))
    if (missing.length > 0) return false
    for (const name of found.filter((name) => name.endsWith('.index.json'))) {
      const { shards } = await readShardIndex(join(this.#cache.snapshot(commit), name))
      for (const shard of shards) if (!(await this.#cache.has(commit, shard))) return false
    }
    return true
  }

  async fromHub(): Promise<string> {
    const { endpoint, token } = this.#settings
    const common = {
      hubUrl: endpoint,
      fetch: hubFetch(this.#options.signal),
      ...(token !== undefined && { accessToken: token }),
    }
    const { sha } = await modelInfo({
      ...common,
      name: this.#id,
      revision: this.#revision,
      additionalFields: ['sha'],
    })
    if (!/^[0-9a-f]{40}$/.test(sha))
      throw new TorchLoraError('NETWORK', `${endpoint} named no commit of ${this.#id}`)
    const connection: HubConnection = { ...common, repo: { type: 'model', name: this.#id }, revision: sha }

    const listed = new Map<string, ListFileEntry>()
    for await (const entry of listFiles({ ...connection, recursive: true })) {
      if (entry.type === 'file') listed.set(entry.path, entry)
    }
    const { found, missing } = select(this.#requests, (name) => listed.has(name))
    if (missing.length > 0) throw this.#lacks(missing)
    const indexes = found.filter((name) => name.endsWith('.index.json'))
    await this.#fetchAll(connection, indexes, listed)
    for (const index of indexes) {
      const { shards } = await readShardIndex(join(this.#cache.snapshot(sha), index))
      const absent = shards.filter((shard) => !listed.has(shard))
      if (absent.length > 0) throw this.#lacks(absent)
      found.push(...shards)
    }
    await this.#fetchAll(connection, found, listed)
    // Last, so that offline readers never see a commit that was only begun.
    await this.#cache.remember(this.#revision, sha)
    return this.#cache.snapshot(sha)
  }

  async #fetchAll(
    connection: HubConnection,
    names: readonly string[],
    listed: ReadonlyMap<string, ListFileEntry>,
  ): Promise<void> {
    const needed: ListFileEntry[] = []
    for (const name of names) {
      const file = listed.get(name) as ListFileEntry
      if (!(await this.#cache.hasBlob(contentHash(file)))) needed.push(file)
    }
    const { onProgress, signal } = this.#options
    const total = needed.reduce((sum, file) => sum + file.size, 0)
    let bytes = 0
    for (const file of needed) {
      let fileBytes = 0
      await downloadBlob(connection, file, {
        path: this.#cache.blob(contentHash(file)),
        onBytes: (count) => {
          bytes += count
          fileBytes += count
          onProgress?.({ file: file.path, fileBytes, fileTotal: file.size, bytes, total })
        },
        signal,
      })
    }
    for (const name of names) {
      await this.#cache.link(connection.revision, name, contentHash(listed.get(name) as ListFileEntry))
    }
  }

  #lacks(names: readonly string[]): TorchLoraError {
    const where = `the repository ${this.#id} (${this.#revision}) at ${this.#settings.endpoint}`
    return new TorchLoraError('INVALID_FILE', `${where} lacks ${names.join(', ')}`)
  }
}
