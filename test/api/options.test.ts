import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  AdamW,
  AutoModelForSequenceClassification,
  AutoModelForTokenClassification,
  AutoTokenizer,
  applyLora,
  compile,
  createLorafaOptimizer,
  distributed,
  LoraConfig,
  loadAdapter,
  loadGlue,
  Muon,
  mergeLora,
  packBatch,
  readExamples,
  Tensor,
  Trainer,
  type TrainerOptions,
} from '../../lib/index.ts'
import { nearest } from '../../lib/options.ts'
import { temporaryFolder } from '../libtorch/fakes.ts'
import { tinyExamples, tinyModel } from '../train/tiny.ts'

let folder: string
let trainerOptions: TrainerOptions

beforeAll(async () => {
  folder = await tinyModel()
  const model = await AutoModelForSequenceClassification.fromPretrained(folder)
  trainerOptions = {
    model,
    tokenizer: await AutoTokenizer.fromPretrained(folder),
    train: tinyExamples(4),
  } as unknown as TrainerOptions
})

/** The message of what `body` throws or rejects with; it must be INVALID_ARGUMENT. */
async function refusal(body: () => unknown): Promise<string> {
  try {
    await body()
  } catch (thrown) {
    expect(thrown).toMatchObject({ name: 'TorchLoraError', code: 'INVALID_ARGUMENT' })
    return (thrown as Error).message
  }
  throw new Error('it was not refused')
}

const parameters = () => [['weight', Tensor.ones([2, 2])] as const]
const oneRow = { ids: Int32Array.of(1), typeIds: Int32Array.of(0) }

/** What takes options, with an option that it does not know and the one that was meant. */
const doors: [name: string, call: (options: never) => unknown, given: string, meant: string][] = [
  ['Trainer', (o) => new Trainer({ ...trainerOptions, ...(o as object) }), 'numTrainEpochs', 'epochs'],
  ['Trainer', (o) => new Trainer({ ...trainerOptions, ...(o as object) }), 'lr', 'learningRate'],
  ['LoraConfig', (o) => new LoraConfig(o), 'lora_alpha', 'loraAlpha'],
  ['LoraConfig', (o) => applyLora(trainerOptions.model, o), 'target_modules', 'targetModules'],
  ['applyAdapter', (o) => applyLora(trainerOptions.model, {}, o), 'adapter_name', 'adapterName'],
  ['createLorafaOptimizer', (o) => createLorafaOptimizer(trainerOptions.model, o), 'EPS', 'eps'],
  ['mergeLora', (o) => mergeLora(trainerOptions.model, o), 'keepbase', 'keepBase'],
  ['loadAdapter', (o) => loadAdapter(trainerOptions.model, folder, o), 'isTrainable', 'trainable'],
  [
    'fromPretrained',
    (o) => AutoModelForSequenceClassification.fromPretrained(folder, o),
    'num_labels',
    'numLabels',
  ],
  ['fromPretrained', (o) => AutoModelForTokenClassification.fromPretrained(folder, o), 'torchDtype', 'dtype'],
  ['fromConfig', (o) => AutoModelForSequenceClassification.fromConfig({}, o), 'devise', 'device'],
  ['AutoTokenizer.fromPretrained', (o) => AutoTokenizer.fromPretrained(folder, o), 'cache_dir', 'cacheDir'],
  ['Tokenizer.encode', (o) => trainerOptions.tokenizer.encode('a', o), 'max_length', 'maxLength'],
  ['Tokenizer.encode', (o) => trainerOptions.tokenizer.encodeBatch(['a'], o), 'maxLen', 'maxLength'],
  ['readExamples', (o) => readExamples(join(folder, 'a.jsonl'), o), 'labeled', 'labelled'],
  [
    'readExamples, columns',
    (o) => readExamples(join(folder, 'a.jsonl'), { columns: o }),
    'text_pair',
    'textPair',
  ],
  ['loadGlue', (o) => loadGlue('rte', o), 'data_dir', 'dataDir'],
  ['packBatch', (o) => packBatch([oneRow], o), 'position', 'positions'],
  ['distributed.init', (o) => distributed.init(o), 'timeout', 'timeoutMs'],
  ['allReduce', (o) => distributed.allReduce(Tensor.ones([1]), o), 'ops', 'op'],
  ['broadcast', (o) => distributed.broadcast(Tensor.ones([1]), o), 'fro', 'from'],
  ['AdamW', (o) => new AdamW(parameters(), o), 'weight_decay', 'weightDecay'],
  ['Muon', (o) => new Muon(parameters(), o), 'momentun', 'momentum'],
  ['compile', (o) => compile((x: Tensor) => x, o), 'maxQueued', 'maxQueue'],
  ['run', (o) => compile((x: Tensor) => x).run([Tensor.ones([1])], o), 'signals', 'signal'],
  ['Tensor.zeros', (o) => Tensor.zeros([1], o), 'type', 'dtype'],
  ['Tensor.from', (o) => Tensor.from([1], o), 'shapes', 'shape'],
  ['Tensor.to', (o) => Tensor.ones([1]).to(o), 'devices', 'device'],
]

describe('an option that is not known', () => {
  it.each(doors)('%s refuses it with the nearest name', async (name, call, given, meant) => {
    const message = await refusal(() => call({ [given]: 'x' } as never))
    expect(message).toContain(`${name}: there is no option '${given}', '${meant}' is the nearest`)
  })

  it.each(doors)('%s takes one that is undefined', async (_, call, __, meant) => {
    const problem = await Promise.resolve()
      .then(() => call({ [meant]: undefined } as never))
      .catch((thrown: Error) => thrown.message)
    expect(String(problem)).not.toMatch(/there is no option|must be/)
  })

  it('is named with all that there are where none is near', async () => {
    expect(await refusal(() => mergeLora(trainerOptions.model, { zzz: 1 } as never))).toBe(
      "mergeLora: there is no option 'zzz', there are keepBase, safe.",
    )
  })

  it('is refused in an object that is none', async () => {
    expect(await refusal(() => new LoraConfig('r=8' as never))).toMatch(
      /options must be an object, received 'r=8'/,
    )
    expect(await refusal(() => new LoraConfig(null as never))).toMatch(
      /options must be an object, received null/,
    )
  })
})

describe('a value that an option cannot have', () => {
  it.each([
    [{ schedule: 'cosin' }, /schedule must be 'linear', 'cosine', .* or 'constant', received 'cosin'/],
    [
      { optimizer: 'adam' },
      /optimizer must be 'adamw' or 'muon' or a function or an Optimizer, received 'adam'/,
    ],
    [{ metrics: ['acuracy'] }, /sequence-classification has no "acuracy"; it has accuracy/],
    [{ bestMetric: 'f2' }, /bestMetric 'f2' is not measured here; choose one of accuracy/],
    [{ epochs: '3' }, /epochs must be a whole number of at least 1, received '3'/],
    [{ learningRate: Number.NaN }, /learningRate must be a number above 0, received NaN/],
    [{ betas: [0.9] }, /betas must be two numbers/],
    [{ betas: [null, 0.9] }, /betas must be two numbers/],
    [{ betas: ['0.9', 0.99] }, /betas must be two numbers/],
    [{ resume: 'yes' }, /resume must be true or false/],
    [{ evaluateEvery: 0 }, /evaluateEvery must be 'epoch' or a whole number of at least 1, received 0/],
    [{ model: {} }, /model must be a model/],
  ])('%j of a Trainer is refused as it is made', async (options, message) => {
    expect(await refusal(() => new Trainer({ ...trainerOptions, ...options } as never))).toMatch(message)
  })

  it('is named with all others', async () => {
    const options = { ...trainerOptions, epochs: 0, warmup: 3, seed: -1 } as never
    expect(await refusal(() => new Trainer(options))).toMatch(/epochs must.*warmup.*seed must/)
  })

  it('has messages for files, as values of adapter_config.json', async () => {
    const file = join(temporaryFolder(), 'a.jsonl')
    await writeFile(file, '{"text": "a"}\n')
    expect(await refusal(() => readExamples(file, { labelled: 'no' as never }))).toMatch(
      /labelled must be true or false/,
    )
  })
})

describe('the nearest name', () => {
  const known = [
    'epochs',
    'batchSize',
    'maxTokens',
    'learningRate',
    'headLearningRate',
    'warmupRatio',
    'outputDir',
    'r',
  ]
  it.each([
    ['num_train_epochs', 'epochs'],
    ['perDeviceTrainBatchSize', 'batchSize'],
    ['learning_rate', 'learningRate'],
    ['lr', 'learningRate'],
    ['warmup', 'warmupRatio'],
    ['ouputDir', 'outputDir'],
    ['rank', undefined],
    ['x', undefined],
    ['', undefined],
  ])('of %s is %s', (given, expected) => {
    expect(nearest(given, known)).toBe(expected)
  })
})
