export type { CheckpointIndex, TensorEntry } from './entry.ts'
export { readSafetensors } from './safetensors.ts'
