import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  applyLora,
  type BatchTensors,
  Encoder,
  type EncoderConfig,
  type Family,
  mergeLora,
  ops,
  type PositionScheme,
  readEncoderConfig,
  type Tensor,
  type TensorOptions,
  TextClassifier,
  Trainer,
  type WantedRows,
} from 'torch-lora'
import { Embedding, LayerNorm, Linear, Module, selfAttention, wantedRows } from 'torch-lora/nn'
import { type Given, training } from './given.ts'

/** hidden + attention(LN(hidden)): one block of a transformer without a feed-forward. */
class Block extends Module {
  norm: LayerNorm
  query: Linear
  key: Linear
  value: Linear

  constructor(
    readonly config: EncoderConfig,
    options: TensorOptions,
  ) {
    super()
    const { hiddenSize, initializerRange: std } = config
    const linear = () => new Linear(hiddenSize, hiddenSize, { std, ...options })
    this.norm = new LayerNorm(hiddenSize, config.layerNormEps, options)
    this.query = linear()
    this.key = linear()
    this.value = linear()
  }

  /** [T, H] -> [T, H], or [R, H] for R wanted rows */
  forward(hidden: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    const context = selfAttention(this.norm.forward(hidden), batch, {
      layers: [this.query, this.key, this.value],
      heads: this.config.numAttentionHeads,
      dropout: 0,
      wanted,
    }) // [rows, H]
    return ops.add(wantedRows(hidden, wanted), context)
  }
}

/** Words and positions, then blocks: text in, hidden states out. */
class TinyEncoder extends Encoder {
  readonly positions: PositionScheme = { kind: 'zero' }
  readonly maxLength: number
  word_embeddings: Embedding
  position_embeddings: Embedding
  blocks: Block[]

  constructor(config: EncoderConfig, options: TensorOptions) {
    super(config)
    const { vocabSize, hiddenSize, maxPositionEmbeddings, numHiddenLayers, initializerRange: std } = config
    this.maxLength = maxPositionEmbeddings
    this.word_embeddings = new Embedding(vocabSize, hiddenSize, { std, ...options })
    this.position_embeddings = new Embedding(maxPositionEmbeddings, hiddenSize, { std, ...options })
    this.blocks = Array.from({ length: numHiddenLayers }, () => new Block(config, options))
  }

  embed({ inputIds, positionIds }: BatchTensors): Tensor {
    return ops.add(this.word_embeddings.forward(inputIds), this.position_embeddings.forward(positionIds))
  }

  layers(embedded: Tensor, batch: BatchTensors, wanted?: WantedRows): Tensor {
    let hidden = embedded // [T, H]
    for (const [i, block] of this.blocks.entries())
      hidden = block.forward(hidden, batch, i === this.blocks.length - 1 ? wanted : undefined)
    return hidden // [rows, H]
  }
}

/** A family is a value: nothing is registered anywhere. */
const family: Family = {
  modelType: 'tiny',
  architecture: 'Tiny',
  prefix: 'tiny',
  loraTargets: ['query', 'value'],
  readConfig: (reader) => readEncoderConfig(reader),
  encoder: (config, options) => new TinyEncoder(config, options),
  heads({ hiddenSize, initializerRange: std }) {
    const plain = { hiddenSize, std, out: 'classifier', dropout: 0 }
    return { sequence: plain, token: plain }
  },
}

/** An encoder of one's own from a configuration: trained with LoRA, merged, saved, loaded, served. */
export async function main({ base, rows, out }: Given) {
  await using tokenizer = await AutoTokenizer.fromPretrained(base)
  const config = {
    model_type: 'tiny',
    vocab_size: tokenizer.vocabSize,
    hidden_size: 16,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 32,
    max_position_embeddings: 64,
    initializer_range: 0.3,
  }
  using model = AutoModelForSequenceClassification.fromConfig(config, { family, labels: ['bad', 'good'] })
  applyLora(model, { r: 4 })
  const { best } = await new Trainer({
    model,
    tokenizer,
    train: rows,
    evaluate: rows,
    metrics: ['accuracy'],
    ...training,
    epochs: 10,
  }).train()
  await mergeLora(model).savePretrained(out)
  await tokenizer.save(out)
  await using classifier = await TextClassifier.load(out, { family, warmUp: false })
  const answers = await classifier.classify(rows.map(({ text }) => text))
  const right = answers.filter(({ label }, i) => label === rows[i]!.label).length
  return { accuracy: best?.metrics.accuracy, served: right / rows.length }
}
