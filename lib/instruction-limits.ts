import { TorchLoraError } from './errors.ts'
import { cpuFlags } from './platform.ts'

/** What a word of ATEN_CPU_CAPABILITY asks of the processor, by the names of /proc/cpuinfo. */
const capabilities: Readonly<Record<string, readonly string[]>> = {
  default: [],
  avx2: ['avx2', 'fma'],
  avx512: ['avx512f', 'avx512bw', 'avx512dq', 'avx512vl', 'fma'],
}

/** What TORCH_LORA_AMX may be: without AMX, or (for tests) its kernels on registers that are memory. */
const amxWords = ['off', 'emulated']

/** A processor, and the environment of a process that is to compute with it. */
export interface Limited {
  environment: NodeJS.ProcessEnv
  /** `process.arch` */
  arch: string
  /** Instruction sets by the names of /proc/cpuinfo; null where it does not tell. */
  flags: () => readonly string[] | null
}

/**
 * Looks at the variables that limit which instructions are used, before the addon reads them. ATen passes over a word that
 * it does not know, and believes one that it knows: a process that is asked for instructions which the processor lacks
 * ends at the first of them.
 * @throws TorchLoraError INVALID_ARGUMENT for a word that is none, naming those that are, and for instructions that this
 * processor does not have
 */
export function checkInstructionLimits(
  { environment, arch, flags }: Limited = { environment: process.env, arch: process.arch, flags: cpuFlags },
): void {
  if (arch !== 'x64') return
  const { ATEN_CPU_CAPABILITY: capability, TORCH_LORA_AMX: amx } = environment
  if (capability) {
    const asked = requireWord('ATEN_CPU_CAPABILITY', capability, Object.keys(capabilities))
    requireFlags(`ATEN_CPU_CAPABILITY=${capability}`, capabilities[asked]!, flags())
  }
  if (amx && requireWord('TORCH_LORA_AMX', amx, amxWords) === 'emulated') {
    if (capability && capability !== 'avx512')
      throw wrong(
        `TORCH_LORA_AMX=emulated runs on AVX-512, and ATEN_CPU_CAPABILITY=${capability} goes without it.`,
      )
    requireFlags('TORCH_LORA_AMX=emulated', capabilities.avx512!, flags())
  }
}

function requireWord(name: string, value: string, words: readonly string[]): string {
  if (words.includes(value)) return value
  throw wrong(
    `${name} is ${JSON.stringify(value)}: expected ${words.join(' or ')}, or the variable unset for all that the processor has.`,
  )
}

function requireFlags(what: string, needed: readonly string[], found: readonly string[] | null): void {
  const missing = found ? needed.filter((flag) => !found.includes(flag)) : []
  if (missing.length > 0)
    throw wrong(
      `${what} asks for instructions that this processor does not have: ${missing.join(', ')}. Unset it.`,
    )
}

function wrong(message: string): TorchLoraError {
  return new TorchLoraError('INVALID_ARGUMENT', message)
}
