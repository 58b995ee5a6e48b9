/**
 * What a label is compared by: 0, 0.0, "0" and "0.0" are one class, and so are true, "true" and "True"; spaces around a
 * name and Unicode's several spellings of one letter make no other class of it.
 */
export function labelKey(label: string | number | boolean): string {
  const text = String(label).trim().normalize('NFC')
  const whole = /^(-?)(0|[1-9]\d*)(\.0*)?$/.exec(text)
  if (whole) return whole[2] === '0' ? '0' : `${whole[1]}${whole[2]}`
  return /^(true|false)$/i.test(text) ? text.toLowerCase() : text
}

/** The number that a label is, or that its text says; undefined for anything else. */
export function labelNumber(label: unknown): number | undefined {
  if (typeof label === 'number') return Number.isFinite(label) ? label : undefined
  if (typeof label !== 'string') return undefined
  const text = label.trim()
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN
  return Number.isFinite(value) ? value : undefined
}

/**
 * 1 or 0 for an element of a vector of labels: a number, true or false; undefined for anything else.
 */
export function labelBit(value: unknown): 0 | 1 | undefined {
  if (value === 1 || value === true) return 1
  return value === 0 || value === false ? 0 : undefined
}

/** The same of a field of text: 0, 1, 0.0, 1.0, true, False. */
export function textBit(text: string): 0 | 1 | undefined {
  const key = labelKey(text)
  if (key === '1' || key === 'true') return 1
  return key === '0' || key === 'false' ? 0 : undefined
}
