import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** A name and its password. */
export interface Login {
  login: string
  password: string
}

/** The entries of a netrc file by host; `default` under ''. Macros are passed over. */
export function parseNetrc(text: string): Map<string, Login> {
  const entries = new Map<string, Login>()
  const tokens = text
    .replace(/^macdef[\s\S]*?(?:\n\s*\n|(?![\s\S]))/gm, '\n')
    .replace(/^\s*#.*$/gm, '')
    .split(/\s+/)
    .filter(Boolean)
  let entry: Login | undefined
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!
    if (token === 'machine' || token === 'default') {
      entry = { login: '', password: '' }
      const host = token === 'default' ? '' : (tokens[++at] ?? '')
      if (!entries.has(host)) entries.set(host, entry)
    } else if (entry && (token === 'login' || token === 'password')) entry[token] = tokens[++at] ?? ''
    else if (token === 'account') at++
  }
  return entries
}

/** Who to be at a host, by `NETRC` or `~/.netrc`; undefined where nothing is said of it. */
export function netrcLogin(host: string, environment: NodeJS.ProcessEnv): Login | undefined {
  const home = environment.HOME || homedir()
  const files = environment.NETRC ? [environment.NETRC] : [join(home, '.netrc'), join(home, '_netrc')]
  for (const file of files) {
    let text: string
    try {
      text = readFileSync(file, 'utf8')
    } catch {
      continue // none, or not ours to read
    }
    const entries = parseNetrc(text)
    return entries.get(host) ?? entries.get('')
  }
  return undefined
}
