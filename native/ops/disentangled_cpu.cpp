// lora::disentangled_attention on this machine's kernels.
#include "ops/pch.h"

#include <ATen/OpMathType.h>

#include <limits>

#include "ops/attention.h"
#include "ops/attention_tasks.h"
#include "ops/cpu/scratch.h"
#include "ops/disentangled.h"

namespace torch_lora {
namespace {

using Optional = std::optional<at::Tensor>;

// Gradients of the position tables are sums over sequences. Sequences are dealt to this many groups, whose partial
// sums are added in order: a number of its own, so that results do not depend on the threads.
constexpr int64_t kGroups = 4;

// The position tables in the type of arithmetic and the row table, kept alive while kernels read them.
template <class T>
struct Tables {
  at::Tensor key, query, rows;
  cpu::Positions<T> positions{};

  Tables(const Optional& pos_key, const Optional& pos_query, int64_t longest, const RelativePositions& relative) {
    rows = relative_position_rows(std::max<int64_t>(longest, 1), relative);
    const auto& any = pos_key.has_value() ? pos_key : pos_query;
    const int64_t first = any.has_value() ? first_row(*any, rows, relative) : 0;
    if (first > 0) rows = rows - first;
    positions.index = rows.const_data_ptr<int32_t>() + rows.numel() / 2;
    positions.span = relative.span() - first;
    positions.exact_low = -relative.exact();
    positions.exact_high = relative.exact() - 1;
    if (pos_key.has_value()) {
      key = last_contiguous(pos_key->to(c10::CppTypeToScalarType<T>::value));
      positions.key = key.const_data_ptr<T>();
      positions.key_row = key.stride(0);
      positions.key_head = key.stride(1);
    }
    if (pos_query.has_value()) {
      query = last_contiguous(pos_query->to(c10::CppTypeToScalarType<T>::value));
      positions.query = query.const_data_ptr<T>();
      positions.query_row = query.stride(0);
      positions.query_head = query.stride(1);
    }
  }

  int64_t in_reach(int64_t length) const { return positions.index[length - 1] - positions.index[1 - length] + 1; }
};

std::tuple<at::Tensor, at::Tensor> forward(const at::Tensor& qkv, const Optional& pos_key, const Optional& pos_query,
                                           const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen,
                                           int64_t position_buckets, int64_t max_position, double dropout_p,
                                           double scale, const Optional& seed) {
  check_disentangled("_disentangled_attention_forward", qkv, pos_key, pos_query, cu_seqlens, max_seqlen,
                     {position_buckets, max_position}, dropout_p, seed);
  check_kernels("_disentangled_attention_forward", qkv);
  const auto bounds = sequence_bounds("disentangled_attention", cu_seqlens, max_seqlen, qkv.size(0));
  const at::Tensor source = last_contiguous(qkv);
  at::Tensor out = at::empty({qkv.size(0), qkv.size(2), qkv.size(3)}, qkv.options());
  at::Tensor logsumexp =
      at::empty({qkv.size(2), qkv.size(0)}, qkv.options().dtype(at::toOpMathType(qkv.scalar_type())));
  dispatch_kernels(qkv, [&](auto zero) {
    using T = decltype(zero);
    const auto& kernels = cpu::kernels<T>();
    const Tables<cpu::Real<T>> tables(pos_key, pos_query, max_seqlen.item<int64_t>(), {position_buckets, max_position});
    cpu::Attention<T> a = attention_arguments<T>(source, dropout_p, scale, seed);
    a.out = mutable_elements<T>(out);
    a.logsumexp = logsumexp.data_ptr<cpu::Real<T>>();
    run_tasks(attention_tasks(bounds, a.heads, kForwardRows), [&](const AttentionTask& task) {
      void* scratch = cpu::thread_scratch(
          kernels.disentangled_scratch(task.length, a.head_size, tables.in_reach(task.length), false));
      kernels.disentangled_forward(a, tables.positions, task.start, task.length, task.head, task.query, task.query_end,
                                   scratch);
    });
  });
  return {out, logsumexp};
}

std::vector<at::Tensor> backward(const at::Tensor& grad, const at::Tensor& qkv, const Optional& pos_key,
                                 const Optional& pos_query, const at::Tensor& out, const at::Tensor& logsumexp,
                                 const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen, int64_t position_buckets,
                                 int64_t max_position, double dropout_p, double scale, const Optional& seed,
                                 at::IntArrayRef needs) {
  check_disentangled_backward(grad, qkv, pos_key, pos_query, out, logsumexp, cu_seqlens, max_seqlen,
                              {position_buckets, max_position}, dropout_p, seed, needs);
  check_kernels("_disentangled_attention_backward", qkv);
  const auto bounds = sequence_bounds("disentangled_attention", cu_seqlens, max_seqlen, qkv.size(0));
  const at::Tensor source = last_contiguous(qkv), dout = last_contiguous(grad), attended = out.contiguous(),
                   sums = logsumexp.contiguous();
  at::Tensor dqkv = at::empty(qkv.sizes(), qkv.options());
  const auto sequences = static_cast<int64_t>(bounds.size()) - 1;
  const int64_t groups = std::clamp<int64_t>(sequences, 1, kGroups), heads = qkv.size(2);
  const auto partial_sums = [&](const Optional& table, bool needed) {
    if (!needed) return at::Tensor();
    return at::zeros({groups, table->size(0), table->size(1), table->size(2)},
                     qkv.options().dtype(at::toOpMathType(qkv.scalar_type())));
  };
  const at::Tensor dkey = partial_sums(pos_key, needs[0]), dquery = partial_sums(pos_query, needs[1]);
  dispatch_kernels(qkv, [&](auto zero) {
    using T = decltype(zero);
    const auto& kernels = cpu::kernels<T>();
    const Tables<cpu::Real<T>> tables(pos_key, pos_query, max_seqlen.item<int64_t>(), {position_buckets, max_position});
    cpu::Attention<T> a = attention_arguments<T>(source, dropout_p, scale, seed);
    a.out = const_cast<T*>(elements<T>(attended));
    a.logsumexp = const_cast<cpu::Real<T>*>(sums.const_data_ptr<cpu::Real<T>>());
    a.dout = elements<T>(dout);
    a.dout_token_stride = dout.stride(0);
    a.dout_head_stride = dout.stride(1);
    a.dqkv = mutable_elements<T>(dqkv);
    using R = cpu::Real<T>;
    const auto run = [&](const cpu::Positions<R>& positions, int64_t start, int64_t length, int64_t head) {
      void* scratch =
          cpu::thread_scratch(kernels.disentangled_scratch(length, a.head_size, tables.in_reach(length), true));
      kernels.disentangled_backward(a, positions, start, length, head, scratch);
    };
    if (!needs[0] && !needs[1]) {
      run_tasks(attention_tasks(bounds, heads, std::numeric_limits<int64_t>::max()),
                [&](const AttentionTask& task) { run(tables.positions, task.start, task.length, task.head); });
      return;
    }
    int64_t work = 0;
    for (int64_t b = 0; b < sequences; ++b) work += heads * (bounds[b + 1] - bounds[b]) * (bounds[b + 1] - bounds[b]);
    run_tasks(static_cast<size_t>(groups * heads), work, [&](size_t task) {
      const int64_t group = static_cast<int64_t>(task) / heads, head = static_cast<int64_t>(task) % heads;
      cpu::Positions<R> positions = tables.positions;
      if (needs[0]) positions.dkey = dkey[group].data_ptr<R>();
      if (needs[1]) positions.dquery = dquery[group].data_ptr<R>();
      for (int64_t b = group; b < sequences; b += groups) {
        if (bounds[b + 1] > bounds[b]) run(positions, bounds[b], bounds[b + 1] - bounds[b], head);
      }
    });
  });
  std::vector<at::Tensor> result{dqkv};
  if (needs[0]) result.push_back(dkey.sum(0).to(qkv.scalar_type()));
  if (needs[1]) result.push_back(dquery.sum(0).to(qkv.scalar_type()));
  return result;
}

}  // namespace

TORCH_LIBRARY_IMPL(lora, CPU, m) {
  m.impl("_disentangled_attention_forward", forward);
  m.impl("_disentangled_attention_backward", backward);
}

}  // namespace torch_lora
