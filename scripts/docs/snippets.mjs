/**
 * The TypeScript of README and guides, checked against the declarations in dist/ as a user's compiler would. A block may
 * leave out what is not its subject: names of the package are imported, and names that nobody declares are the reader's
 * own, of any type.
 */
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript-5'
import { root } from '../check/run.mjs'

const options = {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.esnext.d.ts'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noImplicitAny: false, // a parameter that is given what is the reader's own
  skipLibCheck: true,
  noEmit: true,
  types: ['node'],
}

/** TS2304, TS2552 and TS18004: a name that nobody declares. */
const undeclared = new Set([2304, 2552, 18004])

/** @returns {{ name: string, line: number, text: string }[]} the blocks of a page, `line` that of the first in each */
function blocksOf(file) {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(({ 1: block, index }) => {
    const line = text.slice(0, index).split('\n').length + 1
    return {
      name: join(root, 'docs', `${relative(root, file).replaceAll('/', '-')}-${line}.ts`),
      line,
      text: block,
    }
  })
}

/** Checks texts as files beside each other: what is wrong, of each. */
function diagnose(texts, entries = []) {
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile } = host
  host.fileExists = (file) => texts.has(file) || fileExists(file)
  host.readFile = (file) => texts.get(file) ?? readFile(file)
  const program = ts.createProgram([...texts.keys(), ...entries], options, host)
  return { program, of: (file) => ts.getPreEmitDiagnostics(program, program.getSourceFile(file)) }
}

/**
 * Whether an entry exports a name for its type alone, where another may export what it is.
 * @param {ts.Symbol} symbol
 */
function isTypeOnly({ declarations }) {
  const found = declarations?.[0]
  return found && ts.isExportSpecifier(found) && (found.isTypeOnly || found.parent.parent.isTypeOnly)
}

/** What a block has left out: imports of the package's names, and declarations of the reader's own. */
function preludeOf(block, names, diagnostics) {
  const missing = new Set(
    diagnostics
      .filter(({ code }) => undeclared.has(code))
      .map(({ start, length }) => block.slice(start, start + length).trim()),
  )
  const imports = []
  const own = []
  for (const name of missing) {
    const holders = names.filter(([, exported]) => exported.has(name))
    const [from] = holders.find(([, exported]) => !exported.get(name)) ?? holders[0] ?? []
    if (from) imports.push(`import { ${name} } from '${from}';`)
    else own.push(`declare const ${name}: any; type ${name} = any;`)
  }
  return [...imports, ...own].join(' ')
}

/**
 * Checks the blocks of pages.
 * @param {readonly string[]} pages Markdown files
 * @returns {string[]} what is wrong, each with its page and line
 */
export function wrongSnippets(pages) {
  const blocks = pages.flatMap((page) => blocksOf(page).map((block) => ({ page, ...block })))
  const entries = ['index', 'nn/index', 'serve/index'].map((name) => join(root, 'dist', `${name}.d.ts`))
  // `export {}`: each is a module of its own.
  const bare = new Map(blocks.map(({ name, text }) => [name, `${text}\nexport {}\n`]))
  const first = diagnose(bare, entries)
  const checker = first.program.getTypeChecker()
  const names = entries.map((entry) => {
    const source = first.program.getSourceFile(entry)
    const module = source && checker.getSymbolAtLocation(source)
    if (!module) throw new Error(`${entry} is not there: run \`npm run build:ts\``)
    const folder = relative(join(root, 'dist'), entry).split('/').slice(0, -1)
    const exported = new Map(checker.getExportsOfModule(module).map((each) => [each.name, isTypeOnly(each)]))
    return [['torch-lora', ...folder].join('/'), exported]
  })
  // On the block's own first line: line numbers stay.
  const whole = new Map(
    [...bare].map(([name, text]) => [name, `${preludeOf(text, names, first.of(name))} ${text}`]),
  )
  const second = diagnose(whole)
  return blocks.flatMap(({ page, name, line }) =>
    second.of(name).map(({ file, start, messageText }) => {
      const at = line + (file?.getLineAndCharacterOfPosition(start ?? 0).line ?? 0)
      return `${relative(root, page)}:${at}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
    }),
  )
}
