import { cp, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AdaLoraConfig } from '../../lib/adapters/adalora-config.ts'
import { loadAdapter, readAdapterLabels, saveAdapter } from '../../lib/adapters/adapter.ts'
import { applyAdapter } from '../../lib/adapters/apply.ts'
import { unloadLora } from '../../lib/adapters/merge.ts'
import type { PeftConfig } from '../../lib/adapters/peft-config.ts'
import { hasLora, loraState } from '../../lib/adapters/state.ts'
import { VeraConfig } from '../../lib/adapters/vera.ts'
import { readCheckpoint, writeSafetensors } from '../../lib/checkpoint/index.ts'
import type { TorchLoraErrorCode } from '../../lib/errors.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import type { Model } from '../../lib/models/model.ts'
import { failure, readElements } from '../checkpoint/support.ts'
import { fixtures } from '../models/golden.ts'

const base = await AutoModelForSequenceClassification.fromPretrained(join(fixtures, 'models/bert-single'))

/** The adapter qv-r4 with other fields in its adapter_config.json. */
async function withConfig(change: Record<string, unknown>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'adapter-'))
  await cp(join(fixtures, 'adapters/bert-single--qv-r4'), folder, { recursive: true })
  const file = join(folder, 'adapter_config.json')
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), ...change }))
  return folder
}

const many = (count: number, of: (i: number) => string) => Array.from({ length: count }, (_, i) => of(i))

describe('an adapter_config.json that its file does not bear out', () => {
  const cases: [change: Record<string, unknown>, code: TorchLoraErrorCode, says: RegExp][] = [
    [{ r: 8_000_000 }, 'INCOMPATIBLE', /lora_A\.weight is \[4, 32\], the rank of its config is 8000000/],
    [
      { rank_pattern: { query: 8_000_000 } },
      'INCOMPATIBLE',
      /is \[4, 32\], the rank of its config is 8000000/,
    ],
    [
      { r: 8_000_000, rank_pattern: { query: 4, value: 4 }, target_modules: ['query', 'value', 'key'] },
      'INCOMPATIBLE',
      /key\.lora_A\.weight is missing/,
    ],
    [{ r: 0 }, 'INVALID_FILE', /adapter_config\.json: r must be a whole number/],
    [{ r: '4' }, 'INVALID_FILE', /r must be a whole number of at least 1, received '4'/],
    [{ r: 2 ** 40 }, 'INVALID_FILE', /r must be a whole number/],
    [{ lora_alpha: null, lora_dropout: 'x' }, 'INVALID_FILE', /lora_dropout must be/],
    [{ lora_alpha: [1] }, 'INVALID_FILE', /lora_alpha must be a number above 0/],
    [{ target_modules: 5 }, 'INVALID_FILE', /target_modules must be a regular expression or a list of names/],
    [{ target_modules: [1, null] }, 'INVALID_FILE', /target_modules must be/],
    [{ target_modules: [] }, 'INVALID_FILE', /target_modules must name a module/],
    [{ target_modules: {} }, 'INVALID_FILE', /target_modules must be/],
    [{ target_modules: ['nothing'] }, 'INCOMPATIBLE', /matches no Linear/],
    [{ target_modules: many(20_000, String) }, 'INVALID_FILE', /at most 10000 names, received 20000/],
    [{ exclude_modules: 7 }, 'INVALID_FILE', /exclude_modules must be/],
    [{ modules_to_save: 'classifier' }, 'INVALID_FILE', /modules_to_save must be a list of names/],
    [{ modules_to_save: ['nothing'] }, 'INCOMPATIBLE', /modules that this model does not have: nothing/],
    [{ bias: 'some' }, 'INVALID_FILE', /bias must be/],
    [{ use_rslora: 'yes' }, 'INVALID_FILE', /use_rslora must be/],
    [{ rank_pattern: [4] }, 'INVALID_FILE', /rank_pattern must be values by patterns/],
    [{ alpha_pattern: { query: -1 } }, 'INVALID_FILE', /alpha_pattern\['query'\] must be a number above 0/],
    [{ layers_to_transform: 'all' }, 'INVALID_FILE', /layers_to_transform must be numbers/],
    [{ layers_to_transform: [0], layers_pattern: [1] }, 'INVALID_FILE', /layers_pattern must be/],
    [{ peft_type: ['LORA'] }, 'UNSUPPORTED', /peft_type is \["LORA"\]/],
    [{ use_dora: 1 }, 'INVALID_FILE', /use_dora must be true or false/],
    [{ a_later_switch: true }, 'UNSUPPORTED', /a_later_switch: true/],
    [{ a_later_config: { x: 1 } }, 'UNSUPPORTED', /a_later_config/],
    [{ target_modules: '(' }, 'INCOMPATIBLE', /'\(' is not a regular expression/],
    [{ target_modules: '(.*)*(.*)*(.*)*x' }, 'INCOMPATIBLE', /matches no Linear/],
    [{ exclude_modules: '(a|a|.)*(a|a|.)*x', r: 5 }, 'INCOMPATIBLE', /the rank of its config is 5/],
    [{ rank_pattern: { '(.+)+x': 9, '((.*)*)*y': 9 }, r: 5 }, 'INCOMPATIBLE', /the rank of its config is 5/],
    [{ layers_to_transform: [9], layers_pattern: '(.+)+' }, 'INCOMPATIBLE', /matches no Linear/],
    [{ target_modules: `${'(.?){900}'.repeat(5)}x` }, 'INCOMPATIBLE', /take too long/],
  ]
  it.each(cases)('%j', async (change, code, says) => {
    const began = performance.now()
    const before = process.memoryUsage().rss
    const { message } = await failure(loadAdapter(base, await withConfig(change)), code)
    expect(message).toMatch(says)
    expect(message.length).toBeLessThan(4000)
    expect(performance.now() - began).toBeLessThan(3000)
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 2 ** 20)
    expect(hasLora(base)).toBe(false)
  })

  it('what a later PEFT adds, switched off, is passed over', async () => {
    using model = await AutoModelForSequenceClassification.fromPretrained(
      join(fixtures, 'models/bert-single'),
    )
    const later = {
      a_later_switch: false,
      a_later_size: 16,
      a_later_name: 'x',
      a_later_list: [],
      fan_in_fan_out: true,
    }
    await loadAdapter(model, await withConfig(later))
    expect(loraState(model).layers.size).toBe(4)
  })
})

describe('ranks of other methods that the file does not bear out', () => {
  const rows = [true, true, true, true]
  const patterns = (model: Model) =>
    Object.fromEntries([...loraState(model).layers.keys()].map((path) => [`${path}.lora_E`, rows]))
  const cases: [name: string, config: PeftConfig, change: (model: Model) => object, says: RegExp][] = [
    [
      'AdaLoRA',
      new AdaLoraConfig({ initR: 4, targetR: 2 }),
      () => ({ init_r: 8_000_000 }),
      /lora_A is \[4, 32\], the rank of its config is 8000000/,
    ],
    [
      'AdaLoRA, of a layer that the file lacks',
      new AdaLoraConfig({ initR: 4, targetR: 2 }),
      (model) => ({
        init_r: 2 ** 31 - 1,
        rank_pattern: patterns(model),
        target_modules: ['query', 'value', 'key'],
      }),
      /key\.lora_A is missing/,
    ],
    [
      'VeRA',
      new VeraConfig({ r: 4 }),
      () => ({ r: 8_000_000 }),
      /vera_lambda_d is \[4\], the rank of its config is 8000000/,
    ],
  ]
  it.each(cases)('%s', async (_, config, change, says) => {
    using model = await AutoModelForSequenceClassification.fromPretrained(
      join(fixtures, 'models/bert-single'),
    )
    applyAdapter(model, config)
    const folder = await mkdtemp(join(tmpdir(), 'adapter-'))
    await saveAdapter(model, folder)
    const file = join(folder, 'adapter_config.json')
    const changed = { ...JSON.parse(await readFile(file, 'utf8')), ...change(model) }
    await writeFile(file, JSON.stringify(changed))
    const before = process.memoryUsage().rss
    const { message } = await failure(loadAdapter(base, folder), 'INCOMPATIBLE')
    expect(message).toMatch(says)
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 2 ** 20)
    expect(hasLora(base)).toBe(false)
  })

  it('an AdaLoRA whose rows are fewer than initR loads, and is saved as it was', async () => {
    using model = await AutoModelForSequenceClassification.fromPretrained(
      join(fixtures, 'models/bert-single'),
    )
    applyAdapter(model, new AdaLoraConfig({ initR: 4, targetR: 2 }))
    const folder = await mkdtemp(join(tmpdir(), 'adapter-'))
    await saveAdapter(model, folder)
    const file = join(folder, 'adapter_config.json')
    const changed = { ...JSON.parse(await readFile(file, 'utf8')), init_r: 6, rank_pattern: patterns(model) }
    await writeFile(file, JSON.stringify(changed))
    unloadLora(model)
    await loadAdapter(model, folder)
    await saveAdapter(model, folder)
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ init_r: 6 })
    expect(JSON.parse(await readFile(file, 'utf8')).rank_pattern).toEqual(patterns(model))
  })
})

it('takes the folder of a run for the adapter in it', async () => {
  const run = await mkdtemp(join(tmpdir(), 'run-'))
  await mkdir(join(run, 'checkpoints'))
  await cp(join(fixtures, 'adapters/bert-single--qv-r4'), join(run, 'adapter'), { recursive: true })
  expect(await readAdapterLabels(run)).toEqual({ numLabels: 3, temperature: 1 })
  using model = await AutoModelForSequenceClassification.fromPretrained(join(fixtures, 'models/bert-single'))
  await loadAdapter(model, run)
  expect(hasLora(model)).toBe(true)
})

it('label names that the head in the file does not bear out are refused', async () => {
  const folder = await withConfig({})
  const file = join(folder, 'adapter_model.safetensors')
  const { entries } = await readCheckpoint(file)
  const tensors = await Promise.all(
    Array.from(entries.values(), async (entry) => ({ ...entry, data: await readElements(entry) })),
  )
  const labels = JSON.stringify(many(100_000, (i) => `l${i}`))
  await writeSafetensors(file, tensors, { format: 'pt', labels, problem_type: 'single_label_classification' })
  const { message } = await failure(readAdapterLabels(folder), 'INVALID_FILE')
  expect(message).toMatch(/names 100000 labels, its classifier has 3 outputs/)
})
