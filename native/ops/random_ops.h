#pragma once
// The random operators as C++ calls, for the operator files that use them.
#include <ATen/core/Tensor.h>
#include <c10/core/SymIntArrayRef.h>

namespace torch_lora {

// Raises ValueError unless 0 <= p <= 1. Visible to the library of CUDA kernels too.
[[gnu::visibility("default")]] void check_dropout(const char* op, double p);

// The arguments of lora::_dropout and lora::dropout_mask on any device.
[[gnu::visibility("default")]] void check_apply_dropout(const at::Tensor& x, const at::Tensor& seed, double p,
                                                        int64_t first_row);
[[gnu::visibility("default")]] void check_dropout_mask(const char* op, const at::Tensor& seed, at::IntArrayRef size,
                                                       double p, const at::Tensor& like);

// One int64 scalar from the default generator: the only state any lora:: random operator reads. On the CPU; while a
// CUDA graph is captured it may lie on the device, where only kernels may read it (Seed in random.h).
at::Tensor draw_seed();

// x * mask(seed), rows being all dimensions but the last; the mask holds 0 and 1 / (1 - p). Row 0 of x takes row
// `first_row` of the mask.
at::Tensor apply_dropout(const at::Tensor& x, const at::Tensor& seed, double p, int64_t first_row = 0);

// lora::dropout, with its derivative.
at::Tensor dropout(const at::Tensor& x, double p);

// The mask itself, in the dtype and on the device of `like`.
at::Tensor dropout_mask(const at::Tensor& seed, c10::SymIntArrayRef size, double p, const at::Tensor& like);

}  // namespace torch_lora
