import { currentWorld } from './distributed/world.ts'
import { TorchLoraError } from './errors.ts'
import { guarded } from './native.ts'
import type { Device } from './tensor.ts'

/**
 * The device that 'auto', 'cpu', 'cuda' or 'cuda:N' means here.
 * @throws TorchLoraError UNSUPPORTED when CUDA is asked for and not there, INVALID_ARGUMENT for another word
 */
export function resolveDevice(device: string): Device {
  const { cudaBuild, cudaDevices } = guarded((native) => native.system())
  const { localRank } = currentWorld()
  if (device === 'auto' && cudaDevices === 0) return 'cpu'
  // Of several ranks on a machine each has a GPU of its own.
  if (device === 'auto') device = `cuda:${localRank}`
  if (device === 'cpu') return device
  const match = /^cuda(?::(\d+))?$/.exec(device)
  if (!match) {
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `device must be 'auto', 'cpu', 'cuda' or 'cuda:N', received '${device}'.`,
    )
  }
  if (Number(match[1] ?? 0) >= cudaDevices) {
    const found = cudaBuild ? `${cudaDevices} CUDA devices` : 'a libtorch without CUDA'
    throw new TorchLoraError(
      'UNSUPPORTED',
      `device is '${device}', found ${found}. \`torch-lora doctor\` says more.`,
    )
  }
  return device === 'cuda' ? 'cuda:0' : device
}

/** Where CUDA graphs are captured for a model on `device`: there, if it is CUDA and they are wanted. */
export function graphDevice(device: Device, wanted: boolean): Device | undefined {
  return wanted && device !== 'cpu' ? device : undefined
}
