// lora::linear on bfloat16 and this machine's kernels. Weights, bias and activations are bfloat16 and meet in float
// sums; adapters are float32 wherever they come from, and so are their skinny products, which drop elements of x as
// they read it. Only what leaves the operator is rounded.
#include "ops/pch.h"

#include "ops/cpu/bf16_product.h"
#include "ops/device.h"
#include "ops/gelu.h"
#include "ops/linear.h"
#include "ops/packing.h"

namespace torch_lora {
namespace {

using cpu::bf16;

// A tensor in float with contiguous rows: an adapter's own, or the same widened.
at::Tensor in_float(const at::Tensor& matrix) { return matrix.to(at::kFloat).contiguous(); }

// A weight whose rows or columns are contiguous, as the kernels read it.
at::Tensor readable(const at::Tensor& weight) {
  return weight.stride(0) == 1 || weight.stride(1) == 1 ? weight : weight.contiguous();
}

// x W^T for W [n, k], and x W for W [k, n].
cpu::Bf16Term times_transposed(const bf16* x, int64_t x_row, const at::Tensor& w, const bf16* packed) {
  return {x, x_row, elements<bf16>(w), w.stride(1), w.stride(0), w.size(1), packed};
}
cpu::Bf16Term times(const bf16* x, int64_t x_row, const at::Tensor& w, const bf16* packed) {
  return {x, x_row, elements<bf16>(w), w.stride(0), w.stride(1), w.size(0), packed};
}

// Rows of x, [tokens, columns], against `rank` rows of float.
cpu::Skinny skinny_of(const at::Tensor& x, int64_t rank, double alpha) {
  return {elements<bf16>(x), x.stride(0), x.size(0), x.size(1), rank, static_cast<float>(alpha), {}};
}

// The dropout of one segment's x in a forward or a backward call.
template <class Call>
cpu::Dropout<float> dropout_of(const LinearSegment& part, int64_t tokens, const Call& call) {
  return kernel_dropout<bf16>(call.dropout_p, call.seed, mask_row(part, tokens));
}

// drop_i(x) A_i^T of every segment with an adapter, side by side: [T, R] of float.
at::Tensor projected(const LinearSegments& segments, const at::Tensor& x, const LinearForward& call) {
  at::Tensor low = at::empty({x.size(0), segments.rank}, x.options().dtype(at::kFloat));
  for (const auto& part : segments.parts) {
    if (part.rank == 0) continue;
    const at::Tensor a = in_float(part.lora_A);
    cpu::Skinny skinny = skinny_of(x, part.rank, 1.0);
    skinny.dropout = dropout_of(part, x.size(0), call);
    cpu::bf16_project(skinny, a.const_data_ptr<float>(), low.data_ptr<float>() + part.rank_offset, segments.rank);
  }
  return low;
}

// s_i dy_i B_i likewise.
at::Tensor low_rank_grad(const LinearSegments& segments, const at::Tensor& dy) {
  at::Tensor low = at::empty({dy.size(0), segments.rank}, dy.options().dtype(at::kFloat));
  for (const auto& part : segments.parts) {
    if (part.rank == 0) continue;
    const at::Tensor columns = in_float(part.lora_B.t());  // [R, out]
    const cpu::Skinny skinny = skinny_of(dy.narrow(1, part.offset, part.out), part.rank, part.scaling);
    cpu::bf16_project(skinny, columns.const_data_ptr<float>(), low.data_ptr<float>() + part.rank_offset, segments.rank);
  }
  return low;
}

at::Tensor input_grad(const LinearSegments& segments, const LinearBackward& call, const at::Tensor& dy,
                      const at::Tensor& low) {
  at::Tensor dx = at::empty({dy.size(0), segments.in}, dy.options());
  std::vector<at::Tensor> keep_alive;
  cpu::Bf16Call product;
  product.m = dy.size(0);
  product.c = mutable_elements<bf16>(dx);
  product.c_row = segments.in;
  product.ranges = {{0, segments.in, nullptr, nullptr, 0, nullptr, 0}};
  product.terms.emplace_back();
  product.low.emplace_back();
  PackedReader<bf16> packed(call.packed_t, segments, true);
  for (const auto& part : segments.parts) {
    const at::Tensor& w = keep_alive.emplace_back(readable(part.weight));
    product.terms[0].push_back(times(elements<bf16>(dy) + part.offset, dy.stride(0), w, packed.next(part)));
    if (!low.defined() || part.rank == 0) continue;
    const at::Tensor& a = keep_alive.emplace_back(in_float(part.lora_A));
    const cpu::GemmTerm<float> term{low.const_data_ptr<float>() + part.rank_offset,
                                    segments.rank,
                                    1,
                                    a.const_data_ptr<float>(),
                                    segments.in,
                                    1,
                                    part.rank,
                                    1.0f,
                                    nullptr};
    if (call.seed.has_value()) {
      product.dropped.push_back({term, dropout_of(part, dy.size(0), call)});
    } else {
      product.low[0].push_back(term);
    }
  }
  cpu::bf16_gemm(product);
  return dx;
}

// alpha sum_t low[t] x[t], [R, columns] of float; x dropped where `dropout` says so.
at::Tensor gathered(const at::Tensor& low, const at::Tensor& x, double alpha, const cpu::Dropout<float>& dropout) {
  cpu::Skinny skinny = skinny_of(x, low.size(1), alpha);
  skinny.dropout = dropout;
  at::Tensor sum = at::empty({low.size(1), x.size(1)}, low.options());
  cpu::bf16_gather(skinny, low.const_data_ptr<float>(), low.stride(0), sum.data_ptr<float>());
  return sum;
}

}  // namespace

LinearOutput linear_forward_bf16(const LinearSegments& segments, const LinearForward& call) {
  const at::Tensor x = rows_contiguous(call.x);
  const int64_t tokens = x.size(0);
  const at::TensorOptions options = x.options();
  const at::Tensor low = projected(segments, x, call);
  LinearOutput output{at::empty({tokens, segments.out}, options), low.to(at::kBFloat16), at::empty({0}, options)};
  std::vector<at::Tensor> keep_alive;
  cpu::Bf16Call product;
  product.m = tokens;
  PackedReader<bf16> packed(call.packed, segments, false);
  for (const auto& part : segments.parts) {
    const at::Tensor& w = keep_alive.emplace_back(readable(part.weight));
    product.terms.push_back({times_transposed(elements<bf16>(x), x.stride(0), w, packed.next(part))});
    product.low.emplace_back();
    if (part.rank > 0) {
      const at::Tensor& b = keep_alive.emplace_back(in_float(part.lora_B));
      product.low.back().push_back({low.const_data_ptr<float>() + part.rank_offset, segments.rank, 1,
                                    b.const_data_ptr<float>(), 1, part.rank, part.rank,
                                    static_cast<float>(part.scaling), nullptr});
    }
    const bf16* bias = nullptr;
    if (part.bias.defined()) bias = elements<bf16>(keep_alive.emplace_back(part.bias.contiguous()));
    product.ranges.push_back({part.offset, part.out, bias, nullptr, 0, nullptr, 0});
  }
  if (!call.gelu || call.training) {
    if (call.gelu) output.pre_gelu = at::empty({tokens, segments.out}, options);
    product.c = mutable_elements<bf16>(call.gelu ? output.pre_gelu : output.y);
    product.c_row = segments.out;
  }
  if (call.gelu) {
    product.activated = mutable_elements<bf16>(output.y);
    product.activated_row = segments.out;
  }
  cpu::bf16_gemm(product);
  return output;
}

std::vector<at::Tensor> linear_backward_bf16(const LinearSegments& segments, const LinearBackward& call) {
  const size_t count = segments.parts.size();
  const auto& needs = call.needs;
  const at::Tensor dy =
      call.pre_gelu.defined() ? gelu_gradient(call.dy.contiguous(), call.pre_gelu) : rows_contiguous(call.dy);
  const auto dy_of = [&](const LinearSegment& part) { return dy.narrow(1, part.offset, part.out); };
  bool any_A = false;
  for (size_t i = 0; i < count; ++i) any_A |= needs[1 + 2 * count + i];
  at::Tensor low;
  if (segments.rank > 0 && (needs[0] || any_A)) low = low_rank_grad(segments, dy);

  std::vector<at::Tensor> result;
  if (needs[0]) result.push_back(input_grad(segments, call, dy, low));
  const at::Tensor x = call.x.defined() ? rows_contiguous(call.x) : call.x;
  const at::Tensor skinny = call.skinny.defined() ? in_float(call.skinny) : call.skinny;
  for (size_t i = 0; i < count; ++i) {
    if (needs[1 + i]) result.push_back(at::mm(dy_of(segments.parts[i]).t(), x));
  }
  for (size_t i = 0; i < count; ++i) {
    if (needs[1 + count + i]) result.push_back(dy_of(segments.parts[i]).sum(0));
  }
  for (size_t i = 0; i < count; ++i) {
    const auto& part = segments.parts[i];
    if (!needs[1 + 2 * count + i]) continue;
    const at::Tensor own =
        gathered(low.narrow(1, part.rank_offset, part.rank), x, 1.0, dropout_of(part, x.size(0), call));
    result.push_back(own.to(part.lora_A.scalar_type()));
  }
  for (size_t i = 0; i < count; ++i) {
    const auto& part = segments.parts[i];
    if (!needs[1 + 3 * count + i]) continue;
    const at::Tensor own = gathered(skinny.narrow(1, part.rank_offset, part.rank), dy_of(part), part.scaling, {});
    result.push_back(own.t().to(part.lora_B.scalar_type()).contiguous());
  }
  return result;
}

}  // namespace torch_lora
