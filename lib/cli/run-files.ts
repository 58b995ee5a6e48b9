import { appendFile, mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomically, writeJson } from '../checkpoint/index.ts'
import { TorchLoraError } from '../errors.ts'
import type { TrainerEvent } from '../train/events.ts'

/** The files of a run: `metrics.jsonl`, a line a log step and a line an evaluation, and `summary.json`. */
export class RunFiles {
  private constructor(readonly directory: string) {}

  /**
   * Opens a run's folder.
   * @throws TorchLoraError INVALID_ARGUMENT when it already holds a run and `resume` is not set
   */
  static async open(directory: string, { resume }: { resume: boolean }): Promise<RunFiles> {
    const files = new RunFiles(directory)
    const there = await stat(files.metrics).catch(() => null)
    if (there && !resume) {
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `${directory} already holds a run. Go on with --resume, or choose another --out.`,
      )
    }
    await mkdir(directory, { recursive: true })
    if (!there) await writeFileAtomically(files.metrics, '')
    return files
  }

  get metrics(): string {
    return join(this.directory, 'metrics.jsonl')
  }

  /** Drops the lines of updates after `step`: a resumed run makes them again. */
  async rewind(step: number): Promise<void> {
    const lines = (await readFile(this.metrics, 'utf8')).split('\n').filter((line) => {
      try {
        return (JSON.parse(line) as { step: number }).step <= step
      } catch {
        return false // the last line of a run that was killed while it wrote
      }
    })
    await writeFileAtomically(this.metrics, lines.map((line) => `${line}\n`).join(''))
  }

  /** Adds the line of an event. */
  async log(event: Extract<TrainerEvent, { type: 'step' | 'evaluation' }>): Promise<void> {
    const { type, ...rest } = event
    const line = rest as Record<string, unknown>
    if ('metrics' in rest) Object.assign(line, rest.metrics, { metrics: undefined })
    await appendFile(this.metrics, `${JSON.stringify({ type, ...line })}\n`)
  }

  async writeSummary(summary: Record<string, unknown>): Promise<void> {
    await writeJson(join(this.directory, 'summary.json'), summary)
  }
}
