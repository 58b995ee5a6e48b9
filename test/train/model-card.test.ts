import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { loadAdapter, saveAdapter } from '../../lib/adapters/adapter.ts'
import { applyAdapter, applyLora } from '../../lib/adapters/apply.ts'
import { LNTuningConfig } from '../../lib/adapters/ln-tuning.ts'
import { mergeLora, unloadLora } from '../../lib/adapters/merge.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import { noteTraining, type TrainingFacts } from '../../lib/models/model-card.ts'
import { AutoTokenizer } from '../../lib/tokenizer/index.ts'
import { Trainer } from '../../lib/train/trainer.ts'
import { failure } from '../checkpoint/support.ts'
import { tinyExamples, tinyModel } from './tiny.ts'

const temporary = () => mkdtemp(join(tmpdir(), 'card-'))
const card = (folder: string) => readFile(join(folder, 'README.md'), 'utf8')
const load = (folder: string) => AutoModelForSequenceClassification.fromPretrained(folder)

const facts: TrainingFacts = {
  method: 'adalora',
  base: 'owner/base',
  dataset: 'mrpc',
  rows: { train: 1000, evaluate: 200 },
  measured: [{ name: 'accuracy', value: 0.75, interval: [0.7, 0.8] }],
  settings: [['updates', '3']],
}

it('a card has what is known: of an adapter its method, of a model with a base model the licence', async () => {
  const base = await tinyModel()
  await writeFile(join(base, 'README.md'), '---\nlicense: apache-2.0\n---\n# The base\n')
  using model = applyLora(await load(base), { r: 2 })
  noteTraining(model, facts)
  const folder = await temporary()
  await saveAdapter(model, folder)
  const lines = (await card(folder)).split('\n')
  expect(lines.slice(0, 7)).toEqual([
    '---',
    'library_name: peft',
    'base_model: "owner/base"',
    'license: "apache-2.0"',
    'pipeline_tag: text-classification',
    'tags: [torch-lora, adalora]',
    '---',
  ])
  expect(lines).toContain('| accuracy | 0.7500 | 0.7000 to 0.8000 |')
  expect(lines).toContain('Labels: `bad`, `good`.')
  expect(lines.join('\n')).toContain(
    "on 1,000 rows of mrpc; measured on 200 rows. The base model's licence: apache-2.0.",
  )
})

it('what a Trainer made is told by savePretrained, and by the card of a merge of its adapter', {
  timeout: 120_000,
}, async () => {
  const base = await tinyModel()
  const tokenizer = await AutoTokenizer.fromPretrained(base)
  using model = applyLora(await load(base), { r: 2 })
  await new Trainer({
    model,
    tokenizer,
    train: tinyExamples(24),
    evaluate: tinyExamples(8, 50),
    epochs: 1,
  }).train()
  const [adapter, merged, again, ours] = [
    await temporary(),
    await temporary(),
    await temporary(),
    await temporary(),
  ]
  await saveAdapter(model, adapter)
  expect(await card(adapter)).toMatch(/^tags: \[torch-lora, lora\]$/m)
  expect(await card(adapter)).toMatch(/from tiny-bert-\w+ on 24 rows; measured on 8 rows\./)
  expect(await card(adapter)).toMatch(/^\| accuracy \| [01]\.\d{4} \| +\|$/m)
  await mergeLora(model).savePretrained(merged)
  expect(await card(merged)).toMatch(/^library_name: transformers\n.*^tags: \[torch-lora\]$/ms)
  expect(await card(merged)).toContain('measured on 8 rows')

  // Loaded elsewhere: the adapter's card tells of the model that it is merged into, and a model's of its copy.
  using other = await loadAdapter(await load(base), adapter)
  await mergeLora(other).savePretrained(again)
  expect(await card(again)).toContain('measured on 8 rows')
  using copy = await load(again)
  await copy.savePretrained(ours)
  expect(await card(ours)).toContain('measured on 8 rows')
  await tokenizer.close()
})

it('a card that somebody else wrote stays, and a base model that is given back says nothing of a training', async () => {
  const base = await tinyModel()
  using model = applyAdapter(await load(base), new LNTuningConfig())
  noteTraining(model, { ...facts, method: 'LayerNorm tuning' })
  const [folder, plain] = [await temporary(), await temporary()]
  await writeFile(join(folder, 'README.md'), '# Mine\n')
  await saveAdapter(model, folder)
  expect(await card(folder)).toBe('# Mine\n')
  await writeFile(join(folder, 'README.md'), '---\ntags: [torch-lora, lora]\n---\nold')
  await saveAdapter(model, folder)
  expect(await card(folder)).toMatch(/^tags: \[torch-lora, layernorm-tuning\]$/m)
  unloadLora(model)
  await model.savePretrained(plain)
  expect(await card(plain)).toContain('Nothing is known here of how it was trained.')
})

it("a base model's card that cannot be read is named", async () => {
  const base = await tinyModel()
  using model = await load(base)
  const blocked = await temporary()
  await mkdir(join(blocked, 'README.md'))
  const { message } = await failure(model.savePretrained(blocked), 'INVALID_FILE')
  expect(message).toContain(`${join(blocked, 'README.md')}: a folder is where a file should be`)
})
