// lora::varlen_attention on CUDA: short sequences of half and bfloat16 go to the kernels of disentangled attention,
// without positions, which take each whole: one launch forward and one backward. Longer ones go to libtorch's own
// variable-length flash attention, which brings its derivative with it, where it takes the head size and the device;
// everything else to the tiles of disentangled attention, where they are at hand and fit and no window is asked for,
// else to the composition, which waits for the lengths. Compiles without CUDA headers.
#include "ops/attention.h"

#include "ops/pch.h"

#include "ops/dispatch.h"
#include "ops/random_ops.h"

namespace torch_lora {
namespace {

// Calls an operator with arguments by name and its own defaults for the rest: its list grows between versions.
c10::IValue call_by_name(const char* name, const std::vector<std::pair<std::string, c10::IValue>>& arguments) {
  const auto op = c10::Dispatcher::singleton().findSchemaOrThrow(name, "");
  torch::jit::Stack stack;
  for (const auto& argument : op.schema().arguments()) {
    const auto given = std::find_if(arguments.begin(), arguments.end(),
                                    [&](const auto& pair) { return pair.first == argument.name(); });
    if (given != arguments.end()) {
      stack.push_back(given->second);
    } else {
      TORCH_CHECK(argument.default_value().has_value(), name, ": this libtorch needs an argument '", argument.name(),
                  "' that torch-lora does not know");
      stack.push_back(*argument.default_value());
    }
  }
  op.callBoxed(stack);
  return stack.front();
}

at::Tensor flash(const at::Tensor& qkv, const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen, double dropout_p,
                 double scale, const Window& window) {
  const int64_t longest = longest_sequence("varlen_attention", max_seqlen);
  // The kernel counts in 32 bits; -1 stays.
  const int64_t left = std::min(window.left, longest), right = std::min(window.right, longest);
  const auto parts = qkv.unbind(1);  // three of [T, N, D]
  return call_by_name("aten::_flash_attention_forward", {{"query", parts[0]},
                                                         {"key", parts[1]},
                                                         {"value", parts[2]},
                                                         {"cum_seq_q", cu_seqlens},
                                                         {"cum_seq_k", cu_seqlens},
                                                         {"max_q", longest},
                                                         {"max_k", longest},
                                                         {"dropout_p", dropout_p},
                                                         {"is_causal", false},
                                                         {"return_debug_mask", false},
                                                         {"scale", scale},
                                                         {"window_size_left", left},
                                                         {"window_size_right", right}})
      .toTensor();
}

using Disentangled = at::Tensor(const at::Tensor&, const std::optional<at::Tensor>&, const std::optional<at::Tensor>&,
                                const at::Tensor&, const at::Tensor&, int64_t, int64_t, double, std::optional<double>);

// Null functions where the library of CUDA kernels is not here.
CudaAttention& known() {
  static CudaAttention attention{};
  return attention;
}

// Half or bfloat16, heads of at most 256 in steps of 8, and a device of compute capability 8.0.
bool takes_flash(const at::Tensor& qkv) {
  const auto type = qkv.scalar_type();
  if ((type != at::kHalf && type != at::kBFloat16) || qkv.dim() != 4) return false;
  const int64_t head_size = qkv.size(3);
  return head_size % 8 == 0 && head_size <= 256 && (known().flash == nullptr || known().flash(qkv));
}

bool takes_tiles(const at::Tensor& qkv) { return known().tiles != nullptr && qkv.dim() == 4 && known().tiles(qkv); }

// Checks the arguments, since it reads one.
bool takes_brief(const at::Tensor& qkv, const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen, double dropout_p) {
  if (known().brief == nullptr) return false;
  check_attention("varlen_attention", qkv, cu_seqlens, max_seqlen, dropout_p);
  return known().brief(qkv, longest_sequence("varlen_attention", max_seqlen));
}

at::Tensor disentangled(const at::Tensor& qkv, const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen,
                        double dropout_p, std::optional<double> scale) {
  static const auto op = find_operator<Disentangled>("lora::disentangled_attention");
  return op.call(qkv, std::nullopt, std::nullopt, cu_seqlens, max_seqlen, /*position_buckets=*/0, /*max_position=*/1,
                 dropout_p, scale);
}

template <class Otherwise>
at::Tensor on_cuda(Otherwise otherwise, const at::Tensor& qkv, const at::Tensor& cu_seqlens,
                   const at::Tensor& max_seqlen, double dropout_p, std::optional<double> scale, int64_t window_left,
                   int64_t window_right) {
  const Window window{window_left, window_right};
  check_window("varlen_attention", window);
  if (window.all() && takes_brief(qkv, cu_seqlens, max_seqlen, dropout_p)) {
    return disentangled(qkv, cu_seqlens, max_seqlen, dropout_p, scale);
  }
  if (!takes_flash(qkv)) {
    return window.all() && takes_tiles(qkv)
               ? disentangled(qkv, cu_seqlens, max_seqlen, dropout_p, scale)
               : otherwise(qkv, cu_seqlens, max_seqlen, dropout_p, scale, window_left, window_right);
  }
  check_attention("varlen_attention", qkv, cu_seqlens, max_seqlen, dropout_p);
  return flash(qkv, cu_seqlens, max_seqlen, dropout_p, attention_scale(scale, qkv.size(3)), window);
}

at::Tensor autograd(const at::Tensor& qkv, const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen, double dropout_p,
                    std::optional<double> scale, int64_t window_left, int64_t window_right) {
  return on_cuda(varlen_attention_autograd, qkv, cu_seqlens, max_seqlen, dropout_p, scale, window_left, window_right);
}

at::Tensor below_autograd(const at::Tensor& qkv, const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen,
                          double dropout_p, std::optional<double> scale, int64_t window_left, int64_t window_right) {
  return on_cuda(varlen_attention_below_autograd, qkv, cu_seqlens, max_seqlen, dropout_p, scale, window_left,
                 window_right);
}

}  // namespace

void register_cuda_attention(CudaAttention attention) { known() = attention; }

TORCH_LIBRARY_IMPL(lora, AutogradCUDA, m) { m.impl("varlen_attention", autograd); }
TORCH_LIBRARY_IMPL(lora, CUDA, m) { m.impl("varlen_attention", below_autograd); }

}  // namespace torch_lora
