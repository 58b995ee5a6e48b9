/** How the learning rate moves after warm-up; transformers' `lr_scheduler_type`. */
export const scheduleNames = ['linear', 'cosine', 'constant'] as const
export type ScheduleName = (typeof scheduleNames)[number]

export interface ScheduleOptions {
  schedule: ScheduleName
  /** Optimizer steps of the whole run. */
  totalSteps: number
  /** Steps over which the rate rises linearly from 0. */
  warmupSteps: number
}

/**
 * The factor on the learning rate at optimizer step `step`, counted from 0: transformers'
 * get_linear_schedule_with_warmup, get_cosine_schedule_with_warmup, get_constant_schedule_with_warmup.
 */
export function learningRateFactor(
  step: number,
  { schedule, totalSteps, warmupSteps }: ScheduleOptions,
): number {
  if (step < warmupSteps) return step / Math.max(1, warmupSteps)
  const progress = (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps)
  switch (schedule) {
    case 'constant':
      return 1
    case 'linear':
      return Math.max(0, 1 - progress)
    case 'cosine':
      return Math.max(0, 0.5 * (1 + Math.cos(Math.PI * progress)))
  }
}
