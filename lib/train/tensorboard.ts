import { appendFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { atPath, makeFolder } from '../checkpoint/index.ts'
import { crc32c } from './crc32c.ts'
import { curvesOf, type Tracker } from './curves.ts'
import type { TrainerEvent } from './events.ts'

/**
 * A TensorBoard event file: TFRecords of `tensorflow.Event` messages (tensorflow/core/util/event.proto,
 * tensorflow/core/lib/io/record_writer.h).
 */
export class TensorBoardFile implements Tracker {
  private constructor(readonly path: string) {}

  /**
   * Starts a file in the folder of a run. A resumed run starts another one, which tells TensorBoard to forget what
   * was drawn from `firstStep` on.
   * @throws TorchLoraError INVALID_FILE, as `log`, when the folder cannot be written
   */
  static async create(directory: string, { firstStep }: { firstStep: number }): Promise<TensorBoardFile> {
    await makeFolder(directory)
    const stamp = (Date.now() / 1000).toFixed(3)
    const file = new TensorBoardFile(
      join(directory, `events.out.tfevents.${stamp}.${hostname()}.${process.pid}`),
    )
    await file.#write((event) => event.tag(3, 2).string('brain.Event:2'))
    // session_log { status: START }
    if (firstStep > 1)
      await file.#write((event) => event.tag(7, 2).fork().tag(1, 0).int32(1).join(), firstStep)
    return file
  }

  /** Writes the curves of an update (`train/...`) or an evaluation (`eval/...`); other events draw nothing. */
  async log(event: TrainerEvent): Promise<void> {
    const drawn = curvesOf(event)
    if (drawn) await this.#scalars(drawn.step, drawn.values)
  }

  /** TensorBoard knows no end. */
  async end(): Promise<void> {}

  #scalars(step: number, values: Record<string, number>): Promise<void> {
    return this.#write((event) => {
      event.tag(5, 2).fork() // summary
      for (const [name, value] of Object.entries(values))
        event.tag(1, 2).fork().tag(1, 2).string(name).tag(2, 5).float(value).join()
      event.join()
    }, step)
  }

  /** Appends one record: length, its checksum, the message, its checksum. */
  async #write(fill: (event: BinaryWriter) => void, step = 0): Promise<void> {
    const event = new BinaryWriter()
    event.tag(1, 1).double(Date.now() / 1000) // wall_time
    event.tag(2, 0).int64(step)
    fill(event)
    const message = event.finish()
    const record = Buffer.alloc(16 + message.length)
    record.writeBigUInt64LE(BigInt(message.length), 0)
    record.writeUInt32LE(masked(record.subarray(0, 8)), 8)
    record.set(message, 12)
    record.writeUInt32LE(masked(message), 12 + message.length)
    await atPath(this.path, () => appendFile(this.path, record))
  }
}

/** TFRecord's checksum: a CRC that is itself checksummed later would be weak, so it is rotated and shifted. */
function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}
