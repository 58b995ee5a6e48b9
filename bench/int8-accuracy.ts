/**
 * What int8 costs in accuracy: a trained classifier in float32 and in int8 on a GLUE task's dev set.
 *
 *   npx tsx bench/int8-accuracy.ts --data GLUE --task sst2 --model MODEL [--adapter ADAPTER]
 *
 * Prints the task's metrics of both, the share of texts that get the same label, and how far scores are apart: the
 * probabilities of the labels, or the value of a regression.
 */
import { parseArgs } from 'node:util'
import { glueTask } from '../lib/data/index.ts'
import { type Classification, loadGlue, TextClassifier } from '../lib/index.ts'
import { argmax } from '../lib/tasks/arithmetic.ts'
import { machine } from './worker.ts'

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    task: { type: 'string', default: 'sst2' },
    model: { type: 'string' },
    adapter: { type: 'string' },
  },
})
if (!flags.data || !flags.model) throw new Error('say where data and model are: --data GLUE --model FOLDER')

const { examples } = await loadGlue(flags.task, { split: 'validation', dataDir: flags.data })

async function answers(dtype: 'float32' | 'int8'): Promise<Classification[]> {
  await using classifier = await TextClassifier.load(flags.model!, {
    mergeAdapter: flags.adapter,
    dtype,
    problemType: 'auto',
  })
  const found: Classification[] = []
  for await (const answer of classifier.classifyAll(examples)) found.push(answer)
  return found
}

/** Probabilities in the order of the labels, or the value of a regression. */
function scores({ labels, scores: ranked }: Classification): number[] {
  return labels.map((label) => ranked.find((one) => one.label === label)!.score)
}

const [exact, coarse] = [await answers('float32'), await answers('int8')]
console.log(`${await machine()}; ${flags.task}, ${examples.length} texts`)
const { labels } = glueTask(flags.task)
if (labels) {
  const right = (found: readonly Classification[]) =>
    found.filter(({ logits }, i) => labels[argmax(logits)] === examples[i]!.label).length
  for (const [name, found] of [
    ['float32', exact],
    ['int8', coarse],
  ] as const)
    console.log(`accuracy ${name.padEnd(8)} ${((100 * right(found)) / found.length).toFixed(2)} %`)
  const equal = exact.filter(({ label }, i) => label === coarse[i]!.label).length
  console.log(`same label        ${((100 * equal) / exact.length).toFixed(2)} %`)
}
const apart = exact
  .map((one, i) => Math.max(...scores(one).map((score, j) => Math.abs(score - scores(coarse[i]!)[j]!))))
  .sort((a, b) => a - b)
const mean = apart.reduce((sum, value) => sum + value, 0) / apart.length
console.log(
  `scores apart      mean ${mean.toFixed(4)}, p99 ${apart[Math.floor(0.99 * apart.length)]!.toFixed(4)}, most ${apart.at(-1)!.toFixed(4)}`,
)
