import type { Tracker } from '../train/curves.ts'
import type { TrainerEvent, TrainingSummary } from '../train/events.ts'
import { describeSettings } from '../train/run-settings.ts'
import { formatTime, progressBar } from './progress.ts'
import type { RunFiles } from './run-files.ts'
import { supervise } from './supervisor.ts'

/** The flags of `train` that say how a run is followed. */
export interface FollowFlags {
  out: string
  logEvery: number
  until?: number
  tensorboard?: boolean
}

/** Runs to the end without a word. @returns undefined where it paused before */
export async function summaryOf(
  events: AsyncGenerator<TrainerEvent>,
  flags: FollowFlags,
): Promise<TrainingSummary | undefined> {
  let summary: TrainingSummary | undefined
  for await (const event of events) {
    if (event.type === 'end') summary = event.summary
    if (pausesAt(event, flags)) break
  }
  return summary
}

/** Whether a run is to pause here: the loop that is left then leaves a checkpoint. */
function pausesAt(event: TrainerEvent, { until }: FollowFlags): boolean {
  return until !== undefined && event.type === 'evaluation' && event.epoch >= until - 1e-6
}

/** Shows the run's events as a progress bar and writes them to its files. @returns undefined where it paused */
export async function follow(
  events: AsyncGenerator<TrainerEvent>,
  files: RunFiles,
  { trackers, ...flags }: FollowFlags & { trackers: Tracker[] },
): Promise<TrainingSummary | undefined> {
  const bar = progressBar(
    'training {bar} {percentage}% update {value}/{total} | loss {loss} | {tokens} tokens/s | {left}',
  )
  let summary: TrainingSummary | undefined
  let smoothed: number | undefined
  let speed = 0
  let first = { step: 0, at: 0 }
  // Of the whole run so far, evaluations included: cli-progress forgets what it knew whenever the bar stops for a line.
  let left = '?'
  try {
    for await (const event of events) {
      supervise(event)
      if (event.type === 'start') {
        await files.begin(event.resumedAt)
        for (const { problem } of event.damaged) console.error(`Damaged, and gone on without: ${problem}`)
        if (flags.tensorboard) {
          const { TensorBoardFile } = await import('../train/tensorboard.ts')
          trackers.push(await TensorBoardFile.create(flags.out, { firstStep: event.resumedAt + 1 }))
        }
        const share = ((100 * event.trainableParameters) / event.totalParameters).toFixed(2)
        console.error(
          `${event.trainableParameters.toLocaleString('en')} of ${event.totalParameters.toLocaleString('en')} parameters train (${share} %); ` +
            `optimizer state ${(event.optimizerStateBytes / 2 ** 20).toFixed(2)} MiB`,
        )
        const { length, rate } = describeSettings(event.settings)
        console.error(`${event.totalSteps} updates: ${length}, learning rate ${rate}`)
        if (event.truncated > 0)
          console.error(`${event.truncated} texts are longer than the model takes and were cut.`)
        if (event.resumedAt > 0) console.error(`Resuming after update ${event.resumedAt}.`)
        first = { step: event.resumedAt, at: performance.now() }
        bar.start(event.totalSteps, event.resumedAt, { loss: '-', tokens: '-', left })
      } else if (event.type === 'step') {
        smoothed = smoothed === undefined ? event.loss : 0.95 * smoothed + 0.05 * event.loss
        const now = event.tokens / event.seconds
        speed = speed === 0 ? now : 0.95 * speed + 0.05 * now
        const perStep = (performance.now() - first.at) / 1000 / (event.step - first.step)
        left = `${formatTime((event.totalSteps - event.step) * perStep, { autopaddingChar: '' }, 5)} left`
        bar.update(event.step, {
          loss: smoothed.toFixed(4),
          tokens: Math.round(speed).toLocaleString('en'),
          left,
        })
        if (event.step % Math.max(1, flags.logEvery) === 0 || event.step === event.totalSteps) {
          await files.log(event)
          for (const tracker of trackers) await tracker.log(event)
        }
      } else if (event.type === 'evaluating') {
        bar.update(event.step, { left: `evaluating ${event.examples.toLocaleString('en')} examples` })
      } else if (event.type === 'evaluation') {
        await files.log(event)
        for (const tracker of trackers) await tracker.log(event)
        bar.stop()
        console.error(
          `epoch ${event.epoch.toFixed(2)}: ${show(event.metrics)}${event.best ? ' (best so far)' : ''}`,
        )
        bar.start(bar.getTotal(), event.step, {
          loss: smoothed?.toFixed(4) ?? '-',
          tokens: Math.round(speed).toLocaleString('en'),
          left,
        })
      } else if (event.type === 'end') summary = event.summary
      if (pausesAt(event, flags)) break
    }
  } finally {
    bar.stop()
  }
  return summary
}

export function printSummary(summary: TrainingSummary, output: string): void {
  console.log(
    `${summary.steps} updates in ${summary.wallSeconds.toFixed(1)} s, ${Math.round(summary.tokensPerSecond).toLocaleString('en')} tokens/s`,
  )
  if (summary.best)
    console.log(`best, after epoch ${summary.best.epoch.toFixed(2)}: ${show(summary.best.metrics)}`)
  console.log(`written to ${output}`)
}

function show(metrics: Readonly<Record<string, number>>): string {
  const shown = Object.entries(metrics).map(([name, value]) => `${name} ${value.toFixed(4)}`)
  return shown.join(', ')
}
