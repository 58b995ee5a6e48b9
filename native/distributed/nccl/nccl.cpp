// NCCL: GPUs, over NVLink or InfiniBand where there are.
#include "glibc_2_28.h"

#define USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include <numeric>

#include "distributed/group.h"

namespace torch_lora::distributed {

namespace {

std::string dotted(int version) {
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

c10::intrusive_ptr<c10d::Backend> make_nccl(const c10::intrusive_ptr<c10d::Store>& store, const Membership& membership,
                                            const std::string& group) {
  // The options hold a struct of NCCL's by value, which grows from version to version.
  int version = 0;
  const bool asked = ncclGetVersion(&version) == ncclSuccess;
  TORCH_CHECK_VALUE(asked && version == NCCL_VERSION_CODE, "this addon was compiled for NCCL ",
                    dotted(NCCL_VERSION_CODE), ", the one that is loaded is ", dotted(version),
                    ": install the nvidia-nccl wheel that this PyTorch names, or init({ backend: 'gloo' })");
  const auto options = c10d::ProcessGroupNCCL::Options::create(/*is_high_priority_stream=*/false);
  options->timeout = membership.timeout;
  options->global_ranks_in_group.resize(membership.size);
  std::iota(options->global_ranks_in_group.begin(), options->global_ranks_in_group.end(), 0);
  options->group_name = group;
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, membership.rank, membership.size, options);
}

const bool registered = [] {
  register_backend(c10::kCUDA, c10d::ProcessGroup::BackendType::NCCL, make_nccl);
  return true;
}();

}  // namespace

}  // namespace torch_lora::distributed
