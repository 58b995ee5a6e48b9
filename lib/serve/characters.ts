/** How many characters stand before a place in UTF-16 code units: Python and Rust count so. */
export function charactersBefore(text: string): (place: number) => number {
  if (!/\p{Surrogate}|[\u{10000}-\u{10ffff}]/u.test(text)) return (place) => place
  const before = new Uint32Array(text.length + 1)
  for (let i = 0; i < text.length; i++) {
    const second = /[\udc00-\udfff]/.test(text[i]!) && i > 0
    before[i + 1] = before[i]! + (second ? 0 : 1)
  }
  return (place) => before[place]!
}
