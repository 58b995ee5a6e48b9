#pragma once
// Working memory of one thread, kept between calls: packing buffers of about a megabyte, which malloc would
// otherwise map and unmap on every call.
#include <cstdint>

namespace torch_lora::cpu {

// At least `bytes` bytes aligned to a cache line, valid until this thread asks again.
void* thread_scratch(int64_t bytes);

}  // namespace torch_lora::cpu
