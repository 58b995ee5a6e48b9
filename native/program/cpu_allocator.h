#pragma once
#include <cstddef>

namespace torch_lora {

// Bytes of libtorch's CPU tensors.
struct CpuMemory {
  size_t live;    // held by tensors
  size_t peak;    // the most that were live at once
  size_t cached;  // kept for reuse
  size_t liveBlocks;
};

// Gives libtorch's CPU tensors an allocator that keeps its pages. A training step frees and asks for the same
// large buffers over and over; returned to the system each time they cost a page fault per 4 kB, which took
// 40 % of a step. Large blocks are kept by size class and reused; what is kept is bounded so that live and
// kept bytes together never exceed 1.15 times the most that was ever live, or 24 MiB where that is more.
void installCpuAllocator();

CpuMemory cpuMemory();
void resetPeakCpuMemory();
// Returns every kept block to the system.
void emptyCpuCache();

}  // namespace torch_lora
