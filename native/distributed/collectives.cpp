// lora_c10d::*: what a program, or a line of JavaScript, calls to work with the other ranks. Each returns when its
// result is there; all of a process run on one thread, the executor's, and so in one order.
#include "glibc_2_28.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd_not_implemented_fallback.h>
#include <torch/library.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <limits>
#include <thread>

#include "distributed/group.h"

namespace torch_lora::distributed {

namespace {

using c10d::ReduceOp;
using Clock = std::chrono::steady_clock;

// How long an exchange is waited for, until it is asked whether another rank has failed.
constexpr std::chrono::milliseconds kSlice{250};
// NCCL's works tell when they are done, but not by waking anyone.
constexpr std::chrono::microseconds kLook{100};
constexpr int kEagerLooks = 1000;

// Collectives that have begun and not ended, of this process.
std::atomic<int> under_way{0};

struct UnderWay {
  explicit UnderWay(Watch& watch) : watch(watch) {
    ++under_way;
    watch.begin();
  }
  ~UnderWay() {
    watch.end();
    --under_way;
  }
  Watch& watch;
};

[[noreturn]] void fail(const World& world, const char* what, Clock::time_point began, const std::string& reason) {
  const auto& [host, port, agent, rank, size, attempt, timeout] = world.membership;
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began).count();
  const std::string verdict = Watch::judge(world.watch);
  Watch::let_others_read(world.watch);
  C10_THROW_ERROR(DistBackendError, "Rank " + std::to_string(rank) + " of " + std::to_string(size) + ": " + what +
                                        " failed after " + std::to_string(waited) + " ms (timeout " +
                                        std::to_string(timeout.count()) + " ms). " + verdict + " (" + reason + ")");
}

// Waits for its end, or until another rank has failed and the ranks know who is to blame. Whether it ended.
bool ended(c10d::Work& work, const Watch& watch) {
  while (watch.verdict().empty()) {
    try {
      return work.wait(kSlice);
    } catch (const std::exception&) {
      if (work.isCompleted()) return work.wait();  // throws again, or has just ended
    }
  }
  return false;
}

// The same for NCCL, of which a wait with a time limit gives the work up at its end.
bool ended_on_gpu(c10d::Work& work, const Watch& watch, std::chrono::milliseconds timeout) {
  const auto until = Clock::now() + timeout;
  for (int looks = 0; !work.isCompleted() && Clock::now() < until; ++looks) {
    if (looks < kEagerLooks) continue;
    if (!watch.verdict().empty()) return false;
    std::this_thread::sleep_for(kLook);
  }
  return work.wait();
}

// Starts what `start` starts and waits for its end. An argument that no backend takes leaves as it is thrown: it says
// nothing about the others.
template <class Start>
void complete(const char* what, at::Device device, Start start) {
  const std::shared_ptr<World> here = world();
  const UnderWay counted(*here->watch);
  const auto began = Clock::now();
  if (here->broken || !here->watch->verdict().empty()) fail(*here, what, began, "a rank failed before");
  try {
    const c10::intrusive_ptr<c10d::Work> work = start(*here->group);
    const bool nccl = here->group->getBackend(device.type())->getBackendName() == "nccl";
    if (nccl ? ended_on_gpu(*work, *here->watch, here->membership.timeout) : ended(*work, *here->watch)) return;
    here->given_up = true;
  } catch (const c10::ValueError&) {
    throw;
  } catch (const c10::TypeError&) {
    throw;
  } catch (const std::exception& error) {
    fail(*here, what, began, reason_of(error));
  }
  fail(*here, what, began, "another rank noticed it");
}

ReduceOp reduction(c10::string_view name) {
  if (name == "sum") return ReduceOp::SUM;
  if (name == "avg") return ReduceOp::AVG;
  if (name == "min") return ReduceOp::MIN;
  if (name == "max") return ReduceOp::MAX;
  TORCH_CHECK_VALUE(false, "op must be sum, avg, min or max, received '", name, "'");
}

// Backends read memory, of which other layouts have none, and meta tensors neither.
void check_dense(const char* name, const at::Tensor& x) {
  TORCH_CHECK_VALUE(x.defined() && x.layout() == at::kStrided && !x.is_meta(), name,
                    " must be a tensor with memory of its own, received ",
                    x.defined() ? c10::str(x.layout(), " on ", x.device()) : "none");
}

// Backends want contiguous memory, and a tensor that is in no graph of autograd.
template <class Body>
at::Tensor& in_place(at::Tensor& x, Body body) {
  check_dense("x", x);
  std::vector<at::Tensor> tensors{x.detach().contiguous()};
  body(tensors);
  if (!x.is_contiguous()) x.copy_(tensors[0]);
  return x;
}

at::Tensor& all_reduce_(at::Tensor& x, c10::string_view op) {
  c10d::AllreduceOptions options;
  options.reduceOp = reduction(op);
  return in_place(x, [&](std::vector<at::Tensor>& tensors) {
    complete("all_reduce", x.device(), [&](c10d::ProcessGroup& group) { return group.allreduce(tensors, options); });
  });
}

at::Tensor& broadcast_(at::Tensor& x, int64_t from) {
  const int size = world()->membership.size;
  TORCH_CHECK_VALUE(from >= 0 && from < size, "from must be a rank, 0 to ", size - 1, ", received ", from);
  c10d::BroadcastOptions options;
  options.rootRank = from;
  return in_place(x, [&](std::vector<at::Tensor>& tensors) {
    complete("broadcast", x.device(), [&](c10d::ProcessGroup& group) { return group.broadcast(tensors, options); });
  });
}

at::Tensor all_gather(const at::Tensor& x) {
  check_dense("x", x);
  std::vector<int64_t> shape{world()->membership.size};
  shape.insert(shape.end(), x.sizes().begin(), x.sizes().end());
  const at::Tensor all = at::empty(shape, x.options().requires_grad(false));  // [W, ...]
  std::vector<at::Tensor> own{x.detach().contiguous()};
  std::vector<std::vector<at::Tensor>> parts{all.unbind(0)};
  complete("all_gather", x.device(), [&](c10d::ProcessGroup& group) { return group.allgather(parts, own); });
  return all;
}

void barrier(std::optional<at::Device> device) {
  c10d::BarrierOptions options;
  options.device = device;
  complete("barrier", device.value_or(at::kCPU), [&](c10d::ProcessGroup& group) { return group.barrier(options); });
}

void join_world(c10::string_view host, int64_t port, bool agent, int64_t rank, int64_t size, int64_t attempt,
                int64_t timeout_ms) {
  constexpr int64_t most = std::numeric_limits<int>::max();
  TORCH_CHECK_VALUE(port >= 0 && port <= std::numeric_limits<uint16_t>::max(),
                    "port must be from 0 to 65535, received ", port);
  TORCH_CHECK_VALUE(size >= 1 && size <= most && rank >= 0 && rank < size,
                    "rank must be from 0 to size - 1, received rank ", rank, " of ", size);
  TORCH_CHECK_VALUE(attempt >= 0 && attempt <= most, "attempt must be from 0 to ", most, ", received ", attempt);
  TORCH_CHECK_VALUE(timeout_ms >= 1 && timeout_ms <= most, "timeout_ms must be from 1 to ", most, ", received ",
                    timeout_ms);
  join({std::string(host), static_cast<uint16_t>(port), agent, static_cast<int>(rank), static_cast<int>(size),
        static_cast<int>(attempt), std::chrono::milliseconds(timeout_ms)});
}

// Makes every parameter's gradient a view of the buffer, one behind the other from its start. Autograd adds in place to
// a gradient that is there.
void adopt_gradients(at::Tensor& buffer, const std::vector<at::Tensor>& parameters) {
  check_dense("buffer", buffer);
  TORCH_CHECK_VALUE(buffer.dim() == 1, "the buffer must have one dimension, received ", buffer.sizes());
  int64_t left = buffer.numel();
  for (const at::Tensor& parameter : parameters) {
    check_dense("parameter", parameter);
    TORCH_CHECK_VALUE(parameter.numel() <= left, "the buffer of ", buffer.numel(),
                      " elements is shorter than the parameters");
    TORCH_CHECK_TYPE(parameter.scalar_type() == buffer.scalar_type() && parameter.device() == buffer.device(),
                     "parameters must be of ", buffer.scalar_type(), " on ", buffer.device(),
                     " like the buffer, received ", parameter.scalar_type(), " on ", parameter.device());
    left -= parameter.numel();
  }
  int64_t at = 0;
  for (const at::Tensor& parameter : parameters) {
    const at::Tensor gradient = buffer.narrow(0, at, parameter.numel()).view(parameter.sizes());
    at::Tensor(parameter).mutable_grad() = gradient;
    at += parameter.numel();
  }
}

// This process owes the others an exchange that will not come: the next one, queued behind, must not take its place.
void break_off() {
  if (!has_world()) return;
  const std::shared_ptr<World> here = world();
  here->broken = true;
  Watch::confess(here->watch);
}

bool is_under_way() { return under_way > 0; }

// Without exit()'s handlers: they join threads, of which one may wait for a rank that is gone.
void exit_now(int64_t code) {
  std::fflush(nullptr);
  _exit(static_cast<int>(code));
}

}  // namespace

TORCH_LIBRARY(lora_c10d, m) {
  m.def("join(str host, int port, bool agent, int rank, int size, int attempt, int timeout_ms) -> ()");
  m.def("leave() -> ()");
  m.def("all_reduce_(Tensor(a!) x, str op='sum') -> Tensor(a!)");
  m.def("broadcast_(Tensor(a!) x, int from_rank=0) -> Tensor(a!)");
  m.def("all_gather(Tensor x) -> Tensor");
  m.def("barrier(Device? device=None) -> ()");
  m.def("adopt_gradients(Tensor(a!) buffer, Tensor[] parameters) -> ()");
  m.def("break_off() -> ()");
  m.def("under_way() -> bool");
  m.def("exit_now(int code) -> ()");
}

TORCH_LIBRARY_IMPL(lora_c10d, CompositeExplicitAutograd, m) {
  m.impl("join", join_world);
  m.impl("leave", leave);
  m.impl("all_reduce_", all_reduce_);
  m.impl("broadcast_", broadcast_);
  m.impl("all_gather", all_gather);
  m.impl("barrier", barrier);
  m.impl("adopt_gradients", adopt_gradients);
  m.impl("break_off", break_off);
  m.impl("under_way", is_under_way);
  m.impl("exit_now", exit_now);
}

// A sum over ranks inside of a loss would want a derivative: an error that names the operator, never a silent zero.
TORCH_LIBRARY_IMPL(lora_c10d, Autograd, m) {
  m.impl("all_reduce_", torch::autograd::autogradNotImplementedFallback());
  m.impl("broadcast_", torch::autograd::autogradNotImplementedFallback());
  m.impl("all_gather", torch::autograd::autogradNotImplementedFallback());
}

}  // namespace torch_lora::distributed
