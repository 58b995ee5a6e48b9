#pragma once
// The arguments of lora::dropout_add_layer_norm's kernels on any device; the functions serve the library of CUDA
// kernels too.
#include <ATen/core/Tensor.h>

#include <optional>

namespace torch_lora {

// x and residual [..., H], weight and bias [H], all of one type on one device.
[[gnu::visibility("default")]] void check_layer_norm(const at::Tensor& x, const at::Tensor& residual,
                                                     const at::Tensor& weight, const at::Tensor& bias, double dropout_p,
                                                     const std::optional<at::Tensor>& seed);

// grad and normalized [..., H], rstd [..., 1] in the type of arithmetic, weight [H], four needs.
[[gnu::visibility("default")]] void check_layer_norm_backward(const at::Tensor& grad, const at::Tensor& normalized,
                                                              const at::Tensor& rstd, const at::Tensor& weight,
                                                              double dropout_p, const std::optional<at::Tensor>& seed,
                                                              at::IntArrayRef needs);

}  // namespace torch_lora
