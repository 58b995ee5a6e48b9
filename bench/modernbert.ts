/**
 * ModernBERT-base against transformers and PEFT in one run: LoRA training steps and inference, on texts of one length.
 *
 *   TORCH_LORA_PYTHON=.../python npx tsx bench/modernbert.ts [--lengths 128,2048] [--work training,inference,int8]
 *     [--tokens 2048] [--batches 2] [--rounds 3] [--layers 22] [--hidden 768] [--vocabulary 50368]
 *     [--dtypes float32,bfloat16,int8]
 *
 * Random weights of the real shapes (22 layers, 768, a window of 128 tokens in two of three layers), the same files and
 * the same token ids on both sides; as many texts a batch as make `tokens`. Training: r=8 on Wqkv, fp32, AdamW,
 * clipping at 1. Inference: our served copy, in fp32 and with 8-bit weights, against transformers' in fp32. Prints
 * examples per second (median pass), peak resident memory of each process, and the ratios: what is asked for is 3x in
 * training and 2x in inference. With --dtypes training in each of them, as bench/training.ts has it, and what a step
 * could come to if every product ran at the peak of the processor's registers (bench/peak.c), which bounds the ratio.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { native } from '../lib/native.ts'
import { type Batches, compareSides, header } from './comparison.ts'
import { randomClassifier } from './random-model.ts'
import { type Peak, registerPeak } from './register-peak.ts'
import { machine, ourWorker, peerWorker } from './worker.ts'

const { values: flags } = parseArgs({
  options: {
    lengths: { type: 'string', default: '128,2048' },
    work: { type: 'string', default: 'training,inference,int8' },
    tokens: { type: 'string', default: '2048' },
    batches: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    layers: { type: 'string', default: '22' },
    hidden: { type: 'string', default: '768' },
    vocabulary: { type: 'string', default: '50368' },
    dtypes: { type: 'string' },
  },
})
const vocabulary = Number(flags.vocabulary)
const hidden = Number(flags.hidden)

/** The same ids at every call; none is the padding's. */
function batchesOf(length: number): Batches {
  const texts = Math.max(1, Math.round(Number(flags.tokens) / length))
  return Array.from({ length: Number(flags.batches) }, (_, batch) =>
    Array.from({ length: texts }, (_, text) => ({
      ids: Array.from({ length }, (_, i) => 3 + ((7919 * (i + 1) * (text + 1) + batch) % (vocabulary - 3))),
      label: text % 2,
    })),
  )
}

/** Examples a second of training in each dtype whose peak is known. */
function atPeak(peak: Peak, batches: Batches): string {
  const texts = batches.flat().map(({ ids }) => ids.length)
  const operations = texts.reduce((sum, length) => sum + operationsOf(length), 0)
  const rates = Object.entries(peak).map(
    ([dtype, rate]) => `${dtype} ${((texts.length * rate * 1e9) / operations).toFixed(2)} ex/s`,
  )
  return `  at the peak of registers: ${rates.join(', ')}`
}

/**
 * Of a text of `length` tokens, forward and backward: a layer's weights hold 8.5 hidden^2 numbers; the first layer's
 * input needs no gradient, and of the last one all but query, key and value runs for the first token alone. Two layers
 * of three see 128 tokens about each.
 */
function operationsOf(length: number): number {
  const layers = Number(flags.layers)
  const products = 2 * (layers - 1) * 17 * hidden ** 2 + 6 * hidden ** 2
  const attention = (layers * 14 * hidden * (length + 2 * Math.min(length, 128))) / 3
  return length * (products + attention)
}

const folder = await mkdtemp(join(tmpdir(), 'bench-modernbert-'))
try {
  {
    using model = randomClassifier({
      model_type: 'modernbert',
      vocab_size: vocabulary,
      hidden_size: hidden,
      intermediate_size: 1.5 * hidden,
      num_attention_heads: hidden / 64,
      num_hidden_layers: Number(flags.layers),
      pad_token_id: 0,
      ...{ bos_token_id: 1, cls_token_id: 1, eos_token_id: 2, sep_token_id: 2 },
    })
    await model.savePretrained(folder)
  }
  console.log(await machine())
  const peak = flags.dtypes ? await registerPeak(native().system().threads) : undefined
  for (const work of flags.work.split(',')) {
    console.log(`\nModernBERT, ${flags.layers} layers of ${hidden}, ${work}\n${header}`)
    for (const length of flags.lengths.split(',').map(Number)) {
      const training = work === 'training'
      const own = training ? { loraDropout: 0, targets: ['Wqkv'] } : { frozen: true, int8: work === 'int8' }
      const given = { model: folder, batches: batchesOf(length), ...own }
      const rounds = Number(flags.rounds)
      const start = {
        ours: (file: string) =>
          ourWorker(training ? 'training-ours.ts' : 'deberta-inference-ours.ts', [file]),
        peer: (file: string) => peerWorker(training ? 'peft_training.py' : 'deberta_inference.py', [file]),
      }
      const dtypes = training ? flags.dtypes : undefined
      console.log(await compareSides(String(length), given, { folder, rounds, dtypes, start }))
      if (peak && training) console.log(atPeak(peak, given.batches))
    }
  }
} finally {
  await rm(folder, { recursive: true })
}
