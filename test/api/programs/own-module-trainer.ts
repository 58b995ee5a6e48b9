import { manualSeed, ops, Tensor, Trainer } from 'torch-lora'
import { Linear, Module } from 'torch-lora/nn'

/** A point, and whether it lies inside the circle. */
interface Row {
  point: [x: number, y: number]
  inside: boolean
}

class Network extends Module {
  inner = new Linear(2, 16, { std: 1 })
  outer = new Linear(16, 1, { std: 0.5 })

  /** [B, 2] -> [B] */
  forward(points: Tensor): Tensor {
    return ops.squeeze(this.outer.forward(ops.tanh(this.inner.forward(points))), 1)
  }
}

const rows: Row[] = Array.from({ length: 256 }, (_, i) => {
  const point: Row['point'] = [((i * 7) % 16) / 4 - 2, Math.floor(i / 16) / 4 - 2]
  return { point, inside: Math.hypot(...point) < 1.4 }
})

/** A model by Module, a loss and batches of one's own, trained by Trainer: checkpoints, metrics, the best kept. */
export async function main({ out }: { out: string }) {
  manualSeed(1)
  using model = new Network()
  model.setRequiresGrad(true)
  const trainer = Trainer.forModule({
    model,
    train: rows.filter((_, i) => i % 4 > 0),
    evaluate: rows.filter((_, i) => i % 4 === 0),
    batch: (batch) => ({
      points: Tensor.from(batch.map(({ point }) => point)),
      inside: Tensor.from(batch.map(({ inside }) => Number(inside))),
    }),
    loss: (network, { points, inside }) => ops.binaryCrossEntropyWithLogits(network.forward(points), inside),
    metrics: {
      accuracy: (network, { points, inside }) =>
        ops.mean(ops.eq(ops.gt(network.forward(points), 0), ops.gt(inside, 0.5)).to({ dtype: 'float32' })),
    },
    epochs: 20,
    batchSize: 16,
    learningRate: 0.1,
    outputDir: out,
  })
  const losses: number[] = []
  const { best, steps } = await trainer.train({
    onEvent: (event) => {
      if (event.type === 'step') losses.push(event.loss)
    },
  })
  return { steps, first: losses[0]!, last: losses.at(-1)!, accuracy: best?.metrics.accuracy }
}
