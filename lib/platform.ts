import { existsSync, readFileSync } from 'node:fs'

/** The C library that this process runs on, `2.36`; null on musl and outside Linux. */
export function glibcVersion(): string | null {
  const report = process.report as typeof process.report & { excludeNetwork?: boolean | undefined }
  // Without this the report looks up the name of every open connection, which may take seconds.
  report.excludeNetwork = true
  const { header } = report.getReport() as { header: { glibcVersionRuntime?: string | undefined } }
  return header.glibcVersionRuntime ?? null
}

/** What the CPU can do, by the names of /proc/cpuinfo; null where it does not tell. */
export function cpuFlags(): string[] | null {
  const file = '/proc/cpuinfo'
  const line = existsSync(file) && /^flags\s*:(.*)$/m.exec(readFileSync(file, 'utf8'))
  return line ? line[1]!.trim().split(' ') : null
}
