import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { TorchLoraError } from '../../errors.ts'

/** What pip is told of package indexes, in its own files and variables. */
export interface IndexSettings {
  /** Simple indexes in order, by URL; empty with `no-index`. */
  indexes: string[]
  /** Folders, files or pages with links to wheels. */
  findLinks: string[]
  /** True where the user chose the first index. */
  chosen: boolean
  /** A file with certificates to trust in place of the built-in ones. */
  cert?: string
  /** For http and https alike; the proxies of the environment otherwise. */
  proxy?: string
  /** Hosts (with a port or without) whose certificate is not looked at. */
  trustedHosts: string[]
  /** Which files said something. */
  files: string[]
}

/** The index that pip asks unless it is told otherwise. */
export const defaultIndex = 'https://pypi.org/simple'

/** pip's files, the ones that have the last word last (pip's documentation, "Configuration Files"). */
function configFiles(environment: NodeJS.ProcessEnv): string[] {
  const chosen = environment.PIP_CONFIG_FILE
  if (chosen === '/dev/null') return []
  const home = environment.HOME || homedir()
  const site = environment.VIRTUAL_ENV
  return [
    ...(environment.XDG_CONFIG_DIRS || '/etc/xdg')
      .split(':')
      .map((folder) => join(folder, 'pip', 'pip.conf')),
    '/etc/pip.conf',
    join(home, '.pip', 'pip.conf'),
    join(environment.XDG_CONFIG_HOME || join(home, '.config'), 'pip', 'pip.conf'),
    ...(site ? [join(site, 'pip.conf')] : []),
    ...(chosen ? [chosen] : []),
  ]
}

/**
 * Reads an ini file as Python's configparser does, as far as pip's files go: `key = value`, a value going on in lines
 * that are indented, comments in lines of their own.
 */
export function parseConfig(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>()
  let section: Map<string, string> | undefined
  let key: string | undefined
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*([#;]|$)/.test(line)) continue
    const head = /^\[(.+)\]\s*$/.exec(line)
    const entry = /^([^\s=:][^=:]*?)\s*[=:]\s*(.*)$/.exec(line)
    if (head) {
      section = sections.get(head[1]!) ?? new Map()
      sections.set(head[1]!, section)
      key = undefined
    } else if (/^\s/.test(line) && key && section) {
      section.set(key, `${section.get(key)}\n${line.trim()}`)
    } else if (entry && section) {
      key = entry[1]!.toLowerCase().replaceAll('_', '-')
      section.set(key, entry[2]!.trim())
    }
  }
  return sections
}

const words = (text: string | undefined) => text?.split(/\s+/).filter(Boolean) ?? []
const isTrue = (text: string | undefined) => /^(1|true|yes|on|y|t)$/i.test(text?.trim() ?? '')

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new TorchLoraError('INVALID_FILE', `${file}, pip's settings, cannot be read (${code}).`, {
      file,
      cause,
    })
  }
}

/**
 * Reads pip's settings: sections `global`, then `download`, then PIP_* variables, each having the word over the one before.
 * @throws TorchLoraError INVALID_FILE for a file that cannot be read
 */
export function indexSettings(environment: NodeJS.ProcessEnv = process.env): IndexSettings {
  const values = new Map<string, string>()
  const files: string[] = []
  const parsed = configFiles(environment)
    .filter(existsSync)
    .map((file) => ({ file, sections: parseConfig(textOf(file)) }))
  for (const name of ['global', 'download']) {
    for (const { file, sections } of parsed) {
      for (const [key, value] of sections.get(name) ?? []) {
        values.set(key, value)
        if (!files.includes(file)) files.push(file)
      }
    }
  }
  for (const [name, value] of Object.entries(environment)) {
    if (name.startsWith('PIP_') && value) values.set(name.slice(4).toLowerCase().replaceAll('_', '-'), value)
  }
  const index = values.get('index-url') ?? values.get('pypi-url')
  const extra = words(values.get('extra-index-url'))
  return {
    indexes: isTrue(values.get('no-index')) ? [] : [index ?? defaultIndex, ...extra],
    findLinks: words(values.get('find-links')),
    chosen: index !== undefined,
    cert: values.get('cert') ?? environment.REQUESTS_CA_BUNDLE ?? environment.CURL_CA_BUNDLE,
    proxy: values.get('proxy'),
    trustedHosts: words(values.get('trusted-host')),
    files,
  }
}
