#pragma once
// Which tensors our own CPU kernels take; everything else runs as a composition of ATen operators.
#include <ATen/core/Tensor.h>

namespace torch_lora {

inline bool has_kernels(const at::Tensor& tensor) {
  return tensor.device().is_cpu() && (tensor.scalar_type() == at::kFloat || tensor.scalar_type() == at::kDouble);
}

// Calls body(T{}) with the element type of a tensor that has_kernels().
template <class Body>
void dispatch_kernels(const at::Tensor& tensor, Body body) {
  if (tensor.scalar_type() == at::kFloat) {
    body(float{});
  } else {
    body(double{});
  }
}

}  // namespace torch_lora
