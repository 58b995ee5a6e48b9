#pragma once
// Which tensors our own CPU kernels take; everything else runs as a composition of ATen operators.
#include <ATen/core/Tensor.h>
#include <c10/core/DispatchKey.h>
#include <c10/util/Exception.h>

#include <optional>
#include <type_traits>

#include "ops/cpu/kernels.h"
#include "ops/random.h"

namespace torch_lora {

inline bool has_kernels(const at::Tensor& tensor) {
  if (!tensor.device().is_cpu()) return false;
  const at::ScalarType type = tensor.scalar_type();
  return type == at::kFloat || type == at::kDouble || type == at::kBFloat16;
}

// Our CPU kernels, called by name, take no other types.
inline void check_kernels(const char* op, const at::Tensor& tensor) {
  TORCH_CHECK_TYPE(has_kernels(tensor), op, ": expected float32, float64 or bfloat16 on the CPU, received ",
                   tensor.scalar_type(), " on ", tensor.device());
}

// Meta tensors take the kernels' path, whose operators have Meta kernels.
inline bool has_kernels_or_meta(const at::Tensor& tensor) { return has_kernels(tensor) || tensor.is_meta(); }

// Whether an operator has a kernel of ours for such a tensor; everything else takes a composition. The CUDA ones lie in
// a library of their own, which may not be here.
template <class Operator>
bool has_own_kernel(const Operator& op, const at::Tensor& tensor) {
  return has_kernels_or_meta(tensor) || (tensor.is_cuda() && op.hasKernelForDispatchKey(c10::DispatchKey::CUDA));
}

// Calls body(T{}) with the element type of a tensor that has_kernels().
template <class Body>
void dispatch_kernels(const at::Tensor& tensor, Body body) {
  switch (tensor.scalar_type()) {
    case at::kFloat:
      return body(float{});
    case at::kBFloat16:
      return body(cpu::bf16{});
    default:
      return body(double{});
  }
}

// A tensor's elements as the kernels know them.
template <class T>
const T* elements(const at::Tensor& tensor) {
  if constexpr (std::is_same_v<T, cpu::bf16>) {
    return reinterpret_cast<const T*>(tensor.const_data_ptr<at::BFloat16>());
  } else {
    return tensor.const_data_ptr<T>();
  }
}
template <class T>
T* mutable_elements(const at::Tensor& tensor) {
  if constexpr (std::is_same_v<T, cpu::bf16>) {
    return reinterpret_cast<T*>(tensor.data_ptr<at::BFloat16>());
  } else {
    return tensor.data_ptr<T>();
  }
}

// Dropout as a kernel takes it: active when a seed is given.
template <class T>
cpu::Dropout<cpu::Real<T>> kernel_dropout(double p, const std::optional<at::Tensor>& seed, int64_t first_row = 0) {
  if (!seed.has_value()) return {};
  return {true, static_cast<uint64_t>(seed->item<int64_t>()), drop_bound(p), static_cast<cpu::Real<T>>(keep_scale(p)),
          static_cast<uint64_t>(first_row)};
}

}  // namespace torch_lora
