// lora::linear composed of ATen's products, for every device and type without kernels of its own. CUDA runs this: its
// products are cuBLAS's, and the skinny ones of the adapters are kernels (low_rank.h) that add to what the product has
// written, or write what it adds to, so nothing is copied and no product is wider than the weights. A float32 adapter
// under half precision multiplies in x's type, whose products add up in float32 anyway, and its gradients go back into
// its own.
//
// GELU is ATen's own pass over the output. cublasLt could apply it while it writes, but only its tanh approximation;
// a pass reads and writes [T, out], and the product needs [T, out] in training besides, since no GELU can be inverted:
// backward reads that one copy and dy, the least there is without multiplying again.
#include "ops/pch.h"

#include "ops/beside.h"
#include "ops/linear.h"
#include "ops/low_rank.h"

namespace torch_lora {
namespace {

// One contiguous tensor [out, ...] of which the segments' own are views, one after the other (lora::share_storage_), or
// undefined.
at::Tensor shared(const LinearSegments& segments, at::Tensor LinearSegment::*of) {
  const at::Tensor& first = segments.parts[0].*of;
  int64_t offset = first.storage_offset();
  for (const auto& part : segments.parts) {
    const at::Tensor& own = part.*of;
    if (!own.is_contiguous() || !own.is_alias_of(first) || own.storage_offset() != offset) return {};
    offset += own.numel();
  }
  std::vector<int64_t> sizes = first.sizes().vec();
  sizes[0] = segments.out;
  return first.as_strided(sizes, first.strides());
}

// [out], or undefined.
at::Tensor stacked_bias(const LinearSegments& segments) {
  if (!segments.parts[0].bias.defined() || segments.parts.size() == 1) return segments.parts[0].bias;
  at::Tensor all = shared(segments, &LinearSegment::bias);
  if (all.defined()) return all;
  std::vector<at::Tensor> list;
  for (const auto& part : segments.parts) list.push_back(part.bias);
  return at::cat(list);
}

// x W^T + b: one product, the bias in its epilogue, where the weights of all segments are one storage; else one each.
at::Tensor product(const LinearSegments& segments, const at::Tensor& x) {
  if (const at::Tensor weight = shared(segments, &LinearSegment::weight); weight.defined()) {
    const at::Tensor bias = stacked_bias(segments);
    return bias.defined() ? at::addmm(bias, x, weight.t()) : at::mm(x, weight.t());
  }
  at::Tensor y = at::empty({x.size(0), segments.out}, x.options());
  for (const auto& part : segments.parts) {
    at::Tensor slice = y.narrow(1, part.offset, part.out);  // [T, out_i]
    if (part.bias.defined()) {
      at::addmm_out(slice, part.bias, x, part.weight.t());
    } else {
      at::mm_out(slice, x, part.weight.t());
    }
  }
  return y;
}

// dx + dy W, in place; dx undefined where it holds nothing.
at::Tensor transposed_product(const LinearSegments& segments, const at::Tensor& dy, at::Tensor dx) {
  const auto add = [&dx](const at::Tensor& own, const at::Tensor& weight) {
    dx = dx.defined() ? dx.addmm_(own, weight) : at::mm(own, weight);
  };
  if (const at::Tensor weight = shared(segments, &LinearSegment::weight); weight.defined()) {
    add(dy, weight);
  } else {
    for (const auto& part : segments.parts) add(dy.narrow(1, part.offset, part.out), part.weight);
  }
  return dx;
}

}  // namespace

LinearOutput linear_forward_composed(const LinearSegments& segments, const LinearForward& call) {
  const at::Tensor& x = call.x;
  const at::Tensor y = product(segments, x), nothing = at::empty({0}, x.options());
  const at::Tensor skinny = segments.rank > 0 ? low_rank_update(segments, y, x, call.dropout_p, call.seed, false, false)
                                              : at::empty({x.size(0), 0}, x.options());
  if (!call.gelu) return {y, skinny, nothing};
  return {at::gelu(y), skinny, call.training ? y : nothing};
}

std::vector<at::Tensor> linear_backward_composed(const LinearSegments& segments, const LinearBackward& call) {
  const size_t count = segments.parts.size();
  const auto& needs = call.needs;
  const auto needed = [&](size_t kind) {  // of W, b, A, B: by any segment
    return std::find(needs.begin() + 1 + kind * count, needs.begin() + 1 + (kind + 1) * count, true) !=
           needs.begin() + 1 + (kind + 1) * count;
  };
  const at::Tensor dy = call.pre_gelu.defined() ? at::gelu_backward(call.dy, call.pre_gelu) : call.dy;
  const auto dy_part = [&](const LinearSegment& part) { return dy.narrow(1, part.offset, part.out); };

  at::Tensor dx, low;  // low: s dy B, [T, R]
  if (segments.rank > 0 && (needs[0] || needed(2))) {
    if (needs[0]) dx = at::empty({dy.size(0), segments.in}, dy.options());
    low = low_rank_update(segments, dx, dy, call.dropout_p, call.seed, true, true);
  }
  std::vector<at::Tensor> of_adapters;
  const auto adapters = [&] {
    const AdapterProducts products{call.x, low, dy, call.skinny, call.dropout_p, call.seed};
    of_adapters = low_rank_gradients(segments, products, needs);
  };
  const auto input = [&] { dx = transposed_product(segments, dy, dx); };
  const bool any_adapter = needed(2) || needed(3);
  // Nothing in this pass waits for the adapters' gradients, which are small: beside the product they cost nothing.
  if (any_adapter && needs[0]) {
    beside(dy.device(), adapters, input);
  } else if (any_adapter) {
    adapters();
  } else if (needs[0]) {
    input();
  }

  std::vector<at::Tensor> result;
  if (needs[0]) result.push_back(dx);
  for (size_t i = 0; i < count; ++i) {
    if (needs[1 + i]) result.push_back(at::mm(dy_part(segments.parts[i]).t(), call.x));
  }
  for (size_t i = 0; i < count; ++i) {
    if (needs[1 + count + i]) result.push_back(dy_part(segments.parts[i]).sum(0));
  }
  for (at::Tensor& own : of_adapters) result.push_back(std::move(own));
  return result;
}

}  // namespace torch_lora
