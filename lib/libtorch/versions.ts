/** Supported libtorch releases, oldest and newest; the patch number does not matter. */
export const supportedLibtorch = { oldest: '2.11', newest: '2.14' } as const

/** The release that `torch-lora libtorch install` gets unless told otherwise. */
export const defaultLibtorch = '2.13.0'

/** `2.11 to 2.14`, for messages. */
export const supportedRange = `${supportedLibtorch.oldest} to ${supportedLibtorch.newest}`

/** `[2, 13, 0]` of `2.13.0+cpu`; undefined when the text is not a version. */
export function parseVersion(version: string): [number, number, number] | undefined {
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?(?:[.+-]?[\w.+-]*)$/.exec(version)
  return match ? [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)] : undefined
}

/** Orders versions by number, newest first; texts without a version go last. */
export function newestFirst(a: string, b: string): number {
  const left = parseVersion(a) ?? [-1, 0, 0]
  const right = parseVersion(b) ?? [-1, 0, 0]
  return right[0] - left[0] || right[1] - left[1] || right[2] - left[2]
}

/** Whether the addon may open this libtorch. */
export function isSupported(version: string): boolean {
  const parsed = parseVersion(version)
  if (!parsed) return false
  const minor = parsed[0] * 1000 + parsed[1]
  const [oldest, newest] = [supportedLibtorch.oldest, supportedLibtorch.newest].map((limit) => {
    const [major, rest] = parseVersion(limit)!
    return major * 1000 + rest
  })
  return minor >= oldest! && minor <= newest!
}

/** `2.13` of `2.13.0+cpu`: releases that share it share their C++ interface; others do not. */
export function minorOf(version: string): string {
  const parsed = parseVersion(version)
  return parsed ? `${parsed[0]}.${parsed[1]}` : version
}
