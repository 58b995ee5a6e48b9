import { compile, noGrad, ops, scope, Tensor } from 'torch-lora'

/** libtorch itself: eager with methods, and recorded. */
export async function main() {
  const gram = scope(() => {
    const x = Tensor.from([
      [1, 2],
      [3, 4],
    ])
    return x.matmul(x.t()).mul(2).sum(1, { keepdim: true }) // [2, 1]
  })
  const step = compile(({ x, scale }: { x: Tensor; scale: Tensor }) => ({
    scaled: ops.mul(x, scale),
    norm: x.mul(x).sum().sqrt(),
  }))
  using result = await step({ x: gram, scale: Tensor.scalar(0.5) })
  const counter = Tensor.zeros([1])
  const same = noGrad(() => counter.add_(1)) === counter
  return { scaled: result.scaled.toArray(), shape: gram.shape, same }
}
