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

interface Comparison<Side extends string> {
  folder: string
  rounds: number
  /** Started on the file that is written for them. */
  sides: (file: string) => Record<Side, Worker>
}

/**
 * Runs passes on both sides in turns and returns a line: examples a second (median pass) and peak resident memory.
 */
export async function compare(
  task: string,
  work: { batches: Batches },
  options: Comparison<'ours' | 'peer'>,
): Promise<string> {
  const { tokens, padded, of } = await takeTurns(task, work, options)
  const { ours, peer } = of
  return [
    task.padEnd(5),
    String(tokens).padStart(7),
    String(padded).padStart(7),
    ours.rate.toFixed(2).padStart(11),
    peer.rate.toFixed(2).padStart(11),
    `${(ours.rate / peer.rate).toFixed(2)}x`.padStart(7),
    `${mebibytes(ours.peak)} MiB`.padStart(11),
    `${mebibytes(peer.peak)} MiB`.padStart(11),
    `${((100 * ours.peak) / peer.peak).toFixed(0)} %`.padStart(7),
  ].join(' ')
}

/** What our sides and the peer's are told beside the work, by the dtype that a bench was asked for. */
const variants: Readonly<Record<string, { ours: object; peers: Record<string, object> }>> = {
  float32: { ours: {}, peers: { 'PEFT fp32': {} } },
  int8: { ours: { baseDtype: 'int8' }, peers: {} },
  nf4: { ours: { baseDtype: 'nf4' }, peers: {} },
  bfloat16: {
    ours: { dtype: 'bfloat16' },
    peers: { 'PEFT bf16 weights': { dtype: 'bfloat16' }, 'PEFT autocast bf16': { autocast: true } },
  },
}

/**
 * Ours beside a peer as {@link compare} shows them; with `dtypes`, names between commas, the same in every one of these
 * on either side, in one run: a line a side, with its ratio to our float32 and to the best of the peers.
 */
export async function compareSides(
  task: string,
  work: { batches: Batches },
  options: {
    folder: string
    rounds: number
    dtypes: string | undefined
    start: Record<'ours' | 'peer', (file: string) => Worker>
  },
): Promise<string> {
  const { folder, rounds, dtypes, start } = options
  return dtypes === undefined
    ? compare(task, work, {
        folder,
        rounds,
        sides: (file) => ({ ours: start.ours(file), peer: start.peer(file) }),
      })
    : compareDtypes(task, work, { folder, rounds, dtypes: dtypes.split(','), start })
}

async function compareDtypes(
  task: string,
  work: { batches: Batches },
  {
    folder,
    rounds,
    dtypes,
    start,
  }: {
    folder: string
    rounds: number
    dtypes: readonly string[]
    start: Record<'ours' | 'peer', (file: string) => Worker>
  },
): Promise<string> {
  const told: Record<string, object> = {}
  const peers = new Set<string>()
  for (const dtype of dtypes) {
    const variant = variants[dtype]
    if (!variant)
      throw new Error(`--dtypes: expected some of ${Object.keys(variants).join(', ')}, received ${dtype}`)
    told[`ours ${dtype}`] = variant.ours
    for (const [name, own] of Object.entries(variant.peers)) {
      told[name] = own
      peers.add(name)
    }
  }
  const workers: Record<string, Worker> = {}
  for (const [name, own] of Object.entries(told)) {
    const file = join(folder, `${task} ${name}.json`)
    await writeFile(file, JSON.stringify({ ...work, ...own }))
    workers[name] = start[peers.has(name) ? 'peer' : 'ours'](file)
  }
  const { tokens, padded, of } = await takeTurns(task, work, { folder, rounds, sides: () => workers })
  const best = Math.max(...[...peers].map((name) => of[name]!.rate))
  const plain = of['ours float32']?.rate
  const lines = Object.entries(of).map(([name, { rate, peak, loss }]) =>
    [
      `  ${name}`.padEnd(22),
      `${rate.toFixed(2)} ex/s`.padStart(13),
      `${mebibytes(peak)} MiB`.padStart(10),
      `${(rate / best).toFixed(2)}x the best peer`.padStart(21),
      plain ? `${(rate / plain).toFixed(2)}x our float32`.padStart(20) : '',
      loss === undefined ? '' : `last loss ${loss.toFixed(4)}`.padStart(19),
    ].join(''),
  )
  return [`${task}: ${tokens} tokens, ${padded} padded`, ...lines].join('\n')
}

interface Turns<Side extends string> {
  tokens: number
  padded: number
  of: Record<Side, { rate: number; peak: number; loss: number | undefined }>
}

async function takeTurns<Side extends string>(
  task: string,
  work: { batches: Batches },
  { folder, rounds, sides }: Comparison<Side>,
): Promise<Turns<Side>> {
  const file = join(folder, `${task}.json`)
  await writeFile(file, JSON.stringify(work))
  const workers = sides(file)
  const names = Object.keys(workers) as Side[]
  for (const name of names) await workers[name].next()
  const passes = Object.fromEntries(names.map((name) => [name, [] as Pass[]])) as Record<Side, Pass[]>
  for (let round = 0; round < rounds; round++)
    for (const name of names) passes[name].push(await workers[name].ask<Pass>('pass'))
  for (const name of names) workers[name].close()
  const { batches } = work
  const examples = batches.flat().length
  const of = Object.fromEntries(
    names.map((name) => [
      name,
      {
        rate: examples / median(passes[name].map(({ seconds }) => seconds)),
        peak: passes[name].at(-1)!.peakBytes,
        loss: passes[name].at(-1)!.losses?.at(-1),
      },
    ]),
  ) as Turns<Side>['of']
  return {
    tokens: batches.flat().reduce((sum, { ids }) => sum + ids.length, 0),
    padded: batches.reduce(
      (sum, batch) => sum + batch.length * Math.max(...batch.map(({ ids }) => ids.length)),
      0,
    ),
    of,
  }
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0)
}
