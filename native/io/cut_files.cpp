#include "cut_files.h"

#include <c10/util/Exception.h>

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <string>

#include "mapped_file.h"

namespace torch_lora {

/// One mapping, in a list that a signal handler walks: entries are added and reused, never freed.
struct Range {
  std::atomic<uintptr_t> begin{0};
  std::atomic<uintptr_t> end{0};  // 0: free
  std::atomic<bool> cut{false};
  Range* next = nullptr;
};

namespace {

std::atomic<Range*> ranges{nullptr};
std::atomic<uint64_t> cuts{0};
std::mutex mutex;  // of those who add and remove
struct sigaction before {};
uintptr_t pageSize = 4096;

Range* rangeOf(uintptr_t address) {
  for (Range* range = ranges.load(std::memory_order_acquire); range != nullptr; range = range->next) {
    const uintptr_t end = range->end.load(std::memory_order_acquire);
    if (address < end && address >= range->begin.load(std::memory_order_relaxed)) return range;
  }
  return nullptr;
}

/// Puts zeros under what is left of the mapping, where the file has nothing any more: a truncated file loses the pages
/// that were written to privately, too. Only calls that the kernel serves.
void onBusError(int signal, siginfo_t* info, void* context) {
  const int error = errno;
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  if (Range* const range = info->si_code == BUS_ADRERR ? rangeOf(address) : nullptr) {
    const uintptr_t page = address / pageSize * pageSize;
    const size_t rest = range->end.load(std::memory_order_relaxed) - page;
    void* const zeros = ::mmap(reinterpret_cast<void*>(page), rest, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
    if (zeros != MAP_FAILED) {
      range->cut.store(true, std::memory_order_release);
      cuts.fetch_add(1, std::memory_order_release);
      errno = error;
      return;
    }
  }
  // Not ours: as it would have been without us.
  if ((before.sa_flags & SA_SIGINFO) != 0 && before.sa_sigaction != nullptr)
    return before.sa_sigaction(signal, info, context);
  if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) return before.sa_handler(signal);
  ::signal(signal, SIG_DFL);  // and the read that is tried again ends the process
}

void installOnce() {
  static const bool installed = [] {
    pageSize = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
    struct sigaction action {};
    action.sa_sigaction = onBusError;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigemptyset(&action.sa_mask);
    return ::sigaction(SIGBUS, &action, &before) == 0;
  }();
  TORCH_CHECK(installed, "the handler of SIGBUS cannot be set");
}

[[noreturn]] void refuse(const std::string& file) {
  throw ChangedFileError(file + " was cut short while its weights were in use: load them again from a whole file.");
}

}  // namespace

GuardedMapping::GuardedMapping(const void* data, size_t bytes) {
  installOnce();
  const std::lock_guard<std::mutex> lock(mutex);
  Range* range = ranges.load(std::memory_order_relaxed);
  while (range != nullptr && range->end.load(std::memory_order_relaxed) != 0) range = range->next;
  if (range == nullptr) {
    range = new Range();
    range->next = ranges.load(std::memory_order_relaxed);
    ranges.store(range, std::memory_order_release);
  }
  const auto begin = reinterpret_cast<uintptr_t>(data);
  range->cut.store(false, std::memory_order_relaxed);
  range->begin.store(begin, std::memory_order_relaxed);
  // Whole pages: the last one's rest reads as zeros.
  range->end.store((begin + bytes + pageSize - 1) / pageSize * pageSize, std::memory_order_release);
  range_ = range;
}

GuardedMapping::~GuardedMapping() { range_->end.store(0, std::memory_order_release); }

void GuardedMapping::checkNotCut(const std::string& file) const {
  if (range_->cut.load(std::memory_order_acquire)) refuse(file);
}

uint64_t cutsSoFar() { return cuts.load(std::memory_order_acquire); }

void checkNotCut(const at::Tensor& tensor) {
  if (cutsSoFar() == 0 || !tensor.defined() || !tensor.device().is_cpu() || !tensor.has_storage()) return;
  const Range* const range = rangeOf(reinterpret_cast<uintptr_t>(tensor.storage().data()));
  if (range != nullptr && range->cut.load(std::memory_order_acquire)) refuse(MappedFile::at(tensor));
}

void checkNotCutSince(uint64_t before) {
  if (cutsSoFar() != before) refuse("A file");
}

}  // namespace torch_lora
