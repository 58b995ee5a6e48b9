import { describe, expect, it } from 'vitest'
import { ConfigReader } from '../../lib/encoders/config.ts'
import { debertaV2 } from '../../lib/encoders/deberta-v2.ts'

/** The fields that the published deberta-v3-base has. */
const published = {
  model_type: 'deberta-v2',
  attention_probs_dropout_prob: 0.1,
  hidden_act: 'gelu',
  hidden_dropout_prob: 0.1,
  hidden_size: 768,
  initializer_range: 0.02,
  intermediate_size: 3072,
  max_position_embeddings: 512,
  relative_attention: true,
  position_buckets: 256,
  norm_rel_ebd: 'layer_norm',
  share_att_key: true,
  pos_att_type: 'p2c|c2p',
  layer_norm_eps: 1e-7,
  max_relative_positions: -1,
  position_biased_input: false,
  num_attention_heads: 12,
  num_hidden_layers: 12,
  type_vocab_size: 0,
  vocab_size: 128100,
}

const read = (change: Record<string, unknown> = {}) =>
  debertaV2.readConfig(new ConfigReader({ ...published, ...change }, 'c.json'))

describe('config.json of DeBERTa', () => {
  it('as deberta-v3-base has it', () => {
    expect(read()).toMatchObject({
      relativeAttention: true,
      c2p: true,
      p2c: true,
      shareAttKey: true,
      positionBuckets: 256,
      maxRelativePositions: 512,
      normRelativeEmbeddings: true,
      positionBiasedInput: false,
      embeddingSize: 768,
      conv: null,
      poolerDropout: 0,
      poolerAct: 'gelu',
    })
  })

  it('of v2, and with names in lists', () => {
    const v2 = read({ conv_kernel_size: 3, conv_act: 'gelu', attention_head_size: 64 })
    expect(v2.conv).toEqual({ kernelSize: 3, act: 'gelu' })
    expect(read({ pos_att_type: ['c2p'] })).toMatchObject({ c2p: true, p2c: false })
    expect(read({ pos_att_type: null })).toMatchObject({ c2p: false, p2c: false })
    expect(read({ norm_rel_ebd: undefined }).normRelativeEmbeddings).toBe(false)
  })

  it("takes transformers' defaults where a field is missing", () => {
    const reader = new ConfigReader({ model_type: 'deberta-v2', vocab_size: 100 }, 'c.json')
    const config = debertaV2.readConfig(reader)
    expect(config).toMatchObject({
      hiddenSize: 1536,
      numHiddenLayers: 24,
      typeVocabSize: 0,
      layerNormEps: 1e-7,
    })
    expect(config.raw).toEqual({ model_type: 'deberta-v2', vocab_size: 100 })
  })

  it('has the dropout of the head in cls_dropout', () => {
    const config = (change: Record<string, unknown>) =>
      debertaV2.readConfig(new ConfigReader({ ...published, ...change }, 'c.json'))
    expect(config({ cls_dropout: 0 }).classifierDropout).toBe(0)
    expect(config({ classifier_dropout: 0.5 }).classifierDropout).toBeNull()
  })

  it.each([
    [{ pos_att_type: 'p2c|p2p' }, 'UNSUPPORTED', 'pos_att_type is "p2p"'],
    [{ norm_rel_ebd: 'batch_norm' }, 'UNSUPPORTED', 'norm_rel_ebd is "batch_norm"'],
    [{ attention_head_size: 32 }, 'UNSUPPORTED', 'attention_head_size is 32; supported: 64'],
    [{ pooler_hidden_size: 100 }, 'UNSUPPORTED', 'pooler_hidden_size is 100'],
    [{ conv_kernel_size: 3, conv_groups: 2 }, 'UNSUPPORTED', 'conv_groups is 2'],
    [{ conv_kernel_size: 3, conv_act: 'swish' }, 'UNSUPPORTED', 'conv_act is "swish"'],
    [{ conv_kernel_size: 4 }, 'INVALID_FILE', 'conv_kernel_size must be an odd number'],
    [{ pooler_hidden_act: 'mish' }, 'UNSUPPORTED', 'pooler_hidden_act is "mish"'],
    [{ position_buckets: 1 }, 'INVALID_FILE', 'position_buckets must be'],
    [
      { position_buckets: 600, max_relative_positions: 200 },
      'INVALID_FILE',
      'max_relative_positions must be above',
    ],
    [{ position_buckets: 2000 }, 'INVALID_FILE', 'max_position_embeddings must be above'],
    [{ pos_att_type: 3 }, 'INVALID_FILE', 'pos_att_type must be names'],
    [{ share_att_key: 'yes' }, 'INVALID_FILE', 'share_att_key must be true or false'],
  ])('refuses %j by name', (change, code, message) => {
    expect(() => read(change)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    )
  })
})
