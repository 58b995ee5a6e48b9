import { activeRecording } from './recording.ts'
import type { Tensor } from './tensor.ts'

/**
 * Recomputation, which transformers calls gradient checkpointing: runs `body` without keeping what its backward pass needs, and runs it again when that pass
 * comes, with the same random numbers. Costs a second forward pass of `body`; of all that it computes, only the tensors
 * it reads from outside stay in memory. Values and gradients are those of `body` alone, on the CPU to the bit but where
 * gradients of one tensor from several parts are added up in another order.
 *
 * It acts inside `compile`. Outside, and where no gradient is recorded, it is `body()`.
 *
 * Matches `torch.utils.checkpoint.checkpoint`.
 *
 * @param body computes one tensor, from tensors that it reaches by closure, and only calls operators
 * @throws TorchLoraError RECORDING when `body` does more, such as `noGrad`
 */
export function recompute(body: () => Tensor): Tensor {
  const recording = activeRecording()
  return recording?.gradEnabled ? (recording.recompute(body) as Tensor) : body()
}
