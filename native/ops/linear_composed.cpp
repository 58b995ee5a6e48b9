// lora::linear by ATen's products and the skinny ones of low_rank.h: the path of CUDA, and of every device and dtype
// without kernels of its own.
//
// The low-rank part costs no pass of its own over the output where that moves fewer bytes: it is the last columns of
// one product [x | low] [W | s B]^T, query, key and value together. Else low B^T is written first, with the bias, and
// the product with W is added onto it. A float32 adapter under half precision multiplies in x's type, whose products
// add up in float32 anyway, and its gradients go back into its own.
//
// GELU is ATen's own pass over the output. cublasLt could apply it while it writes, but only its tanh approximation;
// a pass reads and writes [T, out], and the product needs [T, out] in training besides, since no GELU can be inverted:
// backward reads that one copy and dy, the least there is without multiplying again.
#include "ops/pch.h"

#include "ops/linear.h"
#include "ops/low_rank.h"
#include "ops/random_ops.h"

namespace torch_lora {
namespace {

// Whether one product for all segments moves fewer elements than one a segment, beyond what both move. One costs a copy
// of the weights, which lives for the call only, so that a model never holds them twice, and with an adapter a copy of
// x; a product a segment reads x again for each and comes back to what the low-rank part, or the bias of a slice, wrote
// before it.
bool joins_forward(const LinearSegments& segments, int64_t tokens) {
  const auto parts = static_cast<int64_t>(segments.parts.size());
  const bool adapted = segments.rank > 0;
  if (parts == 1 && !adapted) return false;
  const int64_t one = 2 * segments.out * segments.in + (adapted ? 2 * tokens * segments.in : 0);
  const int64_t each = (parts - 1 + adapted) * tokens * segments.in + 2 * tokens * segments.out;
  return one < each;
}

// dx comes back to [T, in] for every segment but the first, or the weights are copied.
bool joins_backward(const LinearSegments& segments, int64_t tokens) {
  const auto parts = static_cast<int64_t>(segments.parts.size());
  return 2 * segments.out * segments.in < 2 * (parts - 1) * tokens * segments.in;
}

// [out], or undefined.
at::Tensor stacked_bias(const LinearSegments& segments) {
  if (!segments.parts[0].bias.defined() || segments.parts.size() == 1) return segments.parts[0].bias;
  std::vector<at::Tensor> list;
  for (const auto& part : segments.parts) list.push_back(part.bias);
  return at::cat(list);
}

at::Tensor joined_product(const LinearSegments& segments, const at::Tensor& left, const at::Tensor& columns) {
  const at::Tensor bias = stacked_bias(segments);
  return bias.defined() ? at::addmm(bias, left, columns.t()) : at::mm(left, columns.t());
}

at::Tensor products(const LinearSegments& segments, const at::Tensor& x, const at::Tensor& low,
                    const at::Tensor& columns) {
  at::Tensor y = low.defined() ? low_rank_expand(low, columns.t(), stacked_bias(segments), {}, 0.0, std::nullopt)
                               : at::empty({x.size(0), segments.out}, x.options());
  for (const auto& part : segments.parts) {
    at::Tensor slice = y.narrow(1, part.offset, part.out);  // [T, out_i]
    if (low.defined()) {
      slice.addmm_(x, part.weight.t());
    } else if (part.bias.defined()) {
      at::addmm_out(slice, part.bias, x, part.weight.t());
    } else {
      at::mm_out(slice, x, part.weight.t());
    }
  }
  return y;
}

// dx = dy W + sum_i drop_i(s_i dy_i B_i A_i): the second term is written first.
at::Tensor input_grad(const LinearSegments& segments, const LinearBackward& call, const at::Tensor& dy,
                      const at::Tensor& low, const LowRankBlocks& blocks, bool joined) {
  at::Tensor dx;
  if (low.defined()) {
    dx = low_rank_expand(low, blocks.rows, {}, segment_ranks(segments), call.dropout_p, call.seed);
  }
  const auto add = [&](const at::Tensor& part, const at::Tensor& weight) {
    dx = dx.defined() ? dx.addmm_(part, weight) : at::mm(part, weight);
  };
  if (joined) {
    add(dy, blocks.columns.narrow(1, 0, segments.in));
  } else {
    for (const auto& part : segments.parts) add(dy.narrow(1, part.offset, part.out), part.weight);
  }
  return dx;
}

}  // namespace

LinearOutput linear_forward_composed(const LinearSegments& segments, const LinearForward& call) {
  const at::Tensor& x = call.x;
  const bool joined = joins_forward(segments, x.size(0)), adapted = segments.rank > 0;
  LowRankBlocks blocks;
  if (joined || adapted) blocks = low_rank_blocks(segments, joined);
  at::Tensor left = x, low;
  if (adapted) {
    const auto [both, own] =
        low_rank_project(x, blocks.rows, segment_ranks(segments), call.dropout_p, call.seed, joined);
    low = own;
    if (joined) left = both;
  }
  const at::Tensor y =
      joined ? joined_product(segments, left, blocks.columns) : products(segments, x, low, blocks.columns);
  const at::Tensor skinny = adapted ? low.narrow(1, 0, segments.rank) : at::empty({x.size(0), 0}, x.options());
  const at::Tensor nothing = at::empty({0}, x.options());
  if (!call.gelu) return {y, skinny, nothing};
  const at::Tensor activated = at::gelu(y);
  return {activated, skinny, call.training ? y : nothing};
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

  const bool joined = needs[0] && joins_backward(segments, dy.size(0));
  const bool adapted = segments.rank > 0 && (needs[0] || needed(2));
  LowRankBlocks blocks;
  if (joined || adapted) blocks = low_rank_blocks(segments, joined);
  at::Tensor low;  // s dy B, [T, pad]
  if (adapted) {
    const int64_t before = joined ? segments.in : 0;
    low = at::mm(dy, blocks.columns.narrow(1, before, blocks.columns.size(1) - before));
  }

  std::vector<at::Tensor> result;
  if (needs[0]) result.push_back(input_grad(segments, call, dy, low, blocks, joined));
  for (size_t i = 0; i < count; ++i) {
    if (needs[1 + i]) result.push_back(at::mm(dy_part(segments.parts[i]).t(), call.x));
  }
  for (size_t i = 0; i < count; ++i) {
    if (needs[1 + count + i]) result.push_back(dy_part(segments.parts[i]).sum(0));
  }
  // A copy for each: one of several segments must not keep the others' alive.
  at::Tensor all_A;  // [pad, in]
  if (needed(2) && !call.seed.has_value()) all_A = at::mm(low.t(), call.x);
  for (size_t i = 0; i < count; ++i) {
    const auto& part = segments.parts[i];
    if (!needs[1 + 2 * count + i]) continue;
    const at::Tensor own =
        all_A.defined()
            ? all_A.narrow(0, part.rank_offset, part.rank)
            : at::mm(low.narrow(1, part.rank_offset, part.rank).t(),
                     apply_dropout(call.x, *call.seed, call.dropout_p, mask_row(part, call.x.size(0))));  // [R, in]
    result.push_back(own.to(part.lora_A.scalar_type(), false, all_A.defined()));
  }
  if (needed(3)) {
    const at::Tensor all = at::mm(dy.t(), call.skinny);  // [out, R]; only its diagonal blocks are wanted
    for (size_t i = 0; i < count; ++i) {
      const auto& part = segments.parts[i];
      if (!needs[1 + 3 * count + i]) continue;
      const at::Tensor own = all.narrow(0, part.offset, part.out).narrow(1, part.rank_offset, part.rank);
      result.push_back(own.to(part.lora_B.scalar_type(), false, true, at::MemoryFormat::Contiguous).mul_(part.scaling));
    }
  }
  return result;
}

}  // namespace torch_lora
