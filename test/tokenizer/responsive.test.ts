import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AutoTokenizer, type Tokenizer } from '../../lib/tokenizer/index.ts'

const fixtures = new URL('./fixtures/', import.meta.url).pathname
const shared = process.env.TORCH_LORA_SHARED ?? resolve(import.meta.dirname, '../../../shared')
const golden = JSON.parse(readFileSync(join(fixtures, 'golden.json'), 'utf8')) as { texts: string[] }

/** Milliseconds this thread has spent on a processor: a busy machine does not lengthen them. */
const processorTime = () => Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6

/** The most processor time the main thread spent between two turns of the event loop while `work` ran. */
async function longestTurn(work: () => Promise<unknown>): Promise<number> {
  let last = processorTime()
  let longest = 0
  const look = () => {
    const now = processorTime()
    longest = Math.max(longest, now - last)
    last = now
  }
  const timer = setInterval(look, 1)
  await work()
  look()
  clearInterval(timer)
  return longest
}

describe.runIf(existsSync('/proc/thread-self/schedstat'))('the main thread is never held for 10 ms', () => {
  let tokenizer: Tokenizer
  beforeAll(async () => {
    tokenizer = await AutoTokenizer.fromPretrained(join(fixtures, 'roberta'))
  })
  afterAll(() => tokenizer.close())

  it('while twenty thousand texts are encoded in one call', async () => {
    const texts = Array.from(
      { length: 20_000 },
      (_, i) => `Text ${i}: the kettle sings before the harbour wakes, again.`,
    )
    expect(await longestTurn(() => tokenizer.encodeBatch(texts, { maxLength: 64 }))).toBeLessThan(10)
  })

  it('while a text of four million characters is encoded', async () => {
    const long = 'The kettle sings before the harbour wakes. '.repeat(100_000)
    expect(await longestTurn(() => tokenizer.encode(long, { maxLength: 512 }))).toBeLessThan(10)
  })

  it.runIf(existsSync(join(shared, 'data/tokenizers')))('while real tokenizers load', async () => {
    for (const name of ['roberta-base', 'deberta-v3']) {
      const load = async () =>
        (await AutoTokenizer.fromPretrained(join(shared, 'data/tokenizers', name))).close()
      expect(await longestTurn(load)).toBeLessThan(10)
    }
  })
})

describe('long texts', () => {
  // A text far longer than asked for is not read to its end; the result must be as if it were.
  it.each(['bert', 'roberta', 'deberta', 'xlm-roberta', 'albert', 'modernbert'])('%s', async (name) => {
    await using tokenizer = await AutoTokenizer.fromPretrained(join(fixtures, name))
    const words = golden.texts.filter((text) => text !== '')
    const texts = [3, 5, 7, 11, 13, 17].map((step) => {
      const parts: string[] = []
      for (let i = step, length = 0; length < 60_000; i += step) {
        const part = words[i % words.length]!
        parts.push(part, i % 3 === 0 ? 'a b' : '')
        length += part.length + 4
      }
      return parts.join(' ')
    })
    texts.push(
      'x'.repeat(50_000),
      ' '.repeat(50_000),
      `${' '.repeat(40_000)}kettle`,
      `kettle${'\u00a0'.repeat(40_000)}sings`,
    )
    texts.push('日本語'.repeat(20_000), 'a '.repeat(30_000), '1 '.repeat(30_000))
    // Without a space to cut at: one word, many without spaces, characters of two code units, of three bytes.
    for (const unit of [
      'ab',
      'kettle,sings;',
      'こんにちは',
      '😀',
      'ё',
      'the',
      'e\u0301',
      '<mask>',
      '[MASK]x',
      '.',
      '\n',
      'a\n',
    ])
      texts.push(unit.repeat(10_000), `the ${unit}`.repeat(4_000))
    for (let i = 1; i < 8; i++) texts.push(`${'x'.repeat(10_000 + i)}y`, `${'日'.repeat(10_000 + i)}。`)
    const whole = await tokenizer.encodeBatch(texts, { maxLength: 10_000_000 })
    for (const maxLength of [8, 64, 512]) {
      const cut = await tokenizer.encodeBatch(texts, { maxLength })
      cut.forEach(({ ids, truncated }, i) => {
        const all = [...whole[i]!.ids]
        expect(truncated).toBe(all.length > maxLength)
        expect([...ids]).toEqual(truncated ? [...all.slice(0, maxLength - 1), all.at(-1)] : all)
      })
      const pairs = await tokenizer.encodeBatch(
        texts.slice(0, 6).map((text) => [text, 'short']),
        { maxLength },
      )
      for (const { ids } of pairs) expect(ids.length).toBe(maxLength)
    }
  })
})

describe('calls at the same time', () => {
  it('each keep their own length and order', async () => {
    await using tokenizer = await AutoTokenizer.fromPretrained(join(fixtures, 'bert'))
    const text = 'the kettle sings before the harbour wakes and the baker counts his loaves'
    const full = (await tokenizer.encode(text)).ids
    const lengths = Array.from({ length: 60 }, (_, i) => 3 + (i % 20))
    const results = await Promise.all(
      lengths.map((maxLength, i) =>
        tokenizer.encodeBatch(
          Array.from({ length: 1 + ((i * 37) % 700) }, () => text),
          { maxLength },
        ),
      ),
    )
    results.forEach((encodings, i) => {
      expect(encodings.length).toBe(1 + ((i * 37) % 700))
      for (const { ids } of encodings) {
        expect(ids.length).toBe(Math.min(lengths[i]!, full.length))
        expect(ids[1]).toBe(full[1])
      }
    })
    expect(await tokenizer.encodeBatch([])).toEqual([])
  })
})

describe('an open tokenizer', () => {
  const run = promisify(execFile)
  const program = new URL('./exit-fixture.ts', import.meta.url).pathname
  const start = (...args: string[]) =>
    run(process.execPath, ['--import', 'tsx', program, join(fixtures, 'roberta'), ...args], {
      timeout: 30_000,
    })

  it('does not keep a process alive', async () => {
    const { stdout } = await start()
    expect(JSON.parse(stdout)[0]).toBe(0)
  })

  it('lets a process exit in the middle of a call', async () => {
    await expect(start('exit')).rejects.toMatchObject({ code: 7, signal: null })
  })
})
