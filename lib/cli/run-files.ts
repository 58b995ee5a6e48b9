import { appendFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { atPath, readJson, writeFileAtomically, writeJson } from '../checkpoint/index.ts'
import { readLines } from '../data/lines.ts'
import { TorchLoraError } from '../errors.ts'
import type { EvaluationFile } from '../train/evaluation-file.ts'
import type { TrainerEvent } from '../train/events.ts'
import { type LearningRatesFile, learningRatesFile } from '../train/learning-rates-file.ts'

/** The files of a run: `metrics.jsonl`, a line a log step and a line an evaluation, and `summary.json`. */
export class RunFiles {
  readonly #resume: boolean

  private constructor(
    readonly directory: string,
    { resume }: { resume: boolean },
  ) {
    this.#resume = resume
  }

  /**
   * Looks at a run's folder; nothing is written before {@link begin}.
   * @throws TorchLoraError INVALID_ARGUMENT when it already holds a run and `resume` is not set
   */
  static async open(directory: string, { resume }: { resume: boolean }): Promise<RunFiles> {
    const files = new RunFiles(directory, { resume })
    if (!resume && (await stat(files.metrics).catch(() => null))) throw files.#taken()
    return files
  }

  /**
   * Starts `metrics.jsonl`, or drops the lines of updates after `step`: a resumed run makes them again. To be called
   * by the process that holds the folder.
   * @throws TorchLoraError INVALID_ARGUMENT as {@link open}; INVALID_FILE
   */
  async begin(step: number): Promise<void> {
    if (this.#resume) return this.#rewind(step)
    await atPath(this.metrics, async () => {
      try {
        await writeFile(this.metrics, '', { flag: 'wx' })
      } catch (cause) {
        throw (cause as NodeJS.ErrnoException).code === 'EEXIST' ? this.#taken() : cause
      }
    })
  }

  #taken(): TorchLoraError {
    return new TorchLoraError(
      'INVALID_ARGUMENT',
      `${this.directory} already holds a run. Go on with --resume, or choose another --out.`,
    )
  }

  get metrics(): string {
    return join(this.directory, 'metrics.jsonl')
  }

  async #rewind(step: number): Promise<void> {
    const kept: string[] = []
    if (await stat(this.metrics).catch(() => null)) {
      for await (const { text } of readLines(this.metrics)) {
        try {
          if ((JSON.parse(text) as { step: number }).step <= step) kept.push(`${text}\n`)
        } catch {
          // the last line of a run that was killed while it wrote
        }
      }
    }
    await writeFileAtomically(this.metrics, kept.join(''))
  }

  /** Adds the line of an event. */
  async log(event: Extract<TrainerEvent, { type: 'step' | 'evaluation' }>): Promise<void> {
    const { type, ...rest } = event
    const line = rest as Record<string, unknown>
    if ('metrics' in rest) Object.assign(line, rest.metrics, { metrics: undefined })
    await atPath(this.metrics, () => appendFile(this.metrics, `${JSON.stringify({ type, ...line })}\n`))
  }

  /** What there is to say of the best model, for the report; with the texts of the most confident errors. */
  async writeEvaluation(evaluation: EvaluationFile): Promise<void> {
    await writeJson(join(this.directory, 'evaluation.json'), evaluation)
  }

  /** What a search for the learning rate has found, so that a resumed run trains with the same. */
  async writeLearningRates(found: LearningRatesFile): Promise<void> {
    await writeJson(this.#learningRates, found)
  }

  /** What {@link writeLearningRates} wrote; null where it has not. @throws TorchLoraError INVALID_FILE */
  async readLearningRates(): Promise<LearningRatesFile | null> {
    const there = await stat(this.#learningRates).catch(() => null)
    return there && readJson(this.#learningRates, learningRatesFile)
  }

  get #learningRates(): string {
    return join(this.directory, 'learning-rates.json')
  }

  /** Where a run has paused, and what chooses its best. */
  async writePaused(paused: { metric: string; epoch: number }): Promise<void> {
    await writeJson(join(this.directory, 'paused.json'), paused)
  }

  async writeSummary(summary: Record<string, unknown>): Promise<void> {
    await writeJson(join(this.directory, 'summary.json'), summary)
  }
}
