import { cp, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TorchLoraError } from '../../lib/errors.ts'
import {
  AutoTokenizer,
  checkVocabularies,
  type Tokenizer,
  type TokenizerInput,
} from '../../lib/tokenizer/index.ts'

const fixtures = new URL('./fixtures/', import.meta.url).pathname
let scratch: string
let next = 0
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tokenizer-wrong-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

/** A copy of a fixture, changed. */
async function changed(name: string, change: (dir: string) => Promise<unknown>): Promise<string> {
  const dir = join(scratch, String(next++))
  await cp(join(fixtures, name), dir, { recursive: true })
  await change(dir)
  return dir
}

async function failure(promise: Promise<unknown>): Promise<TorchLoraError> {
  const error = await promise.then(
    () => new Error('did not fail'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(TorchLoraError)
  return error as TorchLoraError
}
const loading = (dir: string, options?: object) => failure(AutoTokenizer.fromPretrained(dir, options))

describe('a folder that gives no tokenizer', () => {
  it('is not there, or is a file', async () => {
    expect((await loading(join(scratch, 'none'))).code).toBe('INVALID_FILE')
    const file = join(fixtures, 'bert', 'vocab.txt')
    expect(await loading(file)).toMatchObject({
      code: 'INVALID_FILE',
      message: expect.stringContaining(file),
    })
    expect((await loading('')).code).toBe('INVALID_ARGUMENT')
    expect((await loading(undefined as unknown as string)).code).toBe('INVALID_ARGUMENT')
    expect(await loading(join(fixtures, 'bert'), { normalization: 'nfkc' })).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining("'nfkc'"),
    })
  })

  it('lacks the files, and says which were looked for', async () => {
    const empty = await changed('bert', (dir) => rm(join(dir, 'vocab.txt')))
    const error = await loading(empty)
    expect(error).toMatchObject({ code: 'INVALID_FILE', file: empty })
    for (const name of ['tokenizer.json', 'spm.model', 'vocab.json with merges.txt', 'vocab.txt'])
      expect(error.message).toContain(name)
    expect((await loading(await changed('roberta', (dir) => rm(join(dir, 'merges.txt'))))).message).toContain(
      'vocab.json is there, merges.txt is not',
    )
    expect((await loading(await changed('roberta', (dir) => rm(join(dir, 'vocab.json'))))).message).toContain(
      'merges.txt is there, vocab.json is not',
    )
  })

  it('names a class that its files cannot give', async () => {
    const dir = await changed('deberta', (d) =>
      writeFile(join(d, 'tokenizer_config.json'), '{"tokenizer_class":"XLMRobertaTokenizer"}'),
    )
    expect(await loading(dir)).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('XLMRobertaTokenizer'),
    })
  })
})

describe('a damaged file is named', () => {
  const cases: [string, string, string, (path: string) => Promise<unknown>, RegExp][] = [
    ['truncated JSON', 'bert-json', 'tokenizer.json', (p) => truncate(p, 3000), /not valid JSON.*truncated/],
    [
      'no JSON object',
      'bert-json',
      'tokenizer.json',
      (p) => writeFile(p, '[1]'),
      /expected a JSON object, received an array/,
    ],
    ['no model', 'bert-json', 'tokenizer.json', (p) => writeFile(p, '{"version":"1.0"}'), /no "model"/],
    [
      'a model that is none',
      'bert-json',
      'tokenizer.json',
      (p) => writeFile(p, '{"model":{"type":"Nonsense","vocab":{"a":0}},"added_tokens":[]}'),
      /not a tokenizer that huggingface\/tokenizers can build/,
    ],
    [
      'an unknown post-processor',
      'bert-json',
      'tokenizer.json',
      async (p) => {
        const json = JSON.parse(await readFile(p, 'utf8'))
        json.post_processor = { type: 'Sequence', processors: [json.post_processor, json.post_processor] }
        await writeFile(p, JSON.stringify(json))
      },
      /more than one template/,
    ],
    [
      'bytes that are not UTF-8',
      'bert',
      'vocab.txt',
      (p) => writeFile(p, Buffer.from([0x61, 0xff, 0xfe, 0x0a])),
      /not UTF-8/,
    ],
    [
      'a vocabulary without its special tokens',
      'bert',
      'vocab.txt',
      (p) => writeFile(p, 'a\nb\n'),
      /lacks unk_token "\[UNK\]", sep_token "\[SEP\]", cls_token "\[CLS\]"/,
    ],
    ['an empty vocabulary', 'bert', 'vocab.txt', (p) => writeFile(p, ''), /lacks unk_token/],
    ['a truncated vocabulary', 'roberta', 'vocab.json', (p) => truncate(p, 2000), /not valid JSON/],
    [
      'an id that is no number',
      'roberta',
      'vocab.json',
      (p) => writeFile(p, '{"<s>":0,"</s>":"2"}'),
      /the id of "<\/s>" is "2"/,
    ],
    [
      'merges of another model',
      'roberta',
      'merges.txt',
      (p) => writeFile(p, '#version: 0.2\nq z\nqz qz\n'),
      /line 2: "qz" is not in vocab.json/,
    ],
    [
      'a merge of three',
      'roberta',
      'merges.txt',
      (p) => writeFile(p, 'a b c\n'),
      /line 1: expected two pieces/,
    ],
    [
      'a truncated SentencePiece model',
      'deberta',
      'spm.model',
      (p) => truncate(p, 5000),
      /not a SentencePiece model|lacks/,
    ],
    [
      'no SentencePiece model',
      'deberta',
      'spm.model',
      (p) => writeFile(p, 'version https://git-lfs.github.com/spec/v1\n'),
      /not a SentencePiece model/,
    ],
    ['an empty SentencePiece model', 'deberta', 'spm.model', (p) => writeFile(p, ''), /holds no pieces/],
    [
      'ids that contradict the vocabulary',
      'deberta',
      'added_tokens.json',
      (p) => writeFile(p, '{"[MASK]": 7}'),
      /gives "\[MASK\]" the id 7, the vocabulary of spm\.model gives it/,
    ],
    [
      'added tokens with ids that are none',
      'bert',
      'added_tokens.json',
      (p) => writeFile(p, '{"<x>": -1}'),
      /gives "<x>" the id -1; expected a whole number/,
    ],
    [
      'a vocabulary with a line twice',
      'bert',
      'vocab.txt',
      async (p) => writeFile(p, `${await readFile(p, 'utf8')}the\n`),
      /line \d+: "the" is on line \d+ too/,
    ],
    [
      'a vocabulary with an empty line',
      'bert',
      'vocab.txt',
      async (p) => writeFile(p, (await readFile(p, 'utf8')).replace('\nthe\n', '\n\n')),
      /line \d+: a line without a token/,
    ],
    [
      'two tokens with one id',
      'roberta',
      'vocab.json',
      async (p) => writeFile(p, (await readFile(p, 'utf8')).replace('"</s>": 2', '"</s>": 1')),
      /"<pad>" and "<\/s>" have the same id, 1/,
    ],
    [
      'merges cut at the end of a line',
      'roberta',
      'merges.txt',
      async (p) => writeFile(p, (await readFile(p, 'utf8')).split('\n').slice(0, 200).join('\n')),
      /makes 199 of the tokens of vocab\.json, and not \d+ others, such as ".*truncated/,
    ],
    [
      'a special token that there is not',
      'bert-json',
      'tokenizer.json',
      async (p) => {
        const json = JSON.parse(await readFile(p, 'utf8'))
        json.post_processor.special_tokens['[SEP]'].ids = [100_000]
        await writeFile(p, JSON.stringify(json))
      },
      /puts token 100000 around texts/,
    ],
    [
      "another model's SentencePiece model",
      'xlm-roberta',
      'sentencepiece.bpe.model',
      (p) => cp(join(fixtures, 'deberta', 'spm.model'), p),
      /begins with "\[PAD\]".*expected <unk>, <s>, <\/s>/,
    ],
    ['a damaged configuration', 'bert', 'tokenizer_config.json', (p) => writeFile(p, '{'), /not valid JSON/],
  ]
  it.each(cases)('%s (%s/%s)', async (_what, fixture, file, damage, message) => {
    const dir = await changed(fixture, (d) => damage(join(d, file)))
    const error = await loading(dir)
    expect(error.message).toMatch(message)
    expect(error.message).toContain(join(dir, file))
    expect(error.file).toBe(join(dir, file))
    expect(['INVALID_FILE', 'UNSUPPORTED']).toContain(error.code)
  })

  it('a vocabulary cut at the end of a line, by what config.json says', async () => {
    const dir = await changed('bert', async (d) => {
      const lines = (await readFile(join(d, 'vocab.txt'), 'utf8')).split('\n')
      await writeFile(
        join(d, 'config.json'),
        JSON.stringify({ model_type: 'bert', vocab_size: lines.length - 1 }),
      )
      await writeFile(join(d, 'vocab.txt'), lines.slice(0, 200).join('\n'))
    })
    expect(await loading(dir)).toMatchObject({
      code: 'INVALID_FILE',
      file: join(dir, 'vocab.txt'),
      message: expect.stringMatching(/has 200 tokens, config\.json beside it says \d+ .*truncated/),
    })
  })

  it('a file that cannot be read', async () => {
    const dir = await changed('bert', async (d) => {
      await rm(join(d, 'vocab.txt'))
      await mkdir(join(d, 'vocab.txt'))
    })
    expect(await loading(dir)).toMatchObject({
      code: 'INVALID_FILE',
      message: expect.stringContaining('EISDIR'),
    })
  })

  it('JSON of the wrong shape', async () => {
    const dir = await changed('bert-json', (d) =>
      writeFile(join(d, 'tokenizer.json'), '{"model":{"type":"WordPiece","vocab":{}},"added_tokens":7}'),
    )
    expect(await loading(dir)).toMatchObject({ code: 'INVALID_FILE', message: expect.stringContaining(dir) })
  })

  it('survives every truncation of a SentencePiece model', async () => {
    const whole = await readFile(join(fixtures, 'deberta', 'spm.model'))
    const dir = await changed('deberta', async () => {})
    for (const length of [1, 2, 3, 17, 100, 1001, 3333, 7000, 9999, whole.length - 1]) {
      await writeFile(join(dir, 'spm.model'), whole.subarray(0, length))
      expect(['INVALID_FILE', 'UNSUPPORTED']).toContain((await loading(dir)).code)
    }
  })
})

describe('the class of a vocabulary', () => {
  it('has to be said where two have such a file', async () => {
    const dir = await changed('xlm-roberta', (d) => rm(join(d, 'config.json')))
    expect(await loading(dir)).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('XLMRobertaTokenizer or CamembertTokenizer'),
    })
  })
})

describe('tokens of added_tokens.json', () => {
  it.each(['bert', 'bert-json'])('are tokens, whatever the vocabulary comes from (%s)', async (name) => {
    await using plain = await AutoTokenizer.fromPretrained(join(fixtures, name))
    const { vocabSize } = plain
    const dir = await changed(name, (d) =>
      writeFile(join(d, 'added_tokens.json'), `{"<ticket>": ${vocabSize}}`),
    )
    await using tokenizer = await AutoTokenizer.fromPretrained(dir)
    expect(tokenizer.vocabSize).toBe(vocabSize + 1)
    expect((await tokenizer.encode('the <ticket> was')).ids).toContain(vocabSize)
  })
})

describe('a tokenizer and a model', () => {
  it('are compared by their vocabularies', async () => {
    await using tokenizer = await AutoTokenizer.fromPretrained(join(fixtures, 'bert'))
    const { vocabSize } = tokenizer
    for (const rows of [vocabSize, vocabSize + 128]) checkVocabularies(tokenizer, rows)
    for (const [rows, message] of [
      [vocabSize - 1, 'do not belong together, or tokens were added'],
      [vocabSize + 129, 'more than padding explains'],
    ] as const)
      expect(() => checkVocabularies(tokenizer, rows)).toThrow(
        expect.objectContaining({ code: 'INCOMPATIBLE', message: expect.stringContaining(message) }),
      )
  })
})

describe('a call that makes no sense', () => {
  let tokenizer: Tokenizer
  beforeAll(async () => {
    tokenizer = await AutoTokenizer.fromPretrained(join(fixtures, 'roberta'))
  })
  afterAll(() => tokenizer.close())
  const encoding = (inputs: unknown, options?: object) =>
    failure(tokenizer.encodeBatch(inputs as TokenizerInput[], options))

  it.each([
    [[null], 'input 0: expected a string or a pair of strings [first, second], received null'],
    [['a', 5], 'input 1: expected a string or a pair of strings [first, second], received number'],
    [['a', undefined], 'received undefined'],
    [['a', {}], 'received object'],
    [['a', ['b']], 'received [string]'],
    [['a', ['b', 'c', 'd']], 'received [string, string, string]'],
    [['a', ['b', 1]], 'received [string, number]'],
    ['text', 'expected an array of inputs, received string; for one input call encode'],
  ])('input %j', async (inputs, message) => {
    expect(await encoding(inputs)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    })
  })

  it('a lone surrogate, wherever it is', async () => {
    for (const text of ['ab\ud83d', '\ude00x', 'a\ud83d b'])
      expect(await encoding(['fine', text])).toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/input 1.*lone surrogate at position \d/),
      })
    expect(await encoding([['fine', '\ud83d']])).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect((await tokenizer.encode('whole 😀')).ids.length).toBeGreaterThan(3)
  })

  it.each([0, 1, 2, -5, 7.5, Number.NaN, '8'])('maxLength %s', async (maxLength) => {
    expect(await encoding(['a'], { maxLength })).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('maxLength'),
    })
  })

  it('a maxLength that leaves a pair no room', async () => {
    expect(await encoding(['a', ['b', 'c']], { maxLength: 4 })).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('above 4 (the special tokens around a pair) for input 1'),
    })
    expect((await tokenizer.encode('a b c d e f', { maxLength: 4 })).ids.length).toBe(4)
  })

  it('a stride too long, or over a pair', async () => {
    for (const stride of [6, -1, 1.5])
      expect(await encoding(['a'], { maxLength: 8, stride })).toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('from 0 to 5'),
      })
    expect(await encoding([['a', 'b']], { maxLength: 8, stride: 2 })).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('input 0 is a pair'),
    })
  })

  it('truncation of a text that is not there, or that leaves the other no room', async () => {
    const truncation = 'only_second'
    expect(await encoding([['a', 'b'], 'a'], { maxLength: 8, truncation })).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('input 1 is one text: truncation "only_second" is for pairs'),
    })
    const long = 'the kettle sings before the harbour wakes'
    const inputs = [...Array.from({ length: 300 }, () => ['a', long]), [long, 'b']]
    expect(await encoding(inputs, { maxLength: 8, truncation })).toMatchObject({
      code: 'TOO_LONG',
      message: expect.stringMatching(/input 300: the first text has \d+ tokens, which leaves 0 of 8/),
    })
    expect(await encoding([['a', long]], { maxLength: 8, truncation, stride: 3 })).toMatchObject({
      code: 'TOO_LONG',
      message: expect.stringContaining('more than the stride, 3'),
    })
    for (const options of [{ truncation: 'longest' }, { truncationSide: 'both' }])
      expect(await encoding(['a'], options)).toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/must be 'l.*received '(longest|both)'/),
      })
  })

  it('words that are none', async () => {
    const prefixed = join(fixtures, 'roberta-map')
    await using words = await AutoTokenizer.fromPretrained(prefixed)
    const encodingWords = (inputs: unknown) => failure(words.encodeWords(inputs as string[][]))
    for (const input of ['text', null, [1], ['a', 2], [['a']], [['a'], 'b'], [['a'], ['b'], ['c']]])
      expect(await encodingWords([['fine'], input])).toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('input 1: expected an array of words (strings), or a pair'),
      })
    expect(await encodingWords([['fine', '\ud83d']])).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await failure(tokenizer.encodeWords([['a']]))).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('addPrefixSpace: true'),
    })
    expect(await loading(prefixed, { addPrefixSpace: 1 })).toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('ids that are none', async () => {
    for (const id of [-1, 1.5, 2 ** 33])
      expect(await failure(tokenizer.decode([0, id]))).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await tokenizer.idsToTokens([0, 10 ** 6])).toEqual(['<s>', undefined])
    expect(await tokenizer.tokensToIds(['<s>', 'no such token'])).toEqual([0, undefined])
  })

  it('a folder that cannot be written', async () => {
    const file = join(fixtures, 'roberta', 'vocab.json')
    expect(await failure(tokenizer.save(join(file, 'below')))).toMatchObject({
      code: 'INVALID_FILE',
      file: join(file, 'below'),
    })
  })

  it('anything after close', async () => {
    const other = await AutoTokenizer.fromPretrained(join(fixtures, 'bert'))
    const pending = other.encodeBatch(Array.from({ length: 2000 }, () => 'the kettle sings'))
    await Promise.resolve()
    await other.close()
    await other.close()
    expect(await failure(other.encode('a'))).toMatchObject({ code: 'DISPOSED' })
    expect((await pending).length).toBe(2000) // what was under way is answered
  })
})
