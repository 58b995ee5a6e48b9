import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  AutoModelForSequenceClassification,
  TextClassifier,
  type TextClassifierOptions,
} from '../../lib/index.ts'
import { guarded } from '../../lib/native.ts'
import { explainDType, productsOf, resolveDType } from '../../lib/weight-dtype.ts'
import { plainLogits, tinyAdapter, tinyClassifier } from './models.ts'

const texts = ['the film was great.', '', 'her song was dull, they say', 'this book was fine', 'a play']
const labels = ['bad', 'fair', 'good']
/** The spacing of bfloat16 near 1. */
const spacing = 2 ** -7

const open: TextClassifier[] = []
async function load(dir: string, options: TextClassifierOptions = {}): Promise<TextClassifier> {
  const classifier = await TextClassifier.load(dir, { dtype: 'bfloat16', ...options })
  open.push(classifier)
  return classifier
}
afterEach(async () => {
  for (const classifier of open.splice(0)) await classifier.close()
})

async function logitsOf(classifier: TextClassifier, adapter?: string): Promise<number[][]> {
  return (await classifier.classify(texts, { adapter })).map(({ logits }) => [...logits])
}

function distance(found: readonly (readonly number[])[], expected: readonly (readonly number[])[]): number {
  return Math.max(...found.flatMap((row, i) => row.map((value, j) => Math.abs(value - expected[i]![j]!))))
}

describe('a served model in bfloat16', () => {
  it.each(['bert', 'roberta'] as const)(
    '%s packs its weights and answers as float32 does, rounded',
    async (family) => {
      const dir = await tinyClassifier({ family, labels })
      const classifier = await load(dir)
      expect([classifier.dtype, classifier.device]).toEqual(['bfloat16', 'cpu'])
      const found = await logitsOf(classifier)
      const exact = await plainLogits(dir, texts)
      expect(distance(found, exact)).toBeLessThan(12 * spacing)
      expect(distance(found, exact)).toBeGreaterThan(0)
      for (const [i, text] of texts.entries())
        expect((await classifier.classify(text)).logits).toEqual(found[i]) // whatever it is packed with
    },
  )

  it('adds adapters, merged, alone in a batch and mixed', async () => {
    const base = await tinyClassifier({ labels })
    const directory = await tinyAdapter(base, { seed: 3, labels, targetModules: 'all-linear' })
    const expected = await plainLogits(base, texts, { directory, labels })
    const merged = await load(base, { mergeAdapter: directory })
    expect(distance(await logitsOf(merged), expected)).toBeLessThan(12 * spacing)
    const apart = await load(base, { adapters: { own: directory } })
    expect(distance(await logitsOf(apart, 'own'), expected)).toBeLessThan(12 * spacing)
    const busy = apart.classify(texts)
    const mixed = await Promise.all(texts.map((text) => apart.classify(text, { adapter: 'own' })))
    await busy
    expect(
      distance(
        mixed.map(({ logits }) => [...logits]),
        expected,
      ),
    ).toBeLessThan(12 * spacing)
  })
})

describe("dtype 'auto'", () => {
  const { instructions } = guarded((native) => native.system())
  const fast = instructions.includes('AVX512-BF16')

  it('is bfloat16 where the processor multiplies it, float32 elsewhere', async () => {
    const dir = await tinyClassifier({ labels })
    const expected = fast ? 'bfloat16' : 'float32'
    const served = await load(dir, { dtype: 'auto', device: 'cpu' })
    expect(served.dtype).toBe(expected)
    expect(served.dtypeReason).toMatch(
      fast
        ? /^auto: A(MX|VX512)-BF16 multiplies it$/
        : /^auto: bfloat16 saves memory alone, without AMX-BF16/,
    )
    expect((await load(dir, { dtype: 'float32' })).dtypeReason).not.toContain('auto')
    using model = await AutoModelForSequenceClassification.fromPretrained(dir, {
      dtype: 'auto',
      device: 'cpu',
    })
    expect(model.dtype).toBe(expected)
    expect(resolveDType('auto', 'cuda:0')).toBe('bfloat16')
    expect(resolveDType(undefined, 'cpu')).toBe('float32')
  })

  it('says which limits kept faster products away', () => {
    vi.stubEnv('ATEN_CPU_CAPABILITY', 'avx2')
    vi.stubEnv('TORCH_LORA_AMX', 'off')
    const { used, products, because } = productsOf('int8')
    expect(products).toBe(used ?? 'products of 16-bit numbers')
    expect(because).toMatch(/, with ATEN_CPU_CAPABILITY=avx2 and TORCH_LORA_AMX=off$/)
    vi.unstubAllEnvs()
    expect(productsOf('int8').because).toBe(
      used === 'AMX-INT8' ? 'the fastest that there is' : `without AMX-INT8${used ? '' : ' and AVX512-VNNI'}`,
    )
  })

  it('says what multiplies', () => {
    const widest = instructions.includes('AMX-BF16') ? 'AMX-BF16' : 'AVX512-BF16'
    expect(explainDType('bfloat16', 'cpu')).toBe(fast ? widest : 'products of float32')
    expect(explainDType('float16', 'cpu')).toContain('slower')
    expect(explainDType('float32', 'cpu')).toBe('products of float32')
    expect(explainDType('bfloat16', 'cuda:1')).toBe('cuda:1')
  })
})
