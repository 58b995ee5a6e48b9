import { createHash } from 'node:crypto'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadAdapter, saveAdapter } from '../../lib/adapters/adapter.ts'
import { applyLora } from '../../lib/adapters/apply.ts'
import { mergeLora } from '../../lib/adapters/merge.ts'
import { maskTokens } from '../../lib/data/masking.ts'
import { readQuestionExamples } from '../../lib/data/question-examples.ts'
import { mrrAt, ndcgAt, recallAt } from '../../lib/data/retrieval-metrics.ts'
import { readSimilarityExamples, type SimilarityExample } from '../../lib/data/similarity-examples.ts'
import { Predictor } from '../../lib/inference/predictor.ts'
import {
  AutoModelForMaskedLM,
  AutoModelForQuestionAnswering,
  AutoModelForReranking,
  AutoModelForSentenceSimilarity,
} from '../../lib/models/auto.ts'
import type { Model } from '../../lib/models/model.ts'
import { manualSeed } from '../../lib/random.ts'
import { decodeAnswers } from '../../lib/tasks/answers.ts'
import { MaskedLanguageModel } from '../../lib/tasks/masked-lm.ts'
import { encodeQuestions, QuestionAnswering } from '../../lib/tasks/question-answering.ts'
import type { SimilarityOptions } from '../../lib/tasks/sentence-similarity.ts'
import { answerScores, bestScores } from '../../lib/tasks/squad-metrics.ts'
import { AutoTokenizer, type Tokenizer } from '../../lib/tokenizer/index.ts'
import { evaluate } from '../../lib/train/evaluate-model.ts'
import { Trainer } from '../../lib/train/trainer.ts'
import { tinyModel } from '../train/tiny.ts'

let base: string
let tokenizer: Tokenizer
beforeAll(async () => {
  base = await tinyModel()
  tokenizer = await AutoTokenizer.fromPretrained(base)
})
afterAll(() => tokenizer.close())

async function file(name: string, text: string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'tasks-')), name)
  await writeFile(path, text)
  return path
}

/** Trains and gives the last evaluation's metrics. */
async function train(model: Model, options: object): Promise<Record<string, number>> {
  manualSeed(1)
  applyLora(model, { r: 4, loraAlpha: 8, targetModules: 'all-linear' })
  const settings = { model, tokenizer, learningRate: 8e-3, batchSize: 8, ...options }
  let metrics: Record<string, number> = {}
  for await (const event of new Trainer(settings as ConstructorParameters<typeof Trainer>[0]).run())
    if (event.type === 'evaluation') metrics = event.metrics
  return metrics
}

const things = ['film', 'book', 'song', 'play', 'show']
const goods = ['good', 'great', 'fine']
const bads = ['bad', 'dull', 'poor']
const verdict = (words: readonly string[], i: number) => `the ${things[i % 5]} was ${words[i % 3]}`

/** A text belongs to one of the same mind. */
function triplets(count: number): SimilarityExample[] {
  return Array.from({ length: count }, (_, i) => {
    const [near, far] = i % 2 === 0 ? [goods, bads] : [bads, goods]
    return { texts: [verdict(near, i), verdict(near, i + 2), verdict(far, i + 1)] }
  })
}

describe('sentence similarity', () => {
  it('learns triplets, and its adapter is named as PEFT names one of an encoder', async () => {
    using model = await AutoModelForSentenceSimilarity.fromPretrained(base, {
      loss: 'triplet',
      normalize: false,
    })
    const examples = triplets(48)
    const metrics = await train(model, { train: examples, evaluate: examples.slice(0, 16), epochs: 3 })
    expect(Object.keys(metrics)).toContain('ndcg@10')
    expect(metrics.loss).toBeLessThan(4.5)
    const out = await mkdtemp(join(tmpdir(), 'similar-'))
    await saveAdapter(model, out)
    const { task_type } = JSON.parse(await readFile(join(out, 'adapter_config.json'), 'utf8'))
    expect(task_type).toBe('FEATURE_EXTRACTION')
    const bytes = await readFile(join(out, 'adapter_model.safetensors'))
    expect(bytes.toString('latin1')).toContain(
      'base_model.model.encoder.layer.0.attention.self.query.lora_A.weight',
    )
    using again = await AutoModelForSentenceSimilarity.fromPretrained(base, { normalize: false })
    await loadAdapter(again, out)
    const { encodings } = await model.task.encode(examples, tokenizer, { maxLength: 32 })
    using ours = new Predictor(model)
    using theirs = new Predictor(again)
    expect(await theirs.outputs(encodings)).toEqual(await ours.outputs(encodings))
  })

  it.each([
    [12, 5],
    [1024, 64],
  ])('a batch of %i in parts of %i has the losses and the weights of the whole', async (batchSize, part) => {
    const examples = triplets(2 * batchSize)
    const losses: number[][] = []
    for (const chunk of [undefined, part]) {
      const options: SimilarityOptions = { chunk }
      using model = await AutoModelForSentenceSimilarity.fromPretrained(base, options)
      // Without dropout, so that the two see the same.
      Object.assign(model.config, { hiddenDropoutProb: 0, attentionProbsDropoutProb: 0 })
      manualSeed(1)
      applyLora(model, { r: 4, loraAlpha: 8, targetModules: 'all-linear' })
      const own: number[] = []
      const trainer = new Trainer({
        model,
        tokenizer,
        train: examples,
        epochs: 2,
        batchSize,
        learningRate: 8e-3,
      })
      for await (const event of trainer.run()) if (event.type === 'step') own.push(event.loss, event.gradNorm)
      losses.push(own)
    }
    const [whole, parts] = losses
    expect(parts!.length).toBe(8)
    for (const [i, value] of whole!.entries()) expect(parts![i]! / value).toBeCloseTo(1, 3)
  })

  it('learns scores', async () => {
    using model = await AutoModelForSentenceSimilarity.fromPretrained(base, { loss: 'cosent' })
    const examples = triplets(40).flatMap(({ texts: [a, b, c] }) => [
      { texts: [a!, b!], score: 1 },
      { texts: [a!, c!], score: 0 },
    ])
    const metrics = await train(model, { train: examples, evaluate: examples.slice(0, 30), epochs: 20 })
    expect(metrics.spearmanr).toBeGreaterThan(0.5)
  })

  it('measures what its examples give, which also chooses the best; what they do not give is refused', async () => {
    const ranked = triplets(4)
    const scored = [
      { texts: ['a film', 'a book'], score: 1 },
      { texts: ['a film', 'a song'], score: 0 },
    ]
    using model = await AutoModelForSentenceSimilarity.fromPretrained(base)
    using ranking = await AutoModelForSentenceSimilarity.fromPretrained(base, { loss: 'triplet' })
    using scoring = await AutoModelForSentenceSimilarity.fromPretrained(base, { loss: 'cosine' })
    expect(ranking.task.defaultMetrics[0]).toBe('ndcg@10')
    expect(scoring.task.defaultMetrics).toEqual(['spearmanr', 'pearson'])
    const searches = ['ndcg@10', 'mrr@10', 'recall@1', 'recall@5', 'recall@10']
    for (const [examples, names] of [
      [ranked, searches],
      [scored, ['spearmanr', 'pearson']],
    ] as const)
      expect(Object.keys(await evaluate({ model, tokenizer, examples }))).toEqual(['loss', ...names])
    // Of any k: 12 texts are candidates, among which every positive is.
    const deep = await evaluate({ model, tokenizer, examples: ranked, metrics: ['recall@3', 'recall@12'] })
    expect(deep['recall@12']).toBe(1)
    expect(deep['recall@3']).toBeLessThanOrEqual(1)
    await expect(evaluate({ model, tokenizer, examples: ranked, metrics: ['recall@0'] })).rejects.toThrow(
      /has no "recall@0"; it has spearmanr, pearson, ndcg@10/,
    )
    for (const [examples, metric, message] of [
      [ranked, 'spearmanr', /spearmanr cannot be measured of texts without scores; ndcg@10,/],
      [scored, 'recall@5', /recall@5 cannot be measured of scored pairs; spearmanr, pearson can/],
    ] as const) {
      const refused = expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(message),
      })
      await expect(evaluate({ model, tokenizer, examples, metrics: [metric] })).rejects.toEqual(refused)
      const { labels, encodings } = await model.task.encode(examples, tokenizer, { maxLength: 16 })
      const outputs = encodings.map((_, i) => Float32Array.of(1, i))
      expect(() => model.task.score(outputs, labels, [metric])).toThrow(refused)
    }
    manualSeed(1)
    applyLora(model, { r: 2, loraAlpha: 4 })
    const train = { model, tokenizer, train: ranked, evaluate: ranked, epochs: 1, batchSize: 4 }
    const summary = await new Trainer(train).train()
    expect(summary.bestMetric).toBe('ndcg@10')
    expect(summary.best).not.toBeNull()
  })

  it.each([
    ['{"anchor":"a"}', /line 1: expected \{"anchor"/],
    ['{"text":"a","textPair":"b","label":"much"}', /line 1: a score must be a number/],
    ['{"text":"a","label":1}', /line 1: a pair of texts needs a second one/],
    ['{"text":"a","label":1}', /x\.jsonl, line 1: .*; give it in `textPair`/],
    ['{"text":"a","textPair":"b","label":"much"}', /x\.jsonl, line 1: .*received "much"; leave it away/],
    ['{"anchor":"a","positive":1}', /x\.jsonl, line 1: expected .*, received \{"anchor":"a","positive":1\}/],
    ['7', /x\.jsonl, line 1: expected \{"anchor", "positive"\} or a pair .*, received 7/],
  ])('refuses %s', async (line, message) => {
    await expect(readSimilarityExamples(await file('x.jsonl', `${line}\n`))).rejects.toThrow(message)
  })

  it('refuses examples that the loss is not of', async () => {
    const { task } = await AutoModelForSentenceSimilarity.fromPretrained(base, { loss: 'triplet' })
    const example = { texts: ['a', 'b'], file: 'x.jsonl', line: 3 }
    expect(() => task.check([example])).toThrow(
      /x\.jsonl, line 3: expected an anchor, a positive and one negative/,
    )
    expect(() => task.check([{ ...example, score: 1 }])).toThrow(/these are scored pairs/)
  })
})

describe('tasks without labels', () => {
  const config = {
    model_type: 'bert',
    vocab_size: 20,
    hidden_size: 8,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 8,
    max_position_embeddings: 32,
  }
  const make = {
    'masked words': (options: object) => AutoModelForMaskedLM.fromConfig(config, options),
    questions: (options: object) => AutoModelForQuestionAnswering.fromConfig(config, options),
    'sentence similarity': (options: object) => AutoModelForSentenceSimilarity.fromConfig(config, options),
  }

  it.each(Object.entries(make))('%s: refuse what is said of labels, by name', (_, of) => {
    for (const [options, message] of [
      [{ labels: ['a', 'b'] }, /leave `labels` away/],
      [{ numLabels: 3 }, /leave `numLabels` away/],
      [{ problemType: 'regression', numLabels: 1 }, /leave `numLabels` and `problemType` away/],
    ] as const)
      expect(() => of(options)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }),
      )
    using model = of({ head: 'fresh', labels: undefined })
    expect(model.task.labels).toEqual([])
  })

  it('whether is true or false', () => {
    expect(() => make['masked words']({ wholeWords: 'no' })).toThrow(/wholeWords must be true or false/)
    expect(() => make['sentence similarity']({ normalize: 'no' })).toThrow(/normalize must be true or false/)
  })
})

describe('metrics of searches', () => {
  // scikit-learn 1.9: ndcg_score([[0, 2, 1]], [[3, 2, 1]]) = 0.6696718
  const search = { gains: [0, 2, 1], relevant: [2, 1] }
  it('are those of the field', () => {
    expect(ndcgAt([search], 10)).toBeCloseTo((2 / Math.log2(3) + 0.5) / (2 + 1 / Math.log2(3)), 12)
    expect(ndcgAt([search], 10)).toBeCloseTo(0.6696718, 6)
    expect(mrrAt([search, { gains: [0, 0, 1], relevant: [1] }], 2)).toBe(0.25)
    expect(recallAt([search], 2)).toBe(0.5)
  })
})

describe('reranking', () => {
  it('learns what answers', async () => {
    using model = await AutoModelForReranking.fromPretrained(base, { head: 'fresh' })
    const examples = Array.from({ length: 64 }, (_, i) => ({
      text: i % 4 < 2 ? 'was it good' : 'was it bad',
      textPair: verdict(i % 2 === 0 ? goods : bads, i >> 1),
      label: i % 4 < 2 === (i % 2 === 0) ? 1 : 0,
    }))
    const metrics = await train(model, { train: examples, evaluate: examples.slice(0, 32), epochs: 40 })
    expect(metrics['ndcg@10']).toBeGreaterThan(0.8)
    expect(() => model.task.check([{ text: 'a', textPair: 'b', label: 7, file: 'x', line: 2 }])).toThrow(
      /x, line 2: expected a label from 0 .* received 7; divide/,
    )
    const out = await mkdtemp(join(tmpdir(), 'rerank-'))
    await mergeLora(model).savePretrained(out)
    const config = JSON.parse(await readFile(join(out, 'config.json'), 'utf8'))
    expect(config).toMatchObject({
      architectures: ['BertForSequenceClassification'],
      id2label: { 0: 'LABEL_0' },
    })
    using again = await AutoModelForReranking.fromPretrained(out)
    expect([...again.freshParameters]).toEqual([])
  })
})

describe('questions', () => {
  const questions = Array.from({ length: 48 }, (_, i) => {
    const context = `${verdict(goods, i)} , ${verdict(bads, i + 1)}`
    const [word] = i % 2 === 0 ? [goods[i % 3]!] : [bads[(i + 1) % 3]!]
    return {
      question: i % 2 === 0 ? 'what was good' : 'what was bad',
      context,
      answers: [{ text: word, start: context.indexOf(word) }],
    }
  })

  it('are learned, and answered with offsets over windows', async () => {
    using model = await AutoModelForQuestionAnswering.fromPretrained(base)
    expect([...model.freshParameters]).toEqual(['qa_outputs.weight', 'qa_outputs.bias'])
    const metrics = await train(model, { train: questions, evaluate: questions.slice(0, 16), epochs: 40 })
    expect(metrics.exact_match).toBeGreaterThan(0.8)
    const out = await mkdtemp(join(tmpdir(), 'questions-'))
    await saveAdapter(model, out)
    const config = JSON.parse(await readFile(join(out, 'adapter_config.json'), 'utf8'))
    expect(config).toMatchObject({ task_type: 'QUESTION_ANS', modules_to_save: ['qa_outputs'] })
    const context = `${'the show , '.repeat(20)}${questions[0]!.context}`
    const [windows] = await encodeQuestions([{ question: 'what was good', context }], tokenizer, {
      maxLength: 32,
    })
    expect(windows!.length).toBeGreaterThan(2)
    using predictor = new Predictor(model)
    const answers = decodeAnswers(context, { windows: windows!, outputs: await predictor.outputs(windows!) })
    expect(answers.length).toBeGreaterThan(5)
    for (const { text, start, end, score } of answers) {
      expect(text).toBe(context.slice(start, end))
      expect(score).toBeLessThanOrEqual(answers[0]!.score)
    }
    const sum = answers.reduce((total, { score }) => total + score, 0)
    expect(sum).toBeCloseTo(1, 6)
  })

  it('that are windows of a long text are not cut, as a long title is', async () => {
    const long = { ...questions[0]!, context: `${questions[0]!.context} ${', the show'.repeat(40)}` }
    const cutIn = async (model: Model, train: readonly unknown[]) => {
      applyLora(model, { r: 2, loraAlpha: 4 })
      const options = { model, tokenizer, train, maxLength: 32, maxSteps: 1 }
      for await (const event of new Trainer(options as ConstructorParameters<typeof Trainer>[0]).run())
        if (event.type === 'start') return event.truncated
      return undefined
    }
    using answering = await AutoModelForQuestionAnswering.fromPretrained(base)
    expect(await cutIn(answering, [long])).toBe(0)
    using reranking = await AutoModelForReranking.fromPretrained(base, { head: 'fresh' })
    expect(await cutIn(reranking, [{ text: 'what', textPair: long.context, label: 1 }])).toBe(1)
  })

  it("an evaluation's loss is finite and whole however far apart logits are", async () => {
    const task = new QuestionAnswering()
    const examples = [{ question: 'what', context: 'the film', answers: [{ text: 'film', start: 4 }] }]
    const { encodings, labels } = await task.encode(examples, tokenizer, { maxLength: 32 })
    const outputs = encodings.map(({ ids }) => new Float32Array(2 * ids.length))
    outputs[0]!.set([3000, 2000])
    expect(task.score(outputs, labels, []).loss).toBe(2500)
  })

  it('are other ones where an answer is, though it stands at the same tokens', async () => {
    const task = new QuestionAnswering()
    const digests = await Promise.all(
      [[], [{ text: 'film', start: 4 }]].map(async (more) => {
        const answers = [{ text: 'the film', start: 0 }, ...more]
        const { labels } = await task.encode(
          [{ question: 'what', context: 'the film', answers }],
          tokenizer,
          {
            maxLength: 32,
          },
        )
        const hash = createHash('sha256')
        task.digest(labels, hash)
        return hash.digest('hex')
      }),
    )
    expect(digests[0]).not.toBe(digests[1])
  })

  it('scores as SQuAD does', () => {
    expect(answerScores('The Eiffel Tower!', 'eiffel tower')).toEqual({ exact: 1, f1: 1 })
    expect(answerScores('in the tower', 'tower bridge')).toEqual({ exact: 0, f1: 0.5 })
    expect(bestScores('', [])).toEqual({ exact: 1, f1: 1 })
    expect(bestScores('tower', ['bridge', 'a tower'])).toEqual({ exact: 1, f1: 1 })
    expect(bestScores('tower', [])).toEqual({ exact: 0, f1: 0 })
  })

  it("reads SQuAD's files, whose offsets count code points", async () => {
    const context = 'a \u{1f600} good film'
    const squad = (answer_start: number) => ({
      data: [
        {
          paragraphs: [
            {
              context,
              qas: [
                { id: 'q1', question: 'what', answers: [{ text: 'good', answer_start }] },
                { id: 'q2', question: 'why', is_impossible: true, answers: [] },
              ],
            },
          ],
        },
      ],
    })
    const path = await file('a.json', JSON.stringify(squad(4)))
    expect(await readQuestionExamples(path)).toMatchObject([
      { id: 'q1', answers: [{ text: 'good', start: 5 }] },
      { id: 'q2', answers: [] },
    ])
    await expect(readQuestionExamples(await file('b.json', JSON.stringify(squad(5))))).rejects.toThrow(
      /question "q1": the answer "good" does not stand at 6/,
    )
    await expect(readQuestionExamples(await file('c.json', '{"data": 1}'))).rejects.toThrow(
      /data: .* SQuAD's form/,
    )
    await expect(readQuestionExamples(await file('d.jsonl', '\n{"question": 1}\n'))).rejects.toThrow(
      /line 2: question/,
    )
    for (const [name, text, message] of [
      ['e.json', JSON.stringify(squad(5)), /e\.json: .*; correct where it begins/],
      ['f.json', '{', /f\.json: not JSON .*; a file with one question a line is \.jsonl/],
      ['g.jsonl', '{"question": "a", "context": 1}', /g\.jsonl, line 1: context: .*; expected .*"answers"/],
      ['h.jsonl', '', /h\.jsonl: holds no questions; expected SQuAD's form/],
    ] as const)
      await expect(readQuestionExamples(await file(name, text))).rejects.toThrow(message)
  })
})

describe('masked words', () => {
  it('are learned; the decoder stays the table of words', async () => {
    using model = await AutoModelForMaskedLM.fromPretrained(base, { blockSize: 32 })
    const texts = Array.from({ length: 120 }, (_, i) => ({ text: `${verdict(i % 2 ? goods : bads, i)} .` }))
    const before = await train(model, {
      train: texts,
      evaluate: texts.slice(0, 40),
      epochs: 1,
      learningRate: 1e-9,
    })
    using trained = await AutoModelForMaskedLM.fromPretrained(base, { blockSize: 32 })
    const after = await train(trained, { train: texts, evaluate: texts.slice(0, 40), epochs: 12 })
    expect(after.perplexity).toBeLessThan(before.perplexity! / 2)
    expect(after.perplexity).toBeCloseTo(Math.exp(after.loss!), 6)
    const out = await mkdtemp(join(tmpdir(), 'masked-'))
    await mergeLora(trained).savePretrained(out)
    const names = [...trained.namedParameters()].map(([name]) => name)
    expect(names).toContain('cls.predictions.bias')
    expect(names.filter((name) => name.includes('decoder'))).toEqual([])
    using again = await AutoModelForMaskedLM.fromPretrained(out)
    expect([...again.freshParameters]).toEqual([])
  })

  it('come from blocks of one size, of all texts end to end however many there are', async () => {
    const texts = Array.from({ length: 5000 }, (_, i) => ({ text: verdict(i % 2 ? goods : bads, i) }))
    const { encodings, labels } = await new MaskedLanguageModel({ blockSize: 24 }).encode(texts, tokenizer, {
      maxLength: 64,
    })
    const all = await tokenizer.encodeBatch(
      texts.map(({ text }) => text),
      { addSpecialTokens: false, offsets: true },
    )
    const inner = labels.blocks.flatMap(({ ids }) => [...ids.slice(1, -1)])
    expect(inner).toEqual(all.flatMap(({ ids }) => [...ids]))
    const sizes = encodings.map(({ ids, typeIds }) => [ids.length, typeIds.length])
    expect(new Set(sizes.slice(0, -1).flat())).toEqual(new Set([24]))
    // A word is in a block what it is in its text, and no text's last word the next one's first.
    const words = labels.blocks.flatMap(({ wordIds }) => [...wordIds.slice(1, -1)])
    expect(new Set(words).size).toBe(all.reduce((sum, { wordIds }) => sum + new Set(wordIds).size, 0))
  })

  it('that have no room beside the special tokens are refused', async () => {
    const task = new MaskedLanguageModel()
    const examples = [{ text: 'the film was good' }]
    for (const maxLength of [0, 1, 2])
      await expect(task.encode(examples, tokenizer, { maxLength })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(`expected at least 3, received ${maxLength}`),
      })
    const { encodings } = await task.encode(examples, tokenizer, { maxLength: 3 })
    expect(new Set(encodings.map(({ ids }) => ids.length))).toEqual(new Set([3]))
  })

  it('are 15 %, of which 80 become the mask, 10 another and 10 stay; by seed alone', () => {
    const ids = Int32Array.from({ length: 20_000 }, (_, t) => 10 + (t % 50))
    const wordIds = Int32Array.from(ids, (_, t) => (t % 100 === 0 ? -1 : t >> 1))
    const vocabulary = { maskTokenId: 4, vocabSize: 1000 }
    const mask = (seed: number, wholeWords = false) =>
      maskTokens({ ids, wordIds }, vocabulary, { seed, stream: 1, wholeWords })
    const { ids: masked, places } = mask(1)
    expect(places.length / ids.length).toBeCloseTo(0.15, 1)
    expect(places.every((t) => wordIds[t]! >= 0)).toBe(true)
    const share = (of: (t: number) => boolean) => places.filter(of).length / places.length
    expect(Math.abs(share((t) => masked[t] === 4) - 0.8)).toBeLessThan(0.03)
    expect(Math.abs(share((t) => masked[t] === ids[t]) - 0.1)).toBeLessThan(0.03)
    expect(masked.filter((id, t) => id !== ids[t]).length).toBeLessThanOrEqual(places.length)
    expect(mask(1)).toEqual({ ids: masked, places })
    expect(mask(2).places).not.toEqual(places)
    const whole = new Set(mask(1, true).places)
    for (const t of whole) if (t % 100 > 1) expect(whole.has(t % 2 === 0 ? t + 1 : t - 1)).toBe(true)
  })
})
