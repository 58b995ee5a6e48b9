import { expect, it } from 'vitest'
import { AutoModel } from '../../lib/models/auto.ts'

const small = {
  vocab_size: 20,
  hidden_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 8,
}

/** What a configuration asks for that the family's forward does not follow, or that no model can have. */
const refused = [
  ['deberta', { talking_head: true }, 'UNSUPPORTED', 'talking_head is true'],
  ['deberta', { pos_att_type: 'c2p|p2p' }, 'UNSUPPORTED', 'pos_att_type is "p2p"'],
  ['deberta', { pooler_hidden_size: 4 }, 'UNSUPPORTED', 'pooler_hidden_size is 4'],
  [
    'deberta',
    { max_relative_positions: 2.5 },
    'INVALID_FILE',
    'max_relative_positions must be a whole number',
  ],
  [
    'mpnet',
    { relative_attention_num_buckets: 16 },
    'INVALID_FILE',
    'relative_attention_num_buckets must be at least 32',
  ],
  ['mpnet', { hidden_size: 9 }, 'INVALID_FILE', 'hidden_size must be a multiple of num_attention_heads'],
  ['albert', { num_hidden_layers: 5000 }, 'INVALID_FILE', 'num_hidden_layers must be at most 1024'],
  ['albert', { inner_group_num: 0 }, 'INVALID_FILE', 'inner_group_num must be a whole number of at least 1'],
  [
    'albert',
    { position_embedding_type: 'relative_key' },
    'UNSUPPORTED',
    'position_embedding_type is "relative_key"',
  ],
  ['albert', { classifier_dropout_prob: 2 }, 'INVALID_FILE', 'classifier_dropout_prob must be a probability'],
  ['distilbert', { dim: 8, n_heads: 2, qa_dropout: 'none' }, 'INVALID_FILE', 'qa_dropout must be a number'],
  ['distilbert', { dim: 8, n_heads: 2, qa_dropout: 2 }, 'INVALID_FILE', 'qa_dropout must be a probability'],
] as const

it.each(refused)('%s with %j: %s', (modelType, asked, code, message) => {
  expect(() => AutoModel.fromConfig({ ...small, model_type: modelType, ...asked })).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(message) }),
  )
})
