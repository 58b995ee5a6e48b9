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
  if (device !== 'cpu') return { dtype: 'bfloat16', because: `${device} multiplies it` }
  const { used, because } = productsOf('bfloat16')
  return used === undefined
    ? { dtype: 'float32', because: `bfloat16 saves memory alone, ${because}` }
    : { dtype: 'bfloat16', because: `${used} multiplies it` }
}

function checkDType(dtype: DType | 'auto' = 'float32'): void {
  if (dtype === 'auto' || weightTypes.includes(dtype)) return
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `dtype: expected ${weightTypes.join(', ')} or auto, received ${JSON.stringify(dtype)}. For inference on the CPU TextClassifier.load and its like take int8 too; a Trainer's baseDtype keeps frozen weights in int8 or nf4.`,
  )
}

/** What trains or is summed beside weights of a dtype: float32 under half precision too, which would lose small steps. */
export function fullDType(weights: DType): 'float32' | 'float64' {
  return weights === 'float64' ? 'float64' : 'float32'
}

/** What multiplies weights of a dtype on a device, for people: what `/info` says. */
export function explainDType(dtype: DType, device: Device): string {
  if (device !== 'cpu') return device
  if (dtype === 'int8' || dtype === 'bfloat16') return productsOf(dtype).products
  if (dtype === 'float16') return "libtorch's own products: slower than float32"
  return `products of ${dtype}`
}

/** What the kernels multiply with where the processor has it, the fastest first; and what they do elsewhere. */
const narrow = {
  bfloat16: { instructions: ['AMX-BF16', 'AVX512-BF16'], otherwise: 'products of float32' },
  int8: { instructions: ['AMX-INT8', 'AVX512-VNNI'], otherwise: 'products of 16-bit numbers' },
} as const

/** What multiplies a narrow dtype on the processor, and why that, for people. */
export function productsOf(dtype: keyof typeof narrow): {
  /** Undefined where the processor has none, or is to go without. */
  used: string | undefined
  products: string
  because: string
} {
  const { instructions, otherwise } = narrow[dtype]
  const used = instructions.find(isUsed)
  const passed = instructions.slice(0, used ? instructions.indexOf(used as never) : undefined)
  const limits = ['ATEN_CPU_CAPABILITY', 'TORCH_LORA_AMX']
    .filter((name) => process.env[name])
    .map((name) => `${name}=${process.env[name]}`)
  const without = passed.length > 0 ? `without ${passed.join(' and ')}` : 'the fastest that there is'
  return {
    used,
    products: used ?? otherwise,
    because: [without, ...(limits.length > 0 ? [`with ${limits.join(' and ')}`] : [])].join(', '),
  }
}

/** Whether the kernels use instructions of this name. */
function isUsed(name: string): boolean {
  return guarded((native) => native.system()).instructions.includes(name)
}
