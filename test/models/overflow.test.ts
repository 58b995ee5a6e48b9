import { afterEach, describe, expect, it } from 'vitest'
import {
  AutoModelForSequenceClassification,
  applyLora,
  noGrad,
  ops,
  TextClassifier,
  Trainer,
  type TrainerOptions,
} from '../../lib/index.ts'
import { AutoTokenizer } from '../../lib/tokenizer/index.ts'
import { temporaryFolder } from '../checkpoint/support.ts'
import { tinyAdapter, tinyClassifier } from '../inference/models.ts'
import { tinyExamples, tinyModel } from '../train/tiny.ts'

/** The model of a folder with one number all over a parameter, in another folder. */
async function filled(folder: string, path: string, value: number): Promise<string> {
  using model = await AutoModelForSequenceClassification.fromPretrained(folder, { device: 'cpu' })
  const parameter = new Map(model.namedParameters()).get(path)!
  noGrad(() => parameter.fill_(value))
  const directory = await temporaryFolder()
  await model.savePretrained(directory)
  return directory
}

const labels = ['bad', 'good']
const open: TextClassifier[] = []
afterEach(async () => {
  for (const classifier of open.splice(0)) await classifier.close()
})

async function serve(folder: string, options: Parameters<typeof TextClassifier.load>[1]) {
  const classifier = await TextClassifier.load(folder, { device: 'cpu', warmUp: false, ...options })
  open.push(classifier)
  return classifier
}

describe('a float16 model that overflows', () => {
  it.each([
    [
      'bert.embeddings.LayerNorm.weight',
      60_000,
      /float16 overflowed in the embeddings: .*65,504.*'bfloat16'/,
    ],
    ['bert.encoder.layer.0.output.dense.weight', 30_000, /in layer 1 of 2 \(bert\.encoder\.layer\.0\)/],
    ['bert.encoder.layer.1.output.dense.weight', 30_000, /in layer 2 of 2 \(bert\.encoder\.layer\.1\)/],
  ])('says where, as it is served: %s', async (path, value, where) => {
    const base = await tinyClassifier({ labels })
    const folder = await filled(base, path, value)
    const overflow = { code: 'DIVERGED', message: expect.stringMatching(where) }
    const directory = await tinyAdapter(base, { seed: 3, labels, targetModules: 'all-linear' })
    const classifier = await serve(folder, { dtype: 'float16', adapters: { own: directory } })
    await expect(classifier.classify('a play')).rejects.toMatchObject(overflow)
    await expect(classifier.classify('a play', { adapter: 'own' })).rejects.toMatchObject(overflow)
    await expect(serve(folder, { dtype: 'float16', warmUp: true })).rejects.toMatchObject(overflow)
    const wider = await serve(folder, { dtype: 'bfloat16' })
    for (const logit of (await wider.classify('a play')).logits) expect(logit).toSatisfy(Number.isFinite)
  })

  it('says where, as it trains and as it is measured', async () => {
    const folder = await filled(await tinyModel(), 'bert.encoder.layer.0.output.dense.weight', 30_000)
    await using tokenizer = await AutoTokenizer.fromPretrained(folder)
    const run = async (gradientCheckpointing: boolean, options: Partial<TrainerOptions> = {}) => {
      using model = await AutoModelForSequenceClassification.fromPretrained(folder, {
        device: 'cpu',
        dtype: 'float16',
      })
      model.setGradientCheckpointing(gradientCheckpointing)
      applyLora(model, { r: 2 })
      const settings = { model, tokenizer, train: tinyExamples(16), epochs: 1, batchSize: 8, ...options }
      for await (const _ of new Trainer(settings).run());
    }
    const error = {
      code: 'DIVERGED',
      message: expect.stringMatching(
        /loss is NaN at update 1 .*in layer 1 of 2 \(bert\.encoder\.layer\.0\).*If float32 diverges too, lower/,
      ),
    }
    await expect(run(false)).rejects.toMatchObject(error)
    await expect(run(true, { gradientAccumulationSteps: 2 })).rejects.toMatchObject(error)
  })

  it('says which gradients, where the loss is still a number', async () => {
    const folder = await tinyModel()
    await using tokenizer = await AutoTokenizer.fromPretrained(folder)
    using model = await AutoModelForSequenceClassification.fromPretrained(folder, {
      device: 'cpu',
      dtype: 'float16',
    })
    applyLora(model, { r: 2 })
    const trainer = new Trainer({
      model,
      tokenizer,
      train: tinyExamples(16),
      epochs: 1,
      batchSize: 8,
      loss: (outputs, targets) => ops.mul(model.task.loss(outputs, targets), 1e9),
    })
    const run = async () => {
      for await (const _ of trainer.run());
    }
    await expect(run()).rejects.toMatchObject({
      code: 'DIVERGED',
      message: expect.stringMatching(
        /loss is \d+ at update 1 .*overflowed in the gradients that reach bert\.encoder\.layer\.1\.attention/,
      ),
    })
  })

  it('is refused as it loads, where a weight itself is too large', async () => {
    const folder = await filled(await tinyModel(), 'bert.encoder.layer.1.intermediate.dense.bias', 7e4)
    const load = (dtype: 'float16' | 'bfloat16') =>
      AutoModelForSequenceClassification.fromPretrained(folder, { device: 'cpu', dtype })
    await expect(load('float16')).rejects.toMatchObject({
      code: 'INCOMPATIBLE',
      message: expect.stringMatching(
        /beyond float16's largest, 65,504, in bert\.encoder\.layer\.1\.intermediate\.dense\.bias\. .*'bfloat16'/,
      ),
    })
    using model = await load('bfloat16')
    expect(model.dtype).toBe('bfloat16')
  })
})
