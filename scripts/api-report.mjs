#!/usr/bin/env node
/**
 * The public surface as text, a file an entry of the package in etc/: what each export is. Committed, so that a change of
 * the surface shows in review. `--write` brings the files up to date; without, it says whether they are, and which types
 * signatures name that nobody can import: there must be none.
 *
 * Of the operators, whose declarations are in lib/generated, it has the names alone.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript-5'
import { buildTypeScript, entries } from './build-ts.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')
const printer = ts.createPrinter({ removeComments: true })

const reportOf = (entry) =>
  join(root, 'etc', `torch-lora${entry === 'index' ? '' : `-${dirname(entry)}`}.api.md`)

/** Whether a declaration is of this package, and not of libtorch's operators. */
const isOurs = (file) => file.startsWith(dist)
const isGenerated = (file) => relative(dist, file).startsWith('generated')

const declarationsOf = (entry) => join(dist, `${entry}.d.ts`)

class Surface {
  constructor(entry, program) {
    this.entry = entry
    this.checker = program.getTypeChecker()
    const exportsOf = (each) => {
      const module = this.checker.getSymbolAtLocation(program.getSourceFile(declarationsOf(each)))
      return this.checker
        .getExportsOfModule(module)
        .map((symbol) => ({ name: symbol.name, symbol: this.resolved(symbol) }))
    }
    this.exports = exportsOf(entry).sort((a, b) => (a.name < b.name ? -1 : 1))
    // The root has all that its signatures name; what others name may be the root's.
    const importable = entry === 'index' ? this.exports : [...this.exports, ...exportsOf('index')]
    this.exported = new Set(importable.map(({ symbol }) => symbol))
  }

  resolved(symbol) {
    return symbol.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol
  }

  /** An export's declarations, without comments and private parts. */
  textOf({ name, symbol }) {
    const declarations = symbol.declarations ?? []
    if (declarations.some(ts.isSourceFile)) {
      const names = this.checker.getExportsOfModule(symbol).map((each) => each.name)
      return `namespace ${name}: ${names.length} functions\n${names.sort().join(' ')}`
    }
    return declarations
      .map((declaration) => {
        const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration
        const text = printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile())
        return text
          .replaceAll(/^\s*(#private;|private .*;)\n/gm, '')
          .replace(/^(export )?(declare )?(default )?/, '')
          .trim()
      })
      .join('\n')
  }

  /** Types of this package that an export's signatures name and that are not exported themselves. */
  hidden({ name, symbol }) {
    const found = new Set()
    const visit = (node) => {
      if (ts.isIdentifier(node) && !ts.isPropertyAccessExpression(node.parent)) this.#note(node, found)
      const isPrivate =
        ts.canHaveModifiers(node) &&
        ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword)
      if (!isPrivate) ts.forEachChild(node, visit)
    }
    for (const declaration of symbol.declarations ?? [])
      if (!ts.isSourceFile(declaration) && !isGenerated(declaration.getSourceFile().fileName))
        visit(declaration)
    return [...found].filter((each) => each !== name)
  }

  #note(node, found) {
    const symbol = this.checker.getSymbolAtLocation(node)
    if (!symbol) return
    const target = this.resolved(symbol)
    const isType = target.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias)
    const [declaration] = target.declarations ?? []
    const file = declaration?.getSourceFile().fileName
    if (isType && file && isOurs(file) && !isGenerated(file) && !this.exported.has(target))
      found.add(target.name)
  }

  /** What signatures name and nobody can import. */
  get allHidden() {
    return this.exports.flatMap((each) => this.hidden(each).map((type) => `${type} (of ${each.name})`))
  }

  report() {
    const hidden = this.allHidden
    const parts = this.exports.map((each) => `\`\`\`ts\n${this.textOf(each)}\n\`\`\``)
    const title = this.entry === 'index' ? 'torch-lora' : `torch-lora/${dirname(this.entry)}`
    const note =
      hidden.length > 0
        ? `Named in signatures and not exported: ${hidden.join(', ')}.`
        : 'Every type that a signature names is exported.'
    return `# ${title}\n\nWritten by \`node scripts/api-report.mjs --write\`. ${note}\n\n${parts.join('\n\n')}\n`
  }
}

/** Writes the reports, or compares them with what is committed. */
export function apiReport({ write = false } = {}) {
  buildTypeScript()
  const problems = []
  const program = ts.createProgram(entries.map(declarationsOf), {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    allowImportingTsExtensions: true,
    noEmit: true,
    types: ['node'],
  })
  for (const entry of entries) {
    const file = reportOf(entry)
    const surface = new Surface(entry, program)
    const report = surface.report()
    if (write) {
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, report)
      continue
    }
    let before = ''
    try {
      before = readFileSync(file, 'utf8')
    } catch {}
    const hidden = surface.allHidden
    if (hidden.length > 0)
      problems.push(
        `${entry}: export these types, or keep them out of public signatures (@internal): ${hidden.join(', ')}.`,
      )
    if (before === report) continue
    const [old, now] = [before, report].map((text) => new Set(text.split('\n')))
    const changes = [
      ...[...old].filter((line) => !now.has(line)).map((line) => `- ${line}`),
      ...[...now].filter((line) => !old.has(line)).map((line) => `+ ${line}`),
    ]
    problems.push(`${relative(root, file)}: the public surface has changed.`, ...changes.slice(0, 60))
  }
  if (problems.length > 0) problems.push('Where that is meant: node scripts/api-report.mjs --write')
  return { ok: problems.length === 0, output: problems.join('\n') }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { ok, output } = apiReport({ write: process.argv.includes('--write') })
  if (output) console.log(output)
  process.exitCode = ok ? 0 : 1
}
