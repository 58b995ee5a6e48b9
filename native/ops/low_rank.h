#pragma once
// The skinny products of lora::linear as C++ calls: compositions of ATen operators, and kernels of their own on CUDA.
#include "ops/linear.h"

namespace torch_lora {

// Every segment's adapter in x's type, the rank padded so that a row [x | low] is aligned for tensor cores.
struct LowRankBlocks {
  at::Tensor rows;     // [pad, in]: A above A
  at::Tensor columns;  // [out, pad], s_i B_i on the diagonal; when joined [out, in + pad], W_i before it
};
LowRankBlocks low_rank_blocks(const LinearSegments& segments, bool joined);

// drop(x) rows^T [T, pad], and when joined [x | drop(x) rows^T] before it, else an empty tensor.
std::tuple<at::Tensor, at::Tensor> low_rank_project(const at::Tensor& x, const at::Tensor& rows, double dropout_p,
                                                    const std::optional<at::Tensor>& seed, bool joined);

// low matrix, for matrix [pad, out] of any strides, plus a bias where given, or times the mask of x where a seed is.
at::Tensor low_rank_expand(const at::Tensor& low, const at::Tensor& matrix, const at::Tensor& bias, double dropout_p,
                           const std::optional<at::Tensor>& seed);

// The composition of low_rank_blocks from the operator's arguments: what the kernels leave to it.
[[gnu::visibility("default")]] std::tuple<at::Tensor, at::Tensor> low_rank_blocks_composed(
    at::TensorList weight, const OptionalTensors& lora_A, const OptionalTensors& lora_B, at::ArrayRef<double> scaling,
    bool joined);

// Columns after `in` for a rank: up to the next multiple of eight elements, sixteen bytes in half precision.
inline int64_t padded_rank(int64_t in, int64_t rank) { return (in + rank + 7) / 8 * 8 - in; }

}  // namespace torch_lora
