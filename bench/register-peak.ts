import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** GFLOP/s of all threads by dtype: of those that the processor has an instruction for. */
export type Peak = Record<string, number>

/** Compiles bench/peak.c by `cc` for this machine, measures with it, and prints what it found. */
export async function registerPeak(threads: number): Promise<Peak> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-register-peak-'))
  try {
    const program = join(folder, 'peak')
    const source = new URL('peak.c', import.meta.url).pathname
    execFileSync('cc', ['-O2', '-march=native', '-pthread', '-o', program, source], { stdio: 'inherit' })
    const { memory, ...peak } = JSON.parse(
      execFileSync(program, [String(threads)], { encoding: 'utf8' }),
    ) as Peak
    const said = Object.entries(peak).map(([dtype, rate]) => `${dtype} ${rate.toFixed(0)} GFLOP/s`)
    console.log(`peak of registers: ${said.join(', ')}; memory is read at ${memory!.toFixed(1)} GB/s`)
    return peak
  } finally {
    await rm(folder, { recursive: true })
  }
}
