/**
 * The API reference, from what the package exports and from its docstrings: one page of Markdown a source file, an
 * index by name, links between them. Reads dist/, as users do. TypeScript 5 for its compiler API, which 7 has not.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import ts from 'typescript-5'
import { entries } from '../build-ts.mjs'
import { root } from '../check/run.mjs'

/** What is written after `import from`, for an entry of the package. */
const moduleOf = (entry) => (entry === 'index' ? 'torch-lora' : `torch-lora/${dirname(entry)}`)

/** Text of a docstring, with `{@link name}` made into links where the name is exported. */
function textOf(parts, link) {
  return parts
    .map(({ kind, text, ...part }) => {
      if (kind === 'linkName' || kind === 'linkText') return link(part.target ? text : text.trim())
      return kind === 'link' ? '' : text
    })
    .join('')
    .trim()
}

/** @returns {{ pages: Map<string, string>, undocumented: string[], names: number }} */
export function reference() {
  const fileOf = (entry) => join(root, 'dist', `${entry}.d.ts`)
  const program = ts.createProgram(entries.map(fileOf), {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    skipLibCheck: true,
    types: ['node'],
  })
  const checker = program.getTypeChecker()
  const printer = ts.createPrinter({ removeComments: true })
  const resolved = (symbol) =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  const pageOf = (symbol) => {
    const file = symbol.declarations?.[0]?.getSourceFile().fileName
    return (
      file &&
      relative(join(root, 'dist'), file)
        .replace(/\.d\.ts$/, '')
        .replaceAll('/', '-')
    )
  }
  const exportsOf = (entry) => {
    const source = program.getSourceFile(fileOf(entry))
    const module = source && checker.getSymbolAtLocation(source)
    if (!module) throw new Error(`${fileOf(entry)} is not there: run \`npm run build:ts\``)
    return checker.getExportsOfModule(module).map((symbol) => {
      const target = resolved(symbol)
      return { name: symbol.name, symbol: target, page: pageOf(target), from: moduleOf(entry) }
    })
  }
  const all = entries.flatMap(exportsOf)
  // What several entries have is documented once, as of the first.
  const exported = all.filter(
    (each, at) => all.findIndex(({ name, symbol }) => name === each.name && symbol === each.symbol) === at,
  )
  const places = new Map(exported.map(({ name, page }) => [name, `${page}.md#${name.toLowerCase()}`]))
  const link = (text) => {
    const place = places.get(/^\w+/.exec(text)?.[0] ?? '')
    return place ? `[\`${text}\`](${place})` : `\`${text}\``
  }
  const undocumented = []

  /** What is said of a symbol: its sentence, parameters, errors. */
  const said = (symbol) => {
    const lines = [textOf(symbol.getDocumentationComment(checker), link)]
    for (const tag of symbol.getJsDocTags(checker)) {
      const text = textOf(tag.text ?? [], link)
      if (tag.name === 'param') lines.push(`- \`${text.split(/\s/, 1)[0]}\` ${text.replace(/^\S+\s*/, '')}`)
      else lines.push(`- *${tag.name}* ${text}`)
    }
    return lines.filter(Boolean).join('\n\n')
  }
  const code = (node) => {
    const text = printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile())
    return text.replace(/^export (declare )?/, '').replace(/^declare /, '')
  }
  const isHidden = (member) =>
    (ts.getCombinedModifierFlags(member) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0 ||
    (member.name && ts.isPrivateIdentifier(member.name))

  const membersOf = (declaration, owner) => {
    const lines = []
    for (const member of declaration.members.filter((one) => !isHidden(one))) {
      const symbol = checker.getSymbolAtLocation(member.name ?? member)
      const text = symbol && said(symbol)
      lines.push(`\`\`\`ts\n${code(member)}\n\`\`\`\n${text ? `\n${text}\n` : ''}`)
      // dispose and toString are what the language says they are.
      const known = !member.name || ts.isComputedPropertyName(member.name) || symbol?.name === 'toString'
      if (!text && !known && ts.isMethodDeclaration(member)) undocumented.push(`${owner}.${symbol?.name}`)
    }
    return lines.join('\n')
  }

  const pages = new Map()
  for (const { name, symbol, page, from } of exported) {
    const text = said(symbol)
    const [declaration] = symbol.declarations ?? []
    const isModule = !declaration || ts.isSourceFile(declaration)
    if (!text && !isModule) undocumented.push(name)
    let body = ''
    if (isModule) {
      const functions = checker.getExportsOfModule(symbol).map((one) => `\`${one.name}\``)
      body = `${functions.length} functions: ${functions.join(', ')}.\n`
    } else if (ts.isClassDeclaration(declaration) || ts.isInterfaceDeclaration(declaration))
      body = membersOf(declaration, name)
    else
      body = `\`\`\`ts\n${symbol.declarations.map((one) => code(ts.isVariableDeclaration(one) ? one.parent.parent : one)).join('\n')}\n\`\`\`\n`
    pages.set(
      page,
      `${pages.get(page) ?? `# ${page.replaceAll('-', '/')}\n`}\n## ${name}\n\n${from === moduleOf('index') ? '' : `From \`${from}\`.\n\n`}${text ? `${text}\n\n` : ''}${body}`,
    )
  }
  const byName = [...places]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, place]) => `- [\`${name}\`](${place})`)
  pages.set(
    'README',
    `# API reference\n\nWritten by \`npm run docs\` from the docstrings of what ${entries.map((entry) => `\`${moduleOf(entry)}\``).join(', ')} export.\n\n${byName.join('\n')}\n`,
  )
  return { pages, undocumented, names: exported.length }
}

/** Writes the pages into docs/api, anew. */
export function writeReference({ pages }) {
  const folder = join(root, 'docs', 'api')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [page, text] of pages) writeFileSync(join(folder, `${page}.md`), text)
  return folder
}
