#pragma once
// The skinny products of lora::linear as C++ calls: compositions of ATen operators, and kernels of their own on CUDA.
#include "ops/linear.h"

namespace torch_lora {

// Adds the low-rank part to y, or writes it there where y is `fresh`, and gives low [T, R] of x's type:
//   forward    low_i = drop_i(x) A_i^T,  y_i += s_i low_i B_i^T          x [T, in], y [T, out]
//   backward   low_i = s_i x_i B_i,      y   += sum_i drop_i(low_i A_i)  x [T, out], a gradient, y [T, in]
// y is contiguous; undefined where low alone is wanted.
at::Tensor low_rank_update(const LinearSegments& segments, const at::Tensor& y, const at::Tensor& x, double dropout_p,
                           const std::optional<at::Tensor>& seed, bool backward, bool fresh);

// What the gradients of the adapters are formed of. Undefined what no gradient that is asked for needs.
struct AdapterProducts {
  at::Tensor x;       // [T, in]
  at::Tensor low;     // [T, R], low_rank_update's of backward
  at::Tensor dy;      // [T, out]
  at::Tensor skinny;  // [T, R], low_rank_update's of forward
  double dropout_p = 0.0;
  std::optional<at::Tensor> seed;
};

// dA_i = low_i^T drop_i(x) and dB_i = s_i dy_i^T skinny_i of the segments for which `needs` asks, in its order and in
// the adapters' own types.
std::vector<at::Tensor> low_rank_gradients(const LinearSegments& segments, const AdapterProducts& products,
                                           const std::vector<bool>& needs);

// The arguments of the operators, on any device.
[[gnu::visibility("default")]] LinearSegments check_low_rank_update(
    const std::optional<at::Tensor>& y, const at::Tensor& x, at::TensorList weight, const OptionalTensors& lora_A,
    const OptionalTensors& lora_B, at::ArrayRef<double> scaling, double dropout_p,
    const std::optional<at::Tensor>& seed, bool backward);
[[gnu::visibility("default")]] LinearSegments check_low_rank_gradients(
    const std::optional<at::Tensor>& x, const std::optional<at::Tensor>& low, const std::optional<at::Tensor>& dy,
    const std::optional<at::Tensor>& skinny, at::TensorList weight, const OptionalTensors& lora_A,
    const OptionalTensors& lora_B, at::ArrayRef<double> scaling, double dropout_p,
    const std::optional<at::Tensor>& seed, at::IntArrayRef needs);

// The operators composed of ATen's, for any device; what the kernels fall back to.
[[gnu::visibility("default")]] at::Tensor low_rank_update_composed(
    const std::optional<at::Tensor>& y, const at::Tensor& x, at::TensorList weight, const OptionalTensors& lora_A,
    const OptionalTensors& lora_B, at::ArrayRef<double> scaling, double dropout_p,
    const std::optional<at::Tensor>& seed, bool backward, bool fresh);
[[gnu::visibility("default")]] std::vector<at::Tensor> low_rank_gradients_composed(
    const std::optional<at::Tensor>& x, const std::optional<at::Tensor>& low, const std::optional<at::Tensor>& dy,
    const std::optional<at::Tensor>& skinny, at::TensorList weight, const OptionalTensors& lora_A,
    const OptionalTensors& lora_B, at::ArrayRef<double> scaling, double dropout_p,
    const std::optional<at::Tensor>& seed, at::IntArrayRef needs);

}  // namespace torch_lora
