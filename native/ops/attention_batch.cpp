// Checks and defaults that every attention operator shares.
#include "ops/pch.h"

#include <ATen/OpMathType.h>

#include <cmath>

#include "ops/attention.h"
#include "ops/check.h"
#include "ops/random_ops.h"

namespace torch_lora {

std::vector<int64_t> sequence_bounds(const char* op, const at::Tensor& cu_seqlens, int64_t tokens) {
  const at::Tensor host = cu_seqlens.cpu().contiguous();
  const auto* values = host.data_ptr<int32_t>();
  const std::vector<int64_t> bounds(values, values + host.numel());
  TORCH_CHECK_VALUE(bounds.front() == 0, op, ": expected cu_seqlens to start at 0, received ", bounds.front());
  for (size_t b = 0; b + 1 < bounds.size(); ++b) {
    TORCH_CHECK_VALUE(bounds[b] <= bounds[b + 1], op, ": expected cu_seqlens never to decrease, received ", bounds[b],
                      " then ", bounds[b + 1], " at index ", b + 1);
  }
  TORCH_CHECK_VALUE(bounds.back() == tokens, op, ": expected cu_seqlens to end at the number of tokens ", tokens,
                    ", received ", bounds.back());
  return bounds;
}

std::vector<int64_t> sequence_bounds(const char* op, const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen,
                                     int64_t tokens) {
  const int64_t longest = longest_sequence(op, max_seqlen);
  std::vector<int64_t> bounds = sequence_bounds(op, cu_seqlens, tokens);
  for (size_t b = 0; b + 1 < bounds.size(); ++b) {
    const int64_t length = bounds[b + 1] - bounds[b];
    TORCH_CHECK_VALUE(length <= longest, op, ": sequence ", b, " has ", length, " tokens, more than max_seqlen ",
                      longest);
  }
  return bounds;
}

void check_attention(const char* op, const at::Tensor& qkv, const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen,
                     double dropout_p, const std::optional<at::Tensor>& seed) {
  check_dropout(op, dropout_p);
  const Checks checks(op, "qkv", qkv);
  TORCH_CHECK_VALUE(qkv.dim() == 4 && qkv.sym_size(1) == 3 && qkv.sym_size(2) > 0 && qkv.sym_size(3) > 0, op,
                    ": expected qkv [T, 3, N, D], received ", qkv.sym_sizes());
  check_cu_seqlens(op, cu_seqlens, qkv.device());
  check_max_seqlen(op, max_seqlen);
  checks.seed(seed);
}

void check_attention_backward(const char* op, const at::Tensor& grad, const at::Tensor& qkv, const at::Tensor& out,
                              const at::Tensor& logsumexp, const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen,
                              double dropout_p, const std::optional<at::Tensor>& seed) {
  check_attention(op, qkv, cu_seqlens, max_seqlen, dropout_p, seed);
  const Checks checks(op, "qkv", qkv);
  const auto tokens = qkv.sym_size(0), heads = qkv.sym_size(2), size = qkv.sym_size(3);
  checks.tensor("grad", grad, {tokens, heads, size});
  checks.tensor("out", out, {tokens, heads, size});
  checks.tensor("logsumexp", logsumexp, {heads, tokens}, at::toOpMathType(qkv.scalar_type()));
}

int64_t longest_of(const std::vector<int64_t>& bounds) {
  int64_t longest = 0;
  for (size_t b = 0; b + 1 < bounds.size(); ++b) longest = std::max(longest, bounds[b + 1] - bounds[b]);
  return longest;
}

int64_t longest_sequence(const char* op, const at::Tensor& max_seqlen) {
  check_max_seqlen(op, max_seqlen);
  const int64_t longest = max_seqlen.item<int64_t>();
  TORCH_CHECK_VALUE(longest >= 0 && longest <= kLongestSequence, op, ": expected max_seqlen from 0 to ",
                    kLongestSequence, ", received ", longest);
  return longest;
}

double attention_scale(std::optional<double> scale, int64_t head_size) {
  return scale.value_or(1.0 / std::sqrt(static_cast<double>(head_size)));
}

}  // namespace torch_lora
