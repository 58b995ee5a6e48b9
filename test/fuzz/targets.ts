import { cp, mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type CheckpointIndex, ITEM_SIZE, readCheckpoint } from '../../lib/checkpoint/index.ts'
import { readExamples } from '../../lib/data/index.ts'
import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  loadAdapter,
  TextClassifier,
  unloadLora,
} from '../../lib/index.ts'
import { readRuns } from '../../lib/report/runs.ts'
import { expandRecipe } from '../../lib/sweep/cells.ts'
import { readRecipe, resolveRecipe } from '../../lib/sweep/recipe.ts'
import { findCheckpoint } from '../../lib/train/checkpoint.ts'
import { writeChecksums } from '../../lib/train/checksums.ts'
import { lockRun } from '../../lib/train/run-lock.ts'
import { tinyModel } from '../train/tiny.ts'
import { CASE_BYTES, CASE_CPU_SECONDS } from './bounds.ts'
import { EngineProcess } from './engine-process.ts'
import {
  type Below,
  type Mutate,
  mutateBytes,
  mutateJson,
  mutateLines,
  mutatePickle,
  pick,
} from './mutate.ts'

/** A kind of file from outside, and the code that reads it. */
export interface Target {
  name: string
  /** How often it is chosen among those of its speed. */
  weight: number
  /** Starts a process: chosen a hundredth as often. */
  slow?: true
  /** One case: changes files below `folder`, which is its own, and reads them. */
  run(below: Below): Promise<void>
}

/** Every file that a tokenizer is made of. */
const TOKENIZER_FILES: readonly [family: string, file: string, mutate: Mutate][] = [
  ['bert', 'vocab.txt', mutateLines],
  ['bert', 'tokenizer_config.json', mutateJson],
  ['bert-json', 'tokenizer.json', mutateJson],
  ['roberta', 'vocab.json', mutateJson],
  ['roberta', 'merges.txt', mutateLines],
  ['roberta-map', 'special_tokens_map.json', mutateJson],
  ['deberta', 'spm.model', mutateBytes],
]

const fixtures = resolve(import.meta.dirname, '../fixtures')

/** Writes one file of a folder anew, changed, for each case; the others stay. */
async function changing(path: string, mutate: Mutate): Promise<(below: Below) => Promise<Buffer>> {
  const original = await readFile(path)
  return async (below) => {
    const changed = mutate(original, below)
    await writeFile(path, changed)
    return changed
  }
}

/** What the mapped loader relies on. */
function checkIndex(index: CheckpointIndex, size: number): void {
  for (const { name, byteOffset, byteLength, shape, strides, dtype } of index.entries.values()) {
    const last = shape.reduce((sum, length, dim) => sum + (length - 1) * strides[dim]!, 0)
    const expected = shape.includes(0) ? 0 : (last + 1) * ITEM_SIZE[dtype]
    const within = Number.isSafeInteger(byteOffset) && byteOffset >= 0 && byteOffset + byteLength <= size
    if (!within || byteLength !== expected) throw new Error(`${name} is indexed outside its file`)
  }
}

async function checkpointTargets(folder: string): Promise<Target[]> {
  const files: [name: string, target: string, mutate: Mutate][] = [
    ['views.safetensors', 'a.safetensors', mutateBytes],
    ['views.zip.bin', 'g.bin', mutatePickle],
    ['views.zip.bin', 'b.bin', mutateBytes],
    ['views.protocol4.bin', 'c.bin', mutateBytes],
    ['views.legacy.bin', 'd.bin', mutateBytes],
    ['views.legacy.bin', 'e.bin', mutatePickle],
    ['loralib-roberta-single.bin', 'f.bin', mutateBytes],
  ]
  const targets: Target[] = []
  for (const [name, target, mutate] of files) {
    const path = join(folder, target)
    await cp(join(fixtures, 'checkpoints', name), path)
    const change = await changing(path, mutate)
    targets.push({
      name: `checkpoint ${target} of ${name}`,
      weight: 4,
      async run(below) {
        const { length } = await change(below)
        checkIndex(await readCheckpoint(path), length)
      },
    })
  }
  const sharded = join(folder, 'sharded')
  await cp(join(fixtures, 'checkpoints/sharded'), sharded, { recursive: true })
  const change = await changing(join(sharded, 'model.safetensors.index.json'), mutateJson)
  targets.push({
    name: 'shard index',
    weight: 2,
    async run(below) {
      await change(below)
      await readCheckpoint(sharded)
    },
  })
  return targets
}

/** Loading a model, and what it then computes: a config that is believed must also run. */
async function modelTargets(folder: string): Promise<Target[]> {
  const targets: Target[] = []
  const load = async (directory: string) => {
    using model = await AutoModelForSequenceClassification.fromPretrained(directory)
    return model.config
  }
  for (const name of ['bert-single', 'roberta-regression', 'deberta-separate', 'deberta-v2']) {
    const directory = join(folder, name)
    await cp(join(fixtures, 'models', name), directory, { recursive: true })
    const change = await changing(join(directory, 'config.json'), mutateJson)
    targets.push({
      name: `config.json of ${name}`,
      weight: 2,
      async run(below) {
        await change(below)
        await load(directory)
      },
    })
  }
  const weights = join(folder, 'weights')
  await cp(join(fixtures, 'models/bert-single'), weights, { recursive: true })
  const changeWeights = await changing(join(weights, 'model.safetensors'), mutateBytes)
  targets.push({
    name: 'model.safetensors',
    weight: 2,
    async run(below) {
      await changeWeights(below)
      await load(weights)
    },
  })
  const served = await tinyModel()
  const changeServed = await changing(join(served, 'config.json'), mutateJson)
  targets.push({
    name: 'config.json of a served model',
    weight: 1,
    slow: true,
    async run(below) {
      await changeServed(below)
      await using classifier = await TextClassifier.load(served, { warmUp: false })
      await classifier.classify('the film was good')
    },
  })
  return targets
}

async function adapterTargets(folder: string): Promise<Target[]> {
  const base = await AutoModelForSequenceClassification.fromPretrained(join(fixtures, 'models/bert-single'))
  const load = async (directory: string) => {
    await loadAdapter(base, directory)
    unloadLora(base)
  }
  const targets: Target[] = []
  for (const [kind, name] of [
    ['adapters', 'bert-single--patterns'],
    ['adapters', 'bert-single--regex-bias-all'],
    ['base-changes', 'pissa-patterns'],
  ] as const) {
    for (const [file, mutate] of [
      ['adapter_config.json', mutateJson],
      ['adapter_model.safetensors', mutateBytes],
    ] as const) {
      const directory = join(folder, `${name} ${file}`)
      await cp(join(fixtures, kind, name), directory, { recursive: true })
      const change = await changing(join(directory, file), mutate)
      targets.push({
        name: `${file} of ${name}`,
        weight: 3,
        async run(below) {
          await change(below)
          await load(directory)
        },
      })
    }
  }
  return targets
}

/** A run's folder as training writes it: its checkpoints, its results, its lock. */
async function runTargets(folder: string): Promise<Target[]> {
  const checkpoints = join(folder, 'checkpoints')
  const state = {
    format: 2,
    step: 3,
    identity: { epochs: 1 },
    sampler: {
      examples: 4,
      tokens: 20,
      batchSize: 2,
      maxTokens: null,
      shuffle: true,
      dropLast: false,
      seed: 0,
      epoch: 0,
      batch: 1,
    },
    rng: Buffer.alloc(64).toString('base64'),
    best: { step: 2, epoch: 0.5, metrics: { loss: 0.5, accuracy: 1 } },
    final: null,
    evaluationsWithoutGain: 0,
  }
  for (const step of [2, 3]) {
    const path = join(checkpoints, `step-${step}`)
    await mkdir(path, { recursive: true })
    await cp(join(fixtures, 'checkpoints/views.safetensors'), join(path, 'tensors.safetensors'))
    await writeFile(join(path, 'trainer.json'), JSON.stringify({ ...state, step }))
    await writeChecksums(path, ['tensors.safetensors', 'trainer.json'])
  }
  const newest = join(checkpoints, 'step-3')
  const originals = await Promise.all(
    ['trainer.json', 'tensors.safetensors', 'checksums.json'].map(
      async (name) => [name, await readFile(join(newest, name))] as const,
    ),
  )
  const targets: Target[] = [
    {
      name: 'a checkpoint of a run',
      weight: 3,
      async run(below) {
        for (const [name, bytes] of originals) await writeFile(join(newest, name), bytes)
        const [name, bytes] = pick(originals, below)
        await writeFile(join(newest, name), (name.endsWith('.json') ? mutateJson : mutateBytes)(bytes, below))
        if (below(2)) await writeChecksums(newest, ['tensors.safetensors', 'trainer.json'])
        const found = await findCheckpoint(checkpoints, { totalSteps: () => 10 })
        await readCheckpoint(join(found!.path, 'tensors.safetensors'))
      },
    },
  ]
  const held = join(folder, 'held')
  await mkdir(held)
  const owner = Buffer.from(JSON.stringify({ pid: 1, started: '1', space: 'x', host: 'h' }))
  targets.push({
    name: 'run.lock',
    weight: 1,
    async run(below) {
      await rm(join(held, 'run.lock'), { force: true, recursive: true })
      await writeFile(join(held, 'run.lock'), mutateJson(owner, below))
      const then = new Date(Date.now() - below(120_000))
      await utimes(join(held, 'run.lock'), then, then)
      await using _lock = await lockRun(held)
    },
  })
  const finished = join(folder, 'finished')
  await mkdir(finished)
  const metrics = { loss: 0.5, accuracy: 0.9 }
  const files: [name: string, text: string, mutate: Mutate][] = [
    [
      'summary.json',
      JSON.stringify({
        task: 'mrpc',
        method: 'lora',
        trainableParameters: 10,
        optimizerStateBytes: 80,
        wallSeconds: 1,
        cpuSeconds: 1,
        trainSeconds: 1,
        examplesPerSecond: 5,
        peakResidentBytes: 1e8,
        bestMetric: 'accuracy',
        best: { step: 2, epoch: 1, metrics },
        configuration: { model: 'm', seed: 0, r: 8, alpha: 16, lr: 1e-4 },
      }),
      mutateJson,
    ],
    [
      'cell.json',
      JSON.stringify({ method: 'r8a16', learningRate: 1e-4, name: 'mrpc-r8a16-lr0.0001-seed0' }),
      mutateJson,
    ],
    [
      'metrics.jsonl',
      ['step', 'evaluation']
        .map((type) => `${JSON.stringify({ type, step: 1, epoch: 0.5, loss: 1, accuracy: 0.5 })}\n`)
        .join(''),
      mutateLines,
    ],
  ]
  targets.push({
    name: 'results of a run',
    weight: 2,
    async run(below) {
      for (const [name, text] of files) await writeFile(join(finished, name), text)
      const [name, text, mutate] = pick(files, below)
      await writeFile(join(finished, name), mutate(Buffer.from(text), below))
      await readRuns([finished])
    },
  })
  return targets
}

async function recipeTargets(folder: string): Promise<Target[]> {
  const path = join(folder, 'recipe.json')
  const recipe = {
    title: 't',
    model: 'roberta-base',
    tasks: ['mrpc', { name: 'rte', epochs: 3 }],
    methods: ['full', 'r8a16', { r: 4, alpha: 8, target: ['query'] }],
    seeds: [0, 1],
    learningRates: [1e-4, 2e-4],
    settings: { batchSize: 16, epochs: 2, evalEvery: 'epoch' },
  }
  await writeFile(path, JSON.stringify(recipe))
  const change = await changing(path, mutateJson)
  return [
    {
      name: 'recipe',
      weight: 3,
      async run(below) {
        await change(below)
        expandRecipe(resolveRecipe(await readRecipe(path)))
      },
    },
  ]
}

/** Files of a tokenizer, and the text of the tests through it; now and then with the process that users have. */
async function tokenizerTargets(folder: string): Promise<Target[]> {
  const targets: Target[] = []
  const engine = new EngineProcess()
  for (const [family, file, mutate] of TOKENIZER_FILES) {
    const directory = join(folder, `${family} ${file}`)
    await cp(resolve(import.meta.dirname, '../tokenizer/fixtures', family), directory, { recursive: true })
    const change = await changing(join(directory, file), mutate)
    const name = `${file} of a ${family} tokenizer`
    targets.push({
      name,
      weight: 2,
      async run(below) {
        await change(below)
        await engine.load(directory, { cpuSeconds: CASE_CPU_SECONDS, bytes: CASE_BYTES })
      },
    })
    targets.push({
      name: `${name}, in a process of its own`,
      weight: 1,
      slow: true,
      async run(below) {
        await change(below)
        await using tokenizer = await AutoTokenizer.fromPretrained(directory)
        await tokenizer.encodeBatch(['the film was good', ['höchst 🦙', '']])
      },
    })
  }
  return targets
}

async function dataTargets(folder: string): Promise<Target[]> {
  const rows = [
    { text: 'a good film', textPair: 'it was', label: 'good' },
    { text: 'a "bad", film', textPair: 'it\nwas', label: 'bad' },
    { text: 'höchst öde 🦙', textPair: '', label: 'bad' },
  ]
  const field = (value: string) => `"${value.replaceAll('"', '""')}"`
  const table = (separator: string) =>
    [Object.keys(rows[0]!), ...rows.map((row) => Object.values(row).map(field))]
      .map((line) => line.join(separator))
      .join('\n')
  const files: [name: string, text: string, mutate: Mutate][] = [
    ['data.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'), mutateLines],
    ['data.json', JSON.stringify(rows), mutateJson],
    ['data.csv', table(','), mutateLines],
    [
      'data.tsv',
      rows.map((row) => Object.values(row).join('\t').replaceAll('\n', ' ')).join('\n'),
      mutateLines,
    ],
  ]
  return files.map(([name, text, mutate]) => ({
    name,
    weight: 3,
    async run(below) {
      const path = join(folder, name)
      await writeFile(path, mutate(Buffer.from(text), below))
      const separator = below(3) === 0 ? { labelSeparator: '|' } : {}
      const columns = name.endsWith('.tsv')
        ? { header: false, columns: { text: 0, textPair: 1, label: 2 } }
        : {}
      await readExamples(path, { ...columns, ...separator })
    },
  }))
}

/** What must be noticed, chosen by name alone. */
export const selfTests: readonly Target[] = [
  { name: 'self-test abort', weight: 1, run: async () => process.abort() },
  {
    name: 'self-test hang',
    weight: 1,
    async run() {
      for (;;);
    },
  },
  {
    name: 'self-test throw',
    weight: 1,
    async run() {
      throw new TypeError('x is not a function')
    },
  },
  {
    name: 'self-test memory',
    weight: 1,
    async run() {
      const [bytes] = [Buffer.alloc(400 * 2 ** 20, 1)]
      if (bytes.length === 0) throw new Error('unreachable')
    },
  },
]

/** Every kind of file that comes from outside. */
export async function makeTargets(folder: string): Promise<Target[]> {
  const makers = {
    checkpointTargets,
    modelTargets,
    adapterTargets,
    runTargets,
    recipeTargets,
    dataTargets,
    tokenizerTargets,
  }
  const all: Target[] = []
  for (const [name, make] of Object.entries(makers)) {
    const own = join(folder, name)
    await mkdir(own)
    all.push(...(await make(own)))
  }
  return all
}
