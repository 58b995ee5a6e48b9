// gloo: processes over TCP, for what lies on the CPU.
#include "glibc_2_28.h"

#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include <numeric>

#include "distributed/group.h"

namespace torch_lora::distributed {

namespace {

c10::intrusive_ptr<c10d::Backend> make_gloo(const c10::intrusive_ptr<c10d::Store>& store, const Membership& membership,
                                            const std::string& group) {
  // create_default, not a device of our own: it follows GLOO_SOCKET_IFNAME and TORCH_GLOO_LAZY_INIT as in Python.
  const auto options = c10d::ProcessGroupGloo::Options::create_default(membership.timeout);
  options->global_ranks_in_group.resize(membership.size);
  std::iota(options->global_ranks_in_group.begin(), options->global_ranks_in_group.end(), 0);
  options->group_name = group;
  return c10::make_intrusive<c10d::ProcessGroupGloo>(store, membership.rank, membership.size, options);
}

const bool registered = [] {
  register_backend(c10::kCPU, c10d::ProcessGroup::BackendType::GLOO, make_gloo);
  return true;
}();

}  // namespace

}  // namespace torch_lora::distributed
