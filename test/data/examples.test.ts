import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ReadExamplesOptions, readExamples } from '../../lib/data/index.ts'
import { TorchLoraError } from '../../lib/errors.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'examples-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

async function read(name: string, content: string | Uint8Array, options?: ReadExamplesOptions) {
  const path = join(dir, name)
  await writeFile(path, content)
  const examples = await readExamples(path, options)
  return examples.map(({ file, ...rest }) => {
    expect(file).toBe(path)
    return rest
  })
}

async function failure(name: string, content: string | Uint8Array, options?: ReadExamplesOptions) {
  const error = await read(name, content, options).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(TorchLoraError)
  const { code, message } = error as TorchLoraError
  return `${code}: ${message.replaceAll(`${dir}/`, '')}`
}

describe('.jsonl', () => {
  it('reads texts, pairs and labels of every kind, with their lines', async () => {
    const lines = [
      '{"text":"a","label":"x"}',
      '',
      '{"text":"b","textPair":"c","label":2,"id":7}',
      '{"text":"","label":0.5}\r',
      '{"text":"d","label":["p","q"]}',
      '{"text":"line\\u2028separator \\"quoted\\"","label":null,"textPair":null}',
      '{"text":"e","label":true}',
      '{"text":"f","label":[1,0,true]}',
    ]
    expect(await read('a.jsonl', `\ufeff${lines.join('\n')}`)).toEqual([
      { text: 'a', label: 'x', line: 1 },
      { text: 'b', textPair: 'c', label: 2, id: '7', line: 3 },
      { text: '', label: 0.5, line: 4 },
      { text: 'd', label: ['p', 'q'], line: 5 },
      { text: 'line\u2028separator "quoted"', line: 6 },
      { text: 'e', label: 'true', line: 7 },
      { text: 'f', label: [1, 0, true], line: 8 },
    ])
  })

  it('reads other keys, by default or by name', async () => {
    expect(await read('b.jsonl', '{"sentence1":"a","sentence2":"b","labels":"c","idx":1}')).toEqual([
      { text: 'a', textPair: 'b', label: 'c', id: '1', line: 1 },
    ])
    const columns = { text: 'body', textPair: 'title', label: null }
    expect(await read('b.jsonl', '{"body":"a","title":"b","label":"c"}', { columns })).toEqual([
      { text: 'a', textPair: 'b', line: 1 },
    ])
  })

  it('says which line is wrong, and how', async () => {
    expect(await failure('c.jsonl', '{"text":"a"}\n{"text":\n')).toMatch(
      /^INVALID_FILE: c\.jsonl, line 2: not JSON .*expected one object a line/,
    )
    expect(await failure('c.jsonl', '{"text":"a"}\n\n["a"]\n')).toMatch(
      /c\.jsonl, line 3: expected an object such as .* received an array/,
    )
    expect(await failure('c.jsonl', '{"body":"a","label":1}\n')).toBe(
      'INVALID_FILE: c.jsonl, line 1: no key "text" or "sentence" or "sentence1" or "premise" for text; the keys are "body", "label": name the right one in `columns.text`',
    )
    expect(await failure('c.jsonl', '{"text":5}\n')).toBe(
      'INVALID_FILE: c.jsonl, line 1: key "text": expected a string for text, received number 5',
    )
    expect(await failure('c.jsonl', '{"text":null}\n')).toMatch(/expected a string for text, received null/)
    expect(await failure('c.jsonl', '{"text":"a","label":{"x":1}}\n')).toMatch(
      /key "label": expected a string, a number, an array of strings or a vector of 0 and 1 for label, received an object/,
    )
    expect(await failure('c.jsonl', '{"text":"a","label":["x",1]}\n')).toMatch(/received an array/)
    expect(await failure('c.jsonl', '{"text":"a","label":[0,2]}\n')).toMatch(/a vector of 0 and 1/)
    const columns = { label: 'sentiment' }
    expect(await failure('c.jsonl', '{"text":"a","label":1}\n', { columns })).toMatch(
      /line 1: no key "sentiment"/,
    )
    expect(await failure('c.jsonl', '{"text":"a"}\n', { labelled: true })).toMatch(
      /no key "label" or "labels"/,
    )
    expect(await failure('c.jsonl', '{"text":"a"}\n', { columns: { textPair: 'b' } })).toMatch(
      /line 1: no key "b" for textPair/,
    )
    expect(await failure('c.jsonl', '\n \n')).toMatch(/INVALID_FILE: c\.jsonl: holds no examples/)
  })
})

describe('.json', () => {
  it('reads an array of objects', async () => {
    expect(await read('a.json', '[{"text":"a","label":"x"},{"text":"b"}]')).toEqual([
      { text: 'a', label: 'x' },
      { text: 'b' },
    ])
  })
  it('says which element is wrong', async () => {
    expect(await failure('b.json', '[{"text":"a"},{"text":1}]')).toMatch(/b\.json: element 2: key "text"/)
    expect(await failure('b.json', '{"text":"a"}')).toMatch(
      /expected an array of objects, received an object/,
    )
    expect(await failure('b.json', '{"text":"a"}\n{"text":"b"}')).toMatch(
      /not JSON .*a file with one object a line is \.jsonl/,
    )
  })
})

describe('.csv', () => {
  it('reads quoted fields, with the line a row ends on', async () => {
    const csv = '\ufefftext,label,id\n"He said ""no"", twice",bad,1\n\n"two\nlines",good,2\nplain,,3\n'
    expect(await read('a.csv', csv)).toEqual([
      { text: 'He said "no", twice', label: 'bad', id: '1', line: 2 },
      { text: 'two\nlines', label: 'good', id: '2', line: 5 },
      { text: 'plain', id: '3', line: 6 },
    ])
    expect(await read('a.csv', csv.replaceAll('\n', '\r\n'))).toHaveLength(3)
  })

  it('reads columns by number without a header', async () => {
    expect(
      await read('b.csv', 'x,first,second\ny,third,fourth', {
        header: false,
        columns: { text: 1, textPair: 2, label: 0 },
      }),
    ).toEqual([
      { text: 'first', textPair: 'second', label: 'x', line: 1 },
      { text: 'third', textPair: 'fourth', label: 'y', line: 2 },
    ])
  })

  it('refuses rows that do not fit the header, more fields or less, by line', async () => {
    const csv = 'text,label\ni love it,1\ngood, and more,1\n'
    expect(await failure('w.csv', csv)).toBe(
      'INVALID_FILE: w.csv, line 3: 3 fields where the header has 2; put a field that holds a comma into quotation marks',
    )
    expect(await failure('w.csv', csv, { columns: { label: null } })).toMatch(/line 3: 3 fields/)
    expect(await failure('w.csv', 'id,text,label\n1,a,x\n2,b\n')).toMatch(/line 3: 2 fields .* has 3/)
    expect(await failure('w.csv', 'a,b\nc\n', { header: false, columns: { text: 0 } })).toMatch(
      /line 2: 1 fields where the first row has 2/,
    )
    expect(await read('w.csv', 'text,label\n"good, and more",1\n')).toHaveLength(1)
    expect(await failure('w.csv', 'text,label,label\na,1,2\n')).toMatch(/two columns are called "label"/)
    expect(await read('w.csv', 'text,x,x\na,1,2\n')).toHaveLength(1)
  })

  it('reads a column of 0 and 1 a class', async () => {
    const labelColumns = ['toxic', 'insult']
    const csv = 'text,toxic,insult,label\na,1,0,x\nb,0.0,True,y\nc,0,false,z\n'
    expect((await read('m.csv', csv, { labelColumns })).map((e) => e.label)).toEqual([
      ['toxic'],
      ['insult'],
      [],
    ])
    expect(await failure('m.csv', 'text,toxic,insult\na,1,\n', { labelColumns })).toBe(
      'INVALID_FILE: m.csv, line 2: column "insult": expected 0 or 1, received ""',
    )
    expect(await failure('m.csv', 'text,toxic\na,1\n', { labelColumns })).toMatch(
      /line 1: no column "insult" of `labelColumns`; the columns are "text", "toxic"/,
    )
    expect(await failure('m.csv', 'text,toxic,insult\na,1,0\n', { labelled: true })).toMatch(
      /line 1: no column "label" or "labels" for label; the columns are "text", "toxic", "insult": name the right one in `columns.label` \(or, with a column of 0 and 1 a class, their names in `labelColumns`\)/,
    )
    const json = '{"text":"a","toxic":1,"insult":false}\n'
    expect((await read('m.jsonl', json, { labelColumns })).map((e) => e.label)).toEqual([['toxic']])
    expect(await failure('m.jsonl', '{"text":"a","toxic":1}\n', { labelColumns })).toMatch(
      /line 1: key "insult" of `labelColumns`: expected 0 or 1, received nothing/,
    )
  })

  it('splits several labels', async () => {
    expect(
      (await read('c.csv', 'text,label\na,x| y\nb,\n', { labelSeparator: '|' })).map((e) => e.label),
    ).toEqual([['x', 'y'], []])
  })

  it('says which line and column is wrong', async () => {
    expect(await failure('d.csv', 'text,label\na,b\nlonely\n', { columns: { label: 'label' } })).toBe(
      'INVALID_FILE: d.csv, line 3: 1 fields where the header has 2; put a field that holds a comma into quotation marks',
    )
    expect(await failure('d.csv', 'body,label\na,b\n')).toBe(
      'INVALID_FILE: d.csv, line 1: no column "text" or "sentence" or "sentence1" or "premise" for text; the columns are "body", "label": name the right one in `columns.text`, or set `header: false` if this row is data',
    )
    expect(await failure('d.csv', 'text,label\n"never closed,x\ny,z\n')).toMatch(
      /INVALID_FILE: d\.csv, line \d: .*quot/i,
    )
    expect(await failure('d.csv', 'text,label\n"a"b,x\n')).toMatch(
      /INVALID_FILE: d\.csv, line 2: .*double a quotation mark/i,
    )
    expect(await failure('d.csv', 'text,label\n')).toMatch(/holds no examples/)
    expect(await failure('d.csv', '')).toMatch(/holds no examples/)
    expect(await failure('d.csv', 'a,b\n', { header: false })).toMatch(
      /INVALID_ARGUMENT: `columns\.text`: a file without a header has no names/,
    )
    expect(await failure('d.csv', 'a,b\n', { header: false, columns: { text: 0, label: 'x' } })).toMatch(
      /INVALID_ARGUMENT: `columns\.label`/,
    )
    expect(await failure('d.csv', 'a,b\n', { columns: { text: -1 } })).toMatch(
      /INVALID_ARGUMENT: `columns\.text`/,
    )
  })

  it('reads large files in parts', async () => {
    const rows = Array.from({ length: 50_000 }, (_, i) => `"row ${i}, with ""quotes"" and é",${i % 3}`)
    const examples = await read('e.csv', `text,label\n${rows.join('\n')}`)
    expect(examples).toHaveLength(50_000)
    expect(examples[49_999]).toEqual({ text: 'row 49999, with "quotes" and é', label: '1', line: 50_001 })
  })
})

describe('a path that is none', () => {
  it('is a TorchLoraError', async () => {
    for (const path of [undefined, 3, new URL('file:///x.csv')])
      await expect(readExamples(path as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    for (const path of [dir, join(dir, 'gone.csv'), join(dir, 'a\0b.csv')])
      await expect(readExamples(path, { format: 'csv' })).rejects.toMatchObject({ code: 'INVALID_FILE' })
  })
})

describe('.tsv', () => {
  it('takes quotation marks as text', async () => {
    const tsv = 'sentence1\tsentence2\tlabel\n"an open quote\tand "two" more\t1\n'
    expect(await read('a.tsv', tsv)).toEqual([
      { text: '"an open quote', textPair: 'and "two" more', label: '1', line: 2 },
    ])
  })
  it('unless told otherwise', async () => {
    expect(await read('b.tsv', 'text\tlabel\n"a\tb"\tx\n', { quoting: true })).toEqual([
      { text: 'a\tb', label: 'x', line: 2 },
    ])
  })
  it('says which line and column is wrong', async () => {
    expect(await failure('c.tsv', 'text\tlabel\na\tb\nonly\n')).toMatch(
      /c\.tsv, line 3: 1 fields where the header has 2; a field cannot hold a tab/,
    )
  })
})

describe('any file', () => {
  it('is read whatever the place of the chunks: long lines, characters of four bytes', async () => {
    const text = '😀é'.repeat(40_000)
    const examples = await read(
      'long.jsonl',
      `${JSON.stringify({ text })}\n${JSON.stringify({ text: `x${text}` })}`,
    )
    expect(examples.map((e) => e.text)).toEqual([text, `x${text}`])
  })
  it('that is not UTF-8, not there, or of an unknown kind', async () => {
    expect(await failure('a.jsonl', Buffer.from('{"text":"caf\xe9"}', 'latin1'))).toMatch(
      /INVALID_FILE: a\.jsonl: not UTF-8 text, within the 15 bytes after byte 0; save the file as UTF-8/,
    )
    expect(await failure('cut.jsonl', Buffer.from('{"text":"é').subarray(0, 10))).toMatch(/not UTF-8/)
    expect(await failure('a.txt', 'x')).toMatch(
      /INVALID_ARGUMENT: a\.txt: the extension "\.txt" does not say the format/,
    )
    expect(await failure('a.dat', '{"text":"x"}', { format: 'xml' as 'json' })).toMatch(
      /INVALID_ARGUMENT: format: expected jsonl, json, csv, tsv or parquet/,
    )
    expect(await read('a.txt', '{"text":"x"}', { format: 'jsonl' })).toHaveLength(1)
    await expect(readExamples(join(dir, 'none.jsonl'))).rejects.toMatchObject({
      code: 'INVALID_FILE',
      message: expect.stringContaining('ENOENT'),
    })
    await expect(readExamples(join(dir, 'none.csv'))).rejects.toMatchObject({
      code: 'INVALID_FILE',
      message: expect.stringContaining('ENOENT'),
    })
  })
})
