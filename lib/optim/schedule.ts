export const scheduleNames = ['linear', 'cosine', 'cosine_with_restarts', 'polynomial', 'constant'] as const

/** How the learning rate moves after warm-up; transformers' `lr_scheduler_type`. */
export type ScheduleName = (typeof scheduleNames)[number]

/** What a schedule takes beside its name. */
export interface ScheduleShape {
  /** Of 'polynomial': (1 - progress) to this power. Default 2; 1 is 'linear'. */
  power?: number | undefined
  /** Of 'cosine_with_restarts': how often it falls from the peak. Default 2; 1 is 'cosine'. */
  cycles?: number | undefined
}

export interface ScheduleOptions extends ScheduleShape {
  schedule: ScheduleName
  /** Optimizer steps of the whole run. */
  totalSteps: number
  /** Steps over which the rate rises linearly from 0. */
  warmupSteps: number
}

/**
 * The factor on the learning rate at optimizer step `step`, counted from 0: transformers'
 * get_linear_schedule_with_warmup, get_cosine_schedule_with_warmup, get_constant_schedule_with_warmup,
 * get_cosine_with_hard_restarts_schedule_with_warmup, and get_polynomial_decay_schedule_with_warmup with an `lr_end` of 0.
 */
export function learningRateFactor(
  step: number,
  { schedule, totalSteps, warmupSteps, power = 2, cycles = 2 }: ScheduleOptions,
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
    case 'cosine_with_restarts':
      return progress >= 1 ? 0 : Math.max(0, 0.5 * (1 + Math.cos(Math.PI * ((cycles * progress) % 1))))
    case 'polynomial':
      return Math.max(0, 1 - progress) ** power
  }
}
