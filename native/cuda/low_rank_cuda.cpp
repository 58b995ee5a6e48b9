// The skinny products of lora::linear on CUDA, by the kernels of low_rank_kernels.cu.
#include "ops/low_rank.h"

#include "ops/pch.h"

#include <ATen/OpMathType.h>
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
at::Tensor rows_contiguous(const Optional& x) { return x.has_value() ? rows_contiguous(*x) : at::Tensor(); }
at::Tensor contiguous(const Optional& x) { return x.has_value() ? x->contiguous() : at::Tensor(); }

// Whether every run of four that begins at a column of four can be loaded at once.
bool in_fours(const at::Tensor& matrix) {
  const auto bytes = static_cast<uintptr_t>(kRun * matrix.element_size());
  return reinterpret_cast<uintptr_t>(matrix.const_data_ptr()) % bytes == 0 && matrix.stride(0) % kRun == 0;
}

// The type that all adapters of a call share, or none.
std::optional<at::ScalarType> adapter_type(const LinearSegments& segments) {
  std::optional<at::ScalarType> type;
  for (const auto& part : segments.parts) {
    if (part.rank == 0) continue;
    if (!type.has_value()) type = part.lora_A.scalar_type();
    if (part.lora_A.scalar_type() != *type || part.lora_B.scalar_type() != *type) return {};
  }
  return type;
}

// `alive` keeps what the pointers point into.
template <class P>
LowRankParts<P> parts_of(const LinearSegments& segments, std::vector<at::Tensor>& alive) {
  LowRankParts<P> parts{};
  parts.count = static_cast<int>(segments.parts.size());
  parts.in = segments.in;
  parts.out = segments.out;
  parts.rank = segments.rank;
  for (const auto& from : segments.parts) {
    LowRankPart<P>& part = parts.part[from.index];
    part.out = from.out;
    part.offset = from.offset;
    part.rank = from.rank;
    part.rank_offset = from.rank_offset;
    part.scaling = from.scaling;
    if (from.rank == 0) continue;
    const at::Tensor a = alive.emplace_back(rows_contiguous(from.lora_A));
    const at::Tensor b = alive.emplace_back(rows_contiguous(from.lora_B));
    part.a = read<P>(a);
    part.a_row = a.stride(0);
    part.b = read<P>(b);
    part.b_row = b.stride(0);
  }
  return parts;
}

// body(Types<T, A>{}, P{}) for the type of x and that of the adapters.
template <class Body>
void dispatch_adapters(const at::Tensor& x, at::ScalarType adapters, const Body& body) {
  dispatch(kName, x, [&](auto types) {
    using T = typename decltype(types)::Element;
    using A = typename decltype(types)::Math;
    if (adapters == x.scalar_type()) {
      body(types, T{});
    } else if constexpr (!std::is_same_v<T, A>) {
      body(types, A{});  // float32 adapters under half precision
    }
  });
}

at::Tensor run_update(const Optional& y, const at::Tensor& x, at::TensorList weight, const OptionalTensors& lora_A,
                      const OptionalTensors& lora_B, at::ArrayRef<double> scaling, double dropout_p,
                      const Optional& seed, bool backward, bool fresh) {
  const LinearSegments segments =
      check_low_rank_update(y, x, weight, lora_A, lora_B, scaling, dropout_p, seed, backward);
  const auto type = adapter_type(segments);
  // More segments than the kernels' table holds, more ranks than shared memory, or adapters of several types.
  if (segments.parts.size() > kMostParts || !type.has_value() ||
      !update_fits(segments.rank, x.element_size(), c10::elementSize(at::toOpMathType(x.scalar_type())))) {
    return low_rank_update_composed(y, x, weight, lora_A, lora_B, scaling, dropout_p, seed, backward, fresh);
  }
  const c10::cuda::CUDAGuard guard(x.device());
  const at::Tensor source = rows_contiguous(x), low = at::empty({x.size(0), segments.rank}, x.options());
  dispatch_adapters(x, *type, [&](auto types, auto adapter) {
    using T = typename decltype(types)::Element;
    using A = typename decltype(types)::Math;
    std::vector<at::Tensor> alive;
    UpdateArguments<T, decltype(adapter)> a{};
    a.parts = parts_of<decltype(adapter)>(segments, alive);
    a.x = read<T>(source);
    a.x_row = source.stride(0);
    a.tokens = source.size(0);
    a.low = written<T>(low);
    a.y = y.has_value() ? written<T>(*y) : nullptr;
    a.fresh = fresh;
    a.vector_x = in_fours(source);
    a.vector_a = true;
    for (const auto& part : segments.parts) {
      if (backward) a.vector_x &= part.offset % kRun == 0;
      if (part.rank > 0) a.vector_a &= in_fours(rows_contiguous(part.lora_A));
    }
    low_rank_update<T, decltype(adapter), A>(a, backward, kernel_dropout<A>(dropout_p, seed),
                                             c10::cuda::getCurrentCUDAStream());
  });
  return low;
}

std::vector<at::Tensor> run_gradients(const Optional& x, const Optional& low, const Optional& dy,
                                      const Optional& skinny, at::TensorList weight, const OptionalTensors& lora_A,
                                      const OptionalTensors& lora_B, at::ArrayRef<double> scaling, double dropout_p,
                                      const Optional& seed, at::IntArrayRef needs) {
  const LinearSegments segments =
      check_low_rank_gradients(x, low, dy, skinny, weight, lora_A, lora_B, scaling, dropout_p, seed, needs);
  const auto type = adapter_type(segments);
  if (segments.parts.size() > kMostParts || !type.has_value()) {
    return low_rank_gradients_composed(x, low, dy, skinny, weight, lora_A, lora_B, scaling, dropout_p, seed, needs);
  }
  const c10::cuda::CUDAGuard guard(weight[0].device());
  const at::Tensor wide = rows_contiguous(x), grad = rows_contiguous(dy), of_A = contiguous(low),
                   of_B = contiguous(skinny);
  const size_t count = segments.parts.size();
  std::vector<at::Tensor> made(2 * count), found;
  for (size_t i = 0; i < 2 * count; ++i) {
    if (needs[i] == 0) continue;
    const auto& part = segments.parts[i % count];
    const at::Tensor& like = i < count ? part.lora_A : part.lora_B;
    found.push_back(made[i] = at::empty(like.sizes(), like.options()));
  }
  dispatch_adapters(weight[0], *type, [&](auto types, auto adapter) {
    using T = typename decltype(types)::Element;
    using A = typename decltype(types)::Math;
    using P = decltype(adapter);
    std::vector<at::Tensor> alive;
    AdapterGradients<T, P> a{};
    a.parts = parts_of<P>(segments, alive);
    a.x = read<T>(wide);
    a.dy = read<T>(grad);
    a.low = read<T>(of_A);
    a.skinny = read<T>(of_B);
    if (wide.defined()) a.x_row = wide.stride(0);
    if (grad.defined()) a.dy_row = grad.stride(0);
    a.vector_x = wide.defined() && in_fours(wide);
    a.vector_dy = grad.defined() && in_fours(grad);
    a.tokens = (of_A.defined() ? of_A : of_B).defined() ? (of_A.defined() ? of_A : of_B).size(0) : 0;
    for (size_t i = 0; i < count; ++i) {
      a.a[i] = written<P>(made[i]);
      a.b[i] = written<P>(made[count + i]);
      a.vector_dy &= segments.parts[i].offset % kRun == 0;
    }
    adapter_gradients<T, P, A>(a, kernel_dropout<A>(dropout_p, seed), c10::cuda::getCurrentCUDAStream());
  });
  return found;
}

}  // namespace

TORCH_LIBRARY_IMPL(lora, CUDA, m) {
  m.impl("_low_rank_update", run_update);
  m.impl("_low_rank_gradients", run_gradients);
}

}  // namespace torch_lora::cuda
