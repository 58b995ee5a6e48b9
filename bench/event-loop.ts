/**
 * How late a timer of the main thread is while a model runs.
 *
 *   npx tsx bench/event-loop.ts [--layers 12] [--seconds 15]
 *
 * roberta-base shapes, random weights, LoRA r=8. A 5 ms interval timer notes how late it fires: in an idle process,
 * while training steps of 16 sequences of 32 tokens run one after the other, and while forward passes do.
 */
import { parseArgs } from 'node:util'
import {
  AdamW,
  applyLora,
  type BatchTensors,
  batchTensors,
  compile,
  noGrad,
  packBatch,
  Tensor,
} from '../lib/index.ts'
import { compileTrainingStep } from '../lib/train/step.ts'
import { Lateness } from './lateness.ts'
import { randomRoberta } from './random-model.ts'
import { machine, median } from './worker.ts'

const { values: flags } = parseArgs({
  options: { layers: { type: 'string', default: '12' }, seconds: { type: 'string', default: '15' } },
})
const lateness = new Lateness()

/** Runs `body` over and over for a while; how late the timer was, in ms, sorted, and how long each run took. */
async function watch(body: () => Promise<unknown>): Promise<{ late: number[]; runs: number[] }> {
  const runs: number[] = []
  lateness.take()
  const until = performance.now() + Number(flags.seconds) * 1000
  while (performance.now() < until) {
    const began = performance.now()
    await body()
    runs.push(performance.now() - began)
  }
  return { late: lateness.take(), runs }
}

const report = (what: string, { late, runs }: { late: number[]; runs: number[] }) => {
  const at = (share: number) =>
    late[Math.min(late.length - 1, Math.floor(share * late.length))]!.toFixed(1).padStart(6)
  console.log(
    `${what.padEnd(16)} ${median(runs).toFixed(0).padStart(7)} ms   ${at(0.5)} ${at(0.99)} ${at(1)} ms`,
  )
}

const model = applyLora(randomRoberta({ num_hidden_layers: Number(flags.layers) }), { r: 8, loraAlpha: 16 })
const encodings = Array.from({ length: 16 }, (_, b) => ({
  ids: Int32Array.from({ length: 32 }, (_, i) => 5 + b * 32 + i),
  typeIds: new Int32Array(32),
}))
const batch = batchTensors(packBatch(encodings, { positions: model.positions }))
const labels = Tensor.from(
  encodings.map((_, b) => b % 2),
  { dtype: 'int64' },
)
const step = compileTrainingStep(model, new AdamW(model.trainableParameters()), { maxGradNorm: 1 })
const inputs = { batch, targets: { labels }, lossScale: Tensor.scalar(1), learningRate: Tensor.scalar(1e-4) }
const forward = compile((given: BatchTensors) => {
  model.eval()
  return noGrad(() => model.forward(given))
})

console.log(await machine())
console.log('main thread          a run   late: p50    p99    max')
report('idle', await watch(() => new Promise((resolve) => setTimeout(resolve, 100))))
const train = async () => {
  const { loss, gradNorm } = await step.update(inputs)
  loss.dispose()
  gradNorm.dispose()
}
await train()
report('training', await watch(train))
const predict = async () => (await forward(batch)).dispose()
await predict()
report('predicting', await watch(predict))
