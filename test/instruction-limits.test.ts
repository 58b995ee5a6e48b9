import { expect, it } from 'vitest'
import { checkInstructionLimits } from '../lib/instruction-limits.ts'

const avx512 = ['fma', 'avx2', 'avx512f', 'avx512bw', 'avx512dq', 'avx512vl']
const check = (environment: NodeJS.ProcessEnv, { arch = 'x64', flags = avx512 as string[] | null } = {}) =>
  checkInstructionLimits({ environment, arch, flags: () => flags })

it.each([
  {},
  { ATEN_CPU_CAPABILITY: '' },
  { ATEN_CPU_CAPABILITY: 'default' },
  { ATEN_CPU_CAPABILITY: 'avx2' },
  { ATEN_CPU_CAPABILITY: 'avx512', TORCH_LORA_AMX: 'emulated' },
  { TORCH_LORA_AMX: 'off' },
  { TORCH_LORA_AMX: 'emulated' },
])('takes %o', (environment) => {
  expect(() => check(environment)).not.toThrow()
})

it.each([
  [
    { ATEN_CPU_CAPABILITY: 'avx' },
    /ATEN_CPU_CAPABILITY is "avx": expected default or avx2 or avx512,.*unset/,
  ],
  [{ ATEN_CPU_CAPABILITY: 'AVX2' }, /ATEN_CPU_CAPABILITY is "AVX2": expected default or avx2/],
  [{ ATEN_CPU_CAPABILITY: 'constructor' }, /"constructor": expected default/],
  [{ TORCH_LORA_AMX: 'on' }, /TORCH_LORA_AMX is "on": expected off or emulated/],
  [{ TORCH_LORA_AMX: 'Off' }, /TORCH_LORA_AMX is "Off": expected off or emulated/],
  [{ TORCH_LORA_AMX: 'emulated', ATEN_CPU_CAPABILITY: 'avx2' }, /emulated runs on AVX-512.*CAPABILITY=avx2/],
])('refuses %o, naming what can be', (environment, message) => {
  expect(() => check(environment)).toThrow(message)
  expect(() => check(environment)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
})

it('refuses instructions that the processor does not have, at which the process would end', () => {
  const old = { flags: ['sse2', 'fma', 'avx2'] }
  expect(() => check({ ATEN_CPU_CAPABILITY: 'avx2' }, old)).not.toThrow()
  expect(() => check({ ATEN_CPU_CAPABILITY: 'avx512' }, old)).toThrow(
    /ATEN_CPU_CAPABILITY=avx512 asks for .* not have: avx512f, avx512bw, avx512dq, avx512vl/,
  )
  expect(() => check({ TORCH_LORA_AMX: 'emulated' }, old)).toThrow(
    /TORCH_LORA_AMX=emulated asks for .*avx512f/,
  )
  expect(() => check({ ATEN_CPU_CAPABILITY: 'avx512' }, { flags: null })).not.toThrow()
})

it('leaves the words of other processors to ATen, which has its own there', () => {
  expect(() =>
    check({ ATEN_CPU_CAPABILITY: 'sve256', TORCH_LORA_AMX: 'on' }, { arch: 'arm64' }),
  ).not.toThrow()
})
