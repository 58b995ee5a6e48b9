#include "glibc_2_28.h"

#include "distributed/group.h"

#include <ATen/Context.h>
#include <c10/util/Exception.h>
#include <c10/util/Logging.h>
#include <torch/csrc/distributed/c10d/GroupRegistry.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "distributed/bounded.h"

namespace torch_lora::distributed {

namespace {

using c10d::ProcessGroup;

// distributed_c10d.py: the default group's store prefix and name. libtorch's own functional collectives
// (_c10d_functional) find the group by this name too.
constexpr auto kWorldPrefix = "default_pg";
constexpr auto kGroup = "0";

// How long rank 0 keeps the store after it has given up: others, who began to wait later, ask it who is missing.
constexpr std::chrono::seconds kHold{2};

struct Backend {
  ProcessGroup::BackendType type;
  BackendFactory make;
};

// A store stays open when its world is left: the ranks of the next one would else meet it as it closes. What they write
// then has a prefix of its own.
struct Meeting {
  c10::intrusive_ptr<c10d::Store> store;
  int worlds = 0;
};

struct State {
  std::mutex mutex;
  std::map<c10::DeviceType, Backend> backends;
  std::map<std::string, Meeting> meetings;  // by place
  std::shared_ptr<World> world;
  std::vector<c10::intrusive_ptr<c10d::ProcessGroup>> waiting;  // whose end would wait for a rank that is gone
};

// Never destroyed: the threads of a process group may outlive every static of ours.
State& state() {
  static auto& instance = *new State();
  return instance;
}

std::string place(const Membership& membership) { return membership.host + ":" + std::to_string(membership.port); }

std::string self(const Membership& membership) {
  return "Rank " + std::to_string(membership.rank) + " of " + std::to_string(membership.size);
}

std::string time(const Membership& membership) { return std::to_string(membership.timeout.count()) + " ms"; }

[[noreturn]] void fail(const std::string& message) { C10_THROW_ERROR(DistNetworkError, message); }

c10::intrusive_ptr<c10d::Store> open_store(const Membership& membership) {
  c10d::TCPStoreOptions options;
  options.port = membership.port;
  const bool serves = !membership.agent && membership.rank == 0;
  options.isServer = serves;
  options.numWorkers = static_cast<size_t>(membership.size);
  // A client is counted, which a Python process that serves waits for. We do not wait here: later it is known who is
  // missing, not only how many.
  options.waitWorkers = !serves;
  options.timeout = membership.timeout;
  options.multiTenant = serves;
  std::string text = "no answer that a store would give";
  try {
    const auto opened = within(membership.timeout + std::chrono::seconds(1), [host = membership.host, options] {
      return c10::make_intrusive<c10d::TCPStore>(host, options);
    });
    if (opened) return *opened;
  } catch (const std::exception& error) {
    const std::string whole = error.what();
    if (whole.find("EADDRINUSE") != std::string::npos || whole.find("failed to listen") != std::string::npos) {
      fail(
          self(membership) + " cannot keep the store: port " + std::to_string(membership.port) +
          " is in use on this machine, by another run perhaps. Set MASTER_PORT to a free one, the same for all ranks.");
    }
    text = reason_of(error);
  }
  fail(self(membership) + " found no store at " + place(membership) + " within " + time(membership) +
       ": rank 0, or torchrun, keeps it there. Is it running, and do MASTER_ADDR and MASTER_PORT name it on every "
       "machine? (" +
       text + ")");
}

c10::intrusive_ptr<c10d::Store> meet(const Membership& membership) {
  Meeting meeting;
  {
    const std::lock_guard lock(state().mutex);
    meeting = state().meetings[place(membership)];
  }
  if (!meeting.store) meeting.store = open_store(membership);
  c10::intrusive_ptr<c10d::Store> store = meeting.store;
  if (meeting.worlds > 0) {
    store = c10::make_intrusive<c10d::PrefixStore>("world_" + std::to_string(meeting.worlds), store);
  }
  ++meeting.worlds;
  const std::lock_guard lock(state().mutex);
  state().meetings[place(membership)] = meeting;
  return store;
}

c10::intrusive_ptr<ProcessGroup> open_group(const Membership& membership, const c10::intrusive_ptr<c10d::Store>& store,
                                            const std::map<c10::DeviceType, Backend>& backends) {
  const auto prefixed = [](const std::string& prefix, const c10::intrusive_ptr<c10d::Store>& inner) {
    return c10::make_intrusive<c10d::PrefixStore>(prefix, inner);
  };
  const c10::intrusive_ptr<c10d::Store> own = prefixed(std::string(kGroup) + "/", prefixed(kWorldPrefix, store));
  auto group = c10::make_intrusive<ProcessGroup>(own, membership.rank, membership.size);
  for (const auto& [device, backend] : backends) {
    const std::string name = c10::DeviceTypeName(device, /*lower_case=*/true);
    group->setDefaultBackend(backend.type);
    group->setBackend(device, backend.type, backend.make(prefixed(name + "/", own), membership, kGroup));
  }
  // As Python's "gloo": without NCCL, what lies on CUDA goes by way of the CPU.
  if (at::hasCUDA() && !backends.contains(c10::kCUDA)) {
    group->setBackend(c10::kCUDA, backends.at(c10::kCPU).type, group->getBackend(c10::kCPU));
  }
  group->setGroupName(kGroup);
  c10d::register_process_group(kGroup, group);
  return group;
}

}  // namespace

std::string reason_of(const std::exception& error) {
  const auto* known = dynamic_cast<const c10::Error*>(&error);
  std::string text = known != nullptr ? known->what_without_backtrace() : error.what();
  text = text.substr(0, text.find('\n'));
  if (const size_t place = text.find(".cc:"); text.starts_with('[') && place != std::string::npos) {
    const size_t end = text.find("] ", place);
    if (end != std::string::npos) text = text.substr(end + 2);
  }
  return text.substr(0, text.find(". "));
}

void register_backend(c10::DeviceType device, ProcessGroup::BackendType type, BackendFactory factory) {
  const std::lock_guard lock(state().mutex);
  state().backends[device] = {type, factory};
}

void join(const Membership& membership) {
  c10::initLogging();  // reads TORCH_CPP_LOG_LEVEL, which nothing but Python's start would
  std::map<c10::DeviceType, Backend> backends;
  {
    const std::lock_guard lock(state().mutex);
    TORCH_CHECK_VALUE(!state().world, "this process is a rank already: close() first");
    backends = state().backends;
  }
  const auto began = std::chrono::steady_clock::now();
  auto world = std::make_shared<World>();
  world->membership = membership;
  world->store = meet(membership);
  // torchrun's store may outlive a restart (its static rendezvous), with the addresses of processes that are gone. No
  // Python rank looks here then: it would find those addresses, as torch.distributed itself does.
  if (membership.agent && membership.attempt > 0) {
    const std::string prefix = "/worker/attempt_" + std::to_string(membership.attempt);
    world->store = c10::make_intrusive<c10d::PrefixStore>(prefix, world->store);
  }
  const Roll::Self self_there{membership.rank, membership.size, membership.agent};
  world->roll = std::make_shared<Roll>(world->store, self_there);
  try {
    world->roll->sign();
    world->group = open_group(membership, world->store, backends);
    world->roll->read_keeper();
    world->watch = std::make_shared<Watch>(world->store, world->roll);
  } catch (const c10::ValueError&) {
    throw;  // a backend that cannot be used here
  } catch (const std::exception& error) {
    const auto elapsed = std::chrono::steady_clock::now() - began;
    {
      const std::lock_guard lock(state().mutex);
      state().meetings.erase(place(membership));  // another try begins anew
    }
    const std::string waited =
        std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count()) + " ms";
    std::string missing;
    try {
      missing = world->roll->unsigned_ranks();
    } catch (const std::exception&) {
      fail(self(membership) + " lost the store at " + place(membership) + " after " + waited + ": " +
           world->roll->keeper() + " ended, or gave up waiting, and says why. (" + reason_of(error) + ")");
    }
    if (!membership.agent && membership.rank == 0) std::this_thread::sleep_for(kHold);
    if (missing.empty()) {
      fail(self(membership) + " cannot connect to the others, who all came to " + place(membership) + ": " +
           reason_of(error) + " GLOO_SOCKET_IFNAME names the network interface to use.");
    }
    fail(self(membership) + " waited " + waited + " at " + place(membership) + " for all of WORLD_SIZE " +
         std::to_string(membership.size) + "; missing: " + missing +
         ". Start them, or give WORLD_SIZE as many ranks as are started. (" + reason_of(error) + ")");
  }
  Watch::start(world->watch);
  const std::lock_guard lock(state().mutex);
  state().world = std::move(world);
}

std::shared_ptr<World> world() {
  const std::lock_guard lock(state().mutex);
  TORCH_CHECK_VALUE(state().world, "this process is no rank of a group: await distributed.init() first");
  return state().world;
}

bool has_world() {
  const std::lock_guard lock(state().mutex);
  return state().world != nullptr;
}

void leave() {
  std::shared_ptr<World> left;
  {
    const std::lock_guard lock(state().mutex);
    left = std::move(state().world);
  }
  if (!left) return;
  left->watch->stop();
  c10d::unregister_process_group(kGroup);
  if (left->given_up) {
    const std::lock_guard lock(state().mutex);
    state().waiting.push_back(left->group);
  } else {
    left->group->shutdown();
  }
}

}  // namespace torch_lora::distributed
