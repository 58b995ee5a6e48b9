import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { TextEmbedder, TextReranker } from '../../lib/index.ts'
import { tinyClassifier, tinyEmbedder, tinyReranker } from '../inference/models.ts'
import { cli as run } from './run.ts'

const cli = (...args: string[]) => run(args)

const lines = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'embed-'))
})

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

describe('embed', { timeout: 120_000 }, () => {
  it('prints vectors, or writes them as lines or for numpy, the file whole or not at all', async () => {
    const model = await tinyEmbedder()
    const texts = ['the film was great.', 'a play', '']
    const input = await file('texts.jsonl', texts.map((text) => `${JSON.stringify({ text })}\n`).join(''))
    await using embedder = await TextEmbedder.load(model, { warmUp: false })
    const expected = await embedder.embed(texts)
    const args = ['embed', '--model', model, '--input', input]
    const printed = await cli(...args, '--json')
    expect(printed.code).toBe(0)
    for (const [i, { embedding }] of lines(printed.stdout).entries())
      expect(Float32Array.from(embedding)).toEqual(expected[i])
    const plain = await cli(...args, '--dimensions', '4')
    expect(plain.stdout.trim().split('\n')[1]!.split('\t')).toHaveLength(4)

    const jsonl = join(folder, 'out', 'vectors.jsonl')
    expect(await cli(...args, '--out', jsonl)).toMatchObject({ code: 0, stdout: '' })
    expect(await readFile(jsonl, 'utf8')).toBe(printed.stdout)

    const npy = join(folder, 'vectors.npy')
    const raw = await embedder.embed(texts, { dimensions: 8, normalize: false })
    await cli(...args, '--out', npy, '--dimensions', '8', '--no-normalize')
    const bytes = await readFile(npy)
    const start = 10 + bytes.readUInt16LE(8)
    expect(start % 64).toBe(0)
    expect(bytes.subarray(0, 8)).toEqual(Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]))
    expect(bytes.subarray(10, start).toString().trim()).toBe(
      "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 8), }",
    )
    const numbers = new Float32Array(
      bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + bytes.length),
    )
    expect(numbers).toEqual(Float32Array.from(raw.flatMap((vector) => [...vector])))

    for (const [more, message] of [
      [['--out', join(folder, 'v.txt')], /expected a \.jsonl or \.npy file/],
      [['--out', npy, '--json'], /a \.npy file holds numbers alone/],
      [['--out', join(folder, 'none.npy'), '--dimensions', '99'], /have 32 elements, and 99 were asked for/],
      [['--dimensions', '0'], /expected a whole number of at least 1/],
      [['--prompt-name', 'query'], /no prompt "query"/],
    ] as const) {
      const wrong = await cli(...args, ...more)
      expect(wrong.code).toBe(1)
      expect(wrong.stderr).toMatch(message)
    }
    expect(existsSync(join(folder, 'none.npy'))).toBe(false)
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([])
    const predicted = await cli('predict', '--model', model, '--input', input)
    expect(predicted.stderr).toMatch(/use torch-lora embed/)
  })
})

describe('rank', { timeout: 120_000 }, () => {
  it('orders the texts of each query; says which line is none', async () => {
    const model = await tinyReranker()
    const query = 'was it good'
    const texts = ['the film was great.', 'a play', 'her song']
    const input = await file('queries.jsonl', `${JSON.stringify({ query, texts })}\n`.repeat(2))
    await using reranker = await TextReranker.load(model, { warmUp: false })
    const expected = await reranker.rank(query, texts)
    const printed = await cli('rank', '--model', model, '--input', input, '--json', '--top-k', '2')
    for (const { ranking } of lines(printed.stdout)) {
      expect(ranking).toHaveLength(2)
      for (const [i, { index, score }] of ranking.entries()) {
        expect(index).toBe(expected[i]!.index)
        expect(score).toBeCloseTo(expected[i]!.score, 5)
      }
    }
    const shown = await cli('rank', '--model', model, '--input', input)
    expect(shown.stdout.split('\n').slice(0, 2)).toEqual([
      query,
      `${expected[0]!.score.toFixed(4)}\t${texts[expected[0]!.index]}`,
    ])
    for (const [text, message] of [
      ['{"query":"a"}', /wrong\.jsonl, line 1: expected \{"query", "texts"\}/],
      ['', /holds no queries/],
      ['{"query":" ","texts":["a"]}', /query: expected a text/],
      ['{"query":"a","texts":["a"]}\n{"query":" ","texts":["a"]}', /wrong\.jsonl, line 2: query: expected/],
      ['{"query":"a","texts":[]}', /wrong\.jsonl, line 1: texts: expected at least one text/],
    ] as const) {
      const wrong = await cli('rank', '--model', model, '--input', await file('wrong.jsonl', `${text}\n`))
      expect(wrong).toMatchObject({ code: 1, stdout: '' })
      expect(wrong.stderr).toMatch(message)
    }
    const classes = await tinyClassifier({ labels: ['a', 'b'] })
    expect((await cli('rank', '--model', classes, '--input', input)).stderr).toMatch(
      /reranking is one output/,
    )
  })
})
