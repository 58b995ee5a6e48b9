#pragma once
// The ranks of one run: PyTorch's store, its process group, and who is there. What
// torch.distributed.init_process_group() does, with its names and prefixes, so that a rank may be a Python process.
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <chrono>
#include <memory>
#include <string>

#include "distributed/watch.h"

namespace torch_lora::distributed {

// Where a rank goes, and as whom.
struct Membership {
  std::string host;
  uint16_t port = 0;
  bool agent = false;  // the launcher keeps the store; else rank 0 does
  int rank = 0;
  int size = 1;
  int attempt = 0;  // how often a launcher has restarted the run
  std::chrono::milliseconds timeout{};
};

// How one kind of process group is made. A library of its own registers each, since each needs what not every libtorch
// has (gloo, NCCL).
using BackendFactory = c10::intrusive_ptr<c10d::Backend> (*)(const c10::intrusive_ptr<c10d::Store>& store,
                                                             const Membership& membership, const std::string& group);
[[gnu::visibility("default")]] void register_backend(c10::DeviceType device, c10d::ProcessGroup::BackendType type,
                                                     BackendFactory factory);

struct World {
  Membership membership;
  c10::intrusive_ptr<c10d::Store> store;
  std::shared_ptr<Roll> roll;
  std::shared_ptr<Watch> watch;
  c10::intrusive_ptr<c10d::ProcessGroup> group;
  bool broken = false;    // by an error of this rank's own
  bool given_up = false;  // an exchange, in which a thread of the group still waits
};

// Meets the other ranks. Throws c10::DistError: who is missing, which port is taken.
void join(const Membership& membership);

// An error of libtorch's or gloo's as the end of a sentence: without a stack, a place in the source, and advice.
std::string reason_of(const std::exception& error);

// The world that was joined, which stays while the pointer is held. Throws where there is none.
std::shared_ptr<World> world();
bool has_world();

// Ends it, after which another may be joined. Waits for no one.
void leave();

}  // namespace torch_lora::distributed
