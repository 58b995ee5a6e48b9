import { BertEncoder } from './bert.ts'
import { lmHeadLayout, readEncoderConfig } from './config.ts'
import type { Family } from './family.ts'

/** RoBERTa's body (Liu et al., 2019): BERT's, with positions that begin behind the padding token's id. */
const body: Omit<Family, 'modelType' | 'architecture' | 'tokenizerClass'> = {
  prefix: 'roberta',
  loraTargets: ['query', 'value'],
  ia3Targets: ['key', 'value', 'output.dense'],

  readConfig(reader) {
    reader.only('position_embedding_type', ['absolute'])
    reader.only('is_decoder', [false])
    return {
      ...readEncoderConfig(reader),
      padTokenId: reader.count('pad_token_id', { fallback: 1, least: 0 }),
    }
  },

  encoder: (config, options) =>
    new BertEncoder(config, {
      positions: { kind: 'afterPadding', padTokenId: config.padTokenId },
      ...options,
    }),

  heads(config) {
    const { hiddenSize, initializerRange: std, classifierDropout, hiddenDropoutProb } = config
    const dropout = classifierDropout ?? hiddenDropoutProb
    const dense = { name: 'classifier.dense', act: 'tanh', dropout } as const
    return {
      sequence: { hiddenSize, std, dense, out: 'classifier.out_proj', dropout },
      token: { hiddenSize, std, out: 'classifier', dropout },
      maskedLm: lmHeadLayout(config),
    }
  },
}

export const roberta: Family = {
  ...body,
  modelType: 'roberta',
  architecture: 'Roberta',
  tokenizerClass: 'RobertaTokenizer',
}

/** XLM-RoBERTa (Conneau et al., 2020): RoBERTa's body under another tokenizer. */
export const xlmRoberta: Family = {
  ...body,
  modelType: 'xlm-roberta',
  architecture: 'XLMRoberta',
  tokenizerClass: 'XLMRobertaTokenizer',
}

/** CamemBERT (Martin et al., 2020): likewise. */
export const camembert: Family = {
  ...body,
  modelType: 'camembert',
  architecture: 'Camembert',
  tokenizerClass: 'CamembertTokenizer',
}
