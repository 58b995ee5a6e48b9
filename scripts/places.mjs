#!/usr/bin/env node
/**
 * `npm run places`: how many files of the library are touched to add an encoder family, a task, an adapter method or an
 * optimizer, as those that there are stand in it: the files of its own and those that import them or name it, beside the
 * number that is aimed at. A program's own need none of the others (docs/your-own.md). What gives it a flag, a route or a class
 * that serves it is shown and does not count, nor do exports of lib/index.ts, tests, fixtures and documents.
 *
 * Ends with 1 where one touches more than the goal.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const lib = join(resolve(fileURLToPath(import.meta.url), '..', '..'), 'lib')

/** The goal of each kind, and what there is of it: the name that users give it, and its own files. */
const additions = [
  {
    kind: 'encoder family',
    goal: 2,
    of: {
      albert: ['encoders/albert.ts'],
      deberta: ['encoders/deberta.ts'],
      distilbert: ['encoders/distilbert.ts'],
      electra: ['encoders/electra.ts'],
      mpnet: ['encoders/mpnet.ts'],
      roberta: ['encoders/roberta.ts'],
    },
  },
  {
    kind: 'task with its head',
    goal: 3,
    of: {
      'masked-language-model': ['tasks/masked-lm.ts'],
      'question-answering': ['tasks/question-answering.ts'],
      reranking: ['tasks/reranking.ts'],
      'token-classification': ['tasks/token-classification.ts'],
    },
  },
  {
    kind: 'adapter method',
    goal: 2,
    of: {
      bitfit: ['adapters/bitfit.ts'],
      dora: ['adapters/dora.ts'],
      ia3: ['adapters/ia3.ts'],
      ln_tuning: ['adapters/ln-tuning.ts'],
      vera: ['adapters/vera.ts'],
    },
  },
  { kind: 'optimizer', goal: 2, of: { muon: ['optim/muon.ts'] } },
]

/** What stands on the library: commands and their names, the server, classes that serve a task, recipes. */
const products = ['adapters/method-names.ts', 'cli/', 'serve/', 'inference/', 'sweep/']

const files = readdirSync(lib, { recursive: true })
  .map((name) => name.replaceAll('\\', '/'))
  .filter((name) => name.endsWith('.ts') && name !== 'index.ts' && !name.startsWith('generated/'))

/** The files that each imports, and the strings in it, comments left out. */
const sources = new Map(
  files.map((name) => {
    const code = readFileSync(join(lib, name), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
    const imports = [...code.matchAll(/(?:from|import\()\s*'(\.[^']*)'/g)].map(([, path]) =>
      posix.normalize(posix.join(dirname(name), path)),
    )
    return [
      name,
      {
        imports: new Set(imports),
        strings: new Set([...code.matchAll(/'([\w-]+)'/g)].map(([, text]) => text)),
      },
    ]
  }),
)

let beyond = false
for (const { kind, goal, of } of additions)
  for (const [name, own] of Object.entries(of)) {
    const knows = ([file, { imports, strings }]) =>
      !own.includes(file) &&
      (own.some((path) => imports.has(path)) || (strings.has(name) && dirname(file) !== dirname(own[0])))
    const knowing = [...sources].filter(knows).map(([file]) => file)
    const isProduct = (file) => products.some((part) => file.startsWith(part))
    const touched = [...own, ...knowing.filter((file) => !isProduct(file))]
    beyond ||= touched.length > goal
    const also = knowing.filter(isProduct)
    console.log(
      `${kind.padEnd(20)}goal ${goal}, touched ${touched.length}: ${name}: ${touched.join(' ')}${also.length > 0 ? `; shown by ${also.join(' ')}` : ''}`,
    )
  }
if (beyond) process.exitCode = 1
