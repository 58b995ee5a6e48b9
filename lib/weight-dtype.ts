import { TorchLoraError } from './errors.ts'
import { guarded } from './native.ts'
import type { Device, DType } from './tensor.ts'

/** The types that weights in memory may have, beside 'auto'. */
const weightTypes: readonly DType[] = ['float32', 'float64', 'bfloat16', 'float16']

/**
 * The dtype of weights that 'auto' or a name means on a device: 'auto' is bfloat16 where the device multiplies pairs of
 * it (a CUDA device; a processor with AVX512-BF16), float32 elsewhere.
 * @throws TorchLoraError INVALID_ARGUMENT for a name of no such type
 */
export function resolveDType(dtype: DType | 'auto' | undefined, device: Device): DType {
  if (dtype === 'auto') return autoDType(device).dtype
  checkDType(dtype)
  return dtype ?? 'float32'
}

/** What 'auto' means on a device, and why, for people: what `doctor` says. */
export function autoDType(device: Device): { dtype: 'bfloat16' | 'float32'; because: string } {
  return multipliesBfloat16(device)
    ? { dtype: 'bfloat16', because: `${multiplier(device)} multiplies it` }
    : { dtype: 'float32', because: 'without AVX512-BF16 bfloat16 saves memory alone' }
}

function checkDType(dtype: DType | 'auto' = 'float32'): void {
  if (dtype === 'auto' || weightTypes.includes(dtype)) return
  const hint =
    dtype === 'int8' ? " For 8-bit inference use TextClassifier.load(model, { dtype: 'int8' })." : ''
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `dtype: expected ${weightTypes.join(', ')} or auto, received ${JSON.stringify(dtype)}.${hint}`,
  )
}

/** What trains or is summed beside weights of a dtype: float32 under half precision too, which would lose small steps. */
export function fullDType(weights: DType): 'float32' | 'float64' {
  return weights === 'float64' ? 'float64' : 'float32'
}

/** What multiplies weights of a dtype on a device, for people: what `/info` says. */
export function explainDType(dtype: DType, device: Device): string {
  if (dtype === 'int8') return ['AMX-INT8', 'AVX512-VNNI'].find(isUsed) ?? 'products of 16-bit numbers'
  if (dtype === 'bfloat16') return multipliesBfloat16(device) ? multiplier(device) : 'products of float32'
  if (dtype === 'float16' && device === 'cpu') return "libtorch's own products: slower than float32"
  return device === 'cpu' ? `products of ${dtype}` : device
}

/** What the kernels multiply bfloat16 with, the fastest first. */
const bfloat16Products = ['AMX-BF16', 'AVX512-BF16']

function multiplier(device: Device): string {
  return (device === 'cpu' && bfloat16Products.find(isUsed)) || device
}

function multipliesBfloat16(device: Device): boolean {
  return device !== 'cpu' || bfloat16Products.some(isUsed)
}

/** Whether the kernels use instructions of this name. */
function isUsed(name: string): boolean {
  return guarded((native) => native.system()).instructions.includes(name)
}
