#pragma once
// Seeds and dropout of the operators as the kernels take them.
#include <ATen/core/Tensor.h>

#include <optional>

#include "cuda/device.h"

namespace torch_lora::cuda {

// Neither copies nor waits where the seed lies on the device.
inline Seed kernel_seed(const at::Tensor& seed) {
  if (seed.is_cuda()) return {0, seed.const_data_ptr<int64_t>()};
  return {static_cast<uint64_t>(seed.item<int64_t>()), nullptr};
}

// Active when a seed is given.
template <class A>
Dropout<A> kernel_dropout(double p, const std::optional<at::Tensor>& seed) {
  if (!seed.has_value()) return {};
  return {true, kernel_seed(*seed), drop_bound(p), static_cast<A>(keep_scale(p))};
}

}  // namespace torch_lora::cuda
