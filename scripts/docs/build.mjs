#!/usr/bin/env node
/** `npm run docs`: writes docs/api, and says which exports lack a docstring, which links lead nowhere, which
 * TypeScript of the guides does not compile, and which code of an error has no advice. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildTypeScript } from '../build-ts.mjs'
import { root } from '../check/run.mjs'
import { reference, writeReference } from './reference.mjs'
import { wrongSnippets } from './snippets.mjs'

/** The anchors that a page's headings have, by GitHub's rule. */
function anchorsOf(text) {
  const headings = text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.*)$/gm)
  return [...headings].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  )
}

/** Links of Markdown files into this repository that lead nowhere. */
function deadLinks(files) {
  return files.flatMap((file) => {
    const text = readFileSync(file, 'utf8')
    const links = text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/\]\(([^)\s]+)\)/g)
    return [...links].flatMap(([, target]) => {
      if (/^[a-z]+:/.test(target)) return []
      const [path, anchor] = target.split('#')
      const place = path ? join(dirname(file), path) : file
      if (!existsSync(place)) return [`${relative(root, file)}: ${target}`]
      if (!anchor || !place.endsWith('.md')) return []
      return anchorsOf(readFileSync(place, 'utf8')).includes(anchor)
        ? []
        : [`${relative(root, file)}: ${target}`]
    })
  })
}

/** Codes of TorchLoraError that the guide to them does not have. */
function codesWithoutAdvice() {
  const declared = readFileSync(join(root, 'dist', 'errors.d.ts'), 'utf8')
  const union = /type TorchLoraErrorCode =([^;]*);/.exec(declared)?.[1] ?? ''
  const codes = [...union.matchAll(/'(\w+)'/g)].map(([, code]) => code)
  if (codes.length === 0) return ['dist/errors.d.ts has no codes']
  const guide = readFileSync(join(root, 'docs', 'troubleshooting.md'), 'utf8')
  return codes
    .filter((code) => !guide.includes(`\n| \`${code}\` |`))
    .map((code) => `docs/troubleshooting.md: no line for ${code}`)
}

/** @returns {{ ok: boolean, output: string }} */
export function buildDocs() {
  buildTypeScript()
  const made = reference()
  const folder = writeReference(made)
  const pages = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(root, 'docs', name))
  const top = readdirSync(root).filter((name) => name.endsWith('.md'))
  const all = [...pages, ...top.map((name) => join(root, name))]
  const dead = deadLinks(all)
  const lines = [
    ...made.undocumented.map((name) => `${name} is exported and has no docstring`),
    ...dead.map((link) => `${link} leads nowhere`),
    ...codesWithoutAdvice(),
    ...wrongSnippets(all.filter((page) => !page.startsWith(folder))),
  ]
  return {
    ok: lines.length === 0,
    output: lines.length > 0 ? lines.join('\n') : `${made.names} exports in ${relative(root, folder)}`,
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { ok, output } = buildDocs()
  console.log(output)
  if (!ok) process.exitCode = 1
}
