/**
 * The keys that an object of a JSON text names twice. `JSON.parse` keeps the last one silently, and two readers that
 * disagree about which tensor a name means are a way to smuggle weights past a check.
 *
 * @param text valid JSON (call `JSON.parse` first)
 */
export function duplicateKeys(text: string): string[] {
  const duplicates: string[] = []
  const open: (Set<string> | undefined)[] = [] // a set of keys for an object, undefined for an array
  let expectKey = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '"') {
      const end = closingQuote(text, at)
      if (expectKey) {
        const key = JSON.parse(text.slice(at, end + 1)) as string
        const keys = open[open.length - 1]
        if (keys?.has(key)) duplicates.push(key)
        keys?.add(key)
        expectKey = false
      }
      at = end
    } else if (char === '{') {
      open.push(new Set())
      expectKey = true
    } else if (char === '[') {
      open.push(undefined)
    } else if (char === '}' || char === ']') {
      open.pop()
      expectKey = false
    } else if (char === ',') {
      expectKey = open[open.length - 1] !== undefined
    }
  }
  return duplicates
}

function closingQuote(text: string, opening: number): number {
  let at = opening + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}
