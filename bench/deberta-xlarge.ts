/**
 * The whole deberta-v2-xlarge, 24 layers with random weights: one LoRA step and one merged inference.
 *
 *   npx tsx bench/deberta-xlarge.ts [--layers 24] [--texts 8]
 *
 * Prints parameters, trainable parameters (r=8 on query_proj and value_proj: 4 * 24 * 8 * 1536 = 1,179,648, and the
 * head), bytes of optimizer state, times, and peak resident memory. Takes about 5 GB.
 */
import { parseArgs } from 'node:util'
import { AdamW, applyLora, batchTensors, disposeBatch, mergeLora, packBatch, Tensor } from '../lib/index.ts'
import { Predictor } from '../lib/inference/predictor.ts'
import { peakResidentBytes } from '../lib/memory.ts'
import { compileTrainingStep } from '../lib/train/step.ts'
import { shapes } from './deberta-shapes.ts'
import { randomClassifier } from './random-model.ts'
import { machine } from './worker.ts'

const { values: flags } = parseArgs({
  options: { layers: { type: 'string', default: '24' }, texts: { type: 'string', default: '8' } },
})
const count = (value: number) => value.toLocaleString('en')
const numel = (parameters: Iterable<readonly [string, Tensor]>) =>
  [...parameters].reduce((sum, [, parameter]) => sum + parameter.numel, 0)

async function timed<T>(what: string, body: () => T | Promise<T>): Promise<T> {
  const began = performance.now()
  const result = await body()
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(
    `${what.padEnd(22)} ${seconds.padStart(6)} s   peak ${(peakResidentBytes() / 2 ** 30).toFixed(2)} GiB`,
  )
  return result
}

console.log(await machine())
const model = await timed('built', () =>
  randomClassifier({
    ...shapes['v2-xlarge'],
    num_hidden_layers: Number(flags.layers),
  }),
)
console.log(`parameters ${count(numel(model.namedParameters()))}`)

applyLora(model, { r: 8, loraAlpha: 16 })
const trainable = model.trainableParameters()
const head = trainable.filter(([path]) => !path.includes('.lora_'))
console.log(
  `trainable  ${count(numel(trainable))} = LoRA ${count(numel(trainable) - numel(head))} + head ${count(numel(head))} (${head.map(([path]) => path).join(', ')})`,
)

const vocabulary = model.config.vocabSize
const sequences = Array.from({ length: Number(flags.texts) }, (_, b) => ({
  ids: Int32Array.from({ length: 24 + 13 * b }, (_, i) =>
    i === 0 ? 1 : 3 + ((i * 7919 + b * 104729) % (vocabulary - 3)),
  ),
  typeIds: new Int32Array(24 + 13 * b),
}))
const tokens = sequences.reduce((sum, { ids }) => sum + ids.length, 0)
const optimizer = new AdamW(trainable)
const step = compileTrainingStep(model, optimizer, { maxGradNorm: 1 })
const inputs = {
  batch: batchTensors(packBatch(sequences, { positions: model.positions })),
  targets: {
    labels: Tensor.from(
      sequences.map((_, b) => b % 2),
      { dtype: 'int64' },
    ),
  },
  lossScale: Tensor.scalar(1),
  learningRate: Tensor.scalar(4e-4),
}
const { loss, gradNorm } = await timed(`LoRA step, ${tokens} tokens`, () => step.update(inputs))
console.log(`loss ${loss.item().toFixed(4)}, gradient's norm ${gradNorm.item().toFixed(4)}`)
const stateBytes = [...optimizer.state()]
  .filter(([name]) => name.startsWith('exp_avg'))
  .reduce((sum, [, moment]) => sum + moment.readSync().byteLength, 0)
console.log(
  `optimizer state ${count(stateBytes)} bytes, ${(stateBytes / 2 ** 20).toFixed(2)} MiB, ${stateBytes / numel(trainable)} a parameter`,
)
step.dispose()
disposeBatch(inputs.batch)

const infer = async () => {
  using predictor = new Predictor(model)
  return (await predictor.forward(sequences)).flatMap((row) => [...row])
}
const unmerged = await timed('inference, unmerged', infer)
await timed('merge', () => mergeLora(model))
const merged = await timed('inference, merged', infer)
const difference = Math.max(...merged.map((value, i) => Math.abs(value - unmerged[i]!)))
console.log(`largest difference of logits, merged to unmerged: ${difference.toExponential(1)}`)
