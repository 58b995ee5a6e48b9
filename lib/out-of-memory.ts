const cuda =
  /CUDA out of memory\. Tried to allocate ([\d.]+ \w+)\. GPU (\d+) has a total capacity of ([\d.]+ \w+) of which ([\d.]+ \w+) is free\./
const held = /([\d.]+ \w+) is allocated by PyTorch, and ([\d.]+ \w+) is reserved by PyTorch but unallocated/

/**
 * libtorch's message on a full CUDA device (c10/cuda/CUDACachingAllocator.cpp) in one sentence: what was asked, what
 * was free, who has the rest, and what takes less. Any other message comes back as it is.
 */
export function explainOutOfMemory(message: string): string {
  const found = cuda.exec(message)
  if (!found) return message
  const [, asked, gpu, total, free] = found
  const [, live, cached] = held.exec(message) ?? []
  const ours = live ? ` This process holds ${live} in tensors and ${cached} for reuse.` : ''
  return (
    `Out of memory on cuda:${gpu}: ${asked} were asked for, ${free} of ${total} are free.${ours} ` +
    `Less is needed with smaller batches (batchSize, maxTokens, maxBatchTokens), dtype 'bfloat16', or gradient checkpointing.`
  )
}
