import { mkdir, mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { TrainingSummary } from '../../lib/train/events.ts'
import { type ModelCard, writeModelCard } from '../../lib/train/model-card.ts'
import { failure } from '../checkpoint/support.ts'

const temporary = () => mkdtemp(join(tmpdir(), 'card-'))
const card: ModelCard = {
  base: 'owner/base',
  kind: 'adapter',
  method: 'adalora',
  dataset: 'mrpc',
  rows: { train: 10, evaluate: 2 },
  labels: ['no', 'yes'],
  summary: {
    steps: 3,
    trainableParameters: 8,
    wallSeconds: 1,
    settings: { epochs: 1, batchSize: 4, learningRate: 1e-3, headLearningRate: 1e-3 },
  } as TrainingSummary,
  machine: 'a machine',
}

it.each([
  ['adapter', 'adalora', 'tags: [torch-lora, adalora]'],
  ['adapter', 'lora', 'tags: [torch-lora, lora]'],
  ['model', 'full', 'tags: [torch-lora]'],
] as const)('the card of a %s by %s has %s', async (kind, method, tags) => {
  const folder = await temporary()
  await writeModelCard(folder, { ...card, kind, method })
  expect((await readFile(join(folder, 'README.md'), 'utf8')).split('\n')).toContain(tags)
})

it("a base model's card that cannot be read is named", async () => {
  const [folder, baseFolder] = [await temporary(), await temporary()]
  await mkdir(join(baseFolder, 'README.md'))
  const { message } = await failure(writeModelCard(folder, { ...card, baseFolder }), 'INVALID_FILE')
  expect(message).toContain(`${join(baseFolder, 'README.md')}: a folder is where a file should be`)
})
