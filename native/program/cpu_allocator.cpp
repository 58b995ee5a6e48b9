#include "program/cpu_allocator.h"

#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <list>
#include <map>
#include <mutex>
#include <unordered_map>

namespace torch_lora {

namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kSmall = 64 << 10;  // below: the C library, which reuses small blocks well
constexpr size_t kHugePage = 2 << 20;
constexpr size_t kAlwaysKept = size_t{24} << 20;  // 16 costs 3 % of a pass of DeBERTa, 64 gains nothing
constexpr double kFootprintOverPeak = 1.15;

// Sizes rise in eighths of a power of two, so that batches of slightly different length share blocks and at
// most an eighth of a block is wasted; what almost fills a huge page takes it whole.
size_t sizeClass(size_t bytes) {
  const size_t step = std::max<size_t>(std::bit_floor(bytes) / 8, 4096);
  const size_t size = (bytes + step - 1) / step * step;
  return size < kHugePage && size + step >= kHugePage ? kHugePage : size;
}

// A block handed out. What is known of it stands in a table by address: libtorch's raw interface (oneDNN uses it)
// gives back the address alone, and a header in front of the data would break the alignment of huge pages.
struct Allocation {
  void* block;
  size_t bytes;  // asked for
  size_t size;   // of the block; 0 when it came from the C library
};

class BlockCache {
 public:
  void* take(size_t bytes) {
    std::lock_guard lock(mutex_);
    const Allocation allocation = bytes < kSmall ? small(bytes) : large(bytes);
    live_ += bytes;
    peak_ = std::max(peak_, live_);
    out_.emplace(allocation.block, allocation);
    return allocation.block;
  }

  void give(void* block) {
    if (block == nullptr) return;  // an allocation of no bytes
    std::lock_guard lock(mutex_);
    const auto found = out_.find(block);
    if (found == out_.end()) {
      // Through the raw interface oneDNN may return what libtorch's own allocator gave it before ours was set.
      std::free(block);
      return;
    }
    const Allocation allocation = found->second;
    out_.erase(found);
    live_ -= allocation.bytes;
    if (allocation.size == 0) {
      std::free(allocation.block);
      return;
    }
    used_ -= allocation.size;
    free_.push_back({allocation.block, allocation.size});
    bySize_.emplace(allocation.size, std::prev(free_.end()));
    cached_ += allocation.size;
    trim(0);
  }

  CpuMemory memory() {
    std::lock_guard lock(mutex_);
    return {live_, peak_, cached_, out_.size()};
  }

  void resetPeak() {
    std::lock_guard lock(mutex_);
    peak_ = live_;
  }

  void empty() {
    std::lock_guard lock(mutex_);
    while (!free_.empty()) evictOldest();
  }

 private:
  struct Block {
    void* address;
    size_t size;
  };

  static Allocation small(size_t bytes) {
    void* block = nullptr;
    if (posix_memalign(&block, kAlignment, bytes) != 0) throwOutOfMemory(bytes);
    return {block, bytes, 0};
  }

  Allocation large(size_t bytes) {
    const size_t size = sizeClass(bytes);
    // The smallest kept block that fits, if it wastes at most a quarter.
    if (auto found = bySize_.lower_bound(size); found != bySize_.end() && found->first <= size + size / 4) {
      const Block block = *found->second;
      free_.erase(found->second);
      bySize_.erase(found);
      cached_ -= block.size;
      used_ += block.size;
      return {block.address, bytes, block.size};
    }
    trim(size);
    void* block = map(size);
    if (block == MAP_FAILED) {
      while (!free_.empty()) evictOldest();
      block = map(size);
    }
    if (block == MAP_FAILED) throwOutOfMemory(bytes);
    used_ += size;
    return {block, bytes, size};
  }

  // Blocks that hold a huge page begin with one. A pass over the weights of a small batch waits for memory, and a
  // tenth of that is finding pages of 4 KiB: roberta-base in int8 has 20,000 of them.
  static void* map(size_t size) {
    const bool huge = size >= kHugePage;
    const size_t reserved = huge ? size + kHugePage : size;
    void* start = mmap(nullptr, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED || !huge) return start;
    const auto begin = reinterpret_cast<uintptr_t>(start);
    const uintptr_t block = (begin + kHugePage - 1) / kHugePage * kHugePage;
    if (block > begin) munmap(start, block - begin);
    if (const size_t tail = begin + kHugePage - block; tail > 0) munmap(reinterpret_cast<void*>(block + size), tail);
    madvise(reinterpret_cast<void*>(block), size / kHugePage * kHugePage, MADV_HUGEPAGE);
    return reinterpret_cast<void*>(block);
  }

  // Keeps used + kept + `coming` within the bound, oldest blocks first.
  void trim(size_t coming) {
    const size_t bound = std::max(
        kAlwaysKept, static_cast<size_t>(kFootprintOverPeak * static_cast<double>(std::max(peak_, live_ + coming))));
    while (!free_.empty() && used_ + cached_ + coming > bound) evictOldest();
  }

  void evictOldest() {
    auto oldest = free_.begin();
    auto [first, last] = bySize_.equal_range(oldest->size);
    bySize_.erase(std::find_if(first, last, [&](const auto& entry) { return entry.second == oldest; }));
    cached_ -= oldest->size;
    munmap(oldest->address, oldest->size);
    free_.erase(oldest);
  }

  [[noreturn]] static void throwOutOfMemory(size_t bytes) {
    C10_THROW_ERROR(OutOfMemoryError, c10::str("Out of memory on the CPU: ", bytes, " bytes were asked for."));
  }

  std::mutex mutex_;
  std::list<Block> free_;  // oldest first
  std::multimap<size_t, std::list<Block>::iterator> bySize_;
  size_t live_ = 0;  // bytes asked for and not returned
  size_t peak_ = 0;
  size_t used_ = 0;    // bytes of large blocks handed out
  size_t cached_ = 0;  // bytes of large blocks kept
  std::unordered_map<void*, Allocation> out_;
};

// Never destroyed: tensors may be freed after static destructors have run.
BlockCache& cache() {
  static BlockCache* instance = new BlockCache();
  return *instance;
}

void release(void* block) { cache().give(block); }

class CachingCpuAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    if (bytes == 0) return {nullptr, nullptr, &c10::NoDelete, at::Device(at::kCPU)};
    void* block = cache().take(bytes);
    return {block, block, &release, at::Device(at::kCPU)};
  }
  // The context is the data itself, which is what the raw interface demands.
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* destination, const void* source, std::size_t count) const override {
    std::memcpy(destination, source, count);
  }
};

}  // namespace

void installCpuAllocator() {
  static const bool installed = [] {
    c10::SetCPUAllocator(new CachingCpuAllocator(), /*priority=*/255);
    return true;
  }();
  (void)installed;
}

CpuMemory cpuMemory() { return cache().memory(); }
void resetPeakCpuMemory() { cache().resetPeak(); }
void emptyCpuCache() { cache().empty(); }

}  // namespace torch_lora
