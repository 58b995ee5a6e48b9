import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AutoTokenizer, type Tokenizer, type TokenizerInput } from '../../lib/tokenizer/index.ts'

// The real tokenizers on GLUE's development texts and thousands of hostile strings: what transformers gave for them is
// kept as digests (fixtures/make_fixtures.py --shared), since neither the texts nor the vocabularies may be here.
const shared = process.env.TORCH_LORA_SHARED ?? resolve(import.meta.dirname, '../../../shared')
const present = existsSync(join(shared, 'data/tokenizers')) && existsSync(join(shared, 'data/glue'))
if (!present) console.log(`skipped: ${shared}/data is not there (TORCH_LORA_SHARED names another place)`)

interface Golden {
  texts: number
  hard: string[]
  digests: Record<string, Record<string, string>>
}
const golden = JSON.parse(
  readFileSync(new URL('./fixtures/golden-shared.json', import.meta.url), 'utf8'),
) as Golden

/** make_fixtures.py's glue_texts: every field of more than 8 characters (code points). */
function glueTexts(): string[] {
  const root = join(shared, 'data/glue')
  const files = readdirSync(root).flatMap((task) =>
    readdirSync(join(root, task))
      .filter((name) => /dev.*\.[tc]sv$/.test(name) && !name.endsWith('_ids.tsv'))
      .map((name) => join(root, task, name)),
  )
  const texts: string[] = []
  for (const file of files.sort()) {
    const lines = readFileSync(file, 'utf8')
      .replace(/^\ufeff/, '')
      .split('\n')
    for (const line of lines)
      for (const field of line.split('\t')) if ([...field].length > 8) texts.push(field)
  }
  return texts
}

const digest = (rows: Int32Array[]): string => {
  const hash = createHash('sha256')
  for (const ids of rows) hash.update(Buffer.from(Int32Array.of(ids.length, ...ids).buffer))
  return hash.digest('hex')
}

describe.runIf(present)('real tokenizers on GLUE, as transformers has them', { timeout: 180_000 }, () => {
  let texts: string[]
  let scratch: string
  beforeAll(async () => {
    texts = glueTexts()
    expect(texts.length).toBe(golden.texts)
    scratch = await mkdtemp(join(tmpdir(), 'tokenizers-'))
    // The same tokenizers from their older files alone.
    for (const [name, files] of [
      ['roberta-base', ['vocab.json', 'merges.txt', 'config.json', 'special_tokens_map.json']],
      ['bert-base-uncased', ['vocab.txt', 'config.json']],
    ] as const)
      for (const file of files)
        await cp(join(shared, 'data/tokenizers', name, file), join(scratch, name, file))
  })
  afterAll(() => rm(scratch, { recursive: true, force: true }))

  const ids = async (tokenizer: Tokenizer, inputs: TokenizerInput[], maxLength = 1_000_000) =>
    tokenizer.encodeBatch(inputs, { maxLength })

  for (const [name, from] of [
    ['roberta-base', 'tokenizer.json'],
    ['roberta-base', 'vocab.json'],
    ['bert-base-uncased', 'tokenizer.json'],
    ['bert-base-uncased', 'vocab.txt'],
    ['deberta-v3', 'spm.model'],
  ] as const)
    it(`${name} from ${from}`, async () => {
      const folder = from.startsWith('vocab') ? scratch : join(shared, 'data/tokenizers')
      await using tokenizer = await AutoTokenizer.fromPretrained(join(folder, name))
      const expected = golden.digests[name]!
      expect(digest((await ids(tokenizer, golden.hard)).map((e) => e.ids))).toBe(expected.hard)
      expect(digest((await ids(tokenizer, texts)).map((e) => e.ids))).toBe(expected.texts)
      const pairs = Array.from({ length: 6000 }, (_, i): [string, string] => [
        texts[2 * i]!,
        texts[2 * i + 1]!,
      ])
      for (const maxLength of [16, 64]) {
        const encodings = await ids(tokenizer, pairs, maxLength)
        expect(digest(encodings.map((e) => e.ids))).toBe(expected[`pairs${maxLength}`])
        expect(digest(encodings.map((e) => e.typeIds))).toBe(expected[`pairs${maxLength}types`])
      }
    })

  it("deberta-v3 with SentencePiece's own normalization", async () => {
    const folder = join(shared, 'data/tokenizers/deberta-v3')
    await using tokenizer = await AutoTokenizer.fromPretrained(folder, { normalization: 'sentencepiece' })
    const encodings = await ids(tokenizer, [...texts.slice(0, 5000), ...golden.hard])
    expect(digest(encodings.map((e) => e.ids))).toBe(golden.digests['deberta-v3']!.sentencepiece)
  })
})
