// lora::linear composed of ATen's products, for every device and type without kernels of its own. CUDA runs this: its
// products are cuBLAS's, and the skinny ones of the adapters are kernels (low_rank.h) that add to what the product has
// written, so nothing is copied and no product is wider than the weights. A float32 adapter under half precision
// multiplies in x's type, whose products add up in float32 anyway, and its gradients go back into its own.
//
// GELU is ATen's own pass over the output. cublasLt could apply it while it writes, but only its tanh approximation;
// a pass reads and writes [T, out], and the product needs [T, out] in training besides, since no GELU can be inverted:
// backward reads that one copy and dy, the least there is without multiplying again.
#include "ops/pch.h"

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

// dy W
at::Tensor transposed_product(const LinearSegments& segments, const at::Tensor& dy) {
  const at::Tensor weight = shared(segments, &LinearSegment::weight);
  if (weight.defined()) return at::mm(dy, weight);
  at::Tensor dx;
  for (const auto& part : segments.parts) {
    const at::Tensor own = dy.narrow(1, part.offset, part.out);
    dx = dx.defined() ? dx.addmm_(own, part.weight) : at::mm(own, part.weight);
  }
  return dx;
}

}  // namespace

LinearOutput linear_forward_composed(const LinearSegments& segments, const LinearForward& call) {
  const at::Tensor& x = call.x;
  const at::Tensor y = product(segments, x), nothing = at::empty({0}, x.options());
  const at::Tensor skinny = segments.rank > 0 ? low_rank_update(segments, y, x, call.dropout_p, call.seed, false)
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

  std::vector<at::Tensor> result;
  if (needs[0]) result.push_back(transposed_product(segments, dy));
  at::Tensor low;  // s dy B, [T, R]
  if (segments.rank > 0 && (needs[0] || needed(2))) {
    low = low_rank_update(segments, needs[0] ? result[0] : at::Tensor(), dy, call.dropout_p, call.seed, true);
  }
  for (size_t i = 0; i < count; ++i) {
    if (needs[1 + i]) result.push_back(at::mm(dy_part(segments.parts[i]).t(), call.x));
  }
  for (size_t i = 0; i < count; ++i) {
    if (needs[1 + count + i]) result.push_back(dy_part(segments.parts[i]).sum(0));
  }
  if (needed(2) || needed(3)) {
    const AdapterProducts products{call.x, low, dy, call.skinny, call.dropout_p, call.seed};
    for (at::Tensor& own : low_rank_gradients(segments, products, needs)) result.push_back(std::move(own));
  }
  return result;
}

}  // namespace torch_lora
