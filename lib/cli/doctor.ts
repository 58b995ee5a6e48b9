import { Command } from 'commander'
import type { Diagnosis } from './diagnose.ts'

const why = {
  TORCH_LORA_LIBTORCH: 'named by TORCH_LORA_LIBTORCH',
  cache: 'installed by `torch-lora libtorch install`',
  python: 'the PyTorch of `python3`',
}

function cudaLine({ libtorch, nvidiaDriver, system }: Diagnosis): string {
  if (system && system.cudaDevices > 0)
    return `${system.cudaDevices} GPU${system.cudaDevices > 1 ? 's' : ''}, driver ${nvidiaDriver}`
  if (!nvidiaDriver)
    return `none: no NVIDIA driver here${libtorch?.cuda ? ', though libtorch is a CUDA build' : ''}`
  return `none: ${libtorch?.cuda ? 'no GPU is visible' : 'libtorch is a CPU build'}; driver ${nvidiaDriver}`
}

function print(diagnosis: Diagnosis): void {
  const { addon, libtorch, system } = diagnosis
  const lines: [string, string][] = [
    ['torch-lora', `${diagnosis.package.version} in ${diagnosis.package.path}`],
    [
      'Node',
      `${diagnosis.node} on ${diagnosis.platform}, ${diagnosis.glibc ? `glibc ${diagnosis.glibc}` : 'no glibc'}`,
    ],
    [
      'addon',
      addon
        ? `${addon.path} (${addon.from === 'build' ? 'built here' : 'prebuilt'}${system ? `, against libtorch ${system.builtFor}` : ''})`
        : 'not found',
    ],
    [
      'libtorch',
      libtorch ? `${libtorch.version} in ${libtorch.path} (${why[libtorch.source]})` : 'not found',
    ],
  ]
  if (system)
    lines.push([
      'CPU',
      `${diagnosis.cpus} available, ${system.threads} threads, ${[system.cpuCapability, ...system.instructions].join(', ')}`,
    ])
  for (const [dtype, { products, because }] of Object.entries(diagnosis.products ?? {}))
    lines.push([dtype, `${products} on the CPU: ${because}`])
  lines.push(['CUDA', cudaLine(diagnosis)])
  const { autoDtype } = diagnosis
  if (autoDtype) lines.push(['dtype auto', `${autoDtype.dtype} on ${autoDtype.device}: ${autoDtype.because}`])
  if (diagnosis.otherInstalls.length > 0) lines.push(['also there', diagnosis.otherInstalls.join(', ')])
  for (const [name, value] of lines) console.log(`${name.padEnd(11)} ${value}`)
  for (const { severity, message } of diagnosis.problems) console.log(`\n${severity}: ${message}`)
  console.log(diagnosis.ok ? '\nReady.' : '\nNot ready: see above.')
}

/** `torch-lora doctor`: what was found, what is wrong, and the command that mends it; exit code 1 when not usable. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Say what was found (addon, libtorch, devices, threads), what is wrong, and what mends it')
    .option('--json', 'the findings as one JSON object on stdout')
    .action(async (flags: { json?: boolean }) => {
      const { diagnose } = await import('./diagnose.ts')
      const diagnosis = diagnose()
      if (flags.json) console.log(JSON.stringify(diagnosis, null, 2))
      else print(diagnosis)
      if (!diagnosis.ok) process.exitCode = 1
    })
}
