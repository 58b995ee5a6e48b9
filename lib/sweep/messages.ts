/** What a run tells the process that started it, over Node's IPC channel. */
export type RunMessage =
  | { type: 'start'; step: number; totalSteps: number }
  | { type: 'step'; step: number; totalSteps: number; epoch: number; loss: number }
