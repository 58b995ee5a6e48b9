import type { Example, ReadExamplesOptions } from '../data/examples.ts'
import type { ProblemType } from '../data/problem-type.ts'
import type { TokenizerOptions } from '../tokenizer/index.ts'
import type { ConfigLabels, LabelOptions } from './label-config.ts'
import type { SampleOf, Task, TaskKind } from './task.ts'

/** What a model is to be trained on, and what is said of its labels. */
export interface TrainingData<Sample = Example> {
  train: readonly Sample[]
  evaluate: readonly Sample[]
  /** Names that were asked for, in the order of the outputs. */
  names?: readonly string[] | undefined
  /** Names that the data set has, for a head without names of its own. */
  known?: readonly string[] | undefined
  problemType?: ProblemType | undefined
}

/** What only some tasks can be told; each takes what is its own. */
export interface TaskSettings {
  /** Of sentence similarity: how vectors are compared. */
  loss?: string
  pooling?: string
  matryoshkaDims?: readonly number[]
  /** Texts a pass at most, where a batch is larger. */
  chunk?: number
  /** Of masked words. */
  wholeWords?: boolean
  blockSize?: number
  maskProbability?: number
}

/** All that a command knows of a task: one entry in the registry. */
export interface TaskType<T extends Task = Task, O extends LabelOptions = LabelOptions> {
  readonly kind: TaskKind<T, O>
  /** What a labelled file looks like, for `--help`. */
  readonly files: string
  /**
   * Reads labelled examples.
   * @throws TorchLoraError INVALID_FILE naming file and line; INVALID_ARGUMENT for another kind of file
   */
  readExamples(path: string, options: ReadExamplesOptions): Promise<SampleOf<T>[]>
  /** Examples of a GLUE task as this task has them; undefined where it learns from none. */
  ofGlue?(examples: Example[]): SampleOf<T>[]
  /** The GLUE tasks that it learns from; all where this is missing. */
  readonly glueTasks?: readonly string[]
  /**
   * What the task is made with to learn from examples, all of which are checked: what does not fit is said before a
   * model is loaded and a folder begun.
   * @param own what the model's files say of its head; null for a new one
   * @throws TorchLoraError INCOMPATIBLE naming file and line
   */
  forTraining(own: ConfigLabels | null, data: TrainingData<SampleOf<T>>, settings: TaskSettings): O
  /** What is to be said of labelled examples before they are used, a sentence each. */
  describe?(examples: readonly SampleOf<T>[]): string[]
  /** How its texts are tokenized, beyond what the model's files say. */
  readonly tokenizer?: Pick<TokenizerOptions, 'addPrefixSpace'> | undefined
}
