import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { applyAdapter, applyLora } from '../../lib/adapters/apply.ts'
import { BitFitConfig } from '../../lib/adapters/bitfit.ts'
import { addWeightedAdapter } from '../../lib/adapters/combine.ts'
import { LoraConfig } from '../../lib/adapters/config.ts'
import { IA3Config } from '../../lib/adapters/ia3.ts'
import { createLorafaOptimizer } from '../../lib/adapters/lora-fa.ts'
import { hasLora, loraState } from '../../lib/adapters/state.ts'
import { TorchLoraError } from '../../lib/errors.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import { failure } from '../checkpoint/support.ts'
import { fixtures } from '../models/golden.ts'

const load = (name: string) =>
  AutoModelForSequenceClassification.fromPretrained(join(fixtures, 'models', name))

/** The message of what `body` throws, which must be INVALID_ARGUMENT. */
function refusal(body: () => unknown): string {
  try {
    body()
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(TorchLoraError)
    expect((thrown as TorchLoraError).code).toBe('INVALID_ARGUMENT')
    return (thrown as TorchLoraError).message
  }
  throw new Error('it was not refused')
}

it.each<[object, RegExp]>([
  [{}, /adapters must be given; weights must be given; adapterName must be given/],
  [{ adapters: ['default'], adapterName: 'b' }, /weights must be given/],
  [{ adapters: 'default', weights: [1], adapterName: 'b' }, /adapters must be an array of names/],
  [{ adapters: ['default'], weights: 1, adapterName: 'b' }, /weights must be an array of numbers/],
])('adapters cannot be combined by %j', async (options, message) => {
  using model = applyLora(await load('bert-single'))
  const { message: said } = await failure(addWeightedAdapter(model, options as never), 'INVALID_ARGUMENT')
  expect(said).toMatch(message)
})

it('(IA)^3 scales what PEFT scales by default, where it has a default', async () => {
  using known = applyAdapter(await load('deberta-single'), new IA3Config())
  const { config, layers } = loraState(known)
  expect(config).toMatchObject({
    targetModules: ['in_proj', 'output.dense'],
    feedforwardModules: ['output.dense'],
  })
  expect([...layers.keys()].filter((path) => path.endsWith('.in_proj'))).not.toEqual([])
  using unknown = await load('mpnet-single')
  expect(refusal(() => applyAdapter(unknown, new IA3Config()))).toMatch(
    /IA3 has no default for models of type 'mpnet': give targetModules and feedforwardModules/,
  )
})

describe('what cannot be adapted', () => {
  it("DeBERTa's table of distances, by LoRA and by rows, because it is read whole", async () => {
    using model = await load('deberta-v2')
    const why = /cannot adapt deberta\.encoder\.rel_embeddings, which is read whole/
    const targetModules = ['rel_embeddings']
    expect(refusal(() => applyLora(model, { targetModules }))).toMatch(why)
    const trainableTokenIndices = { rel_embeddings: [1] }
    expect(refusal(() => applyLora(model, { trainableTokenIndices }))).toMatch(why)
    expect(hasLora(model)).toBe(false)
  })

  it.each([[{ r: 8 }], [null], ['lora'], [undefined]])('by %j, which is no configuration', async (config) => {
    using model = await load('bert-single')
    expect(refusal(() => applyAdapter(model, config as never))).toMatch(
      /config must be a configuration of a method, new LoraConfig\({ r: 8 }\), received/,
    )
  })

  it.each([[null], ['other']])('under %j, which is no options', async (name) => {
    using model = await load('bert-single')
    expect(refusal(() => applyLora(model, {}, name as never))).toMatch(
      /applyAdapter: options must be an object/,
    )
    expect(refusal(() => applyLora(model, {}, { adapterName: 3 } as never))).toMatch(
      /adapterName must be a string/,
    )
  })

  it('by LoRA-FA where BitFit trains', async () => {
    using model = applyAdapter(await load('bert-single'), new BitFitConfig())
    expect(refusal(() => createLorafaOptimizer(model))).toMatch(/is adapted by BitFit/)
  })

  it('by an eps of LoRA-FA that is none', async () => {
    using model = applyLora(await load('bert-single'))
    expect(refusal(() => createLorafaOptimizer(model, { eps: '1e-6' } as never))).toMatch(
      /eps must be a number/,
    )
  })
})

it('a value of a configuration is shown whatever it is', () => {
  expect(refusal(() => new LoraConfig({ r: 8n } as never))).toMatch(/r must be a whole number.*, received 8/)
  expect(refusal(() => new LoraConfig({ r: Number.NaN }))).toMatch(/r must be a whole number.*, received NaN/)
  expect(refusal(() => new LoraConfig({ r: 0 }))).not.toMatch(/loraAlpha/)
})
