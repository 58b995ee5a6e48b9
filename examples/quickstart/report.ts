const plain = !process.stdout.isTTY || Boolean(process.env.NO_COLOR)
const styled = (code: number) => (text: string) => (plain ? text : `\x1b[${code}m${text}\x1b[0m`)
const bold = styled(1)
const dim = styled(2)

/** The width of the names in front of the values. */
const column = 20

/** `  held-out accuracy   before  51.0 %`: the lines people read, on stdout. */
export const report = {
  heading: (text: string) => console.log(`\n${bold(text)}`),
  row: (name: string, value: string, note = '') =>
    console.log(`  ${name.padEnd(column)}${value}${note && `  ${dim(note)}`}`),
  line: (text: string) => console.log(`  ${text}`),
  /** What went another way than planned; on stderr, so that the report stays a report. */
  note: (text: string) => console.error(`  ${dim(text)}`),
}

/** 22,713,216 */
export const whole = (value: number) => Math.round(value).toLocaleString('en')

/** `173.29 MiB`: binary units, since that is how memory is counted. */
export const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(2)} MiB`

/** `1 min 52 s` */
export function duration(seconds: number): string {
  const rounded = Math.round(seconds)
  return rounded < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(rounded / 60)} min ${rounded % 60} s`
}

/** Shares as `51.0 %`; correlations, which may be negative, as they are. */
export function metricValue(name: string, value: number): string {
  return /accuracy|f1/.test(name) ? `${(100 * value).toFixed(1).padStart(5)} %` : value.toFixed(3).padStart(6)
}

/** A text on one line of at most `width` characters. */
export function shorten(text: string, width: number): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`
}

/** A path or word as a shell takes it. */
export const shellWord = (text: string) =>
  /^[\w./@:+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
