const common = {
  model_type: 'deberta-v2',
  attention_probs_dropout_prob: 0.1,
  hidden_act: 'gelu',
  hidden_dropout_prob: 0.1,
  initializer_range: 0.02,
  layer_norm_eps: 1e-7,
  max_position_embeddings: 512,
  max_relative_positions: -1,
  norm_rel_ebd: 'layer_norm',
  pad_token_id: 0,
  pooler_dropout: 0,
  pooler_hidden_act: 'gelu',
  pos_att_type: 'p2c|c2p',
  position_biased_input: false,
  position_buckets: 256,
  relative_attention: true,
  share_att_key: true,
  type_vocab_size: 0,
  vocab_size: 128100,
}

/** The published configurations. */
export const shapes = {
  'v3-xsmall': {
    ...common,
    hidden_size: 384,
    intermediate_size: 1536,
    num_attention_heads: 6,
    num_hidden_layers: 12,
  },
  'v2-xlarge': {
    ...common,
    attention_head_size: 64,
    conv_act: 'gelu',
    conv_kernel_size: 3,
    hidden_size: 1536,
    intermediate_size: 6144,
    num_attention_heads: 24,
    num_hidden_layers: 24,
  },
}
