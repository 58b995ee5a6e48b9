import { readExamples } from '../data/examples.ts'
import { readQuestionExamples } from '../data/question-examples.ts'
import { pairsOf, readSimilarityExamples } from '../data/similarity-examples.ts'
import { readTextExamples } from '../data/text-blocks.ts'
import { readTokenExamples, tagsOf } from '../data/token-examples.ts'
import { TorchLoraError } from '../errors.ts'
import { type LabelOptions, sameNames } from './label-config.ts'
import { MaskedLanguageModel, type MaskedLmOptions } from './masked-lm.ts'
import { QuestionAnswering } from './question-answering.ts'
import { Reranking, relevanceOf } from './reranking.ts'
import { defaultLoss } from './sentence-losses.ts'
import { SentenceSimilarity, type SimilarityOptions } from './sentence-similarity.ts'
import { SequenceClassification } from './sequence-classification.ts'
import type { Task } from './task.ts'
import type { TaskType } from './task-type.ts'
import { TokenClassification } from './token-classification.ts'
import { checkTags, describeRepairs } from './token-labels.ts'
import { trainingLabels } from './training-labels.ts'

const sequenceClassification: TaskType<SequenceClassification> = {
  kind: SequenceClassification,
  files: 'texts with labels: .jsonl, .json, .csv, .tsv (with .gz too), .parquet, or a folder of such',
  readExamples: (path, options) => readExamples(path, { ...options, labelled: true }),
  ofGlue: (examples) => examples,
  forTraining(own, data) {
    const labels = trainingLabels(own, data)
    for (const examples of [data.train, data.evaluate]) labels.encode(examples)
    return {
      ...(labels.names.length > 0 ? { labels: labels.names } : { numLabels: 1 }),
      problemType: labels.problemType,
    }
  },
}

const tokenClassification: TaskType<TokenClassification> = {
  kind: TokenClassification,
  files: 'words with tags: .conll, or .jsonl with {"words", "tags"} or {"text", "entities"}',
  readExamples: (path) => readTokenExamples(path),
  forTraining(own, { train, evaluate, names }) {
    const trained = own?.trained && own.named ? own.labels : undefined
    if (trained && names && !sameNames(trained, names))
      throw new TorchLoraError(
        'INCOMPATIBLE',
        `The model has a trained head for ${trained.join(', ')}, and ${names.join(', ')} is to be learned: train a new head (\`head: 'fresh'\`), or leave \`labels\` away.`,
      )
    const labels = trained ?? names ?? tagsOf(train)
    for (const example of [...train, ...evaluate]) checkTags(example, labels)
    return { labels }
  },
  describe: describeRepairs,
  tokenizer: { addPrefixSpace: true },
}

const sentenceSimilarity: TaskType<SentenceSimilarity, SimilarityOptions> = {
  kind: SentenceSimilarity,
  files:
    '.jsonl with {"anchor", "positive", "negative"?}, or pairs with a score as label: .jsonl, .json, .csv or .tsv',
  readExamples: readSimilarityExamples,
  // STS-B goes from 0 to 5.
  ofGlue: (examples) => pairsOf(examples).map((pair) => ({ ...pair, score: (pair.score ?? 0) / 5 })),
  glueTasks: ['stsb'],
  forTraining(_own, { train, evaluate }, settings) {
    const { loss, pooling, matryoshkaDims, chunk } = settings
    const scored = train.some(({ score }) => score !== undefined)
    const options = {
      loss: loss ?? defaultLoss(scored),
      pooling,
      matryoshkaDims,
      chunk,
    } as SimilarityOptions
    const task = new SentenceSimilarity(options)
    for (const examples of [train, evaluate]) task.check(examples)
    return options
  },
}

const reranking: TaskType<Reranking> = {
  kind: Reranking,
  files: 'a query (text), a text (textPair) and a label from 0 to 1: .jsonl, .json, .csv or .tsv',
  readExamples: (path, options) => readExamples(path, { ...options, labelled: true }),
  ofGlue: relevanceOf,
  glueTasks: ['qnli', 'mrpc', 'qqp', 'rte'],
  forTraining(own, { train, evaluate }) {
    const task = new Reranking()
    for (const examples of [train, evaluate]) task.check(examples)
    return own?.trained && own.labels.length !== 1 ? { head: 'fresh' } : {}
  },
}

const questionAnswering: TaskType<QuestionAnswering> = {
  kind: QuestionAnswering,
  files: 'SQuAD\'s .json, or .jsonl with {"question", "context", "answers": [{"text", "start"}]}',
  readExamples: (path) => readQuestionExamples(path),
  forTraining: () => ({}),
}

const maskedLanguageModel: TaskType<MaskedLanguageModel, MaskedLmOptions> = {
  kind: MaskedLanguageModel,
  files: 'plain text',
  readExamples: (path) => readTextExamples(path),
  forTraining: (_own, _data, { wholeWords, blockSize, maskProbability }) => ({
    wholeWords,
    blockSize,
    probability: maskProbability,
  }),
}

/** A task type as commands see it, which hand examples from its reader to its trainer and look at none. */
function entry<T extends Task, O extends LabelOptions>(type: TaskType<T, O>): TaskType {
  return type as unknown as TaskType
}

/** Every kind of task that there is, as all others see it; the first is the default. */
const types: readonly TaskType[] = [
  entry(sequenceClassification),
  entry(tokenClassification),
  entry(questionAnswering),
  entry(sentenceSimilarity),
  entry(reranking),
  entry(maskedLanguageModel),
]

/** What `--task-type` takes. */
export const taskTypeNames: readonly string[] = types.map(({ kind }) => kind.taskName)

/** The task of that name, the first of all by default. @throws TorchLoraError INVALID_ARGUMENT naming those that there are */
export function taskTypeOf(name: string = taskTypeNames[0]!): TaskType {
  const found = types.find(({ kind }) => kind.taskName === name)
  if (found) return found
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `task type ${JSON.stringify(name)}: expected one of ${taskTypeNames.join(', ')}.`,
  )
}

/** What files say of a model's task. */
export interface ModelMarks {
  /** PEFT's `task_type`, of an adapter. */
  peftType?: string | undefined
  /** transformers' class: "BertForTokenClassification". */
  architecture?: string | undefined
  /** What sentence-transformers' files say: one that pools tokens, or one output for a pair of texts. */
  sentenceModel?: 'embedder' | 'cross-encoder' | undefined
}

/**
 * The task that an adapter's file names, else a model's; undefined where neither names one. PEFT has one name for
 * classifiers and cross-encoders: there the model's files say which.
 */
export function taskTypeOfMarks({
  peftType,
  architecture = '',
  sentenceModel,
}: ModelMarks): TaskType | undefined {
  const crossEncoder =
    sentenceModel === 'cross-encoder' && (peftType ?? Reranking.peftType) === Reranking.peftType
  if (crossEncoder) return taskTypeOf(Reranking.taskName)
  const named = types.find(({ kind }) => peftType !== undefined && kind.peftType === peftType)
  if (named) return named
  if (sentenceModel === 'embedder') return taskTypeOf(SentenceSimilarity.taskName)
  return types.find(({ kind }) => architecture.endsWith(kind.architecture))
}
