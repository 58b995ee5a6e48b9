#include "ops/trace.h"

#include "ops/pch.h"

#include <ATen/record_function.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <mutex>

namespace torch_lora {

// Visible to the core too, as what Span calls is.
[[gnu::visibility("default")]] std::atomic<bool> tracing{false};

namespace {

struct Trace {
  std::mutex mutex;
  std::vector<TraceEvent> events;
  at::CallbackHandle handle = 0;
};

Trace& trace() {
  static Trace instance;
  return instance;
}

void keep(std::string name, int64_t begin) {
  const int64_t end = trace_clock();
  const std::lock_guard lock(trace().mutex);
  if (tracing) trace().events.push_back({std::move(name), syscall(SYS_gettid), begin, end});
}

struct Began : at::ObserverContext {
  int64_t at = trace_clock();
};

std::unique_ptr<at::ObserverContext> entered(const at::RecordFunction&) { return std::make_unique<Began>(); }

void left(const at::RecordFunction& function, at::ObserverContext* context) {
  keep(function.name(), static_cast<Began*>(context)->at);
}

}  // namespace

[[gnu::visibility("default")]] int64_t trace_clock() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{1000000000} * now.tv_sec + now.tv_nsec;
}

[[gnu::visibility("default")]] void keep_event(const char* name, int64_t begin) { keep(name, begin); }

void start_trace() {
  const std::lock_guard lock(trace().mutex);
  if (tracing.exchange(true)) return;
  trace().handle = at::addGlobalCallback(at::RecordFunctionCallback(entered, left)
                                             .scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION}));
}

std::vector<TraceEvent> take_trace() {
  const std::lock_guard lock(trace().mutex);
  if (tracing.exchange(false)) at::removeCallback(trace().handle);
  return std::exchange(trace().events, {});
}

}  // namespace torch_lora
