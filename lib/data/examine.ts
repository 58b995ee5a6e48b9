import type { Example } from './examples.ts'
import { labelKey } from './label-keys.ts'
import { nearDuplicates } from './near-duplicates.ts'

/** What a look at two parts of a data set finds. */
export interface DataFindings {
  /** Texts of the training part that occur in it again. */
  repeated: number
  /** The same but for case, spaces, punctuation and digits. */
  nearlyRepeated: number
  /** Texts of the training part that occur in it with more than one label. */
  conflicts: number
  /** Texts of the evaluation part that are in the training part too, and one of them. */
  shared: number
  sharedExample?: Example | undefined
  /** The same but for case, spaces, punctuation and digits. */
  nearlyShared: number
  /** Those that differ from a training text in few words (`nearDuplicates`), and one of them beside it. */
  similar: number
  similarExample?: { evaluate: Example; train: Example } | undefined
  /** How often each label occurs, the commonest first; empty for scores. */
  classes: { label: string; train: number; evaluate: number }[]
}

/** Looks for what makes a measurement worth less than it seems: repeated texts, shared texts, labels that contradict. */
export function examineExamples(train: readonly Example[], evaluate: readonly Example[]): DataFindings {
  const exact = new Map<string, Set<string>>()
  const near = new Set<string>()
  const loose: string[] = []
  const classes: ClassTable = new Map()
  let [repeated, nearlyRepeated, nearlyShared] = [0, 0, 0]
  for (const example of train) {
    countLabels(classes, 'train', example)
    const text = textOf(example)
    const rest = looseText(text)
    loose.push(rest)
    const labels = exact.get(text)
    if (labels) repeated++
    else if (near.has(rest)) nearlyRepeated++
    near.add(rest)
    exact.set(text, (labels ?? new Set()).add(labelOf(example)))
  }
  const shared: Example[] = []
  const others: { example: Example; rest: string }[] = []
  for (const example of evaluate) {
    countLabels(classes, 'evaluate', example)
    const text = textOf(example)
    const rest = looseText(text)
    if (exact.has(text)) shared.push(example)
    else if (near.has(rest)) nearlyShared++
    else others.push({ example, rest })
  }
  const similar = nearDuplicates(
    loose,
    others.map(({ rest }) => rest),
  )
  const [first] = similar
  return {
    similar: similar.length,
    similarExample: first && { evaluate: others[first.evaluate]!.example, train: train[first.train]! },
    repeated,
    nearlyRepeated,
    conflicts: [...exact.values()].filter((labels) => labels.size > 1).length,
    shared: shared.length,
    sharedExample: shared[0],
    nearlyShared,
    classes: [...classes.values()].sort((a, b) => b.train - a.train || b.evaluate - a.evaluate),
  }
}

/** What is to be said of findings, a sentence each; none where there is nothing to say. */
export function describeFindings(findings: DataFindings, { evaluated }: { evaluated: number }): string[] {
  const { repeated, nearlyRepeated, conflicts, shared, sharedExample, nearlyShared } = findings
  const { similar, similarExample } = findings
  const share = ((100 * shared) / Math.max(1, evaluated)).toFixed(0)
  return [
    shared > 0 &&
      `${shared} of ${evaluated} texts to measure on (${share} %) are in the training data too, such as ${JSON.stringify(sharedExample!.text.slice(0, 60))}: the measurement will flatter.`,
    nearlyShared > 0 &&
      `${nearlyShared} more differ from a training text in case, spaces, punctuation or digits alone.`,
    similar > 0 &&
      `${similar} more of ${evaluated} share four fifths of their letters, in runs of four, with a training text: ${beginning(similarExample!.evaluate)} with ${beginning(similarExample!.train)}.`,
    repeated > 0 && `${repeated} training texts repeat an earlier one.`,
    nearlyRepeated > 0 && `${nearlyRepeated} training texts nearly repeat an earlier one.`,
    conflicts > 0 && `${conflicts} training texts have more than one label.`,
  ].filter((line) => line !== false)
}

const beginning = ({ text }: Example) => JSON.stringify(text.slice(0, 60))

type ClassTable = Map<string, DataFindings['classes'][number]>

function countLabels(classes: ClassTable, part: 'train' | 'evaluate', { label }: Example): void {
  if (label === undefined) return
  const names = Array.isArray(label)
    ? label.flatMap((one, c) => (typeof one === 'string' ? [one] : one ? [`LABEL_${c}`] : []))
    : [label]
  for (const name of names) {
    const key = labelKey(name)
    const row = classes.get(key) ?? { label: key, train: 0, evaluate: 0 }
    row[part]++
    classes.set(key, row)
  }
}

const textOf = ({ text, textPair }: Example) =>
  JSON.stringify(textPair === undefined ? text : [text, textPair])

const labelOf = ({ label }: Example) =>
  Array.isArray(label) ? JSON.stringify(label) : label === undefined ? '' : labelKey(label)

/** What is left of a text without case, spaces, punctuation and digits; the text itself where that is nothing. */
function looseText(text: string): string {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .replace(/[^\p{L}\p{M}]+/gu, '') || text
  )
}
