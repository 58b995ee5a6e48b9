import { type Activation, activationNames } from '../nn/activation.ts'
import { ConfigReader, type EncoderConfig } from './config.ts'

/** What DeBERTa and DeBERTa-v2 have beyond other encoders. */
export interface DisentangledConfig extends EncoderConfig {
  /** Whether attention sees relative positions at all. */
  relativeAttention: boolean
  /** Content-to-position: queries meet projected positions. */
  c2p: boolean
  /** Position-to-content: keys meet projected positions. */
  p2c: boolean
  /** Distances beyond it share a row. */
  maxRelativePositions: number
  /** Whether absolute positions are added to the input. */
  positionBiasedInput: boolean
  /** Of the word embeddings; projected to hiddenSize where it differs. */
  embeddingSize: number
  poolerDropout: number
  poolerAct: Activation
}

/** A table of relative positions has two rows for each. */
export const mostPositions = 2 ** 30 - 1

/**
 * The fields of both kinds of DeBERTa.
 * @param reader with the family's defaults
 * @throws TorchLoraError INVALID_FILE, UNSUPPORTED
 */
export function readDisentangledConfig(
  reader: ConfigReader,
): Omit<DisentangledConfig, Exclude<keyof EncoderConfig, 'classifierDropout'>> {
  const hiddenSize = reader.size('hidden_size')
  reader.only('pooler_hidden_size', [hiddenSize])
  reader.only('is_decoder', [false])
  const types = readNames(reader, 'pos_att_type', ['c2p', 'p2c'])
  const positions = reader.count('max_position_embeddings', { fallback: 512 })
  const given = reader.number('max_relative_positions', -1)
  const maxRelativePositions = given < 1 ? positions : given
  if (!Number.isInteger(maxRelativePositions) || maxRelativePositions > mostPositions)
    throw reader.wrong(
      'max_relative_positions',
      `a whole number up to ${mostPositions}`,
      maxRelativePositions,
    )
  return {
    relativeAttention: reader.boolean('relative_attention', false),
    c2p: types.includes('c2p'),
    p2c: types.includes('p2c'),
    maxRelativePositions,
    positionBiasedInput: reader.boolean('position_biased_input', true),
    embeddingSize: reader.size('embedding_size', hiddenSize),
    classifierDropout: reader.optionalProbability('cls_dropout'),
    poolerDropout: reader.probability('pooler_dropout', 0),
    poolerAct: reader.choice('pooler_hidden_act', activationNames, 'gelu'),
  }
}

/** A list of names, or one string in which "|" parts them. */
export function readNames(reader: ConfigReader, field: string, allowed: readonly string[]): string[] {
  const value = reader.raw[field] ?? []
  const names =
    typeof value === 'string'
      ? value
          .toLowerCase()
          .split('|')
          .map((name) => name.trim())
          .filter((name) => name !== '')
      : value
  if (!Array.isArray(names)) throw reader.wrong(field, 'names parted by "|", or a list of them', value)
  for (const name of names) new ConfigReader({ [field]: name }, reader.file).only(field, allowed)
  return names
}
