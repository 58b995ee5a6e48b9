import cliProgress, { type Options, type SingleBar } from 'cli-progress'

const units = ['B', 'kB', 'MB', 'GB', 'TB']

/** `183.1 MB` of 183120000: decimal units, as pip and disks count. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1)
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}

/**
 * A progress bar on stderr, so that stdout stays the program's result. Where stderr is no terminal, a line every
 * ten seconds instead of a bar.
 * @param format cli-progress's placeholders: `{bar} {percentage} {value} {total} {eta_formatted}` and payload names
 */
export function progressBar(format: string, options: Options = {}): SingleBar {
  return new cliProgress.SingleBar({
    format,
    stream: process.stderr,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
    noTTYOutput: true,
    notTTYSchedule: 10_000,
    fps: 5,
    formatTime,
    ...options,
  })
}

/**
 * cli-progress's own, of times that are rounded first: it would write `53m60s` and `01h60m`. Before there is an estimate
 * cli-progress gives `'0'`, `'NULL'` or `'INF'`.
 */
export function formatTime(seconds: number | string, options: Options, multiple = 1): string {
  if (typeof seconds === 'string') return '?'
  const unit = seconds > 3600 ? 60 * multiple : seconds > 10 ? multiple : 1
  return cliProgress.Format.TimeFormat(unit * Math.round(seconds / unit), options, multiple)
}

/** A bar for texts that are gone through: `evaluating ███░░ 61% 249/408 texts | 3s left`. */
export function textsBar(what: string, unit = 'texts'): SingleBar {
  return progressBar(`${what} {bar} {percentage}% {value}/{total} ${unit} | {eta_formatted} left`)
}

/** A bar for bytes: `unpacking torch.whl ███░░ 61% 300.2 MB of 490.0 MB`. */
export function bytesBar(): SingleBar {
  return progressBar('{what} {bar} {percentage}% {value} of {total}', {
    formatValue: (value, _options, type) =>
      type === 'value' || type === 'total' ? formatBytes(value) : String(value),
  })
}
