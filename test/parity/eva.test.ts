import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadAdapter, saveAdapter } from '../../lib/adapters/adapter.ts'
import { applyLora } from '../../lib/adapters/apply.ts'
import type { EvaConfig, LoraConfigOptions } from '../../lib/adapters/config.ts'
import { initializeLoraEvaWeights } from '../../lib/adapters/eva.ts'
import { distributeRanks, roundHalfEven } from '../../lib/adapters/eva-ranks.ts'
import { LoraLinear } from '../../lib/adapters/lora.ts'
import { loraState } from '../../lib/adapters/state.ts'
import { mapTensors, readCheckpoint } from '../../lib/checkpoint/index.ts'
import type { Example } from '../../lib/data/index.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import type { Model } from '../../lib/models/model.ts'
import { AutoTokenizer, type Tokenizer } from '../../lib/tokenizer/index.ts'
import { Trainer } from '../../lib/train/trainer.ts'
import { maxDifference } from '../models/golden.ts'
import { tinyExamples, tinyModel } from '../train/tiny.ts'

const python = process.env.TORCH_LORA_PYTHON
const script = resolve(import.meta.dirname, '../../scripts/parity/eva.py')

let folder: string
let tokenizer: Tokenizer

/** Texts of many lengths and words, so that inputs vary in more than a few directions. */
const texts: Example[] = tinyExamples(48).map(({ text, label }, i) => ({
  text: `${text} ${'and so it went on, they said '.repeat(i % 4)}${i * 37}`,
  label,
}))

beforeAll(async () => {
  folder = await tinyModel()
  tokenizer = await AutoTokenizer.fromPretrained(folder)
  return () => tokenizer.close()
})

function eva(options: LoraConfigOptions = {}, evaConfig: EvaConfig = {}) {
  return AutoModelForSequenceClassification.fromPretrained(folder).then((model) =>
    applyLora(model, { r: 4, loraAlpha: 6, initLoraWeights: 'eva', evaConfig, ...options }),
  )
}

const layersOf = (model: Model) =>
  new Map(
    [...loraState(model).layers].filter(
      (entry): entry is [string, LoraLinear] => entry[1] instanceof LoraLinear,
    ),
  )

describe.skipIf(!python)(
  "EVA beside peft's (skipped without TORCH_LORA_PYTHON)",
  { timeout: 240_000 },
  () => {
    it.each<[string, LoraConfigOptions, EvaConfig]>([
      // Not 'dense' alone: peft fails at the pooler's, which sees one row a text.
      ['ranks distributed', { targetModules: ['query', 'value', 'output.dense'] }, {}],
      ['no distribution', { targetModules: ['query', 'value'], r: 3 }, { rho: 1 }],
      [
        'whitened, scaled by rank',
        { targetModules: ['key', 'intermediate.dense'], useRslora: true },
        { whiten: true, adjustScalingFactors: false },
      ],
      [
        'a rank of its own',
        { targetModules: ['query', 'key', 'value'], rankPattern: { 'layer.1.attention.self.query': 6 } },
        { rho: 1.5, tau: 0.95 },
      ],
    ])('%s', async (_, options, evaConfig) => {
      const root = await mkdtemp(join(tmpdir(), 'eva-'))
      await cp(folder, join(root, 'model'), { recursive: true })
      const batchSize = 12
      const encodings = await tokenizer.encodeBatch(
        texts.map(({ text }) => text),
        { maxLength: 64 },
      )
      const ids = encodings.map((encoding) => [...encoding.ids])
      const batches = Array.from({ length: texts.length / batchSize }, (_b, b) =>
        ids.slice(b * batchSize, (b + 1) * batchSize),
      )
      const { rho = 2, tau = 0.99, whiten = false, adjustScalingFactors = true } = evaConfig
      const { r = 4, targetModules, rankPattern = {}, useRslora = false } = options
      await writeFile(
        join(root, 'spec.json'),
        JSON.stringify({
          config: {
            r,
            lora_alpha: 6,
            target_modules: targetModules,
            rank_pattern: rankPattern,
            use_rslora: useRslora,
          },
          eva: { rho, tau, whiten, adjust_scaling_factors: adjustScalingFactors },
          batches,
        }),
      )
      await promisify(execFile)(python!, [script, root], { timeout: 200_000 })
      const expected = mapTensors((await readCheckpoint(join(root, 'factors.safetensors'))).entries.values())
      const scales = JSON.parse(await readFile(join(root, 'scales.json'), 'utf8')) as Record<string, number>

      using model = await eva(options, evaConfig)
      await initializeLoraEvaWeights(model, {
        tokenizer,
        examples: texts,
        batchSize,
        shuffle: false,
        maxLength: 64,
      })
      const found = layersOf(model)
      expect([...found.keys()].sort()).toEqual([...expected.keys()].sort())
      for (const [path, { update }] of found) {
        expect(update.A.shape, path).toEqual(expected.get(path)!.shape)
        expect(maxDifference(update.A, expected.get(path)!), path).toBeLessThan(2e-3)
        expect(update.scaling, path).toBeCloseTo(scales[path]!, 6)
      }
    })
  },
)

describe('EVA', { timeout: 120_000 }, () => {
  it('starts from zero change, trains, is saved with its ranks and loaded', async () => {
    using model = await eva({ targetModules: ['query', 'value', 'dense'] })
    const before = [...layersOf(model).values()].reduce((sum, { update }) => sum + update.A.shape[0]!, 0)
    await initializeLoraEvaWeights(model, { tokenizer, examples: texts, batchSize: 8 })
    const ranks = Array.from(layersOf(model).values(), ({ update }) => update.A.shape[0]!)
    expect(ranks.reduce((sum, rank) => sum + rank)).toBe(before)
    expect(new Set(ranks).size).toBeGreaterThan(1)
    for (const { update } of layersOf(model).values()) {
      expect((update.B.readSync() as Float32Array).every((value) => value === 0)).toBe(true)
      expect(update.A.requiresGrad && update.B.requiresGrad).toBe(true)
    }
    await new Trainer({ model, tokenizer, train: texts, maxSteps: 2 }).train()
    const adapter = join(await mkdtemp(join(tmpdir(), 'eva-')), 'adapter')
    await saveAdapter(model, adapter)
    const json = JSON.parse(await readFile(join(adapter, 'adapter_config.json'), 'utf8'))
    expect(json).toMatchObject({ init_lora_weights: 'eva', eva_config: { rho: 2, tau: 0.99, whiten: false } })
    using loaded = await loadAdapter(await AutoModelForSequenceClassification.fromPretrained(folder), adapter)
    const theirs = layersOf(loaded)
    expect([...theirs.keys()]).toEqual([...layersOf(model).keys()])
    for (const [path, { update }] of layersOf(model)) {
      expect(maxDifference(theirs.get(path)!.update.A, update.A)).toBe(0)
      expect(theirs.get(path)!.update.scaling).toBeCloseTo(update.scaling, 10)
    }
  })

  it('refuses another adapter, too high a rank, and ends on the signal', async () => {
    const options = { tokenizer, examples: texts }
    using plain = await eva({ initLoraWeights: true, evaConfig: null })
    await expect(initializeLoraEvaWeights(plain, options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining("initLoraWeights: 'eva'"),
    })
    using wide = await eva({ r: 30 })
    await expect(initializeLoraEvaWeights(wide, options)).rejects.toThrow(
      /has 32 inputs, of which 60 directions/,
    )
    using model = await eva()
    await expect(
      initializeLoraEvaWeights(model, { ...options, signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'ABORTED' })
    // The layers are in their places again.
    expect(layersOf(model).size).toBe(4)
    await expect(initializeLoraEvaWeights(model, { ...options, batchsize: 3 } as never)).rejects.toThrow(
      /batchSize/,
    )
  })

  it('distributes ranks by what directions explain', () => {
    const leader = new Map([
      ['a.query', 'a.query'],
      ['a.value', 'a.query'],
      ['b', 'b'],
    ])
    const most = new Map([...leader.keys()].map((path) => [path, 3]))
    const explained = new Map([
      ['a.query', [0.5, 0.1, 0.01]],
      ['b', [0.6, 0.3, 0.2]],
    ])
    const ranks = distributeRanks({ leader, most, budget: 6, explained })
    // 0.6, 0.5, 0.5, 0.3, 0.2, and of two of 0.1 the one that comes first.
    expect([...ranks]).toEqual([
      ['a.query', 2],
      ['b', 3],
      ['a.value', 1],
    ])
    expect([0.5, 1.5, 2.5, 2.4, 2.6].map(roundHalfEven)).toEqual([0, 2, 2, 2, 3])
  })
})
