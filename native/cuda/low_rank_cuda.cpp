// The skinny products of lora::linear on CUDA, by the kernels of low_rank_kernels.cu.
#include "ops/low_rank.h"

#include "ops/pch.h"

#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "cuda/dispatch.h"
#include "cuda/low_rank_kernels.h"
#include "cuda/seed.h"

namespace torch_lora::cuda {
namespace {

using Optional = std::optional<at::Tensor>;

constexpr const char* kName = "linear";

at::Tensor rows_contiguous(const at::Tensor& x) { return x.stride(1) == 1 || x.size(1) == 1 ? x : x.contiguous(); }

// The adapters of a call, as tensors that the kernel's pointers may point into.
struct Adapters {
  std::vector<at::Tensor> weight, a, b;
  int64_t rank = 0;
  at::ScalarType type;
  bool one_type = true;
};

Adapters adapters_of(at::TensorList weight, const OptionalTensors& lora_A, const OptionalTensors& lora_B) {
  Adapters result;
  result.type = weight[0].scalar_type();
  for (size_t i = 0; i < weight.size(); ++i) {
    result.weight.push_back(rows_contiguous(weight[i]));
    const Optional a = lora_A.get(i), b = lora_B.get(i);
    result.a.push_back(a.has_value() ? rows_contiguous(*a) : at::Tensor());
    result.b.push_back(b.has_value() ? rows_contiguous(*b) : at::Tensor());
    if (!a.has_value()) continue;
    if (result.rank == 0) result.type = a->scalar_type();
    result.one_type &= a->scalar_type() == result.type && b->scalar_type() == result.type;
    result.rank += a->size(0);
  }
  return result;
}

template <class T, class P, class A>
void run_blocks(const Adapters& adapters, at::ArrayRef<double> scaling, bool joined, const at::Tensor& rows,
                const at::Tensor& columns) {
  BlocksArguments<T, P> a{};
  int64_t rank = 0;
  for (const auto& weight : adapters.weight) {
    auto& part = a.parts[a.count];
    part.weight = read<T>(weight);
    part.weight_row = weight.stride(0);
    part.out = weight.size(0);
    part.offset = a.out;
    part.rank_offset = rank;
    part.scaling = scaling[a.count];
    const at::Tensor &lora_A = adapters.a[a.count], &lora_B = adapters.b[a.count];
    if (lora_A.defined()) {
      part.a = read<P>(lora_A);
      part.a_row = lora_A.stride(0);
      part.b = read<P>(lora_B);
      part.b_row = lora_B.stride(0);
      part.rank = lora_A.size(0);
    }
    a.out += part.out;
    rank += part.rank;
    ++a.count;
  }
  a.in = rows.size(1);
  a.pad = rows.size(0);
  a.joined = joined;
  a.rows = written<T>(rows);
  a.columns = written<T>(columns);
  low_rank_blocks<T, P, A>(a, c10::cuda::getCurrentCUDAStream());
}

std::tuple<at::Tensor, at::Tensor> make_blocks(at::TensorList weight, const OptionalTensors& lora_A,
                                               const OptionalTensors& lora_B, at::ArrayRef<double> scaling,
                                               bool joined) {
  linear_segments(weight, lora_A, lora_B, scaling);  // for its checks
  TORCH_CHECK_VALUE(!lora_A.empty(), "_low_rank_blocks: expected lora_A with one entry a weight, received none");
  const c10::cuda::CUDAGuard guard(weight[0].device());
  const Adapters adapters = adapters_of(weight, lora_A, lora_B);
  // More segments than the kernel's table holds, or adapters of several types.
  if (weight.size() > kMostParts || !adapters.one_type) {
    return low_rank_blocks_composed(weight, lora_A, lora_B, scaling, joined);
  }
  int64_t out = 0;
  for (const auto& w : weight) out += w.size(0);
  const int64_t in = weight[0].size(1), pad = adapters.rank > 0 ? padded_rank(in, adapters.rank) : 0;
  const at::Tensor rows = at::empty({pad, in}, weight[0].options());
  const at::Tensor columns = at::empty({out, (joined ? in : 0) + pad}, weight[0].options());
  dispatch(kName, rows, [&](auto types) {
    using T = typename decltype(types)::Element;
    using A = typename decltype(types)::Math;
    if (adapters.type == rows.scalar_type()) {
      run_blocks<T, T, A>(adapters, scaling, joined, rows, columns);
    } else if constexpr (!std::is_same_v<T, A>) {
      run_blocks<T, A, A>(adapters, scaling, joined, rows, columns);  // a float32 adapter under half precision
    }
  });
  return {rows, columns};
}

template <class T, class P, class A>
void run_gradients(const Optional& all_A, const Optional& all_B, const std::vector<at::Tensor>& made,
                   at::TensorList weight, const OptionalTensors& lora_A, at::ArrayRef<double> scaling) {
  GradientsArguments<T, P> a{};
  a.in = weight[0].size(1);
  if (all_A.has_value()) a.all_a = read<T>(*all_A);
  if (all_B.has_value()) {
    a.all_b = read<T>(*all_B);
    a.b_row = all_B->stride(0);
  }
  const size_t count = weight.size();
  int64_t offset = 0, rank = 0;
  for (size_t i = 0; i < count; offset += weight[i++].size(0)) {
    const Optional lora = lora_A.get(i);
    auto& part = a.parts[a.count++];
    part.a = written<P>(made[i]);
    part.b = written<P>(made[count + i]);
    part.out = weight[i].size(0);
    part.offset = offset;
    part.rank = lora.has_value() ? lora->size(0) : 0;
    part.rank_offset = rank;
    part.scaling = scaling[i];
    rank += part.rank;
  }
  low_rank_gradients<T, P, A>(a, c10::cuda::getCurrentCUDAStream());
}

std::vector<at::Tensor> make_gradients(const Optional& all_A, const Optional& all_B, at::TensorList weight,
                                       const OptionalTensors& lora_A, const OptionalTensors& lora_B,
                                       at::ArrayRef<double> scaling, at::IntArrayRef needs) {
  check_low_rank_gradients(all_A, all_B, weight, lora_A, lora_B, scaling, needs);
  const Optional from_A = all_A.has_value() ? Optional(all_A->contiguous()) : Optional();
  const Optional from_B = all_B.has_value() ? Optional(rows_contiguous(*all_B)) : Optional();
  const Adapters adapters = adapters_of(weight, lora_A, lora_B);
  if (weight.size() > kMostParts || !adapters.one_type) {
    return low_rank_gradients_composed(all_A, all_B, weight, lora_A, lora_B, scaling, needs);
  }
  const c10::cuda::CUDAGuard guard(weight[0].device());
  const size_t count = weight.size();
  std::vector<at::Tensor> made(2 * count), found;
  for (size_t i = 0; i < 2 * count; ++i) {
    if (!needs[i]) continue;
    const Optional like = i < count ? lora_A.get(i) : lora_B.get(i - count);
    found.push_back(made[i] = at::empty(like->sizes(), like->options()));
  }
  dispatch(kName, weight[0], [&](auto types) {
    using T = typename decltype(types)::Element;
    using A = typename decltype(types)::Math;
    if (adapters.type == weight[0].scalar_type()) {
      run_gradients<T, T, A>(from_A, from_B, made, weight, lora_A, scaling);
    } else if constexpr (!std::is_same_v<T, A>) {
      run_gradients<T, A, A>(from_A, from_B, made, weight, lora_A, scaling);
    }
  });
  return found;
}

// Without a mask there is nothing to keep apart. The padding's ranks are zero and go with the last segment's.
RankParts parts_of(at::IntArrayRef ranks, int64_t pad, bool masked) {
  RankParts parts{1, {pad}};
  if (!masked || ranks.empty()) return parts;
  parts.count = static_cast<int>(ranks.size());
  int64_t end = 0;
  for (size_t i = 0; i < ranks.size(); ++i) parts.ends[i] = end += ranks[i];
  parts.ends[parts.count - 1] = pad;
  return parts;
}

std::tuple<at::Tensor, at::Tensor> run_project(const at::Tensor& x, const at::Tensor& rows, at::IntArrayRef ranks,
                                               double dropout_p, const Optional& seed, bool joined) {
  check_low_rank_project(x, rows, ranks, dropout_p, seed);
  if (ranks.size() > kMostParts) return low_rank_project_composed(x, rows, ranks, dropout_p, seed, joined);
  const c10::cuda::CUDAGuard guard(x.device());
  const at::Tensor source = rows_contiguous(x);
  const int64_t tokens = x.size(0), in = x.size(1), pad = rows.size(0);
  const at::Tensor both = joined ? at::empty({tokens, in + pad}, x.options()) : at::Tensor();
  const at::Tensor low = at::empty({tokens, pad}, x.options());
  dispatch(kName, x, [&](auto types) {
    using T = typename decltype(types)::Element;
    using A = typename decltype(types)::Math;
    low_rank_project(ProjectArguments<T>{read<T>(source), source.stride(0), read<T>(rows), written<T>(low),
                                         written<T>(both), tokens, in, pad, parts_of(ranks, pad, seed.has_value())},
                     kernel_dropout<A>(dropout_p, seed), c10::cuda::getCurrentCUDAStream());
  });
  return {joined ? both : at::empty({0}, x.options()), low};
}

at::Tensor run_expand(const at::Tensor& low, const at::Tensor& matrix, const Optional& bias, at::IntArrayRef ranks,
                      double dropout_p, const Optional& seed) {
  check_low_rank_expand(low, matrix, bias, ranks, dropout_p, seed);
  if (ranks.size() > kMostParts) return low_rank_expand_composed(low, matrix, bias, ranks, dropout_p, seed);
  const c10::cuda::CUDAGuard guard(low.device());
  const at::Tensor source = low.contiguous();
  const at::Tensor shift = bias.has_value() ? bias->contiguous() : at::Tensor();
  const at::Tensor y = at::empty({low.size(0), matrix.size(1)}, low.options());
  dispatch(kName, y, [&](auto types) {
    using T = typename decltype(types)::Element;
    using A = typename decltype(types)::Math;
    low_rank_expand(ExpandArguments<T>{read<T>(source), read<T>(matrix), matrix.stride(0), matrix.stride(1),
                                       read<T>(shift), written<T>(y), y.size(0), y.size(1), low.size(1),
                                       parts_of(ranks, low.size(1), seed.has_value())},
                    kernel_dropout<A>(dropout_p, seed), c10::cuda::getCurrentCUDAStream());
  });
  return y;
}

}  // namespace

TORCH_LIBRARY_IMPL(lora, CUDA, m) {
  m.impl("_low_rank_blocks", make_blocks);
  m.impl("_low_rank_gradients", make_gradients);
  m.impl("_low_rank_project", run_project);
  m.impl("_low_rank_expand", run_expand);
}

}  // namespace torch_lora::cuda
