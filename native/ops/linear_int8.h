#pragma once
// Products with frozen weights as 8-bit codes, as C++ calls; see cpu/int8.h.
#include <ATen/core/Tensor.h>

namespace torch_lora {

// x W^T + b for x [T, in] of float and what prepack_linear_int8 makes of the weights. [T, sum of out]
at::Tensor int8_product(const at::Tensor& x, const at::Tensor& packed, at::IntArrayRef out, at::TensorList bias,
                        bool gelu);

// dy W for dy [T, sum of out] and what prepack_linear_int8 makes of the same weights transposed: the very codes that
// int8_product multiplies with. [T, in]
at::Tensor int8_product_transposed(const at::Tensor& dy, const at::Tensor& packed_t, int64_t in);

// Whether `packed` holds such codes.
inline bool holds_codes(const at::Tensor& packed) { return packed.defined() && packed.scalar_type() == at::kChar; }

}  // namespace torch_lora
