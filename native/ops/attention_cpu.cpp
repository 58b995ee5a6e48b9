// lora::varlen_attention on this machine's kernels.
#include "ops/pch.h"

#include <ATen/OpMathType.h>

#include <limits>

#include "ops/attention.h"
#include "ops/attention_tasks.h"
#include "ops/cpu/scratch.h"
#include "ops/device.h"

namespace torch_lora {
namespace {

using Optional = std::optional<at::Tensor>;

std::tuple<at::Tensor, at::Tensor> forward(const at::Tensor& qkv, const at::Tensor& cu_seqlens,
                                           const at::Tensor& max_seqlen, double dropout_p, double scale,
                                           const Optional& seed, int64_t window_left, int64_t window_right) {
  check_attention("_varlen_attention_forward", qkv, cu_seqlens, max_seqlen, dropout_p, seed);
  check_kernels("_varlen_attention_forward", qkv);
  const Window window{window_left, window_right};
  check_window("_varlen_attention_forward", window);
  const auto bounds = sequence_bounds("varlen_attention", cu_seqlens, max_seqlen, qkv.size(0));
  const at::Tensor source = last_contiguous(qkv);
  at::Tensor out = at::empty({qkv.size(0), qkv.size(2), qkv.size(3)}, qkv.options());
  at::Tensor logsumexp =
      at::empty({qkv.size(2), qkv.size(0)}, qkv.options().dtype(at::toOpMathType(qkv.scalar_type())));
  dispatch_kernels(qkv, [&](auto zero) {
    using T = decltype(zero);
    cpu::Attention<T> a = attention_arguments<T>(source, dropout_p, scale, seed, window);
    a.out = mutable_elements<T>(out);
    a.logsumexp = logsumexp.data_ptr<cpu::Real<T>>();
    const auto& kernels = cpu::kernels<T>();
    run_tasks(attention_tasks(bounds, a.heads, kForwardRows, window), [&](const AttentionTask& task) {
      void* scratch =
          cpu::thread_scratch(kernels.attention_scratch(a, task.length, task.query_end - task.query, false));
      kernels.attention_forward(a, task.start, task.length, task.head, task.query, task.query_end, scratch);
    });
  });
  return {out, logsumexp};
}

at::Tensor backward(const at::Tensor& grad, const at::Tensor& qkv, const at::Tensor& out, const at::Tensor& logsumexp,
                    const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen, double dropout_p, double scale,
                    const Optional& seed, int64_t window_left, int64_t window_right) {
  check_attention_backward("_varlen_attention_backward", grad, qkv, out, logsumexp, cu_seqlens, max_seqlen, dropout_p,
                           seed);
  check_kernels("_varlen_attention_backward", qkv);
  const Window window{window_left, window_right};
  check_window("_varlen_attention_backward", window);
  const auto bounds = sequence_bounds("varlen_attention", cu_seqlens, max_seqlen, qkv.size(0));
  const at::Tensor source = last_contiguous(qkv);
  const at::Tensor dout = last_contiguous(grad), attended = out.contiguous(), sums = logsumexp.contiguous();
  at::Tensor dqkv = at::empty(qkv.sizes(), qkv.options());
  dispatch_kernels(qkv, [&](auto zero) {
    using T = decltype(zero);
    cpu::Attention<T> a = attention_arguments<T>(source, dropout_p, scale, seed, window);
    a.out = const_cast<T*>(elements<T>(attended));
    a.logsumexp = const_cast<cpu::Real<T>*>(sums.const_data_ptr<cpu::Real<T>>());
    a.dout = elements<T>(dout);
    a.dout_token_stride = dout.stride(0);
    a.dout_head_stride = dout.stride(1);
    a.dqkv = mutable_elements<T>(dqkv);
    const auto& kernels = cpu::kernels<T>();
    const int64_t all = std::numeric_limits<int64_t>::max();
    run_tasks(attention_tasks(bounds, a.heads, all, window), [&](const AttentionTask& task) {
      void* scratch = cpu::thread_scratch(kernels.attention_scratch(a, task.length, task.length, true));
      kernels.attention_backward(a, task.start, task.length, task.head, scratch);
    });
  });
  return dqkv;
}

}  // namespace

TORCH_LIBRARY_IMPL(lora, CPU, m) {
  m.impl("_varlen_attention_forward", forward);
  m.impl("_varlen_attention_backward", backward);
}

}  // namespace torch_lora
