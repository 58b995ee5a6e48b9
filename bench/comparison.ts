import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BatchSampler } from '../lib/data/index.ts'
import { loadGlue, type Tokenizer } from '../lib/index.ts'
import { median, type Worker } from './worker.ts'

/** What both sides of a comparison run: token ids, as each pads or packs them itself. */
export type Batches = { ids: number[]; label: number }[][]

/** What a side answers for one pass over the batches. */
export interface Pass {
  seconds: number
  losses?: number[]
  peakBytes: number
  /** Taken from a CUDA device, kept blocks and the memory of graphs included. */
  reservedBytes?: number
}

/** Batches of real texts in the trainer's order: the lengths are the task's, the labels alternate. */
export async function drawBatches(
  task: string,
  tokenizer: Tokenizer,
  { data, count, batchSize = 16 }: { data: string; count: number; batchSize?: number },
): Promise<Batches> {
  const { examples } = await loadGlue(task, { split: 'train', dataDir: data })
  const texts = examples.map(({ text, textPair }) =>
    textPair === undefined ? text : ([text, textPair] as const),
  )
  const encodings = await tokenizer.encodeBatch(texts, { maxLength: 512 })
  const sampler = new BatchSampler({ lengths: encodings.map(({ ids }) => ids.length), batchSize, seed: 1 })
  return Array.from({ length: count }, () =>
    Array.from(sampler.next(), (i) => ({ ids: Array.from(encodings[i]!.ids), label: i % 2 })),
  )
}

export const header = 'task   tokens  padded   ours ex/s   peer ex/s   ratio   ours peak   peer peak   ratio'

/**
 * Runs passes on both sides in turns and returns a line: examples a second (median pass) and peak resident memory.
 * @param sides started on the file that is written for them
 */
export async function compare(
  task: string,
  work: { batches: Batches },
  {
    folder,
    rounds,
    sides,
  }: { folder: string; rounds: number; sides: (file: string) => { ours: Worker; peer: Worker } },
): Promise<string> {
  const file = join(folder, `${task}.json`)
  await writeFile(file, JSON.stringify(work))
  const { ours, peer } = sides(file)
  await ours.next()
  await peer.next()
  const passes = { ours: [] as Pass[], peer: [] as Pass[] }
  for (let round = 0; round < rounds; round++) {
    passes.ours.push(await ours.ask<Pass>('pass'))
    passes.peer.push(await peer.ask<Pass>('pass'))
  }
  ours.close()
  peer.close()
  const { batches } = work
  const examples = batches.flat().length
  const rate = (side: Pass[]) => examples / median(side.map(({ seconds }) => seconds))
  const peak = (side: Pass[]) => side.at(-1)!.peakBytes
  const tokens = batches.flat().reduce((sum, { ids }) => sum + ids.length, 0)
  const padded = batches.reduce(
    (sum, batch) => sum + batch.length * Math.max(...batch.map(({ ids }) => ids.length)),
    0,
  )
  return [
    task.padEnd(5),
    String(tokens).padStart(7),
    String(padded).padStart(7),
    rate(passes.ours).toFixed(2).padStart(11),
    rate(passes.peer).toFixed(2).padStart(11),
    `${(rate(passes.ours) / rate(passes.peer)).toFixed(2)}x`.padStart(7),
    `${(peak(passes.ours) / 2 ** 20).toFixed(0)} MiB`.padStart(11),
    `${(peak(passes.peer) / 2 ** 20).toFixed(0)} MiB`.padStart(11),
    `${((100 * peak(passes.ours)) / peak(passes.peer)).toFixed(0)} %`.padStart(7),
  ].join(' ')
}
