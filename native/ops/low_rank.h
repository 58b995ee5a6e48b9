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

// The ranks of a call's segments, in their order, 0 without an adapter: whose mask is whose (mask_row).
std::vector<int64_t> segment_ranks(const LinearSegments& segments);

// cat_i( drop_i(x) rows_i^T ) [T, pad], and when joined [x | that] before it, else an empty tensor.
std::tuple<at::Tensor, at::Tensor> low_rank_project(const at::Tensor& x, const at::Tensor& rows, at::IntArrayRef ranks,
                                                    double dropout_p, const std::optional<at::Tensor>& seed,
                                                    bool joined);

// low matrix, for matrix [pad, out] of any strides, plus a bias where given; where a seed is given
// sum_i drop_i(low_i matrix_i).
at::Tensor low_rank_expand(const at::Tensor& low, const at::Tensor& matrix, const at::Tensor& bias,
                           at::IntArrayRef ranks, double dropout_p, const std::optional<at::Tensor>& seed);

// The gradients of A and B of the segments for which `needs` asks, in its order and in the adapters' own types, out of
// all_A [pad, in], s dy B x, and all_B [out, R], dy^T low; undefined where none of its kind is asked for.
std::vector<at::Tensor> low_rank_gradients(const LinearSegments& segments, const at::Tensor& all_A,
                                           const at::Tensor& all_B, const std::vector<bool>& needs);

// The arguments of the operators, but for _low_rank_blocks, which linear_segments checks; on any device.
[[gnu::visibility("default")]] void check_low_rank_project(const at::Tensor& x, const at::Tensor& rows,
                                                           at::IntArrayRef ranks, double dropout_p,
                                                           const std::optional<at::Tensor>& seed);
[[gnu::visibility("default")]] void check_low_rank_expand(const at::Tensor& low, const at::Tensor& matrix,
                                                          const std::optional<at::Tensor>& bias, at::IntArrayRef ranks,
                                                          double dropout_p, const std::optional<at::Tensor>& seed);
[[gnu::visibility("default")]] void check_low_rank_gradients(const std::optional<at::Tensor>& all_A,
                                                             const std::optional<at::Tensor>& all_B,
                                                             at::TensorList weight, const OptionalTensors& lora_A,
                                                             const OptionalTensors& lora_B,
                                                             at::ArrayRef<double> scaling, at::IntArrayRef needs);

// The compositions, from the operators' arguments: what the kernels leave to them.
[[gnu::visibility("default")]] std::tuple<at::Tensor, at::Tensor> low_rank_blocks_composed(
    at::TensorList weight, const OptionalTensors& lora_A, const OptionalTensors& lora_B, at::ArrayRef<double> scaling,
    bool joined);
[[gnu::visibility("default")]] std::tuple<at::Tensor, at::Tensor> low_rank_project_composed(
    const at::Tensor& x, const at::Tensor& rows, at::IntArrayRef ranks, double dropout_p,
    const std::optional<at::Tensor>& seed, bool joined);
[[gnu::visibility("default")]] at::Tensor low_rank_expand_composed(const at::Tensor& low, const at::Tensor& matrix,
                                                                   const std::optional<at::Tensor>& bias,
                                                                   at::IntArrayRef ranks, double dropout_p,
                                                                   const std::optional<at::Tensor>& seed);

[[gnu::visibility("default")]] std::vector<at::Tensor> low_rank_gradients_composed(
    const std::optional<at::Tensor>& all_A, const std::optional<at::Tensor>& all_B, at::TensorList weight,
    const OptionalTensors& lora_A, const OptionalTensors& lora_B, at::ArrayRef<double> scaling, at::IntArrayRef needs);

// Columns after `in` for a rank: up to the next multiple of eight elements, sixteen bytes in half precision.
inline int64_t padded_rank(int64_t in, int64_t rank) { return (in + rank + 7) / 8 * 8 - in; }

}  // namespace torch_lora
