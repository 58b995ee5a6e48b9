#pragma once
// A seed tensor as the kernels take it.
#include <ATen/core/Tensor.h>

#include "ops/random.h"

namespace torch_lora::cuda {

// Neither copies nor waits where the seed lies on the device.
inline Seed kernel_seed(const at::Tensor& seed) {
  if (seed.is_cuda()) return {0, seed.const_data_ptr<int64_t>()};
  return {static_cast<uint64_t>(seed.item<int64_t>()), nullptr};
}

}  // namespace torch_lora::cuda
