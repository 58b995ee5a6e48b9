// One rank on a GPU: what NCCL exchanges, alone and in programs, and a run whose gradients it adds up. See nccl.test.ts.
import { readFileSync } from 'node:fs'
import { allReduceInProgram } from '../../lib/distributed/collectives.ts'
import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  applyLora,
  compile,
  distributed,
  manualSeed,
  Tensor,
  type TorchLoraError,
  Trainer,
} from '../../lib/index.ts'
import { tinyExamples } from '../train/tiny.ts'

const [folder = ''] = process.argv.slice(2)
const device = 'cuda:0'
const say = (what: unknown) => process.stdout.write(`${JSON.stringify(what)}\n`)
const openLibraries = () => readFileSync('/proc/self/maps', 'utf8')

async function exchange() {
  const x = Tensor.from([1, 2, 3], { device })
  await distributed.allReduce(x)
  await distributed.allReduce(x, { op: 'avg' })
  await distributed.broadcast(x)
  const gathered = await distributed.allGather(x)
  const onCpu = Tensor.from([4, 5]) // by gloo, in the same group
  await distributed.allReduce(onCpu)
  await distributed.barrier()
  say({ x: x.toArray(), gathered: gathered.toArray(), onCpu: onCpu.toArray(), device: gathered.device })
}

/** A program that could be one graph but for the exchange in its midst. Copies alone: dry-cuda makes those. */
async function program() {
  const reduced = compile(
    (x: Tensor) => {
      const y = x.clone()
      allReduceInProgram(y)
      return y.clone()
    },
    { graphs: device },
  )
  const values = []
  for (let i = 0; i < 4; i++) values.push((await reduced(Tensor.from([i], { device }))).toArray())
  say({ values, replays: reduced.graphReport.replays })
}

async function train(group: Awaited<ReturnType<typeof distributed.init>>) {
  await using tokenizer = await AutoTokenizer.fromPretrained(folder)
  const model = await AutoModelForSequenceClassification.fromPretrained(folder, { device })
  manualSeed(5)
  applyLora(model, { r: 4, loraAlpha: 8 })
  const trainer = new Trainer({
    model,
    tokenizer,
    train: tinyExamples(64),
    evaluate: tinyExamples(16, 200),
    batchSize: 8,
    epochs: 2,
    learningRate: 1e-2,
    seed: 3,
    group,
  })
  const losses: number[] = []
  for await (const event of trainer.run()) if (event.type === 'step') losses.push(event.loss)
  return losses
}

try {
  const world = await distributed.init({ backend: 'nccl', timeoutMs: 60_000 })
  say({ backend: world.backend, opened: /liblora_distributed_nccl\.so/.test(openLibraries()) })
  await exchange()
  await program()
  say({ together: await train(world), alone: await train(distributed.alone) })
  await distributed.close()
} catch (error) {
  const { code, message } = error as TorchLoraError
  say({ code, message: code ? message : String((error as Error).stack) })
  process.exit(3)
}
