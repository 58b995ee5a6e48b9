import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { seedUnlessSeeded } from '../random.ts'
import { Tensor, type TensorOptions } from '../tensor.ts'

/** Normal numbers of mean 0 and standard deviation `std`: how transformers initialises BERT's weights. */
export function normal(shape: readonly number[], std: number, options: TensorOptions = {}): Tensor {
  seedUnlessSeeded()
  return noGrad(() => {
    const tensor = Tensor.zeros(shape, options)
    return ops.normal_(tensor, { mean: 0, std })
  })
}

/**
 * Kaiming-uniform numbers with a = sqrt(5), as `torch.nn.Linear` and PEFT's lora_A start: uniform in
 * +-1/sqrt(fanIn) for a matrix [fanOut, fanIn].
 */
export function kaimingUniform(
  shape: readonly [fanOut: number, fanIn: number],
  options: TensorOptions = {},
): Tensor {
  const bound = 1 / Math.sqrt(shape[1])
  seedUnlessSeeded()
  return noGrad(() => {
    const tensor = Tensor.zeros(shape, options)
    return ops.uniform_(tensor, { from: -bound, to: bound })
  })
}
