import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { readSafetensors, writeSafetensors } from '../../lib/checkpoint/index.ts'
import type { TorchLoraErrorCode } from '../../lib/errors.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import { loadReport } from '../../lib/models/origin.ts'
import { failure, readElements } from '../checkpoint/support.ts'
import { tinyModel } from '../train/tiny.ts'

let base: string
beforeAll(async () => {
  base = await tinyModel()
})

/** A copy of the model with other fields in its config.json. */
async function withConfig(change: Record<string, unknown>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tiny-bert-'))
  await cp(base, directory, { recursive: true })
  const file = join(directory, 'config.json')
  const raw = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>
  for (const [name, value] of Object.entries(change)) raw[name] = value
  await writeFile(file, JSON.stringify(raw))
  return directory
}

/** A copy of the model whose tensors have other names. */
async function renamed(rename: (name: string) => string): Promise<string> {
  const directory = await withConfig({})
  const file = join(directory, 'model.safetensors')
  const { entries } = await readSafetensors(file)
  const tensors = await Promise.all(
    Array.from(entries.values(), async (entry) => ({
      name: rename(entry.name),
      dtype: entry.dtype,
      shape: entry.shape,
      data: await readElements(entry),
    })),
  )
  await writeSafetensors(file, tensors)
  return directory
}

const load = AutoModelForSequenceClassification.fromPretrained

describe('a size in config.json that the checkpoint does not bear out', () => {
  const cases: [change: Record<string, unknown>, code: TorchLoraErrorCode, says: RegExp][] = [
    [
      { num_hidden_layers: 1e5 },
      'INVALID_FILE',
      /num_hidden_layers must be at most \d+, the number of tensors/,
    ],
    [{ vocab_size: 2 ** 53 - 1 }, 'INVALID_FILE', /vocab_size must be a whole number/],
    [{ vocab_size: 1e9 }, 'INVALID_FILE', /vocab_size must be at most \d+, the largest dimension/],
    [{ hidden_size: 4e8 }, 'INVALID_FILE', /hidden_size/],
    [{ intermediate_size: 1e9 }, 'INVALID_FILE', /intermediate_size/],
    [{ max_position_embeddings: 1e9 }, 'INVALID_FILE', /max_position_embeddings/],
    [{ type_vocab_size: 1e9 }, 'INVALID_FILE', /type_vocab_size/],
    [{ type_vocab_size: -1 }, 'INVALID_FILE', /type_vocab_size/],
    [{ num_hidden_layers: 3 }, 'INCOMPATIBLE', /model\.safetensors does not fit .*layer\.2\..* is missing/],
    [{ intermediate_size: 63 }, 'INCOMPATIBLE', /is \[64, 32\], expected \[63, 32\]/],
    [{ pad_token_id: -1 }, 'INVALID_FILE', /pad_token_id/],
    [{ hidden_dropout_prob: 2 }, 'INVALID_FILE', /hidden_dropout_prob must be a probability/],
    [{ id2label: null, num_labels: 1e8 }, 'INVALID_FILE', /num_labels must be at most/],
    [{ id2label: null, num_labels: 'x' }, 'INVALID_FILE', /num_labels must be a number/],
    [{ id2label: null, num_labels: -1 }, 'INVALID_FILE', /num_labels must be a whole number/],
    [{ id2label: null, num_labels: 0 }, 'INVALID_FILE', /num_labels must be a whole number/],
    [
      { id2label: null, num_labels: 3 },
      'INCOMPATIBLE',
      /classifier\.weight is \[2, 32\], config\.json says 3 labels/,
    ],
    [{ id2label: { 0: 'a', 2: 'b' } }, 'INVALID_FILE', /id2label must be a name for each/],
    [{ id2label: {} }, 'INVALID_FILE', /id2label/],
    [{ id2label: 'abc' }, 'INVALID_FILE', /id2label/],
    [{ id2label: { 0: null, 1: 'b' } }, 'INVALID_FILE', /id2label/],
  ]
  it.each(cases)('%j is refused before anything is allocated', async (change, code, says) => {
    const began = performance.now()
    const error = await failure(load(await withConfig(change)), code)
    expect(error.message).toMatch(says)
    expect(error.message.length).toBeLessThan(2000)
    expect(performance.now() - began).toBeLessThan(2000)
  })

  it('a sequence of DeBERTa without a table of positions may be of any length, its other sizes may not', async () => {
    const deberta = await mkdtemp(join(tmpdir(), 'tiny-deberta-'))
    await cp(new URL('../fixtures/models/deberta-separate', import.meta.url).pathname, deberta, {
      recursive: true,
    })
    const file = join(deberta, 'config.json')
    const raw = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>
    for (const embedding_size of [2 ** 53 - 1, 2 ** 30]) {
      await writeFile(file, JSON.stringify({ ...raw, embedding_size }))
      expect((await failure(load(deberta), 'INVALID_FILE')).message).toMatch(/embedding_size/)
    }
    await writeFile(file, JSON.stringify({ ...raw, conv_kernel_size: 2 ** 40 + 1 }))
    expect((await failure(load(deberta), 'INVALID_FILE')).message).toMatch(/conv_kernel_size/)
    await writeFile(file, JSON.stringify({ ...raw, max_relative_positions: 2 ** 40 }))
    expect((await failure(load(deberta), 'INVALID_FILE')).message).toMatch(/max_relative_positions/)
  })
})

describe('what transformers accepts', () => {
  it('label names that are numbers', async () => {
    using model = await load(await withConfig({ id2label: { 0: 1, 1: -0.5 } }))
    expect(model.task.labels).toEqual(['1', '-0.5'])
  })

  it('id2label that is null, for the usual two labels', async () => {
    using model = await load(await withConfig({ id2label: null }))
    expect(model.task.labels).toEqual(['LABEL_0', 'LABEL_1'])
  })

  it.each(['module.', 'model.', '_orig_mod.', 'module._orig_mod.'])(
    'names that begin with %s',
    async (prefix) => {
      using model = await load(await renamed((name) => prefix + name))
      expect(loadReport(model)).toEqual({ missing: [], unexpected: [] })
    },
  )
})

it('says the file, and a prefix that is no wrapper', async () => {
  const { message, file } = await failure(load(await renamed((name) => `student.${name}`)), 'INCOMPATIBLE')
  expect(message).toMatch(/model\.safetensors does not fit .* All its tensors are named "student\.…"/)
  expect(file).toMatch(/model\.safetensors$/)
})

it('a head for another number of labels starts fresh where the caller chose the labels', async () => {
  using model = await load(base, { labels: ['a', 'b', 'c'] })
  expect(loadReport(model)!.missing).toEqual(['classifier.weight', 'classifier.bias'])
})
