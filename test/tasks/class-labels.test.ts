import { expect, it } from 'vitest'
import type { TorchLoraError } from '../../lib/errors.ts'
import { MaskedLanguageModel } from '../../lib/tasks/masked-lm.ts'
import { SequenceClassification } from '../../lib/tasks/sequence-classification.ts'
import { TokenClassification } from '../../lib/tasks/token-classification.ts'

const options = { device: 'cpu', dtype: 'float32', lengths: [2, 2] } as const
const three = { labels: ['a', 'b', 'c'] }

/** Targets of two sequences of two tokens whose last class is `label`. */
const collates = {
  'sequence-classification': (label: number) =>
    new SequenceClassification({ ...three, problemType: 'single_label_classification' }).collate(
      { values: Int32Array.of(0, label), shape: [2] },
      [0, 1],
      options,
    ),
  'token-classification': (label: number) =>
    new TokenClassification(three).collate(
      { tokens: [Int32Array.of(0, -100), Int32Array.of(1, label)], tags: [], places: [] },
      [0, 1],
      options,
    ),
  'masked-language-model': (label: number) =>
    new MaskedLanguageModel({ probability: 0.99 }).collate(
      {
        blocks: [1, label].map((id) => ({ ids: Int32Array.of(0, id, id), wordIds: Int32Array.of(-1, 0, 1) })),
        vocabulary: { maskTokenId: 2, vocabSize: 3 },
      },
      [0, 1],
      { ...options, classes: 3 },
    ),
}

it.each(Object.entries(collates))('%s refuses a class that the head has no output for', (_, collate) => {
  for (const wrong of [3, -1])
    expect(() => collate(wrong)).toThrow(
      expect.objectContaining<Partial<TorchLoraError>>({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(
          `classes from 0 to 2, the outputs of the model, or -100 for none, received ${wrong}`,
        ),
      }),
    )
  expect(collate(2).labels!.toArray()).toContain(2)
})
