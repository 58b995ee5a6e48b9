import { execFile, execFileSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mapTensors, readCheckpoint } from '../../lib/checkpoint/index.ts'
import { packBatch } from '../../lib/data/index.ts'
import { noGrad } from '../../lib/grad-mode.ts'
import { Predictor } from '../../lib/inference/predictor.ts'
import {
  AutoModelForMaskedLM,
  AutoModelForQuestionAnswering,
  AutoModelForSentenceSimilarity,
} from '../../lib/models/auto.ts'
import type { Model } from '../../lib/models/model.ts'
import { batchTensors } from '../../lib/nn/batch.ts'
import type { SimilarityOptions } from '../../lib/tasks/sentence-similarity.ts'
import { Tensor } from '../../lib/tensor.ts'
import { AutoTokenizer } from '../../lib/tokenizer/index.ts'
import { maxDifference } from '../models/golden.ts'
import { tinyModel } from '../train/tiny.ts'

// Heads against transformers, sentence losses and folders against sentence-transformers.
const python = process.env.TORCH_LORA_PYTHON
const script = resolve(import.meta.dirname, '../../scripts/parity/tasks.py')
const run = (...args: string[]) => promisify(execFile)(python!, [script, ...args], { timeout: 600_000 })
const families = 'bert roberta distilbert electra deberta-v2 mpnet albert deberta modernbert'.split(' ')

function hasSentenceTransformers(): boolean {
  if (!python) return false
  try {
    const find = 'import importlib.util as u, sys; sys.exit(0 if u.find_spec("sentence_transformers") else 1)'
    execFileSync(python, ['-c', find])
    return true
  } catch {
    return false
  }
}

async function valuesOf(...path: string[]): Promise<Map<string, Tensor>> {
  return mapTensors((await readCheckpoint(join(...path))).entries.values())
}

/** Every gradient, as far from theirs as rounding to float32 makes it. */
function expectGradients(model: Model, theirs: ReadonlyMap<string, Tensor>, prefix = 'grad.') {
  const names = [...theirs.keys()].filter((name) => name.startsWith(prefix))
  const ours = new Map(model.namedParameters())
  const largest = Math.max(
    ...names.map((name) => maxDifference(theirs.get(name)!, Tensor.zeros(theirs.get(name)!.shape))),
  )
  let compared = 0
  for (const name of names) {
    const key = name.slice(prefix.length)
    const parameter = ours.get(key)
    // The decoder is the table of words, whose gradient is theirs.
    expect(parameter, key).toBeDefined()
    const expected = theirs.get(name)!
    const actual = parameter!.grad ?? Tensor.zeros(expected.shape)
    expect(maxDifference(actual.to({ dtype: 'float32' }), expected), key).toBeLessThan(largest * 2e-6 + 1e-7)
    compared++
  }
  expect(compared).toBeGreaterThan(10)
}

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'torch-lora-tasks-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

describe.skipIf(!python)('heads (skipped without TORCH_LORA_PYTHON)', () => {
  beforeAll(() => run('heads', root), 600_000)

  const kinds = { question: AutoModelForQuestionAnswering, masked: AutoModelForMaskedLM } as const

  it.each(families.flatMap((family) => [`${family}-question`, `${family}-masked`]))(
    '%s: logits, loss and every gradient',
    async (name) => {
      const kind = name.endsWith('question') ? 'question' : 'masked'
      const folder = join(root, name)
      const model: Model = await kinds[kind].fromPretrained(folder, { dtype: 'float64' })
      expect([...model.freshParameters]).toEqual([])
      const values = await valuesOf(folder, 'values.safetensors')
      const ids = values.get('input_ids')!.toArray() as number[][]
      const labels = values.get('labels')!.toArray() as number[][]
      const packed = packBatch(
        ids.map((row) => ({ ids: Int32Array.from(row), typeIds: new Int32Array(row.length) })),
        { positions: model.positions },
      )
      const batch = batchTensors(packed)
      const expected = values.get('logits')!
      const logits = noGrad(() => model.forward(batch)).to({ dtype: 'float32' })
      expect(logits.numel).toBe(expected.numel)
      expect(maxDifference(logits, expected.reshape(logits.shape))).toBeLessThan(2e-5)

      model.setRequiresGrad(true)
      const lengths = ids.map((row) => row.length)
      const flat = labels.flat()
      const rows = flat.flatMap((label, t) => (label === -100 ? [] : [t]))
      const targets =
        kind === 'question'
          ? model.task.collate({ windows: [], questions: [], places: Int32Array.from(flat) }, [0, 1, 2], {
              device: 'cpu',
              dtype: 'float64',
              lengths,
            })
          : {
              rows: Tensor.from(Int32Array.from(rows)),
              labels: Tensor.from(
                rows.map((t) => flat[t]!),
                { dtype: 'int64' },
              ),
            }
      const loss = model.loss(model.forward(batch, targets.rows), targets)
      expect(Math.abs(loss.item() - values.get('loss')!.item())).toBeLessThan(1e-5)
      loss.backward()
      expectGradients(model, values)

      const ours = join(root, 'ours', name)
      const single = await kinds[kind].fromPretrained(folder)
      await single.savePretrained(ours)
      await writeFile(join(ours, 'ids.json'), JSON.stringify(ids))
    },
  )

  it('what is saved, transformers loads, the decoder tied', async () => {
    await run('check', root)
    for (const family of families)
      for (const kind of ['question', 'masked']) {
        const found = await valuesOf(root, 'ours', `${family}-${kind}`, 'check.safetensors')
        const values = await valuesOf(root, `${family}-${kind}`, 'values.safetensors')
        expect(maxDifference(found.get('logits')!, values.get('logits')!)).toBeLessThan(2e-5)
      }
  }, 600_000)
})

describe.skipIf(!hasSentenceTransformers())('sentences (skipped without sentence-transformers)', () => {
  const texts = [
    'the film was good',
    'a great film, they say',
    'this book is dull',
    'her song',
    'that song was fine',
    'poor show',
    'a play',
    'the play was good',
    'this',
  ]
  const poolings = ['mean', 'cls', 'max', 'mean_sqrt_len_tokens', 'weightedmean', 'lasttoken'] as const
  let own: string
  beforeAll(async () => {
    own = join(root, 'sentences')
    const base = await tinyModel()
    await mkdir(own)
    await cp(base, join(own, 'tokenizer'), {
      recursive: true,
      filter: (file) => !/(config\.json|safetensors)$/.test(file) || file.endsWith('tokenizer_config.json'),
    })
    await using tokenizer = await AutoTokenizer.fromPretrained(base)
    await writeFile(join(own, 'tokenizer', 'size.json'), String(tokenizer.vocabSize))
    await writeFile(join(own, 'texts.json'), JSON.stringify(texts))
    await run('sentences', own)
  }, 600_000)

  it.each(poolings)(
    '%s: vectors, losses and every gradient; folders both ways',
    async (pooling) => {
      const folder = join(own, pooling)
      const values = await valuesOf(own, `${pooling}.safetensors`)
      await using tokenizer = await AutoTokenizer.fromPretrained(folder)
      const model = await AutoModelForSentenceSimilarity.fromPretrained(folder)
      expect(model.task.layout).toMatchObject({ pooling, prompts: { query: 'ask: ' } })
      const { encodings } = await model.task.encode(
        texts.map((text) => ({ texts: [text, text] })),
        tokenizer,
        { maxLength: 32 },
      )
      using predictor = new Predictor(model)
      const rows = await predictor.outputs(encodings)
      const vectors = values.get('vectors')!
      const flat = Float32Array.from(rows.flatMap((row) => [...row]))
      expect(maxDifference(Tensor.from(flat, { shape: vectors.shape }), vectors)).toBeLessThan(1e-5)
      await model.savePretrained(join(own, 'ours', pooling))

      const scores = [0.1, 0.8, 0.3]
      const triplet = (i: number) => texts.slice(3 * i, 3 * i + 3)
      const losses: [string, SimilarityOptions, boolean][] = [
        ['multiple-negatives-ranking', {}, false],
        ['triplet', { loss: 'triplet' }, false],
        ['cosent', {}, true],
        ['cosine', { loss: 'cosine' }, true],
        ['matryoshka', { matryoshkaDims: [8, 4] }, false],
      ]
      for (const [name, options, scored] of losses) {
        const trained = await AutoModelForSentenceSimilarity.fromPretrained(folder, options)
        trained.setRequiresGrad(true)
        const examples = scores.map((score, i) =>
          scored ? { texts: triplet(i).slice(0, 2), score } : { texts: triplet(i) },
        )
        const encoded = await trained.task.encode(examples, tokenizer, { maxLength: 32 })
        const sequences = trained.task.sequences(encoded, [0, 1, 2], 0)
        const batch = batchTensors(packBatch(sequences, { positions: trained.positions }))
        const targets = trained.task.collate(encoded.labels, [0, 1, 2], {
          device: 'cpu',
          dtype: 'float32',
          lengths: sequences.map(({ ids }) => ids.length),
        })
        const loss = trained.loss(trained.forward(batch), targets)
        expect(Math.abs(loss.item() - values.get(`${name}.loss`)!.item()), name).toBeLessThan(1e-4)
        loss.backward()
        const prefix = `${name}.grad.`
        for (const [key, theirs] of values) {
          if (!key.startsWith(prefix) || key.includes('pooler')) continue
          const path = key
            .slice(prefix.length)
            .replace(/^0\.(auto_model|model)\./, 'bert.')
            .replace(/^2\./, '2_Dense.')
          const parameter = new Map(trained.namedParameters()).get(path)
          expect(parameter, `${key} as ${path}`).toBeDefined()
          const actual = parameter!.grad ?? Tensor.zeros(theirs.shape)
          expect(maxDifference(actual, theirs), `${name} ${path}`).toBeLessThan(2e-4)
        }
      }
    },
    120_000,
  )

  it('what is saved, sentence-transformers loads, with the same vectors', async () => {
    await run('check-sentences', own)
    for (const pooling of poolings) {
      const found = await valuesOf(own, 'ours', pooling, 'check.safetensors')
      const values = await valuesOf(own, `${pooling}.safetensors`)
      expect(maxDifference(found.get('vectors')!, values.get('vectors')!)).toBeLessThan(1e-5)
    }
  }, 600_000)
})
