import { mean } from '../tasks/arithmetic.ts'
import type { Progress } from '../tasks/task.ts'

/** What a run's losses and evaluations say of whether it learned. */
export class Verdict {
  readonly #losses: number[] = []
  readonly #seen = new Set<Progress>()

  step(loss: number): void {
    this.#losses.push(loss)
  }

  evaluation(progress: Progress): void {
    this.#seen.add(progress)
  }

  /**
   * One sentence about a run that did not learn; null of one that did, and of one that went on from a checkpoint, whose
   * beginning was not seen here.
   * @param updates of the whole run
   */
  warning({ learningRate, updates }: { learningRate: number; updates: number }): string | null {
    const steps = this.#losses.length
    if (this.#seen.has('better') || steps < updates) return null
    const ran = `${steps} update${steps === 1 ? '' : 's'} at a learning rate of ${learningRate}`
    const advice =
      'Leave epochs, batchSize and learningRate away to have them chosen, train longer, or look whether labels follow from the texts.'
    if (this.#seen.size === 1 && this.#seen.has('constant'))
      return `The model never left the majority class: in every evaluation all texts got the same answer, after ${ran}. ${advice}`
    const quarter = Math.floor(steps / 4)
    if (quarter < 1) return `A run of ${ran} is too short to learn from. ${advice}`
    const first = mean(this.#losses.slice(0, quarter))
    const last = mean(this.#losses.slice(-quarter))
    if (last <= 0.95 * first) return null
    return `The run was too short to learn: over ${ran} the loss went from ${first.toFixed(3)} to ${last.toFixed(3)}. ${advice}`
  }
}
