/** How many characters stand before a place in UTF-16 code units: Python and Rust count so. */
export function charactersBefore(text: string): (place: number) => number {
  if (!/\p{Surrogate}|[\u{10000}-\u{10ffff}]/u.test(text)) return (place) => place
  const before = new Uint32Array(text.length + 1)
  for (let i = 0; i < text.length; i++) before[i + 1] = before[i]! + (isSecondHalf(text, i) ? 0 : 1)
  return (place) => before[place]!
}

/** Characters of a text, as Python and Rust count. */
export function characterCount(text: string): number {
  let count = 0
  for (let i = 0; i < text.length; i++) if (!isSecondHalf(text, i)) count++
  return count
}

/** Whether a code unit is the second of a character's two. */
function isSecondHalf(text: string, i: number): boolean {
  return i > 0 && (text.charCodeAt(i) & 0xfc00) === 0xdc00
}
