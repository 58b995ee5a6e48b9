import { describe, expect, it } from 'vitest'
import { ConfigReader } from '../../lib/encoders/config.ts'
import { readModernBertConfig } from '../../lib/encoders/modernbert-config.ts'
import { noGrad } from '../../lib/grad-mode.ts'
import { freezeModel } from '../../lib/inference/frozen-model.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import { batchTensors, type PackedBatch } from '../../lib/nn/batch.ts'
import { maxDifference } from './golden.ts'

const read = (raw: Record<string, unknown>) =>
  readModernBertConfig(new ConfigReader({ model_type: 'modernbert', ...raw }, 'config.json'))

const small = {
  model_type: 'modernbert',
  vocab_size: 60,
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 4,
  num_attention_heads: 2,
  local_attention: 16,
  max_position_embeddings: 512,
  pad_token_id: 0,
}

/** Sequences of these lengths, end to end. */
function packed(lengths: readonly number[]): PackedBatch {
  const positionIds = lengths.flatMap((length) => Array.from({ length }, (_, i) => i))
  return {
    inputIds: Int32Array.from(positionIds, (i, t) => 1 + ((7 * i + 13 * t) % 59)),
    positionIds: Int32Array.from(positionIds),
    tokenTypeIds: new Int32Array(positionIds.length),
    cuSeqlens: Int32Array.from([
      0,
      ...lengths.map((_, b) => lengths.slice(0, b + 1).reduce((a, n) => a + n)),
    ]),
    maxSeqlen: Math.max(...lengths),
  }
}

describe('what a config.json of ModernBERT says', () => {
  it('has the defaults of transformers', () => {
    const config = read({})
    expect(config).toMatchObject({
      vocabSize: 50368,
      numHiddenLayers: 22,
      intermediateSize: 1152,
      maxPositionEmbeddings: 8192,
      window: 64,
      theta: { global: 160_000, local: 10_000 },
      head: { pooling: 'first', act: 'gelu', bias: false },
    })
    expect(config.localLayers.map((local, i) => (local ? -1 : i)).filter((i) => i >= 0)).toEqual(
      Array.from({ length: 8 }, (_, i) => 3 * i),
    )
  })

  it('is read in the first form and in the one of today', () => {
    const first = read({
      num_hidden_layers: 3,
      global_attn_every_n_layers: 2,
      global_rope_theta: 5000,
      local_rope_theta: 700,
    })
    const today = read({
      num_hidden_layers: 3,
      layer_types: ['full_attention', 'sliding_attention', 'full_attention'],
      rope_parameters: {
        full_attention: { rope_type: 'default', rope_theta: 5000 },
        sliding_attention: { rope_type: 'default', rope_theta: 700 },
      },
    })
    expect(today.theta).toEqual({ global: 5000, local: 700 })
    expect({ ...first, raw: null }).toEqual({ ...today, raw: null })
  })

  it.each([
    [{ sparse_prediction: true }, 'sparse_prediction is true'],
    [{ hidden_activation: 'quick_gelu' }, 'hidden_activation is "quick_gelu"; supported: gelu'],
    [{ classifier_activation: 'mish' }, 'classifier_activation is "mish"'],
    [{ classifier_pooling: 'max' }, 'classifier_pooling is "max"; supported: cls, mean'],
    [{ head_dim: 32 }, 'head_dim is 32; supported: 64'],
    [{ rope_scaling: { type: 'linear', factor: 2 } }, 'rope_scaling is'],
    [{ rope_parameters: { full_attention: { rope_type: 'yarn' } } }, 'full_attention.rope_type is "yarn"'],
    [{ rope_parameters: { sliding_attention: { factor: 2 } } }, 'sliding_attention.factor is 2'],
    [{ rope_parameters: { sliding_attention: { rope_theta: -1 } } }, 'must be a positive number'],
    [{ rope_parameters: 3 }, 'rope_parameters must be an object'],
    [{ local_rope_theta: null }, 'local_rope_theta must be a number'],
    [{ layer_types: ['full_attention'] }, 'layer_types must be 22 of full_attention or sliding_attention'],
    [{ num_hidden_layers: 1, layer_types: ['chunked_attention'] }, 'layer_types must be 1 of'],
    [{ hidden_size: 36, num_attention_heads: 12 }, 'an even multiple of num_attention_heads (12)'],
    [{ norm_bias: 'yes' }, 'norm_bias must be true or false'],
  ])('refuses %j', (raw, message) => {
    expect(() => read(raw)).toThrow(message)
  })
})

describe('a ModernBERT', () => {
  const lengths = [100, 1, 37]

  it.each(['cls', 'mean'])('gives a text the same answer alone and beside others, pooling %s', (pooling) => {
    using model = AutoModelForSequenceClassification.fromConfig(
      { ...small, classifier_pooling: pooling },
      { numLabels: 3, dtype: 'float64' },
    )
    const batch = packed(lengths)
    const together = noGrad(() => model.forward(batchTensors(batch)))
    for (const [b, length] of lengths.entries()) {
      const start = batch.cuSeqlens[b]!
      const own = {
        ...packed([length]),
        inputIds: batch.inputIds.slice(start, start + length),
      }
      const alone = noGrad(() => model.forward(batchTensors(own)))
      expect(maxDifference(alone, together.slice({ start: b, end: b + 1 }))).toBeLessThan(1e-10)
    }
  })

  it('has the names of a checkpoint, and the first layer no norm in front of its attention', () => {
    using model = AutoModelForSequenceClassification.fromConfig(small, { numLabels: 3 })
    const names = Array.from(model.namedParameters(), ([name]) => name)
    expect(names.slice(0, 8)).toEqual([
      'model.embeddings.tok_embeddings.weight',
      'model.embeddings.norm.weight',
      'model.layers.0.attn.Wqkv.weight',
      'model.layers.0.attn.Wo.weight',
      'model.layers.0.mlp_norm.weight',
      'model.layers.0.mlp.Wi.weight',
      'model.layers.0.mlp.Wo.weight',
      'model.layers.1.attn_norm.weight',
    ])
    expect(names.slice(-5)).toEqual([
      'model.final_norm.weight',
      'head.dense.weight',
      'head.norm.weight',
      'classifier.weight',
      'classifier.bias',
    ])
    expect(model.roleOf('head.norm.weight')).toBe('head')
    model.setGradientCheckpointing(true)
    expect(model.gradientCheckpointing).toBe(true)
  })

  it('is served as it is, packed and in 8 bits', async () => {
    using model = AutoModelForSequenceClassification.fromConfig(small, { numLabels: 3 })
    const batch = batchTensors(packed(lengths))
    const logits = noGrad(() => model.forward(batch))
    for (const [int8, allowed] of [
      [false, 1e-5],
      [true, 0.05],
    ] as const) {
      const frozen = await freezeModel(model, { int8 })
      const served = noGrad(() => frozen.model.forward(batch))
      expect(maxDifference(served, logits)).toBeLessThan(allowed)
      if (int8) expect(maxDifference(served, logits)).toBeGreaterThan(0)
      frozen.dispose()
    }
  })
})
