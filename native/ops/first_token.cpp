// lora::first_token_attention: attention of each sequence's first token, where nothing else of a layer is read;
// inference only.
#include "ops/pch.h"

#include "ops/attention.h"
#include "ops/check.h"
#include "ops/cpu/bf16_product.h"
#include "ops/cpu/gemm.h"
#include "ops/device.h"
#include "ops/dispatch.h"
#include "ops/parallel.h"

namespace torch_lora {
namespace {

constexpr int64_t kSequencesPerTask = 4;

void check(const at::Tensor& x, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
           const std::optional<at::Tensor>& value_bias, const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen) {
  const char* name = "first_token_attention";
  const Checks checks(name, "x", x);
  const at::ScalarType type = x.scalar_type();
  TORCH_CHECK_TYPE(type == at::kFloat || type == at::kDouble || type == at::kBFloat16, name,
                   ": expected x of float, double or bfloat16, received ", type);
  checks.dims(2, "[T, H]");
  check_cu_seqlens(name, cu_seqlens, x.device());
  check_max_seqlen(name, max_seqlen);
  check_strided(name, "query", query);
  TORCH_CHECK_VALUE(query.dim() == 3 && query.sym_size(0) == cu_seqlens.sym_size(0) - 1 && query.sym_size(1) > 0 &&
                        query.sym_size(2) > 0,
                    name, ": expected a query [B, N, D] for each of ", cu_seqlens.sym_size(0) - 1,
                    " sequences, received ", query.sym_sizes());
  checks.tensor("query", query, query.sym_sizes());
  const auto out = query.sym_size(1) * query.sym_size(2);
  checks.tensor("key", key, {out, x.sym_size(1)});
  checks.tensor("value", value, {out, x.sym_size(1)});
  checks.optional("value_bias", value_bias, {out});
}

// C = A B for one range of columns after the other, each with an A of its own: `a` is the first, the next begins
// `a_step` elements further, and likewise b [k, n].
template <class T>
cpu::GemmCall<T> products(int64_t count, int64_t rows, cpu::GemmTerm<T> first, int64_t a_step, int64_t b_step,
                          int64_t columns, T* c, int64_t c_row) {
  cpu::GemmCall<T> call;
  call.m = rows;
  call.c = c;
  call.c_row = c_row;
  for (int64_t i = 0; i < count; ++i) {
    call.terms.push_back({first});
    call.ranges.push_back({i * columns, columns, nullptr, nullptr, 0});
    first.a += a_step;
    first.b += b_step;
  }
  return call;
}

// q . (W_k x_t) = (W_k^T q) . x_t, and sum_t p_t W_v x_t = W_v (sum_t p_t x_t): a sequence's one query goes through the
// weights instead of every token, which saves the 4 T H^2 operations of keys and values. The key's bias adds the same
// to every score, which softmax does not see.
template <class T>
at::Tensor forward(const at::Tensor& x, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                   const std::vector<int64_t>& bounds, double scale) {
  const int64_t batch = query.size(0), heads = query.size(1), size = query.size(2), width = x.size(1);
  const at::Tensor asked = at::empty({batch, heads, width}, x.options());  // scale W_k^T q
  const at::Tensor read = at::empty({batch, heads, width}, x.options());   // sum_t p_t x_t
  at::Tensor out = at::empty({batch, heads * size}, x.options());
  const T* const rows = x.const_data_ptr<T>();
  auto ask = products<T>(heads, batch,
                         {query.const_data_ptr<T>(), heads * size, 1, key.const_data_ptr<T>(), width, 1, size,
                          static_cast<T>(scale), nullptr},
                         size, size * width, width, asked.data_ptr<T>(), heads * width);
  cpu::gemm(ask);
  parallel("first token attention", 0, batch, kSequencesPerTask, [&](int64_t begin, int64_t end) {
    const at::NoGradGuard no_grad;
    for (int64_t b = begin; b < end; ++b) {
      const int64_t length = bounds[b + 1] - bounds[b], offset = b * heads * width;
      const T* const tokens = rows + bounds[b] * width;
      const at::Tensor scores = at::empty({heads, length}, x.options());
      auto score =
          products<T>(1, heads, {asked.const_data_ptr<T>() + offset, width, 1, tokens, 1, width, width, T(1), nullptr},
                      0, 0, length, scores.data_ptr<T>(), length);
      cpu::gemm(score);
      const at::Tensor weights = at::softmax(scores, -1);
      auto sum =
          products<T>(1, heads, {weights.const_data_ptr<T>(), length, 1, tokens, width, 1, length, T(1), nullptr}, 0, 0,
                      width, read.data_ptr<T>() + offset, width);
      cpu::gemm(sum);
    }
  });
  auto project = products<T>(
      heads, batch,
      {read.const_data_ptr<T>(), heads * width, 1, value.const_data_ptr<T>(), 1, width, width, T(1), nullptr}, width,
      size * width, size, out.data_ptr<T>(), heads * size);
  cpu::gemm(project);
  return out;
}

// The same of bfloat16: scores, softmax and the sums over tokens in float, rounded where they meet a weight.
at::Tensor forward_bf16(const at::Tensor& x, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                        const std::vector<int64_t>& bounds, double scale) {
  using cpu::bf16;
  const int64_t batch = query.size(0), heads = query.size(1), size = query.size(2), width = x.size(1);
  const at::Tensor asked = at::empty({batch, heads, width}, x.options());                   // W_k^T q
  const at::Tensor read = at::empty({batch, heads, width}, x.options().dtype(at::kFloat));  // sum_t p_t x_t
  at::Tensor out = at::empty({batch, heads * size}, x.options());
  const auto of_heads = [&](cpu::Bf16Term first, int64_t a_step, int64_t columns, const at::Tensor& c) {
    cpu::Bf16Call call;
    call.m = batch;
    call.c = mutable_elements<bf16>(c);
    call.c_row = heads * columns;
    for (int64_t head = 0; head < heads; ++head) {
      call.terms.push_back({first});
      call.low.emplace_back();
      call.ranges.push_back({head * columns, columns, nullptr, nullptr, 0, nullptr, 0});
      first.a += a_step;
      first.b += size * width;
    }
    cpu::bf16_gemm(call);
  };
  of_heads({elements<bf16>(query), heads * size, elements<bf16>(key), width, 1, size, nullptr}, size, width, asked);
  const at::Tensor rows = asked.to(at::kFloat);
  parallel("first token attention", 0, batch, kSequencesPerTask, [&](int64_t begin, int64_t end) {
    const at::NoGradGuard no_grad;
    for (int64_t b = begin; b < end; ++b) {
      const int64_t length = bounds[b + 1] - bounds[b], offset = b * heads * width;
      cpu::Skinny tokens{
          elements<bf16>(x) + bounds[b] * width, width, length, width, heads, static_cast<float>(scale), {}};
      const at::Tensor scores = at::empty({length, heads}, rows.options());
      cpu::bf16_project(tokens, rows.const_data_ptr<float>() + offset, scores.data_ptr<float>(), heads);
      const at::Tensor weights = at::softmax(scores, 0);
      tokens.alpha = 1.0f;
      cpu::bf16_gather(tokens, weights.const_data_ptr<float>(), heads, read.data_ptr<float>() + offset);
    }
  });
  const at::Tensor rounded = read.to(at::kBFloat16);
  of_heads({elements<bf16>(rounded), heads * width, elements<bf16>(value), 1, width, width, nullptr}, width, size, out);
  return out;
}

at::Tensor first_token_attention(const at::Tensor& x, const at::Tensor& query, const at::Tensor& key,
                                 const at::Tensor& value, const std::optional<at::Tensor>& value_bias,
                                 const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen,
                                 std::optional<double> scale) {
  check(x, query, key, value, value_bias, cu_seqlens, max_seqlen);
  const auto bounds = sequence_bounds("first_token_attention", cu_seqlens, max_seqlen, x.size(0));
  const double factor = attention_scale(scale, query.size(2));
  const auto run = x.scalar_type() == at::kFloat      ? forward<float>
                   : x.scalar_type() == at::kBFloat16 ? forward_bf16
                                                      : forward<double>;
  const at::Tensor out = run(x.contiguous(), query.contiguous(), key.contiguous(), value.contiguous(), bounds, factor);
  return value_bias.has_value() ? out + *value_bias : out;
}

at::Tensor first_token_attention_meta(const at::Tensor& x, const at::Tensor& query, const at::Tensor& key,
                                      const at::Tensor& value, const std::optional<at::Tensor>& value_bias,
                                      const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen,
                                      std::optional<double> scale) {
  check(x, query, key, value, value_bias, cu_seqlens, max_seqlen);
  return at::empty_symint({query.sym_size(0), query.sym_size(1) * query.sym_size(2)}, x.options());
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(lora, m) {
  m.def(
      "first_token_attention(Tensor x, Tensor query, Tensor key, Tensor value, Tensor? value_bias, Tensor cu_seqlens, "
      "Tensor max_seqlen, float? scale=None) -> Tensor");
}
TORCH_LIBRARY_IMPL(lora, CPU, m) { m.impl("first_token_attention", first_token_attention); }
TORCH_LIBRARY_IMPL(lora, Meta, m) { m.impl("first_token_attention", first_token_attention_meta); }
TORCH_LIBRARY_IMPL(lora, Autograd, m) { m.impl("first_token_attention", no_second_derivative()); }

}  // namespace torch_lora
