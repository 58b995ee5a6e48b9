import { randomBytes } from 'node:crypto'
import { appendFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { crc32 } from 'node:zlib'
import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { atPath, makeFolder } from '../checkpoint/index.ts'
import { below, curvesOf, type RunEnd, type Tracker } from './curves.ts'
import type { TrainerEvent } from './events.ts'

/** What a run is logged as. */
export interface WandbOptions {
  /** Default: WANDB_PROJECT, else "torch-lora". */
  project?: string | undefined
  /** Of the run, whose name it gives (or WANDB_NAME); holds `wandb/`. */
  directory: string
  /** Settings, kept as W&B's configuration. */
  parameters: Readonly<Record<string, unknown>>
}

/** LevelDB's log: blocks, in which a record or its part begins with checksum, length and kind. */
const blockSize = 32_768
const headerSize = 7
const kinds = { full: 1, first: 2, middle: 3, last: 4 }

/**
 * A run of Weights & Biases as its SDK writes one offline, which `wandb sync` sends: a log in LevelDB's format
 * (google/leveldb, doc/log_format.md; checksums are zlib's CRC-32 there) of `Record` messages
 * (wandb/proto/wandb_internal.proto), and nothing is sent from here. A resumed run starts another one in the same group.
 */
export class WandbRun implements Tracker {
  readonly #began = Date.now()
  #at = 0
  #records = 0
  #historySteps = 0
  readonly #latest = new Map<string, number>()

  private constructor(
    readonly path: string,
    readonly runId: string,
  ) {}

  /**
   * Starts a run below `directory`/wandb.
   * @throws TorchLoraError INVALID_FILE, as `log`, when the folder cannot be written
   */
  static async create({ project, directory, parameters }: WandbOptions): Promise<WandbRun> {
    const { WANDB_PROJECT, WANDB_ENTITY, WANDB_NAME, WANDB_RUN_GROUP } = process.env
    const runId = randomBytes(5).toString('hex').slice(0, 8)
    const now = new Date()
    const stamp = now.toISOString().slice(0, 19).replaceAll('-', '').replace('T', '_').replaceAll(':', '')
    const folder = join(directory, 'wandb', `offline-run-${stamp}-${runId}`)
    await makeFolder(join(folder, 'files'))
    const run = new WandbRun(join(folder, `run-${runId}.wandb`), runId)
    const header = Buffer.alloc(headerSize)
    header.write(':W&B', 'latin1')
    header.writeUInt16LE(0xbee1, 4) // version 0 follows
    await atPath(run.path, () => writeFile(run.path, header, { flag: 'wx' }))
    run.#at = headerSize
    const name = basename(resolve(directory))
    await run.#record((record) => {
      record.tag(17, 2).fork() // run
      record.tag(1, 2).string(runId)
      if (WANDB_ENTITY) record.tag(2, 2).string(WANDB_ENTITY)
      record.tag(3, 2).string(project ?? WANDB_PROJECT ?? 'torch-lora')
      record.tag(4, 2).fork() // config
      for (const [key, value] of Object.entries(parameters))
        if (value !== undefined) item(record, 1, key, value)
      record.join()
      record.tag(6, 2).string(WANDB_RUN_GROUP ?? name)
      record.tag(8, 2).string(WANDB_NAME ?? name)
      record.tag(13, 2).string(hostname())
      record
        .tag(17, 2)
        .fork()
        .tag(1, 0)
        .int64(Math.floor(now.getTime() / 1000))
        .join() // start_time
      record.join()
    })
    return run
  }

  /** One line of W&B's history for each event that draws something. */
  async log(event: TrainerEvent): Promise<void> {
    const drawn = curvesOf(event)
    if (!drawn) return
    const now = Date.now()
    // An evaluation comes after the update of the same number, and W&B's own step only grows.
    const step = this.#historySteps++
    const values = {
      ...drawn.values,
      'train/global_step': drawn.step,
      _step: step,
      _timestamp: now / 1000,
      _runtime: (now - this.#began) / 1000,
    }
    for (const [key, value] of Object.entries(values)) this.#latest.set(key, value)
    await this.#record((record) => {
      record.tag(2, 2).fork() // history
      for (const [key, value] of Object.entries(values)) item(record, 1, key, value)
      record.tag(2, 2).fork().tag(1, 0).int64(step).join()
      record.join()
    })
  }

  async end(how: RunEnd, best: Readonly<Record<string, number>> = {}): Promise<void> {
    for (const [key, value] of Object.entries(below('best', best))) this.#latest.set(key, value)
    await this.#record((record) => {
      record.tag(3, 2).fork() // summary
      for (const [key, value] of this.#latest) item(record, 1, key, value)
      record.join()
    })
    const code = { finished: 0, interrupted: 130, failed: 1 }[how]
    const seconds = Math.round((Date.now() - this.#began) / 1000)
    await this.#record((record) =>
      record.tag(18, 2).fork().tag(1, 0).int32(code).tag(2, 0).int32(seconds).join(),
    ) // exit
    await this.#record((record) => record.tag(20, 2).fork().join()) // final
  }

  async #record(fill: (record: BinaryWriter) => void): Promise<void> {
    const record = new BinaryWriter()
    record.tag(1, 0).int64(++this.#records)
    fill(record)
    const framed = this.#frame(record.finish())
    await atPath(this.path, () => appendFile(this.path, framed))
  }

  /** A record in parts that no block's end cuts. */
  #frame(data: Uint8Array): Buffer {
    const parts: Buffer[] = []
    let left = blockSize - (this.#at % blockSize)
    if (left < headerSize) {
      parts.push(Buffer.alloc(left))
      left = blockSize
    }
    for (let from = 0, begun = false; !begun || from < data.length; begun = true) {
      const part = data.subarray(from, from + left - headerSize)
      from += part.length
      const ends = from === data.length
      const kind = begun ? (ends ? kinds.last : kinds.middle) : ends ? kinds.full : kinds.first
      const header = Buffer.alloc(headerSize)
      header.writeUInt32LE(crc32(part, crc32(Uint8Array.of(kind))), 0)
      header.writeUInt16LE(part.length, 4)
      header.writeUInt8(kind, 6)
      parts.push(header, Buffer.from(part))
      left = blockSize
    }
    const framed = Buffer.concat(parts)
    this.#at += framed.length
    return framed
  }
}

/** `key` and its value as JSON: items of configuration, history and summary are alike. */
function item(record: BinaryWriter, field: number, key: string, value: unknown): void {
  record.tag(field, 2).fork().tag(1, 2).string(key).tag(16, 2).string(json(value)).join()
}

/** As Python writes it: W&B reads NaN and Infinity. */
function json(value: unknown): string {
  if (typeof value !== 'number' || Number.isFinite(value)) return JSON.stringify(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
}
