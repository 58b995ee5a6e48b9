#pragma once
// Pieces of variable-length attention shared by the operator, its kernels and the references.
#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

namespace torch_lora {

// The keys that a query sees: `left` before and `right` behind itself, -1 for all there are.
struct Window {
  int64_t left = -1, right = -1;

  bool all() const { return left < 0 && right < 0; }
  // At most `tokens`, which is as good as all.
  int64_t before(int64_t tokens) const { return left < 0 || left > tokens ? tokens : left; }
  int64_t behind(int64_t tokens) const { return right < 0 || right > tokens ? tokens : right; }
};

// Reads cu_seqlens [B + 1] (int32) and raises ValueError unless it starts at 0, never decreases, ends at
// `tokens` and no sequence is longer than max_seqlen. `op` names the operator in the message.
std::vector<int64_t> sequence_bounds(const char* op, const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen,
                                     int64_t tokens);

// The same for sequences of any length.
std::vector<int64_t> sequence_bounds(const char* op, const at::Tensor& cu_seqlens, int64_t tokens);

// Raises ValueError unless qkv is [T, 3, N, D], cu_seqlens int32 on the same device and max_seqlen an integer scalar.
// Like all here that is visible, for the library of CUDA kernels too.
[[gnu::visibility("default")]] void check_attention(const char* op, const at::Tensor& qkv, const at::Tensor& cu_seqlens,
                                                    const at::Tensor& max_seqlen, double dropout_p,
                                                    const std::optional<at::Tensor>& seed = std::nullopt);

// The same, and grad and out [T, N, D], logsumexp [N, T] in the type of arithmetic.
[[gnu::visibility("default")]] void check_attention_backward(const char* op, const at::Tensor& grad,
                                                             const at::Tensor& qkv, const at::Tensor& out,
                                                             const at::Tensor& logsumexp, const at::Tensor& cu_seqlens,
                                                             const at::Tensor& max_seqlen, double dropout_p,
                                                             const std::optional<at::Tensor>& seed);

// The longest of sequences with these bounds: never more than max_seqlen, which may be rounded up.
int64_t longest_of(const std::vector<int64_t>& bounds);

// The value of max_seqlen. ValueError unless it is an integer from 0 to kLongestSequence.
[[gnu::visibility("default")]] int64_t longest_sequence(const char* op, const at::Tensor& max_seqlen);

// ValueError unless both sides are -1 or more.
inline void check_window(const char* op, const Window& window) {
  TORCH_CHECK_VALUE(window.left >= -1 && window.right >= -1, op,
                    ": expected a window of -1 (no limit) or more on both sides, received ", window.left, " and ",
                    window.right);
}

// The operator with its derivative, and without: what a device's own kernel falls back to.
at::Tensor varlen_attention_autograd(const at::Tensor& qkv, const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen,
                                     double dropout_p, std::optional<double> scale, int64_t window_left,
                                     int64_t window_right);
at::Tensor varlen_attention_below_autograd(const at::Tensor& qkv, const at::Tensor& cu_seqlens,
                                           const at::Tensor& max_seqlen, double dropout_p, std::optional<double> scale,
                                           int64_t window_left, int64_t window_right);

// The same in differentiable ATen operators, a sequence at a time.
at::Tensor varlen_attention_reference(const at::Tensor& qkv, const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen,
                                      double dropout_p, std::optional<double> scale,
                                      const std::optional<at::Tensor>& seed, int64_t window_left, int64_t window_right);

// With rows that kernels can read: the last dimension contiguous.
inline at::Tensor last_contiguous(const at::Tensor& x) { return x.stride(-1) == 1 ? x : x.contiguous(); }

// 1 / sqrt(D) unless given.
double attention_scale(std::optional<double> scale, int64_t head_size);

// What the library of CUDA kernels knows of a device and a call [T, 3, N, D]: whether libtorch's flash attention is
// built for the device, whether the tiles of disentangled attention fit into its shared memory, and whether sequences
// of at most `longest` tokens are each one block's work, with a derivative that is the same in every run.
struct CudaAttention {
  bool (*flash)(const at::Tensor& qkv);
  bool (*tiles)(const at::Tensor& qkv);
  bool (*brief)(const at::Tensor& qkv, int64_t longest);
};
[[gnu::visibility("default")]] void register_cuda_attention(CudaAttention attention);

}  // namespace torch_lora
