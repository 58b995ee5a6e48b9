import { join } from 'node:path'
import { writeFileAtomically } from '../checkpoint/index.ts'
import { TorchLoraError } from '../errors.ts'
import { glueTask } from './glue-tasks.ts'

/**
 * Writes predictions for a test split in the form that gluebenchmark.com takes: `index` and `prediction`, tab
 * between, into `dir` under the task's name there (RTE.tsv, MNLI-m.tsv, ...).
 *
 * @param predictions class ids in the order of the test rows; for STS-B scores, which are held to 0..5
 * @returns the file written
 * @throws TorchLoraError INVALID_ARGUMENT when there are not as many as GLUE has test rows, or one is no class of the
 * task; INVALID_FILE when the file cannot be written
 */
export async function writeGluePredictions(
  name: string,
  predictions: ArrayLike<number>,
  options: { dir: string },
): Promise<string> {
  const task = glueTask(name)
  const expected = task.rows.test
  if (predictions.length !== expected)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `${task.name}: GLUE's test split has ${expected} rows, received ${predictions.length} predictions; predict every row, in order`,
    )
  const lines = ['index\tprediction']
  for (let i = 0; i < predictions.length; i++) {
    const value = predictions[i]!
    if (task.labels === null) {
      if (!Number.isFinite(value))
        throw new TorchLoraError(
          'INVALID_ARGUMENT',
          `${task.name}: prediction ${i} is ${value}; expected a score`,
        )
      lines.push(`${i}\t${Math.min(5, Math.max(0, value)).toFixed(3)}`)
    } else {
      const label = (task.rawLabels ?? task.labels)[value]
      if (label === undefined)
        throw new TorchLoraError(
          'INVALID_ARGUMENT',
          `${task.name}: prediction ${i} is ${value}; expected a class id from 0 to ${task.labels.length - 1}`,
        )
      lines.push(`${i}\t${label}`)
    }
  }
  const path = join(options.dir, task.submission)
  await writeFileAtomically(path, `${lines.join('\n')}\n`)
  return path
}
