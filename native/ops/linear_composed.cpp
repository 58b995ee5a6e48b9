// lora::linear in plain ATen: the path of every device and dtype without kernels of our own.
#include "ops/linear.h"

#include "ops/pch.h"

#include "ops/random_ops.h"

namespace torch_lora {
namespace {

// A float32 adapter under half precision: the products run in x's type, which accumulates in float32 anyway, and the
// gradients go back into the adapter's.
at::Tensor as(const at::Tensor& adapter, const at::Tensor& x) { return adapter.to(x.scalar_type()); }

}  // namespace

LinearOutput linear_forward_composed(const LinearSegments& segments, const LinearForward& call) {
  const at::Tensor& x = call.x;
  const int64_t tokens = x.size(0);
  at::Tensor y = at::empty({tokens, segments.out}, x.options());
  at::Tensor skinny = at::empty({tokens, segments.rank}, x.options());
  const at::Tensor dropped = call.seed.has_value() ? apply_dropout(x, *call.seed, call.dropout_p) : x;
  for (const auto& part : segments.parts) {
    at::Tensor slice = y.narrow(1, part.offset, part.out);  // [T, out_i]
    if (part.bias.defined()) {
      at::addmm_out(slice, part.bias, x, part.weight.t());
    } else {
      at::mm_out(slice, x, part.weight.t());
    }
    if (part.rank == 0) continue;
    at::Tensor low = skinny.narrow(1, part.rank_offset, part.rank);  // [T, R_i]
    at::mm_out(low, dropped, as(part.lora_A, x).t());
    slice.addmm_(low, as(part.lora_B, x).t(), 1, part.scaling);
  }
  const at::Tensor nothing = at::empty({0}, x.options());
  if (!call.gelu) return {y, skinny, nothing};
  const at::Tensor activated = at::gelu(y);
  return {activated, skinny, call.training ? y : nothing};
}

std::vector<at::Tensor> linear_backward_composed(const LinearSegments& segments, const LinearBackward& call) {
  const size_t count = segments.parts.size();
  const auto& needs = call.needs;
  const bool dropped = call.seed.has_value();
  const at::Tensor dy = call.pre_gelu.defined() ? at::gelu_backward(call.dy, call.pre_gelu) : call.dy;

  std::vector<at::Tensor> dy_parts, low(count);  // low[i] = s_i dy_i B_i, [T, R_i]
  for (size_t i = 0; i < count; ++i) {
    const auto& part = segments.parts[i];
    dy_parts.push_back(dy.narrow(1, part.offset, part.out));
    if (part.rank > 0 && (needs[0] || needs[1 + 2 * count + i])) {
      low[i] = at::mm(dy_parts[i], as(part.lora_B, dy)).mul_(part.scaling);
    }
  }

  std::vector<at::Tensor> result;
  if (needs[0]) {
    at::Tensor dx = at::zeros({dy.size(0), segments.in}, dy.options());
    at::Tensor through_adapter = dropped ? at::zeros_like(dx) : dx;
    for (size_t i = 0; i < count; ++i) {
      dx.addmm_(dy_parts[i], segments.parts[i].weight);
      if (low[i].defined()) through_adapter.addmm_(low[i], as(segments.parts[i].lora_A, dy));
    }
    if (dropped) dx.add_(apply_dropout(through_adapter, *call.seed, call.dropout_p));
    result.push_back(dx);
  }
  for (size_t i = 0; i < count; ++i) {
    if (needs[1 + i]) result.push_back(at::mm(dy_parts[i].t(), call.x));
  }
  for (size_t i = 0; i < count; ++i) {
    if (needs[1 + count + i]) result.push_back(dy_parts[i].sum(0));
  }
  at::Tensor x_dropped;
  for (size_t i = 0; i < count; ++i) {
    if (!needs[1 + 2 * count + i]) continue;
    if (!x_dropped.defined()) x_dropped = dropped ? apply_dropout(call.x, *call.seed, call.dropout_p) : call.x;
    result.push_back(at::mm(low[i].t(), x_dropped).to(segments.parts[i].lora_A.scalar_type()));
  }
  for (size_t i = 0; i < count; ++i) {
    if (!needs[1 + 3 * count + i]) continue;
    const auto& part = segments.parts[i];
    const at::Tensor db = at::mm(dy_parts[i].t(), call.skinny.narrow(1, part.rank_offset, part.rank));
    result.push_back(db.to(part.lora_B.scalar_type()).mul_(part.scaling));
  }
  return result;
}

}  // namespace torch_lora
