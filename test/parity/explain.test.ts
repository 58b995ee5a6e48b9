import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { TextClassifier } from '../../lib/inference/text-classifier.ts'
import { tinyClassifier } from '../inference/models.ts'
import { ask } from './ask.ts'

const python = process.env.TORCH_LORA_PYTHON
const script = resolve(import.meta.dirname, '../../scripts/parity/explain.py')

const texts: [text: string, pair: string | null][] = [
  ['the film was great, but her song was dull.', null],
  ['a play', 'was poor'],
  ['great', null],
]

describe.skipIf(!python)('attributions beside captum (skipped without TORCH_LORA_PYTHON)', () => {
  it.each([1, 2, 3])('BERT, seed %i', { timeout: 300_000 }, async (seed) => {
    const model = await tinyClassifier({ labels: ['bad', 'fair', 'good'], seed })
    const asked = { model, texts, output: 1, steps: 20 }
    const expected = await ask<{ integrated: number[]; times: number[] }>(python!, script, asked)
    await using classifier = await TextClassifier.load(model, { device: 'cpu' })
    for (const [i, [text, pair]] of texts.entries()) {
      const input = pair === null ? text : { text, textPair: pair }
      const { integrated, times } = expected[i]!
      const ours = async (options: object) =>
        (await classifier.explain(input, { label: 'fair', ...options })).tokens.map(
          (token) => token.attribution,
        )
      const size = Math.max(...integrated.map(Math.abs), ...times.map(Math.abs))
      const close = (found: number[], wanted: number[]) => {
        expect(found).toHaveLength(wanted.length)
        for (const [t, value] of found.entries())
          expect(Math.abs(value - wanted[t]!)).toBeLessThan(1e-4 * size)
      }
      close(await ours({ steps: 20 }), integrated)
      close(await ours({ method: 'gradient-x-input' }), times)
    }
  })
})
