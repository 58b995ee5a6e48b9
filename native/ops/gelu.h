#pragma once
// The exact GELU as C++ calls, for the operator files that use it.
#include <ATen/core/Tensor.h>

namespace torch_lora {

// grad * gelu'(x), both of one shape.
at::Tensor gelu_gradient(const at::Tensor& grad, const at::Tensor& x);

}  // namespace torch_lora
