/**
 * What share of the processor's peak is reached: by products of roberta-base's shapes, and by whole training steps.
 *
 *   npx tsx bench/peak.ts --data GLUE --tokenizer ROBERTA_BASE_FOLDER
 *     [--rows 128,512,2048] [--tasks mrpc,sst2] [--dtypes float32,bfloat16,int8] [--parts products,steps]
 *
 * The peak is measured in the same run (bench/peak.c, compiled by `cc` for this machine): multiply-adds of registers by
 * the instruction of each dtype that this machine has, on as many threads as libtorch has. Products of 128, 512 and 2048
 * rows with the four weights of a layer, frozen and packed as they are served, from rows in memory to rows in memory,
 * bias added (int8: from float rows, which are quantized on the way, to float rows); and where they are packed as they
 * are used, as float32 and bfloat16 train. Steps: r=8 on query and value, batches of 16 of real lengths, forward,
 * backward, clipping, AdamW; their operations are those of frozen products, of attention and of adapters, a multiply-add
 * being two. int8's step trains float32 adapters over 8-bit codes.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import * as fused from '../lib/generated/fused.ts'
import { AutoTokenizer, compile, type DType, noGrad, Tensor } from '../lib/index.ts'
import { native } from '../lib/native.ts'
import { type Batches, drawBatches, type Pass } from './comparison.ts'
import { randomRoberta } from './random-model.ts'
import { type Peak, registerPeak } from './register-peak.ts'
import { machine, median, ourWorker } from './worker.ts'

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    tokenizer: { type: 'string' },
    rows: { type: 'string', default: '128,512,2048' },
    tasks: { type: 'string', default: 'mrpc,sst2' },
    dtypes: { type: 'string', default: 'float32,bfloat16,int8' },
    parts: { type: 'string', default: 'products,steps' },
    batches: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
  },
})
const dtypes = flags.dtypes.split(',')
const rounds = Number(flags.rounds)
const { threads } = native().system()
if (flags.parts.includes('steps') && !(flags.data && flags.tokenizer))
  throw new Error('say where the data are: --data GLUE --tokenizer ROBERTA_BASE_FOLDER, or --parts products')

/** in and out of a layer's four products: query, key and value together; the output; the feed-forward's two. */
const layer = [
  [768, 2304],
  [768, 768],
  [768, 3072],
  [3072, 768],
] as const

const folder = await mkdtemp(join(tmpdir(), 'bench-peak-'))
try {
  console.log(`${await machine()}; ${threads} threads`)
  const peak = await registerPeak(threads)
  if (flags.parts.includes('products')) await products(peak)
  if (flags.parts.includes('steps')) await steps(peak)
} finally {
  await rm(folder, { recursive: true })
}

/** A rate and its share of the peak, where this machine has an instruction of the dtype. */
function shareOf(rate: number, peak: number | undefined): string {
  return `${rate.toFixed(0)} (${peak === undefined ? 'no instruction' : `${((100 * rate) / peak).toFixed(0)} %`})`
}

async function products(peak: Peak): Promise<void> {
  console.log('\nproducts of a layer, GFLOP/s and share of the peak')
  for (const dtype of dtypes)
    for (const packed of dtype === 'int8' ? [true] : [true, false]) {
      const cells: string[] = []
      for (const rows of flags.rows.split(',').map(Number)) {
        const rate = await productRate(dtype, rows, packed)
        cells.push(`${rows} rows ${shareOf(rate, peak[dtype])}`)
      }
      console.log(`${dtype.padEnd(9)} ${packed ? 'packed ahead  ' : 'packed in it  '} ${cells.join('   ')}`)
    }
}

async function productRate(dtype: string, rows: number, packed: boolean): Promise<number> {
  const kept = dtype === 'int8' ? 'float32' : (dtype as DType)
  const random = (shape: number[]) => Tensor.randn(shape).to({ dtype: kept })
  const calls = layer.map(([fanIn, out]) => {
    const weight = random([out, fanIn])
    const bias = random([out])
    const x = random([rows, fanIn])
    const own = dtype === 'int8' ? fused.prepackLinearInt8([weight]) : fused.prepackLinear([weight], false)
    return () =>
      dtype === 'int8'
        ? fused.linearInt8(x, own, [out], [bias])
        : fused.linear(x, [weight], [bias], [], [], [], packed ? { packed: own } : {})
  })
  const operations = layer.reduce((sum, [fanIn, out]) => sum + 2 * rows * fanIn * out, 0)
  const repeats = Math.max(1, Math.round(2e10 / operations))
  const run = compile(() =>
    noGrad(() => {
      for (let i = 0; i < repeats; i++) for (const call of calls) call()
      return null
    }),
  )
  await run()
  const seconds: number[] = []
  for (let round = 0; round < rounds; round++) {
    const began = performance.now()
    await run()
    seconds.push((performance.now() - began) / 1000)
  }
  run.dispose()
  return (repeats * operations) / median(seconds) / 1e9
}

async function steps(peak: Peak): Promise<void> {
  const raw = JSON.parse(await readFile(join(flags.tokenizer!, 'config.json'), 'utf8'))
  {
    using model = randomRoberta(raw)
    await model.savePretrained(folder)
  }
  await using tokenizer = await AutoTokenizer.fromPretrained(flags.tokenizer!)
  console.log('\ntraining steps, GFLOP/s and share of the peak')
  for (const task of flags.tasks.split(',')) {
    const batches = await drawBatches(task, tokenizer, { data: flags.data!, count: Number(flags.batches) })
    for (const dtype of dtypes) {
      const own = dtype === 'int8' ? { baseDtype: 'int8' } : { dtype }
      const file = join(folder, `${task}-${dtype}.json`)
      await writeFile(file, JSON.stringify({ model: folder, batches, loraDropout: 0, ...own }))
      const worker = ourWorker('training-ours.ts', [file])
      await worker.next()
      const seconds: number[] = []
      for (let round = 0; round < rounds; round++) seconds.push((await worker.ask<Pass>('pass')).seconds)
      worker.close()
      const rate = operationsOf(batches) / median(seconds) / 1e9
      console.log(`${task.padEnd(5)} ${dtype.padEnd(9)} ${shareOf(rate, peak[dtype])}`)
    }
  }
}

/** Of a pass over the batches: the first layer's query, key and value need no gradient of their input, and of the last
 * layer all but query, key and value runs for the first tokens alone. */
function operationsOf(batches: Batches): number {
  const [width, layers, rank] = [768, 12, 8]
  const perToken = 2 * (layers - 1) * 24 * width ** 2 // forward and backward
  const lowRank = layers * 3 * 2 * 4 * width * rank
  const perSequence = 2 * 18 * width ** 2
  const sequences = batches.flat().map(({ ids }) => ids.length)
  return sequences.reduce(
    (sum, length) =>
      sum + length * (perToken + 6 * width ** 2 + lowRank) + perSequence + layers * 14 * length ** 2 * width,
    0,
  )
}
