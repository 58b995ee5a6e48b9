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

// x W^T + b + low B^T for the weights of all segments in one storage.
at::Tensor shared_product(const LinearSegments& segments, const at::Tensor& weight, const at::Tensor& x,
                          const at::Tensor& low, const at::Tensor& columns) {
  const at::Tensor bias = stacked_bias(segments);
  if (low.defined()) {
    return low_rank_expand(low, columns.t(), bias, {}, 0.0, std::nullopt).addmm_(x, weight.t());
  }
  return bias.defined() ? at::addmm(bias, x, weight.t()) : at::mm(x, weight.t());
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
                      const at::Tensor& low, const LowRankBlocks& blocks, const at::Tensor& weight, bool joined) {
  at::Tensor dx;
  if (low.defined()) {
    dx = low_rank_expand(low, blocks.rows, {}, segment_ranks(segments), call.dropout_p, call.seed);
  }
  const auto add = [&](const at::Tensor& part, const at::Tensor& weight) {
    dx = dx.defined() ? dx.addmm_(part, weight) : at::mm(part, weight);
  };
  if (weight.defined()) {
    add(dy, weight);
  } else if (joined) {
    add(dy, blocks.columns.narrow(1, 0, segments.in));
  } else {
    for (const auto& part : segments.parts) add(dy.narrow(1, part.offset, part.out), part.weight);
  }
  return dx;
}

}  // namespace

LinearOutput linear_forward_composed(const LinearSegments& segments, const LinearForward& call) {
  const at::Tensor& x = call.x;
  const at::Tensor weight = shared(segments, &LinearSegment::weight);
  const bool joined = !weight.defined() && joins_forward(segments, x.size(0)), adapted = segments.rank > 0;
  LowRankBlocks blocks;
  if (joined || adapted) blocks = low_rank_blocks(segments, joined);
  at::Tensor left = x, low;
  if (adapted) {
    const auto [both, own] =
        low_rank_project(x, blocks.rows, segment_ranks(segments), call.dropout_p, call.seed, joined);
    low = own;
    if (joined) left = both;
  }
  const at::Tensor y = weight.defined() ? shared_product(segments, weight, x, low, blocks.columns)
                       : joined         ? joined_product(segments, left, blocks.columns)
                                        : products(segments, x, low, blocks.columns);
  const at::Tensor skinny = adapted ? low.narrow(1, 0, segments.rank) : at::empty({x.size(0), 0}, x.options());
  const at::Tensor nothing = at::empty({0}, x.options());
  // A joined block has the weights in it, which backward rather copies again.
  const bool keeps = call.training && adapted && !joined;
  const at::Tensor rows = keeps ? blocks.rows : nothing, columns = keeps ? blocks.columns : nothing;
  if (!call.gelu) return {y, skinny, nothing, rows, columns};
  const at::Tensor activated = at::gelu(y);
  return {activated, skinny, call.training ? y : nothing, rows, columns};
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

  const at::Tensor weight = needs[0] ? shared(segments, &LinearSegment::weight) : at::Tensor();
  const bool joined = needs[0] && !weight.defined() && joins_backward(segments, dy.size(0));
  const bool adapted = segments.rank > 0 && (needs[0] || needed(2));
  LowRankBlocks blocks{call.rows, call.columns};
  if (joined || (adapted && !blocks.rows.defined())) blocks = low_rank_blocks(segments, joined);
  at::Tensor low;  // s dy B, [T, pad]
  if (adapted) {
    const int64_t before = joined ? segments.in : 0;
    low = at::mm(dy, blocks.columns.narrow(1, before, blocks.columns.size(1) - before));
  }

  std::vector<at::Tensor> result;
  if (needs[0]) result.push_back(input_grad(segments, call, dy, low, blocks, weight, joined));
  for (size_t i = 0; i < count; ++i) {
    if (needs[1 + i]) result.push_back(at::mm(dy_part(segments.parts[i]).t(), call.x));
  }
  for (size_t i = 0; i < count; ++i) {
    if (needs[1 + count + i]) result.push_back(dy_part(segments.parts[i]).sum(0));
  }
  at::Tensor all_A, all_B;  // [pad, in]; [out, R], of which only the diagonal blocks are wanted
  if (needed(2) && !call.seed.has_value()) {
    all_A = at::mm(low.t(), call.x);
  } else if (needed(2)) {
    all_A = at::empty({low.size(1), segments.in}, low.options());
    for (size_t i = 0; i < count; ++i) {
      const auto& part = segments.parts[i];
      if (!needs[1 + 2 * count + i]) continue;
      at::Tensor own = all_A.narrow(0, part.rank_offset, part.rank);
      at::mm_out(own, low.narrow(1, part.rank_offset, part.rank).t(),
                 apply_dropout(call.x, *call.seed, call.dropout_p, mask_row(part, call.x.size(0))));
    }
  }
  if (needed(3)) all_B = at::mm(dy.t(), call.skinny);
  if (all_A.defined() || all_B.defined()) {
    for (at::Tensor& own : low_rank_gradients(segments, all_A, all_B, needs)) result.push_back(std::move(own));
  }
  return result;
}

}  // namespace torch_lora
