// lora::linear on this machine's kernels. The low-rank part is a few more steps of k in the same product, the
// weights are packed a panel at a time as they are used, and bias and GELU are applied while a tile is in cache.
// Where the packed weights are 8-bit codes, their product comes first and all else is added to it; where they are in
// four bits, panels are made of those.
#include "ops/linear.h"

#include "ops/pch.h"

#include "ops/cpu/gemm.h"
#include "ops/device.h"
#include "ops/gelu.h"
#include "ops/linear_int8.h"
#include "ops/linear_nf4.h"
#include "ops/packing.h"
#include "ops/random_ops.h"

namespace torch_lora {
namespace {

// A matrix whose rows or columns are contiguous, as the kernels read it.
template <class T>
struct Matrix {
  at::Tensor tensor;
  const T* data;
  int64_t row, column;

  explicit Matrix(const at::Tensor& source)
      : tensor(source.stride(0) == 1 || source.stride(1) == 1 ? source : source.contiguous()),
        data(tensor.const_data_ptr<T>()),
        row(tensor.stride(0)),
        column(tensor.stride(1)) {}
};

// A * B^T for B [n, k].
template <class T>
cpu::GemmTerm<T> times_transposed(const T* a, int64_t a_row, const Matrix<T>& b, double alpha = 1.0) {
  return {a, a_row, 1, b.data, b.column, b.row, b.tensor.size(1), static_cast<T>(alpha), nullptr};
}
// A * B for B [k, n].
template <class T>
cpu::GemmTerm<T> times(const T* a, int64_t a_row, const Matrix<T>& b, double alpha = 1.0) {
  return {a, a_row, 1, b.data, b.row, b.column, b.tensor.size(0), static_cast<T>(alpha), nullptr};
}

at::Tensor stacked_A(const LinearSegments& segments) {
  std::vector<at::Tensor> list;
  for (const auto& part : segments.parts) {
    if (part.rank > 0) list.push_back(part.lora_A);
  }
  return list.size() == 1 ? list[0].contiguous() : at::cat(list);
}

// drop(x) for one segment, by the mask of a forward or a backward call. [T, in]
template <class Call>
at::Tensor drop_for(const LinearSegment& part, const at::Tensor& x, const Call& call) {
  return apply_dropout(x, *call.seed, call.dropout_p, mask_row(part, x.size(0)));
}

// Codes are of float weights.
template <class T>
bool has_codes(const at::Tensor& packed) {
  return std::is_same_v<T, float> && holds_codes(packed);
}

template <class T>
bool has_nf4(const at::Tensor& packed) {
  return std::is_same_v<T, float> && holds_nf4(packed);
}

// The frozen weights of a call as they were packed, in panels or in four bits, if they were: segment by segment.
template <class T>
class FrozenWeights {
 public:
  FrozenWeights(const at::Tensor& packed, const LinearSegments& segments, bool transposed)
      : transposed_(transposed),
        panels_(has_codes<T>(packed) || has_nf4<T>(packed) ? at::Tensor() : packed, segments, transposed) {
    if (has_nf4<T>(packed)) nf4_ = nf4_weights(packed, segments);
  }
  void give(const LinearSegment& part, cpu::GemmTerm<T>& term) {
    if (nf4_.empty()) {
      term.packed = panels_.next(part);
      return;
    }
    const int64_t in = part.weight.size(1);
    term.nf4 = &nf4_[static_cast<size_t>(part.index)];
    term.b_k = transposed_ ? in : 1;
    term.b_column = transposed_ ? 1 : in;
  }

 private:
  bool transposed_;
  PackedReader<T> panels_;
  std::vector<cpu::Nf4> nf4_;
};

// x W^T + b of weights that are codes.
at::Tensor code_product(const LinearSegments& segments, const at::Tensor& x, const LinearForward& call) {
  std::vector<int64_t> out;
  std::vector<at::Tensor> bias;
  for (const auto& part : segments.parts) {
    out.push_back(part.out);
    if (part.bias.defined()) bias.push_back(part.bias);
  }
  return int8_product(x, call.packed, out, bias, false);
}

template <class T>
LinearOutput forward(const LinearSegments& segments, const LinearForward& call) {
  const at::Tensor x = rows_contiguous(call.x);
  const int64_t tokens = x.size(0);
  const at::TensorOptions options = x.options();
  LinearOutput output{at::empty({tokens, segments.out}, options), at::empty({tokens, segments.rank}, options),
                      at::empty({0}, options)};

  // skinny = drop(x) A^T: all segments at once, or each behind its own mask
  const auto project = [&](const at::Tensor& left, const at::Tensor& lora_A, int64_t rank_offset) {
    const Matrix<T> a(lora_A);
    cpu::GemmCall<T> product;
    product.m = tokens;
    product.c = output.skinny.data_ptr<T>();
    product.c_row = segments.rank;
    product.terms = {{times_transposed(left.const_data_ptr<T>(), left.stride(0), a)}};
    product.ranges = {{rank_offset, lora_A.size(0), nullptr, nullptr, 0}};
    cpu::gemm(product);
  };
  if (call.seed.has_value()) {
    for (const auto& part : segments.parts) {
      if (part.rank > 0) project(drop_for(part, x, call), part.lora_A, part.rank_offset);
    }
  } else if (segments.rank > 0) {
    project(x, stacked_A(segments), 0);
  }

  std::vector<Matrix<T>> keep_alive;
  keep_alive.reserve(2 * segments.parts.size());
  std::vector<at::Tensor> biases;
  cpu::GemmCall<T> product;
  product.m = tokens;
  if (has_codes<T>(call.packed)) {
    output.y = code_product(segments, x, call);
    product.accumulate = true;
  }
  product.c = output.y.data_ptr<T>();
  product.c_row = segments.out;
  FrozenWeights<T> frozen(call.packed, segments, false);
  for (const auto& part : segments.parts) {
    std::vector<cpu::GemmTerm<T>> terms;
    if (!product.accumulate) {
      terms.push_back(times_transposed(x.const_data_ptr<T>(), x.stride(0), keep_alive.emplace_back(part.weight)));
      frozen.give(part, terms.back());
    }
    if (part.rank > 0) {
      terms.push_back(times_transposed(output.skinny.const_data_ptr<T>() + part.rank_offset, segments.rank,
                                       keep_alive.emplace_back(part.lora_B), part.scaling));
    }
    const T* bias = nullptr;
    if (part.bias.defined() && !product.accumulate)
      bias = biases.emplace_back(part.bias.contiguous()).template const_data_ptr<T>();
    product.terms.push_back(std::move(terms));
    product.ranges.push_back({part.offset, part.out, bias, nullptr, 0});
  }
  if (call.gelu && call.training) {
    output.pre_gelu = output.y;
    output.y = at::empty({tokens, segments.out}, options);
    product.epilogue = cpu::Epilogue::gelu;
    product.extra = output.y.data_ptr<T>();
    product.extra_row = segments.out;
  } else if (call.gelu) {
    product.epilogue = cpu::Epilogue::gelu_in_place;
  }
  if (!product.accumulate || segments.rank > 0 || call.gelu) cpu::gemm(product);
  return output;
}

// low = cat_i( s_i dy_i B_i ), [T, R]
template <class T>
at::Tensor low_rank_grad(const LinearSegments& segments, const at::Tensor& dy) {
  at::Tensor low = at::empty({dy.size(0), segments.rank}, dy.options());
  std::vector<Matrix<T>> keep_alive;
  keep_alive.reserve(segments.parts.size());
  cpu::GemmCall<T> product;
  product.m = dy.size(0);
  product.c = low.data_ptr<T>();
  product.c_row = segments.rank;
  for (const auto& part : segments.parts) {
    if (part.rank == 0) continue;
    const Matrix<T>& b = keep_alive.emplace_back(part.lora_B);
    product.terms.push_back({times(dy.const_data_ptr<T>() + part.offset, dy.stride(0), b, part.scaling)});
    product.ranges.push_back({part.rank_offset, part.rank, nullptr, nullptr, 0});
  }
  cpu::gemm(product);
  return low;
}

template <class T>
at::Tensor input_grad(const LinearSegments& segments, const LinearBackward& call, const at::Tensor& dy,
                      const at::Tensor& low) {
  cpu::GemmCall<T> product;
  product.accumulate = has_codes<T>(call.packed_t);
  at::Tensor dx = product.accumulate ? int8_product_transposed(dy, call.packed_t, segments.in)
                                     : at::empty({dy.size(0), segments.in}, dy.options());
  if (product.accumulate && !low.defined()) return dx;
  std::vector<Matrix<T>> keep_alive;
  keep_alive.reserve(2 * segments.parts.size());
  product.m = dy.size(0);
  product.c = dx.data_ptr<T>();
  product.c_row = segments.in;
  product.ranges = {{0, segments.in, nullptr, nullptr, 0}};
  product.terms.emplace_back();
  FrozenWeights<T> frozen(call.packed_t, segments, true);
  for (const auto& part : segments.parts) {
    if (product.accumulate) break;
    product.terms[0].push_back(
        times(dy.const_data_ptr<T>() + part.offset, dy.stride(0), keep_alive.emplace_back(part.weight)));
    frozen.give(part, product.terms[0].back());
  }
  const auto low_term = [&](const at::Tensor& lora_A, int64_t rank_offset) {
    return times(low.const_data_ptr<T>() + rank_offset, low.stride(0), keep_alive.emplace_back(lora_A));
  };
  if (low.defined() && call.seed.has_value()) {
    for (const auto& part : segments.parts) {
      if (part.rank == 0) continue;
      const int64_t first_row = mask_row(part, dy.size(0));
      product.dropped.push_back(
          {low_term(part.lora_A, part.rank_offset), kernel_dropout<T>(call.dropout_p, call.seed, first_row)});
    }
  } else if (low.defined()) {
    product.terms[0].push_back(low_term(stacked_A(segments), 0));
  }
  cpu::gemm(product);
  return dx;
}

// alpha * left^T right for left [T, m] and right [T, n], both with contiguous rows: sums over tokens.
template <class T>
at::Tensor transposed_product(const at::Tensor& left, const at::Tensor& right, double alpha) {
  at::Tensor result = at::empty({left.size(1), right.size(1)}, left.options());
  const Matrix<T> b(right);
  cpu::GemmCall<T> product;
  product.m = left.size(1);
  product.c = result.data_ptr<T>();
  product.c_row = right.size(1);
  product.terms = {{{left.const_data_ptr<T>(), 1, left.stride(0), b.data, b.row, b.column, right.size(0),
                     static_cast<T>(alpha), nullptr}}};
  product.ranges = {{0, right.size(1), nullptr, nullptr, 0}};
  cpu::gemm(product);
  return result;
}

template <class T>
std::vector<at::Tensor> backward(const LinearSegments& segments, const LinearBackward& call) {
  const size_t count = segments.parts.size();
  const auto& needs = call.needs;
  const at::Tensor dy =
      call.pre_gelu.defined() ? gelu_gradient(call.dy.contiguous(), call.pre_gelu) : rows_contiguous(call.dy);
  bool any_A = false;
  for (size_t i = 0; i < count; ++i) any_A |= needs[1 + 2 * count + i];
  at::Tensor low;
  if (segments.rank > 0 && (needs[0] || any_A)) low = low_rank_grad<T>(segments, dy);

  std::vector<at::Tensor> result;
  if (needs[0]) result.push_back(input_grad<T>(segments, call, dy, low));
  const at::Tensor x = call.x.defined() ? rows_contiguous(call.x) : call.x;
  const at::Tensor skinny = call.skinny.defined() ? call.skinny.contiguous() : call.skinny;
  for (size_t i = 0; i < count; ++i) {
    const auto& part = segments.parts[i];
    if (needs[1 + i]) result.push_back(transposed_product<T>(dy.narrow(1, part.offset, part.out), x, 1.0));
  }
  for (size_t i = 0; i < count; ++i) {
    const auto& part = segments.parts[i];
    if (needs[1 + count + i]) result.push_back(dy.narrow(1, part.offset, part.out).sum(0));
  }
  at::Tensor all;  // [R, in]
  if (any_A && !call.seed.has_value()) all = transposed_product<T>(low, x, 1.0);
  for (size_t i = 0; i < count; ++i) {
    const auto& part = segments.parts[i];
    if (!needs[1 + 2 * count + i]) continue;
    result.push_back(all.defined() ? all.narrow(0, part.rank_offset, part.rank).clone()
                                   : transposed_product<T>(low.narrow(1, part.rank_offset, part.rank),
                                                           drop_for(part, x, call), 1.0));
  }
  for (size_t i = 0; i < count; ++i) {
    const auto& part = segments.parts[i];
    if (!needs[1 + 3 * count + i]) continue;
    // dB^T = s skinny^T dy has few rows and many columns, the shape that the kernels like.
    result.push_back(transposed_product<T>(skinny.narrow(1, part.rank_offset, part.rank),
                                           dy.narrow(1, part.offset, part.out), part.scaling)
                         .t()
                         .contiguous());
  }
  return result;
}

}  // namespace

LinearOutput linear_forward_cpu(const LinearSegments& segments, const LinearForward& call) {
  switch (call.x.scalar_type()) {
    case at::kFloat:
      return forward<float>(segments, call);
    case at::kBFloat16:
      return linear_forward_bf16(segments, call);
    default:
      return forward<double>(segments, call);
  }
}

std::vector<at::Tensor> linear_backward_cpu(const LinearSegments& segments, const LinearBackward& call) {
  switch (call.dy.scalar_type()) {
    case at::kFloat:
      return backward<float>(segments, call);
    case at::kBFloat16:
      return linear_backward_bf16(segments, call);
    default:
      return backward<double>(segments, call);
  }
}

}  // namespace torch_lora
