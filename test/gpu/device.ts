import { afterEach, expect } from 'vitest'
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
// scripts/gpu/run.sh sets it where PyTorch sees a GPU: then nothing may be skipped.
if (missing && process.env.TORCH_LORA_REQUIRE_CUDA)
  throw new Error(`TORCH_LORA_REQUIRE_CUDA is set, and the addon sees ${missing}`)

/** Warnings of this library so far, which a GPU test may not cause: each says that something runs slower than asked for. */
const warnings: string[] = []
process.on('warning', ({ name, message }) => {
  if (name === 'TorchLoraWarning') warnings.push(message)
})
/** The warnings since the last call, for a test that expects some. */
export async function takeWarnings(): Promise<string[]> {
  await new Promise(setImmediate)
  return warnings.splice(0)
}
afterEach(async () => expect(await takeWarnings(), 'warnings of torch-lora').toEqual([]))
