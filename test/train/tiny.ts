import { cp, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Example } from '../../lib/data/index.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import { AutoTokenizer } from '../../lib/tokenizer/index.ts'

const tokenizerFolder = new URL('../tokenizer/fixtures/bert', import.meta.url).pathname

/** A folder with a random two-layer BERT and the small fixture tokenizer: a real base model, ready in no time. */
export async function tinyModel({ labels = ['bad', 'good'] } = {}): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tiny-bert-'))
  await cp(tokenizerFolder, directory, { recursive: true })
  await using tokenizer = await AutoTokenizer.fromPretrained(directory)
  const raw = {
    model_type: 'bert',
    vocab_size: tokenizer.vocabSize,
    hidden_size: 32,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    intermediate_size: 64,
    max_position_embeddings: 64,
    hidden_dropout_prob: 0.1,
    attention_probs_dropout_prob: 0.1,
    // Larger than usual: a random encoder this small must carry its input to the head.
    initializer_range: 0.2,
  }
  using model = AutoModelForSequenceClassification.fromConfig(raw, { labels, seed: 1 })
  await model.savePretrained(directory)
  return directory
}

/** Sentences whose label a single word decides. */
export function tinyExamples(count: number, offset = 0): Example[] {
  const good = ['good', 'great', 'fine']
  const bad = ['bad', 'dull', 'poor']
  const things = ['the film', 'this book', 'her song', 'a play', 'that show']
  return Array.from({ length: count }, (_, i) => {
    const n = i + offset
    const isGood = n % 2 === 0
    const word = (isGood ? good : bad)[n % 3]!
    return {
      text: `${things[n % 5]} was ${word}${n % 7 === 0 ? ', they say' : ''}.`,
      label: isGood ? 'good' : 'bad',
    }
  })
}
