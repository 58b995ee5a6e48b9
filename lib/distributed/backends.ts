import { openBesideCore } from '../addon.ts'
import { TorchLoraError } from '../errors.ts'
import { guarded } from '../native.ts'

/** How tensors travel: 'gloo' over TCP, 'nccl' between GPUs, 'auto' by what is there. */
export type Backend = 'auto' | 'gloo' | 'nccl'

export const backends: readonly Backend[] = ['auto', 'gloo', 'nccl']

/**
 * Opens the process groups' libraries: gloo in any case, for what lies on the CPU, and NCCL for what lies on GPUs.
 * @returns what tensors on GPUs travel by
 * @throws TorchLoraError UNSUPPORTED where the one asked for is not there
 */
export function openBackends(backend: Backend): 'gloo' | 'nccl' {
  // Its warnings and errors carry C++ stacks; what matters of them is in the errors that calls end in.
  process.env.TORCH_CPP_LOG_LEVEL ??= 'FATAL'
  for (const name of ['liblora_distributed.so', 'liblora_distributed_gloo.so']) {
    const reason = openBesideCore(name)
    if (reason !== undefined)
      throw new TorchLoraError(
        'UNSUPPORTED',
        `distributed.init: there are no process groups here: ${reason}.`,
      )
  }
  const { cudaDevices } = guarded((native) => native.system())
  if (backend === 'gloo' || (backend === 'auto' && cudaDevices === 0)) return 'gloo'
  if (cudaDevices === 0)
    throw new TorchLoraError(
      'UNSUPPORTED',
      "distributed.init: backend 'nccl' needs a GPU, and there is none; 'gloo' works between CPUs. `torch-lora doctor` says more.",
    )
  const reason = openBesideCore('liblora_distributed_nccl.so')
  if (reason === undefined) {
    // A dead rank is then an error of the call that waits for it, not an abort of the process by a thread of NCCL's.
    process.env.TORCH_NCCL_BLOCKING_WAIT ??= '1'
    return 'nccl'
  }
  if (backend === 'nccl')
    throw new TorchLoraError('UNSUPPORTED', `distributed.init: there is no NCCL here: ${reason}.`)
  process.emitWarning(`GPUs exchange gradients by way of the CPU, which is slow: ${reason}`, {
    type: 'TorchLoraWarning',
  })
  return 'gloo'
}
