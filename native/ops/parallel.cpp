#include "ops/parallel.h"

#include "ops/pch.h"

#include <linux/futex.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <exception>
#include <mutex>
#include <thread>

#include "ops/trace.h"

// In the runtime that libtorch carries, if it has one: nothing is linked for it.
extern "C" [[gnu::weak]] void omp_set_num_threads(int threads) noexcept;

namespace torch_lora {
namespace {

constexpr int64_t kMostShares = 256;  // threads of one region
constexpr size_t kSlots = 16;         // regions of different callers at once; beyond, a caller works alone
constexpr int kSpins = 3000;          // before a thread sleeps: tens of microseconds, the gap between operators
constexpr int kNiceness = 5;          // of helpers, as of the executor that calls them

using Word = std::atomic<uint32_t>;

void futex(Word& word, int operation, uint32_t value) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), operation, value, nullptr, nullptr, 0);
}
void sleep_while(Word& word, uint32_t value) { futex(word, FUTEX_WAIT_PRIVATE, value); }
void wake(Word& word, uint32_t count) { futex(word, FUTEX_WAKE_PRIVATE, count); }

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

thread_local bool within = false;  // a part

// Neighbouring parts, which one thread begins with.
struct alignas(64) Share {
  std::atomic<int64_t> next;
  int64_t end;
};

class Region {
 public:
  Region(const char* name, Share* shares, int64_t parts, int64_t threads, void (*run)(const void*, int64_t),
         const void* body)
      : name_(name), shares_(shares), count_(threads), run_(run), body_(body) {
    for (int64_t i = 0; i < count_; ++i) {
      shares_[i].next.store(parts * i / count_, std::memory_order_relaxed);
      shares_[i].end = parts * (i + 1) / count_;
    }
  }

  // Works on parts until none is left; false where there was none.
  bool work() {
    const int64_t seat = seats_++;
    if (seat >= count_) return false;
    int64_t turn = 0, part = 0;
    if (!take(seat, turn, part)) return false;
    const Span span(name_);
    within = true;
    do {
      try {
        run_(body_, part);
      } catch (...) {
        if (!failed_.exchange(true)) error_ = std::current_exception();
      }
    } while (!failed_ && take(seat, turn, part));
    within = false;
    return true;
  }

  void rethrow() const {
    if (failed_) std::rethrow_exception(error_);
  }

 private:
  // The next part of the seat's own share, or of those behind it.
  bool take(int64_t seat, int64_t& turn, int64_t& part) {
    for (; turn < count_; ++turn) {
      Share& share = shares_[(seat + turn) % count_];
      part = share.next++;
      if (part < share.end) return true;
    }
    return false;
  }

  const char* name_;
  Share* shares_;
  int64_t count_;
  void (*run_)(const void*, int64_t);
  const void* body_;
  std::atomic<int64_t> seats_{0};
  std::atomic<bool> failed_{false};
  std::exception_ptr error_;
};

// Where a caller lays its region out for helpers. One that looks at it is counted before it reads `region`, and the
// caller takes that away before it reads the count: what it then waits for has the region in its hands.
struct alignas(64) Slot {
  std::atomic<bool> taken{false};
  std::atomic<Region*> region{nullptr};
  Word inside{0};
  std::atomic<bool> sleeps{false};  // the caller
  Share shares[kMostShares];

  bool help() {
    if (region.load() == nullptr) return false;
    ++inside;
    Region* const own = region.load();
    const bool worked = own != nullptr && own->work();
    --inside;
    if (sleeps) wake(inside, 1);
    return worked;
  }

  void finish() {
    region = nullptr;
    for (int spin = 0; spin < kSpins && inside != 0; ++spin) pause();
    sleeps = true;
    for (uint32_t count = inside; count != 0; count = inside) sleep_while(inside, count);
    sleeps = false;
    taken = false;
  }
};

class Pool {
 public:
  Slot* slot() {
    for (Slot& slot : slots_) {
      if (!slot.taken.exchange(true)) return &slot;
    }
    return nullptr;
  }

  // Tells of a new region that `helpers` may join.
  void call(int64_t helpers) {
    if (helpers > started_.load(std::memory_order_relaxed)) start(helpers);
    ++regions_;
    if (const uint32_t asleep = sleepers_) wake(regions_, std::min(asleep, static_cast<uint32_t>(helpers)));
  }

 private:
  void start(int64_t helpers) {
    const std::lock_guard lock(mutex_);
    for (; started_ < helpers; ++started_) std::thread([this] { serve(); }).detach();
  }

  void serve() {
    const auto self = static_cast<id_t>(syscall(SYS_gettid));
    setpriority(PRIO_PROCESS, self, std::max(getpriority(PRIO_PROCESS, self), kNiceness));
    // What a part calls of ATen starts no team of its own.
    at::get_num_threads();
    if (omp_set_num_threads) omp_set_num_threads(1);
    for (;;) {
      const uint32_t seen = regions_;
      bool worked = false;
      for (Slot& slot : slots_) worked |= slot.help();
      if (worked) continue;
      for (int spin = 0; spin < kSpins && regions_ == seen; ++spin) pause();
      if (regions_ != seen) continue;
      ++sleepers_;
      sleep_while(regions_, seen);
      --sleepers_;
    }
  }

  Slot slots_[kSlots];
  alignas(64) Word regions_{0};  // laid out so far
  alignas(64) Word sleepers_{0};
  std::atomic<int64_t> started_{0};
  std::mutex mutex_;
};

// Never destroyed: its threads run until the process ends.
Pool& pool() {
  static Pool& instance = *new Pool;
  return instance;
}

}  // namespace

int64_t threads_here() { return within ? 1 : std::min<int64_t>(at::get_num_threads(), kMostShares); }

void share_parts(const char* name, int64_t parts, int64_t threads, void (*run)(const void*, int64_t),
                 const void* body) {
  threads = std::min({threads, parts, threads_here()});
  Slot* const slot = threads > 1 ? pool().slot() : nullptr;
  if (!slot) {
    const Span span(name);
    for (int64_t part = 0; part < parts; ++part) run(body, part);
    return;
  }
  Region region(name, slot->shares, parts, threads, run, body);
  slot->region = &region;
  pool().call(threads - 1);
  region.work();
  slot->finish();
  region.rethrow();
}

}  // namespace torch_lora
