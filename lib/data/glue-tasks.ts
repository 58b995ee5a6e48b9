import { TorchLoraError } from '../errors.ts'
import type { MetricName } from './metrics.ts'

/** The tasks of the GLUE benchmark (Wang et al., 2019) by Hugging Face's names. */
export type GlueTaskName =
  | 'cola'
  | 'sst2'
  | 'mrpc'
  | 'stsb'
  | 'qqp'
  | 'mnli'
  | 'mnli_mismatched'
  | 'qnli'
  | 'rte'
  | 'wnli'
  | 'ax'

/** The splits of a GLUE task, by Hugging Face's names. */
export type GlueSplit = 'train' | 'validation' | 'test'

/** A file to download, with what the published data set index says of it. */
export interface GlueDownload {
  url: string
  sha256: string
  bytes: number
}

/** What a GLUE task is: its files, columns, labels and metrics. */
export interface GlueTask {
  name: GlueTaskName
  /** Folder in GLUE's distribution. */
  folder: string
  /** Class names by class id, in the order of Hugging Face's `glue` data set; null for a score. */
  labels: readonly string[] | null
  /** What the label column holds for each class id, where that is not the class name. */
  rawLabels?: readonly string[] | undefined
  /** Metrics that GLUE reports, the one to choose a model by first. */
  metrics: readonly MetricName[]
  /** Rows of each split. */
  rows: Partial<Record<GlueSplit, number>>
  /** Columns by name, or by number in files without a header. */
  columns: { text: string; textPair?: string | undefined; label: string }
  /** File names of the splits in GLUE's distribution. */
  files: Partial<Record<GlueSplit, string>>
  /** Name of the file that gluebenchmark.com takes predictions in. */
  submission: string
  downloads: readonly GlueDownload[]
}

const GLUE = 'https://dl.fbaipublicfiles.com/glue/data'
const SENTEVAL = 'https://dl.fbaipublicfiles.com/senteval/senteval_data'
const THREE_WAY = ['entailment', 'neutral', 'contradiction'] as const
const ENTAILMENT = ['entailment', 'not_entailment'] as const
const BINARY = ['0', '1'] as const
const STANDARD = { train: 'train.tsv', validation: 'dev.tsv', test: 'test.tsv' } as const
const SENTENCES = { text: 'sentence1', textPair: 'sentence2', label: 'label' } as const
const MNLI_ZIP = {
  url: `${GLUE}/MNLI.zip`,
  sha256: 'e7c1d896d26ed6caf700110645df426cc2d8ebf02a5ab743d5a5c68ac1c83633',
  bytes: 312783507,
}

// Labels, rows, addresses and checksums are those of the `glue` data set of huggingface/datasets (glue.py and
// dataset_infos.json); metrics and submission files those of gluebenchmark.com.
const TASKS: Record<GlueTaskName, GlueTask> = {
  cola: {
    name: 'cola',
    folder: 'CoLA',
    labels: ['unacceptable', 'acceptable'],
    rawLabels: BINARY,
    metrics: ['matthews_correlation', 'accuracy'],
    rows: { train: 8551, validation: 1043, test: 1063 },
    columns: { text: 'sentence', label: 'label' },
    files: STANDARD,
    submission: 'CoLA.tsv',
    downloads: [
      {
        url: `${GLUE}/CoLA.zip`,
        sha256: 'f212fcd832b8f7b435fb991f101abf89f96b933ab400603bf198960dfc32cbff',
        bytes: 376971,
      },
    ],
  },
  sst2: {
    name: 'sst2',
    folder: 'SST-2',
    labels: ['negative', 'positive'],
    rawLabels: BINARY,
    metrics: ['accuracy'],
    rows: { train: 67349, validation: 872, test: 1821 },
    columns: { text: 'sentence', label: 'label' },
    files: STANDARD,
    submission: 'SST-2.tsv',
    downloads: [
      {
        url: `${GLUE}/SST-2.zip`,
        sha256: 'd67e16fb55739c1b32cdce9877596db1c127dc322d93c082281f64057c16deaa',
        bytes: 7439277,
      },
    ],
  },
  mrpc: {
    name: 'mrpc',
    folder: 'MRPC',
    labels: ['not_equivalent', 'equivalent'],
    rawLabels: BINARY,
    metrics: ['accuracy', 'f1'],
    rows: { train: 3668, validation: 408, test: 1725 },
    columns: { text: '#1 String', textPair: '#2 String', label: 'Quality' },
    files: STANDARD,
    submission: 'MRPC.tsv',
    // Not in GLUE's archives: the original corpus, whose training part GLUE cut in two by a list of ids.
    downloads: [
      {
        url: `${SENTEVAL}/msr_paraphrase_train.txt`,
        sha256: '60a9b09084528f0673eedee2b69cb941920f0b8cd0eeccefc464a98768457f89',
        bytes: 1047044,
      },
      {
        url: `${SENTEVAL}/msr_paraphrase_test.txt`,
        sha256: 'a04e271090879aaba6423d65b94950c089298587d9c084bf9cd7439bd785f784',
        bytes: 441275,
      },
      {
        url: `${GLUE}/mrpc_dev_ids.tsv`,
        sha256: '971d7767d81b997fd9060ade0ec23c4fc31cbb226a55d1bd4a1bac474eb81dc7',
        bytes: 6222,
      },
    ],
  },
  stsb: {
    name: 'stsb',
    folder: 'STS-B',
    labels: null,
    metrics: ['pearson', 'spearmanr'],
    rows: { train: 5749, validation: 1500, test: 1379 },
    columns: { text: 'sentence1', textPair: 'sentence2', label: 'score' },
    files: STANDARD,
    submission: 'STS-B.tsv',
    downloads: [
      {
        url: `${GLUE}/STS-B.zip`,
        sha256: 'e60a6393de5a8b5b9bac5020a1554b54e3691f9d600b775bd131e613ac179c85',
        bytes: 802872,
      },
    ],
  },
  qqp: {
    name: 'qqp',
    folder: 'QQP',
    labels: ['not_duplicate', 'duplicate'],
    rawLabels: BINARY,
    metrics: ['accuracy', 'f1'],
    rows: { train: 363846, validation: 40430, test: 390965 },
    columns: { text: 'question1', textPair: 'question2', label: 'is_duplicate' },
    files: STANDARD,
    submission: 'QQP.tsv',
    downloads: [
      {
        url: `${GLUE}/QQP-clean.zip`,
        sha256: '40e7c862c04eb26ee04b67fd900e76c45c6ba8e6d8fab4f8f1f8072a1a3fbae0',
        bytes: 41696084,
      },
    ],
  },
  mnli: {
    name: 'mnli',
    folder: 'MNLI',
    labels: THREE_WAY,
    metrics: ['accuracy'],
    rows: { train: 392702, validation: 9815, test: 9796 },
    columns: { ...SENTENCES, label: 'gold_label' },
    files: { train: 'train.tsv', validation: 'dev_matched.tsv', test: 'test_matched.tsv' },
    submission: 'MNLI-m.tsv',
    downloads: [MNLI_ZIP],
  },
  mnli_mismatched: {
    name: 'mnli_mismatched',
    folder: 'MNLI',
    labels: THREE_WAY,
    metrics: ['accuracy'],
    rows: { train: 392702, validation: 9832, test: 9847 },
    columns: { ...SENTENCES, label: 'gold_label' },
    files: { train: 'train.tsv', validation: 'dev_mismatched.tsv', test: 'test_mismatched.tsv' },
    submission: 'MNLI-mm.tsv',
    downloads: [MNLI_ZIP],
  },
  qnli: {
    name: 'qnli',
    folder: 'QNLI',
    labels: ENTAILMENT,
    metrics: ['accuracy'],
    rows: { train: 104743, validation: 5463, test: 5463 },
    columns: { text: 'question', textPair: 'sentence', label: 'label' },
    files: STANDARD,
    submission: 'QNLI.tsv',
    downloads: [
      {
        url: `${GLUE}/QNLIv2.zip`,
        sha256: 'e634e78627a29adaecd4f955359b22bf5e70f2cbd93b493f2d624138a0c0e5f5',
        bytes: 10627589,
      },
    ],
  },
  rte: {
    name: 'rte',
    folder: 'RTE',
    labels: ENTAILMENT,
    metrics: ['accuracy'],
    rows: { train: 2490, validation: 277, test: 3000 },
    columns: SENTENCES,
    files: STANDARD,
    submission: 'RTE.tsv',
    downloads: [
      {
        url: `${GLUE}/RTE.zip`,
        sha256: '6bf86de103ecd335f3441bd43574d23fef87ecc695977a63b82d5efb206556ee',
        bytes: 697150,
      },
    ],
  },
  wnli: {
    name: 'wnli',
    folder: 'WNLI',
    labels: ['not_entailment', 'entailment'],
    rawLabels: BINARY,
    metrics: ['accuracy'],
    rows: { train: 635, validation: 71, test: 146 },
    columns: SENTENCES,
    files: STANDARD,
    submission: 'WNLI.tsv',
    downloads: [
      {
        url: `${GLUE}/WNLI.zip`,
        sha256: 'ae0e8e4d16f4d46d4a0a566ec7ecceccfd3fbfaa4a7a4b4e02848c0f2561ac46',
        bytes: 28999,
      },
    ],
  },
  ax: {
    name: 'ax',
    folder: 'AX',
    labels: THREE_WAY,
    metrics: ['matthews_correlation'],
    rows: { test: 1104 },
    columns: SENTENCES,
    files: { test: 'AX.tsv' },
    submission: 'AX.tsv',
    downloads: [
      {
        url: `${GLUE}/AX.tsv`,
        sha256: '0e13510b1bb14436ff7e2ee82338f0efb0133ecf2e73507a697dc210db3f05fd',
        bytes: 222257,
      },
    ],
  },
}

const ALIASES: Record<string, GlueTaskName> = {
  'sst-2': 'sst2',
  'sts-b': 'stsb',
  'mnli-m': 'mnli',
  'mnli-mm': 'mnli_mismatched',
  mnli_matched: 'mnli',
  diagnostic: 'ax',
}

/** Every task's name. */
export const glueTaskNames = Object.keys(TASKS) as GlueTaskName[]

/**
 * What GLUE lays down for a task, by its name in any case (`SST-2` and `sst2` are one).
 * @throws TorchLoraError INVALID_ARGUMENT for a name that is no task
 */
export function glueTask(name: string): GlueTask {
  const key = name.toLowerCase()
  const task = Object.hasOwn(TASKS, key)
    ? TASKS[key as GlueTaskName]
    : Object.hasOwn(ALIASES, key)
      ? TASKS[ALIASES[key]!]
      : undefined
  if (task === undefined)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `task ${JSON.stringify(name)}: expected one of ${glueTaskNames.join(', ')}; for data of your own use readExamples`,
    )
  return task
}
