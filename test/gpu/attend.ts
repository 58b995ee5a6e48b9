/** Attention of 200 tokens in bfloat16, with heads of each size that is named. See attention.test.ts. */
import { fused, Tensor } from '../../lib/index.ts'

const [device, ...sizes] = process.argv.slice(2)
const cuSeqlens = Tensor.from([0, 200], { dtype: 'int32', device: device! })
for (const size of sizes) {
  const qkv = Tensor.randn([200, 3, 2, Number(size)], { device: device!, dtype: 'bfloat16' })
  qkv.requiresGrad = true
  fused.varlenAttention(qkv, cuSeqlens, Tensor.scalar(200, 'int32'), {}).sum().backward()
  console.log(JSON.stringify(qkv.grad!.shape))
}
process.exit()
