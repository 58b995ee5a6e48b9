import { describe, expect, it } from 'vitest'
import { applyLora } from '../../lib/adapters/apply.ts'
import { LoraConfig } from '../../lib/adapters/config.ts'
import { readPeftConfig } from '../../lib/adapters/registry.ts'
import { loraState } from '../../lib/adapters/state.ts'
import { isTarget, patternValue } from '../../lib/adapters/targets.ts'
import { TorchLoraError } from '../../lib/errors.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import { fixtures } from '../models/golden.ts'

const refusal = (body: () => unknown): TorchLoraError => {
  try {
    body()
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(TorchLoraError)
    return thrown as TorchLoraError
  }
  throw new Error('expected a refusal')
}

describe('LoraConfig', () => {
  it('names every field out of range at once', () => {
    const { code, message } = refusal(
      () =>
        new LoraConfig({ r: 0, loraAlpha: -1, loraDropout: 1, targetModules: [], rankPattern: { key: 1.5 } }),
    )
    expect(code).toBe('INVALID_ARGUMENT')
    for (const field of ['r must', 'loraAlpha', 'loraDropout', 'targetModules', "rankPattern['key']"])
      expect(message).toContain(field)
  })

  it('scales by alpha/r, and by alpha/sqrt(r) with rsLoRA', () => {
    expect(new LoraConfig().scaling(16, 8)).toBe(0.5)
    expect(new LoraConfig({ useRslora: true }).scaling(16, 8)).toBe(2)
  })

  it('reads back what it writes', () => {
    const config = new LoraConfig({
      r: 4,
      loraAlpha: 12,
      loraDropout: 0.1,
      targetModules: ['query'],
      bias: 'lora_only',
      modulesToSave: ['pooler'],
      useRslora: true,
      rankPattern: { 'layer.0': 2 },
      layersToTransform: [0, 2],
    })
    expect(LoraConfig.fromJson(config.toJson('SEQ_CLS'), 'adapter_config.json')).toEqual(config)
  })

  it('refuses what it would not honour, by name', () => {
    const json = new LoraConfig({ targetModules: ['query'] }).toJson('SEQ_CLS')
    expect(refusal(() => LoraConfig.fromJson({ ...json, peft_type: 'IA3' }, 'c.json')).message).toMatch(
      /c\.json: peft_type is 'IA3'/,
    )
    const both = refusal(() => LoraConfig.fromJson({ ...json, use_qalora: true, lora_bias: true }, 'c.json'))
    expect(both.code).toBe('UNSUPPORTED')
    expect(both.message).toMatch(/use_qalora: true, lora_bias: true/)
    expect(refusal(() => LoraConfig.fromJson({ ...json, r: -3 }, 'c.json')).code).toBe('INVALID_FILE')
  })
})

// peft 0.21, utils/peft_types.py, but for the five that are read.
const others =
  `PROMPT_TUNING MULTITASK_PROMPT_TUNING P_TUNING PREFIX_TUNING ADAMSS BOFT ADAPTION_PROMPT BEFT LILY LOHA LOKR
  OFT POLY FROD PVERA FOURIERFT GLORA XLORA HRA VBLORA UNILORA CPT MISS RANDLORA ROAD TRAINABLE_TOKENS HIRA SHIRA C3A WAVEFT
  OSF DELORA GRALORA CARTRIDGE TINYLORA PSOFT PEANUT SHADOW SUPERTUNING DEFT`.split(/\s+/)

it('every other method of PEFT is refused by its name', () => {
  for (const type of others) {
    const { code, message } = refusal(() =>
      readPeftConfig({ peft_type: type, target_modules: ['query'] }, { file: 'c.json' }),
    )
    expect(code).toBe('UNSUPPORTED')
    expect(message).toBe(`c.json: peft_type is "${type}"; supported: LORA, IA3, ADALORA, VERA, LN_TUNING.`)
  }
})

describe('target modules', () => {
  const path = (layer: number, name: string) => `bert.encoder.layer.${layer}.attention.self.${name}`
  const targets = (options: ConstructorParameters<typeof LoraConfig>[0], at: string) => {
    const config = new LoraConfig(options)
    return isTarget(config, config.targetModules!, at)
  }

  it('by the end of a path, at a dot', () => {
    expect(targets({ targetModules: ['query'] }, path(0, 'query'))).toBe(true)
    expect(targets({ targetModules: ['self.query'] }, path(0, 'query'))).toBe(true)
    expect(targets({ targetModules: ['uery'] }, path(0, 'query'))).toBe(false)
  })

  it('by a regular expression over the whole path', () => {
    expect(targets({ targetModules: '.*layer\\.[01]\\..*(query|key)' }, path(1, 'key'))).toBe(true)
    expect(targets({ targetModules: '.*layer\\.[01]\\..*(query|key)' }, path(2, 'key'))).toBe(false)
    expect(targets({ targetModules: 'query' }, path(0, 'query'))).toBe(false)
  })

  it('all-linear takes every Linear but the classifier, as PEFT does', async () => {
    const linears = async (name: string) => {
      using model = await AutoModelForSequenceClassification.fromPretrained(`${fixtures}models/${name}`)
      applyLora(model, { targetModules: 'all-linear' })
      return [...loraState(model).layers.keys()]
    }
    const bert = await linears('bert-single')
    expect(bert).toContain(path(0, 'value'))
    expect(bert).toContain('bert.pooler.dense')
    expect(bert).not.toContain('classifier')
    const deberta = await linears('deberta-separate')
    expect(deberta).toContain('deberta.embeddings.embed_proj')
    expect(deberta).toContain('pooler.dense')
    expect(deberta).not.toContain('classifier')
  })

  it('leaves out what is excluded, and other layers', () => {
    const some = { targetModules: ['query', 'value'], excludeModules: ['value'], layersToTransform: [1] }
    expect(targets(some, path(1, 'query'))).toBe(true)
    expect(targets(some, path(1, 'value'))).toBe(false)
    expect(targets(some, path(0, 'query'))).toBe(false)
  })

  it('the first pattern that fits gives rank and alpha', () => {
    const patterns = { 'layer\\.0\\..*query': 2, query: 4 }
    expect(patternValue(patterns, path(0, 'query'), 8)).toBe(2)
    expect(patternValue(patterns, path(1, 'query'), 8)).toBe(4)
    expect(patternValue(patterns, path(1, 'value'), 8)).toBe(8)
  })
})
