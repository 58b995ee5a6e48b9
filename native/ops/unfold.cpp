// lora::unfold_sequences: each token beside its neighbours, for a convolution along packed sequences.
#include "ops/pch.h"

#include "ops/attention.h"
#include "ops/check.h"

namespace torch_lora {
namespace {

// x [T, H] -> [T, H kernel_size]: y[t][h kernel_size + j] = x[t + j - kernel_size / 2][h] where that token belongs to
// the same sequence, else 0: then y W^T is the convolution with a kernel [out, H, kernel_size] seen as [out, H
// kernel_size], each sequence padded with zeros at both ends. Composed of ATen operators, which differentiate it.
at::Tensor unfold_sequences(const at::Tensor& x, const at::Tensor& cu_seqlens, int64_t kernel_size) {
  const char* name = "unfold_sequences";
  const Checks checks(name, "x", x);
  checks.dims(2, "[T, H]");
  TORCH_CHECK_VALUE(kernel_size % 2 == 1 && kernel_size > 0 && kernel_size < kLongestSequence, name,
                    ": expected an odd kernel_size below ", kLongestSequence, ", received ", kernel_size);
  check_cu_seqlens(name, cu_seqlens, x.device());
  checked_elements(name, {x.size(0), x.size(1), kernel_size});
  const int64_t tokens = x.size(0);
  if (x.is_cpu()) sequence_bounds(name, cu_seqlens, tokens);  // elsewhere it waits
  const auto options = cu_seqlens.options();
  const at::Tensor token = at::arange(tokens, options);  // [T]
  const at::Tensor sequence = at::searchsorted(cu_seqlens.slice(0, 1), token, /*out_int32=*/true, /*right=*/true);
  const auto bound = [&](const at::Tensor& of) { return cu_seqlens.index_select(0, of).unsqueeze(1); };  // [T, 1]
  const at::Tensor neighbour = token.unsqueeze(1) + at::arange(kernel_size, options) - kernel_size / 2;  // [T, k]
  const at::Tensor within = neighbour.ge(bound(sequence)).logical_and(neighbour.lt(bound(sequence + 1)));
  const at::Tensor index = neighbour.masked_fill(within.logical_not(), tokens);  // row `tokens` is the zero row
  const at::Tensor padded = at::cat({x, x.new_zeros({1, x.size(1)})});           // [T + 1, H]
  const at::Tensor near = padded.index_select(0, index.view(-1)).view({tokens, kernel_size, x.size(1)});
  return near.transpose(1, 2).reshape({tokens, x.size(1) * kernel_size});
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(lora, m) { m.def("unfold_sequences(Tensor x, Tensor cu_seqlens, int kernel_size) -> Tensor"); }
TORCH_LIBRARY_IMPL(lora, CompositeImplicitAutograd, m) { m.impl("unfold_sequences", unfold_sequences); }

}  // namespace torch_lora
