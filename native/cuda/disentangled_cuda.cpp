// lora::disentangled_attention on CUDA: half and bfloat16 on tensor cores by the kernels of
// fragment_attention_kernels.cu, where a head and the device's shared memory allow it; all else by those of
// disentangled_kernels.cu.
#include "ops/pch.h"

#include <ATen/OpMathType.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <map>
#include <mutex>

#include "cuda/disentangled_kernels.h"
#include "cuda/dispatch.h"
#include "cuda/seed.h"
#include "cuda/fragment_attention_kernels.h"
#include "ops/attention.h"
#include "ops/disentangled.h"

namespace torch_lora::cuda {
namespace {

using Optional = std::optional<at::Tensor>;

constexpr const char* kName = "disentangled_attention";

int attribute(const at::Tensor& tensor, cudaDeviceAttr which) {
  int value = 0;
  C10_CUDA_CHECK(cudaDeviceGetAttribute(&value, which, tensor.device().index()));
  return value;
}

int64_t shared_memory(const at::Tensor& tensor) { return attribute(tensor, cudaDevAttrMaxSharedMemoryPerBlockOptin); }

// The tensor cores' instruction is Ampere's, as is libtorch's flash attention.
bool is_ampere(const at::Tensor& qkv) { return attribute(qkv, cudaDevAttrComputeCapabilityMajor) >= 8; }

bool takes_fragments(const at::Tensor& qkv, int64_t longest, bool bands) {
  const auto type = qkv.scalar_type();
  return (type == at::kHalf || type == at::kBFloat16) && qkv.size(3) <= tiles::kMostHead && is_ampere(qkv) &&
         fragment_attention_bytes(static_cast<int>(longest), bands) <= shared_memory(qkv);
}

// Whether every run of four at the head of a row can be loaded at once.
bool in_fours(const at::Tensor& rows) {
  const auto bytes = static_cast<uintptr_t>(kRun * rows.element_size());
  bool aligned = reinterpret_cast<uintptr_t>(rows.const_data_ptr()) % bytes == 0;
  for (int64_t i = 0; i + 1 < rows.dim(); ++i) aligned &= rows.stride(i) % kRun == 0;
  return aligned;
}

// The row of every distance on the device, for lengths up to a power of two. Copied once and kept: a captured
// CUDA graph goes on reading the table that it was captured with.
at::Tensor device_rows(int64_t length, const RelativePositions& positions, at::Device device) {
  int64_t longest = 512;
  while (longest < length) longest *= 2;
  static std::mutex mutex;
  // Never destroyed: the CUDA runtime may be gone before static objects are.
  static auto& tables = *new std::map<std::tuple<int64_t, int64_t, int64_t, int>, at::Tensor>();
  const std::lock_guard<std::mutex> lock(mutex);
  at::Tensor& table = tables[{longest, positions.buckets, positions.max_position, device.index()}];
  if (!table.defined()) table = relative_position_rows(longest, positions).to(device);
  return table;
}

// What the kernels read besides gradients, and the tensors that keep it alive.
struct Call {
  at::Tensor source, key, query, rows, bounds;
  int sequences, longest;
  int32_t first;

  Call(const at::Tensor& qkv, const Optional& pos_key, const Optional& pos_query, const at::Tensor& cu_seqlens,
       const at::Tensor& max_seqlen, const RelativePositions& positions)
      : source(last_contiguous(qkv)),
        bounds(cu_seqlens.to(qkv.device(), at::kInt).contiguous()),
        sequences(static_cast<int>(cu_seqlens.size(0)) - 1),
        longest(static_cast<int>(longest_sequence(kName, max_seqlen))) {
    const at::Tensor reach = relative_position_rows(std::max(longest, 1), positions);
    rows = device_rows(longest, positions, qkv.device());
    const auto& any = pos_key.has_value() ? pos_key : pos_query;
    first = any.has_value() ? static_cast<int32_t>(first_row(*any, reach, positions)) : 0;
    if (pos_key.has_value()) key = last_contiguous(*pos_key);
    if (pos_query.has_value()) query = last_contiguous(*pos_query);
  }

  bool takes_fragments() const { return cuda::takes_fragments(source, longest, key.defined() || query.defined()); }
  bool in_fours() const {
    bool aligned = cuda::in_fours(source);
    for (const at::Tensor& table : {key, query}) aligned &= !table.defined() || cuda::in_fours(table);
    return aligned;
  }

  template <class T, class A>
  tiles::Arguments<T, A> arguments(const at::Tensor& out, const at::Tensor& logsumexp, double dropout_p, double scale,
                                   const Optional& seed) const {
    tiles::Arguments<T, A> a{};
    a.qkv = static_cast<const T*>(source.const_data_ptr());
    a.token_stride = source.stride(0);
    a.part_stride = source.stride(1);
    a.head_stride = source.stride(2);
    if (key.defined()) {
      a.pos_key = static_cast<const T*>(key.const_data_ptr());
      a.key_row_stride = key.stride(0);
      a.key_head_stride = key.stride(1);
    }
    if (query.defined()) {
      a.pos_query = static_cast<const T*>(query.const_data_ptr());
      a.query_row_stride = query.stride(0);
      a.query_head_stride = query.stride(1);
    }
    a.row_of_distance = rows.const_data_ptr<int32_t>() + rows.numel() / 2;
    a.first_row = first;
    a.cu_seqlens = bounds.const_data_ptr<int32_t>();
    a.tokens = source.size(0);
    a.heads = static_cast<int>(source.size(2));
    a.head_size = static_cast<int>(source.size(3));
    a.scale = static_cast<A>(scale);
    a.dropout = kernel_dropout<A>(dropout_p, seed);
    a.out = static_cast<T*>(const_cast<void*>(out.const_data_ptr()));
    a.logsumexp = const_cast<A*>(logsumexp.const_data_ptr<A>());
    return a;
  }
};

std::tuple<at::Tensor, at::Tensor> forward(const at::Tensor& qkv, const Optional& pos_key, const Optional& pos_query,
                                           const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen,
                                           int64_t position_buckets, int64_t max_position, double dropout_p,
                                           double scale, const Optional& seed) {
  check_disentangled("_disentangled_attention_forward", qkv, pos_key, pos_query, cu_seqlens, max_seqlen,
                     {position_buckets, max_position}, dropout_p, seed);
  const c10::cuda::CUDAGuard guard(qkv.device());
  const Call call(qkv, pos_key, pos_query, cu_seqlens, max_seqlen, {position_buckets, max_position});
  const at::Tensor out = at::empty({qkv.size(0), qkv.size(2), qkv.size(3)}, qkv.options());
  const at::Tensor logsumexp =
      at::empty({qkv.size(2), qkv.size(0)}, qkv.options().dtype(at::toOpMathType(qkv.scalar_type())));
  dispatch(kName, qkv, [&](auto types) {
    using T = typename decltype(types)::Element;
    using A = typename decltype(types)::Math;
    const auto a = call.arguments<T, A>(out, logsumexp, dropout_p, scale, seed);
    const auto stream = c10::cuda::getCurrentCUDAStream();
    if constexpr (!std::is_same_v<T, A>) {
      if (call.takes_fragments()) {
        return fragment_attention_forward(a, call.sequences, call.longest, {call.in_fours(), false}, stream);
      }
    }
    disentangled_forward(a, call.sequences, call.longest, stream);
  });
  return {out, logsumexp};
}

// The tables' gradients are added up by atomic operations in the type of arithmetic: their last bits depend on the
// order.
std::vector<at::Tensor> backward(const at::Tensor& grad, const at::Tensor& qkv, const Optional& pos_key,
                                 const Optional& pos_query, const at::Tensor& out, const at::Tensor& logsumexp,
                                 const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen, int64_t position_buckets,
                                 int64_t max_position, double dropout_p, double scale, const Optional& seed,
                                 at::IntArrayRef needs) {
  check_disentangled_backward(grad, qkv, pos_key, pos_query, out, logsumexp, cu_seqlens, max_seqlen,
                              {position_buckets, max_position}, dropout_p, seed, needs);
  const c10::cuda::CUDAGuard guard(qkv.device());
  const Call call(qkv, pos_key, pos_query, cu_seqlens, max_seqlen, {position_buckets, max_position});
  const at::Tensor dout = last_contiguous(grad), attended = out.contiguous(), logs = logsumexp.contiguous();
  const at::Tensor dqkv = at::empty(qkv.sizes(), qkv.options());
  const auto math = at::toOpMathType(qkv.scalar_type());
  const auto sums = [&](const Optional& table, bool needed) {
    return needed ? at::zeros(table->sizes(), qkv.options().dtype(math)) : at::Tensor();
  };
  const at::Tensor dkey = sums(pos_key, needs[0]), dquery = sums(pos_query, needs[1]);
  dispatch(kName, qkv, [&](auto types) {
    using T = typename decltype(types)::Element;
    using A = typename decltype(types)::Math;
    auto a = call.arguments<T, A>(attended, logs, dropout_p, scale, seed);
    a.dout = static_cast<const T*>(dout.const_data_ptr());
    a.dout_token_stride = dout.stride(0);
    a.dout_head_stride = dout.stride(1);
    a.dqkv = static_cast<T*>(dqkv.mutable_data_ptr());
    if (dkey.defined()) a.dkey = dkey.mutable_data_ptr<A>();
    if (dquery.defined()) a.dquery = dquery.mutable_data_ptr<A>();
    const auto stream = c10::cuda::getCurrentCUDAStream();
    const bool fragments = call.takes_fragments();
    at::Tensor delta;  // [T, N]
    if (!fragments || call.longest > tiles::kMostRows) {
      delta = at::empty({out.size(0), out.size(1)}, qkv.options().dtype(math));
      disentangled_delta(a, delta.mutable_data_ptr<A>(), stream);
      a.delta = delta.const_data_ptr<A>();
    }
    if constexpr (!std::is_same_v<T, A>) {
      if (fragments) {
        return fragment_attention_backward(a, call.sequences, call.longest, {call.in_fours(), in_fours(dout)}, stream);
      }
    }
    disentangled_backward(a, call.sequences, call.longest, stream);
  });
  std::vector<at::Tensor> result{dqkv};
  for (const auto& sum : {dkey, dquery})
    if (sum.defined()) result.push_back(sum.to(qkv.scalar_type()));
  return result;
}

bool tiles_fit(const at::Tensor& qkv) {
  return disentangled_bytes(static_cast<int>(qkv.size(3)), qkv.scalar_type() == at::kDouble) <= shared_memory(qkv);
}

bool is_brief(const at::Tensor& qkv, int64_t longest) {
  return longest <= tiles::kMostRows && takes_fragments(qkv, longest, false);
}

const bool registered = [] {
  register_cuda_attention({is_ampere, tiles_fit, is_brief});
  return true;
}();

}  // namespace

TORCH_LIBRARY_IMPL(lora, CUDA, m) {
  m.impl("_disentangled_attention_forward", forward);
  m.impl("_disentangled_attention_backward", backward);
}

}  // namespace torch_lora::cuda
