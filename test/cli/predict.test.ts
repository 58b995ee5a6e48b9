import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { MaskFiller, QuestionAnswerer, TextClassifier } from '../../lib/index.ts'
import { tinyAnswerer, tinyClassifier, tinyFiller, tinyTagger } from '../inference/models.ts'
import { cli } from './run.ts'

const predict = (...args: string[]) => cli(['predict', ...args])

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'predict-'))
})

const lines = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('predict by what the model is for', { timeout: 120_000 }, () => {
  it('tags: words and entities with offsets, from JSONL and .conll', async () => {
    const model = await tinyTagger({ labels: ['O', 'B-person', 'I-person'] })
    const input = join(folder, 'input.jsonl')
    await writeFile(input, '{"text":"\u{1f600} the film was great."}\n{"words":["her","filmsong"]}\n')
    const tagged = await predict('--model', model, '--input', input, '--json')
    expect(tagged.code).toBe(0)
    const [text, words] = lines(tagged.stdout)
    expect(Object.keys(text)).toEqual(['tokens', 'entities'])
    expect(text.tokens[1]).toEqual({
      start: 3,
      end: 6,
      label: expect.stringMatching(/^(O|[BI]-person)$/),
      score: expect.any(Number),
    })
    for (const { label, start, end, text: own } of text.entities) {
      expect(label).toBe('person')
      expect('\u{1f600} the film was great.'.slice(start, end)).toBe(own)
    }
    expect(words.tokens.map(({ start, end }: { start: number; end: number }) => [start, end])).toEqual([
      [0, 3],
      [4, 12],
    ])
    const conll = join(folder, 'input.conll')
    await writeFile(conll, 'her\tO\nfilmsong\tO\n')
    const same = await predict('--model', model, '--input', conll, '--json', '--aggregation', 'simple')
    expect(lines(same.stdout)).toEqual([words])
    await writeFile(input, '{"text":"a"}\n{"txt":"a"}\n')
    const wrong = await predict('--model', model, '--input', input)
    expect(wrong).toMatchObject({ code: 1, stdout: '' })
    expect(wrong.stderr).toMatch(/input\.jsonl, line 2: expected \{"text"\}/)
  })

  it('answers questions with offsets, from lines and from SQuAD’s files', async () => {
    const model = await tinyAnswerer()
    const context = '\u{1f600} the film was great, they say'
    const given = { question: 'what was great', context }
    await using answerer = await QuestionAnswerer.load(model, { warmUp: false })
    const { answer, start, end, score, answers } = await answerer.answer(given, { topK: 3 })
    const input = join(folder, 'questions.jsonl')
    await writeFile(input, `${JSON.stringify(given)}\n`)
    const found = await predict('--model', model, '--input', input, '--json')
    expect(lines(found.stdout)).toEqual([{ answer, start, end, score: expect.closeTo(score, 5) }])
    const squad = join(folder, 'squad.json')
    await writeFile(
      squad,
      JSON.stringify({
        data: [{ paragraphs: [{ context, qas: [{ id: 1, question: given.question, answers: [] }] }] }],
      }),
    )
    const three = await predict('--model', model, '--input', squad, '--json', '--top-k', '3')
    expect(lines(three.stdout)[0].answers.map((one: { answer: string }) => one.answer)).toEqual(
      answers.map((one) => one.answer),
    )
    await writeFile(input, '{"question":"what"}\n')
    const wrong = await predict('--model', model, '--input', input)
    expect(wrong).toMatchObject({ code: 1, stdout: '' })
    expect(wrong.stderr).toMatch(/questions\.jsonl, line 1: context/)
  })

  it('cuts, refuses or reads in windows a text that is too long', async () => {
    const model = await tinyClassifier()
    const long = 'the film was great, and a play was not. '.repeat(6)
    const input = join(folder, 'long.jsonl')
    await writeFile(input, `${JSON.stringify({ text: long })}\n`)
    await using classifier = await TextClassifier.load(model, {
      maxLength: 16,
      windowOverlap: 3,
      warmUp: false,
    })
    const run = (...flags: string[]) =>
      predict('--model', model, '--input', input, '--json', '--max-length', '16', ...flags)
    for (const longText of ['truncate', 'windows'] as const) {
      const { logits } = await classifier.classify(long, { longText })
      const found = await run('--long-text', longText, '--window-overlap', '3')
      expect(lines(found.stdout)[0].logits).toEqual(logits.map((logit) => expect.closeTo(logit, 4)))
    }
    expect((await run()).stdout).toBe((await run('--long-text', 'truncate')).stdout)
    const refused = await run('--long-text', 'refuse')
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toMatch(/Input 0 has more than 16 tokens/)
    expect(refused.stderr).toMatch(/long\.jsonl, line 1: /)
    for (const [flags, message] of [
      [['--top-k', '2'], /--top-k is of question-answering and masked-language-model, and this is sequence-/],
      [['--aggregation', 'first'], /--aggregation is of token-classification, .*: leave it away/],
      [['--multi-label'], /--multi-label is of zero-shot classification \(--candidate-labels\)/],
      [['--multi-label', '--candidate-labels', 'a', '--top-k', '2'], /--top-k is of .* this is zero-shot/],
    ] as const) {
      const foreign = await run(...flags)
      expect(foreign).toMatchObject({ code: 1, stdout: '' })
      expect(foreign.stderr).toMatch(message)
    }
  })

  it('fills masks', async () => {
    const model = await tinyFiller()
    await using filler = await MaskFiller.load(model, { warmUp: false })
    const { masks } = await filler.fill('the [MASK] was great', { topK: 2 })
    const input = join(folder, 'masked.jsonl')
    await writeFile(input, '{"text":"the [MASK] was great"}\n')
    const found = await predict('--model', model, '--input', input, '--json', '--top-k', '2')
    const [line] = lines(found.stdout)
    expect(line).toEqual({
      masks: masks.map((words) => words.map((word) => ({ ...word, score: expect.closeTo(word.score, 5) }))),
    })
    const shown = await predict('--model', model, '--input', input, '--top-k', '1')
    expect(shown.stdout).toBe(`${masks[0]![0]!.token} ${masks[0]![0]!.score.toFixed(4)}\n`)
    await writeFile(input, '{"text":"the [MASK] was great"}\n\n{"text":"none"}\n')
    const wrong = await predict('--model', model, '--input', input)
    expect(wrong.code).toBe(1)
    expect(wrong.stderr).toMatch(/masked\.jsonl, line 3: .* hides nothing: put \[MASK\]/)
  })

  it('sorts into candidate labels with a model of natural language inference, and says which models are none', async () => {
    const input = join(folder, 'texts.jsonl')
    await writeFile(input, '{"text":"the film was great."}\n{"text":"a play"}\n')
    const model = await tinyClassifier({ labels: ['entailment', 'neutral', 'contradiction'] })
    const sorted = await predict(
      '--model',
      model,
      '--input',
      input,
      '--json',
      '--candidate-labels',
      'film, song',
    )
    const found = lines(sorted.stdout)
    expect(found).toHaveLength(2)
    expect([...found[0].labels].sort()).toEqual(['film', 'song'])
    expect(found[0].scores[0] + found[0].scores[1]).toBeCloseTo(1, 5)
    const other = await tinyClassifier({ labels: ['bad', 'good'] })
    const refused = await predict('--model', other, '--input', input, '--candidate-labels', 'film,song')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/natural language inference/)
  })
})
