import type { EvaluationFile } from '../train/evaluation-file.ts'

const share = (value: number) => (Number.isNaN(value) ? 'n/a' : value.toFixed(4))

/**
 * An evaluation for a terminal: a row a class, what was taken for what, and at the end, where the prompt is, metrics with
 * their intervals, the first of them last.
 */
export function evaluationTable({
  metrics,
  intervals,
  report,
  confusion,
  calibrated,
  examples,
}: EvaluationFile): string {
  const { loss, ...others } = metrics
  const entries = [...Object.entries(others), ['loss', loss!] as const].reverse()
  const summary = entries.map(([name, value]) => {
    const between = intervals?.[name]
    return `${name.padEnd(22)} ${share(value)}${between ? `  (95 %: ${share(between[0])} to ${share(between[1])})` : ''}`
  })
  if (calibrated) {
    const { temperature, ece } = calibrated
    summary.unshift(
      `${'calibration error'.padEnd(22)} ${share(ece.after)}  (${share(ece.before)} without the model's temperature, ${temperature.toPrecision(3)})`,
    )
  }
  summary.unshift(`${'examples'.padEnd(22)} ${examples}`)
  if (!report) return summary.join('\n')
  const rows: string[][] = [
    ['class', 'precision', 'recall', 'f1', 'support'],
    ...[
      ...report.classes,
      { label: 'micro average', ...report.micro },
      { label: 'macro average', ...report.macro },
      { label: 'weighted average', ...report.weighted },
    ].map(({ label, precision, recall, f1, support }) => [
      label,
      share(precision),
      share(recall),
      share(f1),
      String(support),
    ]),
  ]
  const lines = aligned(rows)
  // A terminal holds so many columns.
  if (confusion && confusion.length <= 10) {
    const names = report.classes.map(({ label }) => label)
    const width = 14
    const short = (name: string) => (name.length > width ? `${name.slice(0, width - 1)}…` : name)
    lines.push(
      '',
      'rows: labels, columns: predictions',
      ...aligned([['', ...names.map(short)], ...confusion.map((row, c) => [names[c]!, ...row.map(String)])]),
    )
  }
  return [...lines, '', ...summary].join('\n')
}

/** Columns of one width, the first to the left. */
function aligned(rows: readonly string[][]): string[] {
  const widths = rows[0]!.map((_, c) => Math.max(...rows.map((row) => row[c]!.length)))
  return rows.map((row) =>
    row
      .map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!)))
      .join('  ')
      .trimEnd(),
  )
}
