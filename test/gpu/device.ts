import { guarded } from '../../lib/native.ts'

/**
 * The device of these tests: the first CUDA one. TORCH_LORA_TEST_DEVICE=cpu runs the same tests on the processor, to
 * try the tests themselves where there is no GPU.
 */
export const device = process.env.TORCH_LORA_TEST_DEVICE ?? 'cuda:0'
const { cudaBuild, cudaDevices } = guarded((native) => native.system())
export const onCuda = device !== 'cpu'

/** Why nothing here can run; undefined when it can. */
export const missing =
  onCuda && cudaDevices === 0 ? `no CUDA device (libtorch ${cudaBuild ? 'with' : 'without'} CUDA)` : undefined
