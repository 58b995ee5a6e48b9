#!/usr/bin/env node
/**
 * `npm run places`: how many files of the library each kind of addition has touched, by the commits that made one,
 * beside the number that is aimed at. Tests, fixtures and documents do not count.
 */
import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(fileURLToPath(import.meta.url), '..', '..')

/** The goal of each kind, and the commits that added one, by the beginning of their subjects. */
const additions = [
  {
    kind: 'encoder family',
    goal: 2,
    commits: [
      'DistilBERT, ELECTRA, XLM-RoBERTa and CamemBERT: a file',
      'MPNet: a bias by distance',
      'DeBERTa, the first: one projection',
      'ALBERT: layers that act many times',
    ],
  },
  { kind: 'head with its task', goal: 3, commits: ['Token classification: labels by word'] },
  {
    kind: 'adapter method',
    goal: 2,
    commits: ['DoRA: a method is a file'],
  },
  { kind: 'optimizer', goal: 2, commits: ['Muon: a second optimizer'] },
]

const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' })

const subjects = git('log', '--format=%h%x09%s')
  .split('\n')
  .map((line) => line.split('\t'))

const rows = additions.flatMap(({ kind, goal, commits }) =>
  commits.map((beginning) => {
    const [hash, subject] = subjects.find(([, text]) => text?.startsWith(beginning)) ?? []
    if (!hash) {
      console.error(
        `No commit begins with "${beginning}": a shallow clone has not got it (git fetch --unshallow).`,
      )
      process.exit(1)
    }
    const files = git('show', '--format=', '--name-only', hash, '--', 'lib', 'native', 'CMakeLists.txt')
      .split('\n')
      .filter((file) => file !== '')
    return { kind, goal, touched: files.length, commit: `${hash} ${subject}`, files }
  }),
)

for (const { kind, goal, touched, commit, files } of rows) {
  console.log(
    `${kind.padEnd(20)} goal ${goal}, touched ${String(touched).padStart(2)}: ${commit.slice(0, 76)}`,
  )
  for (const file of files) console.log(`  ${file}`)
}
