export { writeFileAtomically } from './atomic.ts'
export {
  type CheckpointIndex,
  elementCount,
  ITEM_SIZE,
  listProblems,
  type TensorEntry,
} from './entry.ts'
export { atPath, copyInto, listFolder, makeFolder } from './folder.ts'
export { readJson, writeJson } from './json.ts'
export { dequantize, nf4Levels, withQuantized } from './nf4.ts'
export { ADAPTER_FILES, MODEL_FILES, readCheckpoint } from './read.ts'
export { readSafetensors } from './safetensors.ts'
export { readShardIndex, type ShardIndex } from './shard-index.ts'
export { mapTensors, tensorSources } from './tensors.ts'
export { type TensorSource, writeSafetensors } from './write-safetensors.ts'
export { type WriteCheckpointOptions, writeCheckpoint } from './write-shards.ts'
