import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { saveAdapter } from '../../lib/adapters/adapter.ts'
import { applyLora } from '../../lib/adapters/apply.ts'
import { mergeLora } from '../../lib/adapters/merge.ts'
import { readTokenExamples, type TokenExample, tagsOf } from '../../lib/data/token-examples.ts'
import { Predictor } from '../../lib/inference/predictor.ts'
import { AutoModelForTokenClassification } from '../../lib/models/auto.ts'
import { placeWords, TokenClassification } from '../../lib/tasks/token-classification.ts'
import { AutoTokenizer, type Tokenizer } from '../../lib/tokenizer/index.ts'
import { Trainer } from '../../lib/train/trainer.ts'
import { tinyModel } from '../train/tiny.ts'

const labels = ['O', 'B-THING', 'I-THING']
let base: string
let tokenizer: Tokenizer
beforeAll(async () => {
  base = await tinyModel()
  tokenizer = await AutoTokenizer.fromPretrained(base)
})
afterAll(() => tokenizer.close())

/** Two words of each sentence are a thing. */
function sentences(count: number): TokenExample[] {
  const things = [
    ['the', 'film'],
    ['this', 'book'],
    ['her', 'song'],
  ]
  const verdicts = [
    ['was', 'good'],
    ['was', 'dull', ','],
    ['is', 'great'],
  ]
  return Array.from({ length: count }, (_, i) => {
    const [a, b] = things[i % 3]!
    const rest = verdicts[(i >> 1) % 3]!
    return {
      words: [...rest, a!, b!],
      tags: [...rest.map(() => 'O'), 'B-THING', 'I-THING'],
    }
  })
}

async function file(name: string, text: string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'tokens-')), name)
  await writeFile(path, text)
  return path
}

describe('token classification', () => {
  it('takes spans of texts by any tokenizer, words only by one that can', async () => {
    const byteLevel = new URL('../tokenizer/fixtures/roberta', import.meta.url).pathname
    await using roberta = await AutoTokenizer.fromPretrained(byteLevel)
    const task = new TokenClassification({ labels })
    const text = 'the film was good'
    const span = { text, entities: [{ start: 0, end: 8, label: 'THING' }] }
    const { labels: encoded } = await task.encode([span], roberta, { maxLength: 32 })
    expect(encoded.tags[0]!.slice(0, 2)).toEqual(['B-THING', 'I-THING'])
    const words = { words: text.split(' '), tags: ['B-THING', 'I-THING', 'O', 'O'] }
    await expect(task.encode([span, words], roberta, { maxLength: 32 })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    })
  })

  it('learns, merges, and loads again with the same answers', async () => {
    using model = await AutoModelForTokenClassification.fromPretrained(base, { labels })
    expect(model.architecture).toBe('BertForTokenClassification')
    expect([...model.freshParameters]).toEqual(['classifier.weight', 'classifier.bias'])
    applyLora(model, { r: 4, loraAlpha: 8, targetModules: 'all-linear' })
    const trainer = new Trainer({
      model,
      tokenizer,
      train: sentences(96),
      evaluate: sentences(12),
      epochs: 15,
      batchSize: 8,
      learningRate: 8e-3,
    })
    let metrics: Record<string, number> = {}
    for await (const event of trainer.run()) if (event.type === 'evaluation') metrics = event.metrics
    expect(Object.keys(metrics)).toEqual(['loss', 'f1', 'precision', 'recall', 'accuracy'])
    expect(metrics.f1).toBeGreaterThan(0.95)

    const out = await mkdtemp(join(tmpdir(), 'token-model-'))
    await saveAdapter(model, join(out, 'adapter'))
    const { encodings } = await model.task.encode(sentences(3), tokenizer, { maxLength: 32 })
    using before = new Predictor(model)
    const expected = await before.outputs(encodings)
    await mergeLora(model).savePretrained(join(out, 'merged'))
    using merged = await AutoModelForTokenClassification.fromPretrained(join(out, 'merged'))
    expect(merged.task.labels).toEqual(labels)
    using after = await Predictor.frozen(merged)
    const outputs = await after.outputs(encodings)
    for (const [i, rows] of outputs.entries()) {
      expect(rows.length).toBe(encodings[i]!.ids.length * labels.length)
      for (const [j, value] of rows.entries()) expect(Math.abs(value - expected[i]![j]!)).toBeLessThan(1e-4)
    }
  })

  it('labels the first token of a word, in stretches of a text as in words', async () => {
    const task = new TokenClassification({ labels })
    const text = 'was good the film'
    const [byWords, byText] = await Promise.all(
      [
        { words: ['was', 'good', 'the', 'film'], tags: ['O', 'O', 'B-THING', 'I-THING'] },
        { text, entities: [{ start: 9, end: 17, label: 'THING' }] },
      ].map((example) => task.encode([example], tokenizer, { maxLength: 32 })),
    )
    expect(byText!.labels.tags).toEqual(byWords!.labels.tags)
    expect(byText!.labels.tokens[0]).toEqual(byWords!.labels.tokens[0])
    const { wordIds } = byText!.encodings[0]!
    for (const [t, label] of byText!.labels.tokens[0]!.entries())
      expect(label >= 0).toBe(wordIds![t]! >= 0 && wordIds![t - 1] !== wordIds![t])
  })

  it('reads a word where it has most context in the windows of a long text', async () => {
    const words = Array.from({ length: 60 }, (_, i) => ['good', 'film', 'dull'][i % 3]!)
    const task = new TokenClassification({ labels })
    const { encodings, labels: encoded } = await task.encode(
      [{ words, tags: words.map(() => 'O') }],
      tokenizer,
      { maxLength: 16 },
    )
    expect(encodings.length).toBeGreaterThan(3)
    const places = encoded.places[0]!
    expect(places.length).toBe(60)
    for (const [word, place] of places.entries()) {
      expect(encodings[place!.window]!.wordIds![place!.token]).toBe(word)
      expect(encoded.tokens[place!.window]![place!.token]).toBe(0)
    }
    // Every word counts once.
    expect(encoded.tokens.flatMap((row) => [...row]).filter((label) => label >= 0)).toHaveLength(60)
    expect(placeWords(encodings, 61)[60]).toBeNull()
  })

  it.each([
    [{ words: ['a', 'b'], tags: ['O'] }, /2 words and 1 tags; give each word one/],
    [{ words: ['a'], tags: ['B-NONE'], file: 'x.conll', line: 7 }, /x\.conll, line 7: the tag "B-NONE"/],
    [
      { words: ['a', 'b', 'c'], tags: ['O', 'O', 'B-NONE'], file: 'x.conll', line: 7 },
      /x\.conll, line 9: .* none of the model's: O, B-THING, I-THING; correct the data, or name all tags in `labels`/,
    ],
    [
      { words: ['a', 'b'], tags: ['O', 'B-NONE'], file: 'x.jsonl', line: 7 },
      /x\.jsonl, line 7: the tag "B-NONE"/,
    ],
    [
      {
        text: 'good film',
        entities: [
          { start: 0, end: 6, label: 'THING' },
          { start: 5, end: 9, label: 'THING' },
        ],
      },
      /\(0 to 6\) and "THING" \(5 to 9\) overlap: a word has one tag/,
    ],
    [
      { text: 'good', entities: [{ start: 2, end: 9, label: 'THING' }] },
      /from 2 to 9 is not within the text of 4: offsets count UTF-16 code units/,
    ],
  ] as [TokenExample, RegExp][])('refuses %j', async (example, message) => {
    const task = new TokenClassification({ labels })
    await expect(task.encode([example], tokenizer, { maxLength: 32 })).rejects.toMatchObject({
      code: 'INCOMPATIBLE',
      message: expect.stringMatching(message),
    })
  })
})

describe('files of labelled words', () => {
  it('reads .conll, where a word may be white space', async () => {
    const path = await file('a.conll', 'EU\tB-org\n \tO\n\t\nthe\tO\nUN\tB-org\n')
    const examples = await readTokenExamples(path)
    expect(examples).toEqual([
      { words: ['EU', ' '], tags: ['B-org', 'O'], file: path, line: 1 },
      { words: ['the', 'UN'], tags: ['O', 'B-org'], file: path, line: 4 },
    ])
    expect(tagsOf(examples)).toEqual(['O', 'B-org'])
  })

  it('reads .conll in columns, of which the first is the word and the last the tag', async () => {
    const [example] = await readTokenExamples(
      await file('a.conll', 'EU NNP I-NP B-ORG\nrejects VBZ I-VP O\n'),
    )
    expect(example).toMatchObject({ words: ['EU', 'rejects'], tags: ['B-ORG', 'O'] })
  })

  it('parts documents by -DOCSTART-, which is no text', async () => {
    const lines = ['-DOCSTART- -X- -X- O', '', 'EU NNP I-NP B-ORG', '-DOCSTART-', 'rejects VBZ I-VP O', '']
    expect(await readTokenExamples(await file('a.conll', lines.join('\n')))).toMatchObject([
      { words: ['EU'], line: 3 },
      { words: ['rejects'], line: 5 },
    ])
  })

  it('reads .jsonl with words, or with stretches', async () => {
    const rows = [
      { words: ['a', 'b'], tags: ['O', 'B-x'] },
      { text: 'a b', entities: [{ start: 2, end: 3, label: 'y' }] },
    ]
    const examples = await readTokenExamples(
      await file('a.jsonl', rows.map((row) => JSON.stringify(row)).join('\n')),
    )
    expect(examples).toMatchObject(rows)
    expect(tagsOf(examples)).toEqual(['O', 'B-x', 'B-y', 'I-y'])
  })

  it.each([
    ['a.conll', 'word\n', /line 1: no tag/],
    ['a.conll', '\n\n', /holds no texts/],
    ['a.conll', 'EU\tB-org\nthe\t\n', /line 2: no tag/],
    ['a.conll', 'EU\tB-org\n\tO\n', /line 2: no tag/],
    [
      'a.conll',
      'EU NNP B-org\n\nthe DT\n',
      /line 3: 2 columns, where line 1 has 3: a word or its tag is missing/,
    ],
    ['a.conll', 'EU B-org\nNew York B-loc\n', /line 2: 3 columns, where line 1 has 2/],
    ['a.jsonl', '{"words": ["a"], "tags": ["O", "O"]}', /line 1: 1 words and 2 tags/],
    [
      'a.jsonl',
      '{"words": ["a"], "tags": ["O"]}\n{"words": ["a", "b"], "tags": ["O"]}',
      /a\.jsonl, line 2: 2 words and 1 tags; give each word one, "O" where it is none, received \["O"\]/,
    ],
    ['a.jsonl', '{"words": ["a"]}', /a\.jsonl, line 1: tags must be .*, one a word, received nothing/],
    ['a.jsonl', '[]', /a\.jsonl, line 1: expected .*"entities".*, received \[\]/],
    ['a.conll', 'EU B-org\nNew York B-loc\n', /a\.conll, line 2: .*; give every line the same columns/],
    ['a.jsonl', '{"text": "a", "entities": 1}', /a\.jsonl, line 1: .*\[\] where there are none, received 1/],
    ['a.jsonl', '[1', /a\.jsonl, line 1: not JSON .*; expected one object a line/],
    ['a.jsonl', '{"text": "a", "entities": [{"start": "0"}]}', /line 1: an entity must be/],
    ['a.jsonl', '{"text": "a"}', /line 1: entities must be an array/],
    ['a.jsonl', '[1', /line 1: not JSON/],
    ['a.csv', 'x', /expected a \.conll file/],
  ])('%s with %j is refused', async (name, text, message) => {
    await expect(readTokenExamples(await file(name, text))).rejects.toThrow(message)
  })
})
