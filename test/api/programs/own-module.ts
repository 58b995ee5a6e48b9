import { AdamW, compile, manualSeed, ops, Tensor } from 'torch-lora'
import { Dropout, LayerNorm, Linear, Module, ModuleList } from 'torch-lora/nn'

class Block extends Module {
  linear: Linear
  norm: LayerNorm
  dropout = new Dropout(0)

  constructor(size: number) {
    super()
    this.linear = new Linear(size, size, { std: 0.5 })
    this.norm = new LayerNorm(size)
  }

  forward(x: Tensor): Tensor {
    return this.norm.forward(x.add(this.dropout.forward(ops.gelu(this.linear.forward(x)))))
  }
}

class Regressor extends Module {
  blocks = new ModuleList([new Block(4), new Block(4)])
  out = new Linear(4, 1, { std: 0.5 })
  mean: Tensor | null = null

  constructor() {
    super()
    this.registerBuffer('mean', Tensor.zeros([4]))
  }

  forward(x: Tensor): Tensor {
    let hidden = ops.sub(x, this.mean!) // [B, 4]
    for (const block of this.blocks) hidden = block.forward(hidden)
    return this.out.forward(hidden) // [B, 1]
  }
}

/** A model of one's own: a training step as one program, its state in a file. */
export async function main({ out }: { out: string }) {
  manualSeed(1)
  using model = new Regressor()
  model.train()
  model.setRequiresGrad(true)
  using optimizer = new AdamW([...model.namedParameters()])
  const step = compile(({ x, y, rate }: { x: Tensor; y: Tensor; rate: Tensor }) => {
    const loss = ops.mseLoss(model.forward(x), y)
    loss.backward()
    optimizer.step(rate)
    optimizer.zeroGrad()
    return loss.detach()
  })
  const x = Tensor.randn([32, 4])
  const y = x.sum(1, { keepdim: true })
  const losses: number[] = []
  for (let i = 0; i < 60; i++) {
    using loss = await step({ x, y, rate: Tensor.scalar(0.02) })
    losses.push(loss.item())
  }
  await model.save(`${out}/model.safetensors`)
  using again = new Regressor()
  const found = await again.load(`${out}/model.safetensors`)
  return {
    first: losses[0]!,
    last: losses.at(-1)!,
    paths: [...model.stateDict().keys()],
    parameters: [...model.namedParameters()].length,
    found,
    same: ops.equal(model.eval().forward(x), again.eval().forward(x)),
  }
}
