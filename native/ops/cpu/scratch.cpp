#include "ops/cpu/scratch.h"

#include <cstddef>
#include <memory>
#include <new>

namespace torch_lora::cpu {
namespace {

constexpr std::align_val_t kLine{64};

struct Release {
  void operator()(std::byte* p) const { ::operator delete(p, kLine); }
};

struct Buffer {
  std::unique_ptr<std::byte, Release> memory;
  int64_t bytes = 0;
};

}  // namespace

void* thread_scratch(int64_t bytes) {
  thread_local Buffer buffer;
  if (bytes > buffer.bytes) {
    buffer.memory.reset();
    buffer.bytes = 0;
    buffer.memory.reset(static_cast<std::byte*>(::operator new(static_cast<size_t>(bytes), kLine)));
    buffer.bytes = bytes;
  }
  return buffer.memory.get();
}

}  // namespace torch_lora::cpu
