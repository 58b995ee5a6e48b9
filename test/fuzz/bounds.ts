/** What SECURITY.md states of a case: processor time, and bytes by which it may raise what its process holds. */
export const CASE_CPU_SECONDS = 5
export const CASE_BYTES = 256 * 2 ** 20
/** What a process holds at most, whatever the cases before it. */
export const PROCESS_BYTES = 1.5 * 2 ** 30

/** What a process that ran cases says at its end. */
export interface Found {
  cases: number
  failures: string[]
  peakBytes: number
  targets: Record<string, { cases: number; refused: number; milliseconds: number }>
}
