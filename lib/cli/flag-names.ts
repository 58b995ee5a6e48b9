import { flagOf } from '../options.ts'

/** Flags whose names are not those of the options they stand for. */
const flags: Readonly<Record<string, string>> = {
  'columns.text': '--text',
  'columns.textPair': '--text-pair',
  'columns.label': '--label',
  'header: false': '--no-header',
  'quoting: false': '--no-quoting',
  'quoting: true': '--quoting',
  "head: 'keep'": '--head keep',
  "head: 'fresh'": '--head fresh',
  loraAlpha: '--alpha',
  'scheduleShape.power': '--schedule-power',
  'scheduleShape.cycles': '--schedule-cycles',
  mergeAdapter: '--adapter',
  maxBodyBytes: '--max-body',
}

/** Options whose flags are their names in kebab case. */
const same = new Set([
  'labels',
  'labelColumns',
  'labelSeparator',
  'problemType',
  'adapter',
  'adapters',
  'adapterRoot',
  'apiKey',
  'dtype',
  'device',
  'maxQueue',
  'maxQueueBytes',
  'maxLength',
  'maxBatchTokens',
  'maxClientBatch',
])

/** A message of the library with the options that it names (in backticks) as this program's flags. */
export function withFlagNames(message: string): string {
  return message.replaceAll(/`([A-Za-z]+(?:\.[A-Za-z]+)?(?:: [A-Za-z']+)?)`/g, (written, option: string) => {
    return flags[option] ?? (same.has(option) ? flagOf(option) : written)
  })
}
