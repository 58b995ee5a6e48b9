#pragma once
// What ran when on which thread, kept while somebody asks for it (bench/trace.ts). While nobody does a span costs the
// reading of one flag.
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace torch_lora {

struct TraceEvent {
  std::string name;
  int64_t thread;      // the system's number of it
  int64_t begin, end;  // nanoseconds of the clock that never goes back, as process.hrtime's
};

// From here on spans are kept, those of every operator and autograd node that libtorch's dispatcher calls among them.
[[gnu::visibility("default")]] void start_trace();
// Ends that, and gives what was kept.
[[gnu::visibility("default")]] std::vector<TraceEvent> take_trace();

extern std::atomic<bool> tracing;
int64_t trace_clock();
void keep_event(const char* name, int64_t begin);

// From its construction to its end, on the thread that it lives on. `name` outlives the trace.
class Span {
 public:
  explicit Span(const char* name) : name_(name) {
    if (tracing.load(std::memory_order_relaxed)) begin_ = trace_clock();
  }
  ~Span() {
    if (begin_ != 0) keep_event(name_, begin_);
  }
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;

 private:
  const char* name_;
  int64_t begin_ = 0;
};

}  // namespace torch_lora
