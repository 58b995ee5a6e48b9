/** "1 run", "3 runs". */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
}

/** A share as two digits, or as a whole number: "0.24 %", "12 %", "130 %". */
export function percent(share: number): string {
  return `${share < 0.0995 ? (100 * share).toPrecision(2) : (100 * share).toFixed(0)} %`
}
