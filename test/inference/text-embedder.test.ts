import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import {
  AutoModelForSentenceSimilarity,
  AutoTokenizer,
  cosineSimilarity,
  loadTextModel,
  memory,
  TextEmbedder,
} from '../../lib/index.ts'
import { Predictor } from '../../lib/inference/predictor.ts'
import { plainLayout } from '../../lib/tasks/sentence-folder.ts'
import { randomAdapter, tinyEmbedder } from './models.ts'

const texts = ['the film was great.', 'a play', 'her song was dull, they say; this book was fine', '', 'a']

const far = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  expect(a.length).toBe(b.length)
  return Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)))
}
const length = (vector: Float32Array) => Math.hypot(...vector)

/** Vectors of the plain model, one text at a time. */
async function plain(folder: string, inputs: readonly string[], maxLength = 66): Promise<Float32Array[]> {
  await using tokenizer = await AutoTokenizer.fromPretrained(folder)
  using model = await AutoModelForSentenceSimilarity.fromPretrained(folder)
  using predictor = new Predictor(model)
  const encodings = await tokenizer.encodeBatch(inputs, { maxLength })
  const vectors: Float32Array[] = []
  for (const encoding of encodings) vectors.push((await predictor.forward([encoding]))[0]!)
  return vectors
}

let base: string
beforeAll(async () => {
  base = await tinyEmbedder()
})

describe('TextEmbedder', () => {
  it.each(['mean', 'cls', 'max', 'mean_sqrt_len_tokens', 'weightedmean', 'lasttoken'] as const)(
    '%s: the vectors of the model, packed with others, and those of its tokens',
    async (pooling) => {
      const folder = await tinyEmbedder({ pooling })
      await using embedder = await TextEmbedder.load(folder)
      expect([embedder.pooling, embedder.dimensions, embedder.normalized]).toEqual([pooling, 32, true])
      const expected = await plain(folder, texts)
      const vectors = await embedder.embed(texts)
      expectTypeOf(vectors).toEqualTypeOf<Float32Array[]>()
      for (const [i, vector] of vectors.entries()) expect(far(vector, expected[i]!)).toBeLessThan(1e-5)
      const raw = await embedder.embed(texts[2]!, { normalize: false })
      expectTypeOf(raw).toEqualTypeOf<Float32Array>()
      expect(Math.abs(length(raw) - 1)).toBeGreaterThan(0.01)
      expect(cosineSimilarity(raw, expected[2]!)).toBeCloseTo(1, 5)
      const tokens = await embedder.embedTokens(texts[2]!)
      expect(tokens).toHaveLength((await embedder.tokenize(texts[2]!)).length)
      if (pooling === 'cls') expect(far(tokens[0]!, raw)).toBeLessThan(1e-5)
      if (pooling === 'lasttoken') expect(far(tokens.at(-1)!, raw)).toBeLessThan(1e-5)
      if (pooling === 'mean') {
        const mean = raw.map((_, i) => tokens.reduce((sum, token) => sum + token[i]!, 0) / tokens.length)
        expect(far(mean, raw)).toBeLessThan(1e-5)
      }
    },
  )

  it('pools a plain folder as it is asked to, also after a swap', async () => {
    await using embedder = await TextEmbedder.load(base, { pooling: 'max', warmUp: false })
    const [max] = await plain(await tinyEmbedder({ pooling: 'max' }), ['a play'])
    expect(far(await embedder.embed('a play'), max!)).toBeLessThan(1e-5)
    await embedder.swap(await tinyEmbedder({ seed: 9 }))
    expect(embedder.pooling).toBe('max')
    expect(far(await embedder.embed('a play'), max!)).toBeGreaterThan(0.01)
  })

  it('cuts vectors, of length 1 again; refuses more elements than there are', async () => {
    await using embedder = await TextEmbedder.load(base, { warmUp: false })
    const [whole, cut, raw] = await Promise.all([
      embedder.embed('a play'),
      embedder.embed('a play', { dimensions: 8 }),
      embedder.embed('a play', { dimensions: 8, normalize: false }),
    ])
    expect(cut).toHaveLength(8)
    expect(length(cut)).toBeCloseTo(1, 6)
    expect(cosineSimilarity(cut, whole.slice(0, 8))).toBeCloseTo(1, 6)
    expect(far(raw, (await embedder.embed('a play', { normalize: false })).slice(0, 8))).toBe(0)
    await expect(embedder.embed('a play', { dimensions: 33 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/have 32 elements, and 33 were asked for/),
    })
  })

  it('puts prompts in front, by name or by text, and the folder’s default', async () => {
    const layout = { ...plainLayout, prompts: { query: 'they say ', film: 'the film ' }, maxSeqLength: 16 }
    const folder = await tinyEmbedder({ layout: { ...layout, defaultPromptName: 'film' } })
    await using embedder = await TextEmbedder.load(folder, { warmUp: false })
    expect(embedder.prompts).toEqual(layout.prompts)
    expect([embedder.promptOf({ promptName: 'query' }), embedder.promptOf()]).toEqual([
      'they say ',
      'the film ',
    ])
    expect(embedder.maxLength).toBe(16)
    const expected = await plain(folder, ['they say a play', 'the film a play', 'a play'])
    const [query, byDefault, none] = await Promise.all([
      embedder.embed('a play', { promptName: 'query' }),
      embedder.embed('a play'),
      embedder.embed('a play', { prompt: '' }),
    ])
    for (const [i, vector] of [query, byDefault, none].entries())
      expect(far(vector, expected[i]!)).toBeLessThan(1e-5)
    await expect(embedder.embed('a', { promptName: 'toString' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/no prompt "toString"; there are: query, film/),
    })
    await expect(embedder.embed('a', { prompt: 'x', promptName: 'query' })).rejects.toThrow(/one of them/)
    await using longer = await TextEmbedder.load(folder, { maxLength: 32, warmUp: false })
    expect(longer.maxLength).toBe(32)
  })

  it('reads texts in lower case where the folder says so, and keeps what it says', async () => {
    const layout = { ...plainLayout, lowerCase: true, similarity: 'dot' }
    const folder = await tinyEmbedder({ family: 'roberta', layout })
    const json = async (file: string) => JSON.parse(await readFile(join(folder, file), 'utf8'))
    expect(await json('sentence_bert_config.json')).toMatchObject({ do_lower_case: true })
    expect(await json('config_sentence_transformers.json')).toMatchObject({ similarity_fn_name: 'dot' })
    await using lower = await TextEmbedder.load(folder, { warmUp: false })
    const [small, capital] = await lower.embed(['they say a film', 'They SAY a Film'])
    expect(capital).toEqual(small)
    using model = await AutoModelForSentenceSimilarity.fromPretrained(folder)
    expect(model.task.layout).toMatchObject(layout)
    await using tokenizer = await AutoTokenizer.fromPretrained(folder)
    const examples = [{ texts: ['They SAY', 'they say'] }]
    const { encodings } = await model.task.encode(examples, tokenizer, { maxLength: 16 })
    expect(encodings[0]!.ids).toEqual(encodings[1]!.ids)
    await using cased = await TextEmbedder.load(await tinyEmbedder({ family: 'roberta' }), { warmUp: false })
    expect(
      far(...((await cased.embed(['a film', 'A FILM'])) as [Float32Array, Float32Array])),
    ).toBeGreaterThan(0.01)
  })

  it('says how near texts are', async () => {
    await using embedder = await TextEmbedder.load(base, { warmUp: false })
    const [a, b] = await embedder.embed(['a play', 'her song'])
    const found = await embedder.similarity('a play', ['her song', 'a play'])
    expect(found[0]).toBeCloseTo(cosineSimilarity(a!, b!), 6)
    expect(found[1]).toBeCloseTo(1, 6)
    expect(await embedder.similarity('a play', [])).toEqual([])
    expect(() => cosineSimilarity([1], [1, 2])).toThrow(/1 and 2 elements/)
    expect(cosineSimilarity([0, 0], [1, 2])).toBe(0)
  })

  it('streams vectors with their rows', async () => {
    await using embedder = await TextEmbedder.load(base, { warmUp: false })
    const rows = [
      { id: 1, body: 'a play' },
      { id: 2, body: 3 },
      { id: 3, body: 'her song' },
    ]
    const seen: [number, unknown][] = []
    for await (const entry of embedder.embedAll(rows, {
      input: ({ body }) => body as string,
      dimensions: 4,
      onError: 'yield',
    }))
      seen.push([entry.row.id, entry.error ? entry.error.code : entry.embedding.length])
    expect(seen).toEqual([
      [1, 4],
      [2, 'INVALID_ARGUMENT'],
      [3, 4],
    ])
  })

  it('serves adapters by name in one batch, each as if it were merged; swaps keep them', async () => {
    const folders = await Promise.all(
      [
        { seed: 3, r: 4 },
        { seed: 4, r: 2, targetModules: 'all-linear' as const },
      ].map(async (options) => {
        using model = await AutoModelForSentenceSimilarity.fromPretrained(base)
        return await randomAdapter(model, { loraAlpha: 8, ...options })
      }),
    )
    await using embedder = await TextEmbedder.load(base, { adapters: { a: folders[0]!, b: folders[1]! } })
    const merged = await Promise.all(
      folders.map(async (adapter) => {
        await using one = await TextEmbedder.load(base, { mergeAdapter: adapter, warmUp: false })
        return [await one.embed(texts), await one.embedTokens(texts[0]!)] as const
      }),
    )
    const own = await plain(base, texts)
    const check = async () => {
      const [a, b, none, tokens] = await Promise.all([
        embedder.embed(texts, { adapter: 'a' }),
        embedder.embed(texts, { adapter: 'b' }),
        embedder.embed(texts),
        embedder.embedTokens(texts[0]!, { adapter: 'b' }),
      ])
      for (const [i] of texts.entries()) {
        expect(far(a[i]!, merged[0]![0][i]!)).toBeLessThan(1e-5)
        expect(far(b[i]!, merged[1]![0][i]!)).toBeLessThan(1e-5)
        expect(far(none[i]!, own[i]!)).toBeLessThan(1e-5)
        expect(far(a[i]!, own[i]!)).toBeGreaterThan(1e-3)
      }
      for (const [t, token] of tokens.entries())
        expect(far(token, merged[1]![1][t]!)).toBeLessThan(2e-5 * Math.max(1, length(token)))
    }
    await check()
    await embedder.swap(base)
    await check()
    await expect(embedder.embed('a', { adapter: 'c' })).rejects.toThrow(/no adapter 'c'; loaded: a, b/)
  })

  it('quantizes, near the vectors of float32', async () => {
    await using embedder = await TextEmbedder.load(base, { dtype: 'int8', warmUp: false })
    expect(embedder.dtype).toBe('int8')
    const expected = await plain(base, texts)
    for (const [i, vector] of (await embedder.embed(texts)).entries())
      expect(cosineSimilarity(vector, expected[i]!)).toBeGreaterThan(0.99)
  })

  it('serves a model in memory; leaves nothing behind', async () => {
    await using tokenizer = await AutoTokenizer.fromPretrained(base)
    using model = await AutoModelForSentenceSimilarity.fromPretrained(base)
    const before = memory().tensors
    {
      await using embedder = await TextEmbedder.from(model, tokenizer)
      const [expected] = await plain(base, ['a play'])
      expect(far(await embedder.embed('a play'), expected!)).toBeLessThan(1e-5)
      await embedder.embedTokens('a play')
    }
    expect(memory().tensors).toBe(before)
  })

  it('cuts a long text and says so in a stream, or refuses it', async () => {
    await using embedder = await TextEmbedder.load(base, { maxLength: 8, warmUp: false })
    const long = 'the film was great and the song was fine'
    for await (const { tokens, truncated } of embedder.embedAll([long]))
      expect([tokens, truncated]).toEqual([8, true])
    await expect(embedder.embed(long, { longText: 'refuse' })).rejects.toMatchObject({ code: 'TOO_LONG' })
    await expect(embedder.embed(long, { longText: 'windows' as 'refuse' })).rejects.toThrow(
      /longText must be 'truncate' or 'refuse'/,
    )
  })

  it('refuses what is no text, and options that there are not', async () => {
    await using embedder = await TextEmbedder.load(base, { warmUp: false })
    for (const wrong of [3, null, ['a', 'b'], { text: 'a' }])
      await expect(embedder.embed([wrong as never])).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/Input 0: expected a string/),
      })
    await expect(embedder.embed('cut \ud83d')).rejects.toThrow(/lone surrogate/)
    await expect(embedder.embed('a', { dimension: 3 } as object)).rejects.toThrow(
      /'dimensions' is the nearest/,
    )
    await expect(embedder.embed('a', { dimensions: 0 })).rejects.toThrow(/dimensions must be a whole number/)
    await expect(TextEmbedder.load(base, { labels: ['a'] } as object)).rejects.toThrow(/no option 'labels'/)
    await expect(TextEmbedder.load(base, { pooling: 'first' as 'cls' })).rejects.toThrow(
      /pooling must be 'mean'/,
    )
    await expect(embedder.embedTokens('a', { dimensions: 3 } as object)).rejects.toThrow(
      /no option 'dimensions'/,
    )
  })

  it('is what loadTextModel gives for its folder', async () => {
    await using model = await loadTextModel(base, { warmUp: false })
    expect(model.task).toBe('sentence-similarity')
    if (model.task === 'sentence-similarity') expect(await model.embed('a')).toHaveLength(32)
    await using pooled = await loadTextModel(base, { warmUp: false, pooling: 'cls', labels: undefined })
    expect(pooled).toMatchObject({ task: 'sentence-similarity', pooling: 'cls' })
    await expect(loadTextModel(base, { labels: ['a', 'b'] })).rejects.toThrow(/no option 'labels'/)
    await expect(loadTextModel(base, { task: 'embedding' as 'reranking' })).rejects.toThrow(
      /task: expected one of sequence-classification, .*masked-language-model, received "embedding"/,
    )
  })
})
