// The operators as plain compositions of differentiable ATen operators: what tests compare values and gradients with.
// Each takes the seed that the operator would have drawn, so that dropout masks are the same:
//   manual_seed(s); y = lora::linear(...);   manual_seed(s); seed = lora::draw_seed(); lora::linear_reference(...,
//   seed)
#include "ops/pch.h"

#include <limits>

#include "ops/attention.h"
#include "ops/check.h"
#include "ops/layer_norm.h"
#include "ops/linear.h"
#include "ops/random_ops.h"

namespace torch_lora {
namespace {

using Optional = std::optional<at::Tensor>;

at::Tensor dropped(const at::Tensor& x, double p, const Optional& seed) {
  check_dropout("dropout_reference", p);
  const Checks checks("dropout_reference", "x", x);
  checks.seed(seed);
  if (p == 0.0) return x;
  return x * dropout_mask(seed.has_value() ? *seed : draw_seed(), x.sym_sizes(), p, x);
}

at::Tensor linear_reference(const at::Tensor& x, at::TensorList weight, at::TensorList bias,
                            const OptionalTensors& lora_A, const OptionalTensors& lora_B, at::ArrayRef<double> scaling,
                            double dropout_p, const Optional& seed) {
  check_dropout("linear_reference", dropout_p);
  const LinearSegments segments = linear_segments(x, weight, bias, lora_A, lora_B, scaling);
  const at::Tensor flat = x.reshape({-1, segments.in});
  at::Tensor mask;  // [segments, T, in]
  if (segments.rank > 0 && dropout_p > 0.0) {
    const auto count = static_cast<int64_t>(segments.parts.size());
    mask = dropout_mask(seed.has_value() ? *seed : draw_seed(), {count, flat.sym_size(0), segments.in}, dropout_p, x);
  }
  std::vector<at::Tensor> parts;
  for (const auto& part : segments.parts) {
    at::Tensor y = at::linear(flat, part.weight, part.bias.defined() ? Optional(part.bias) : Optional());
    if (part.rank > 0) {
      // PEFT's own order: a wider adapter widens x, and the sum is narrowed again.
      const at::Tensor x_dropped = mask.defined() ? flat * mask.select(0, part.index) : flat;
      const at::Tensor low = at::matmul(x_dropped.to(part.lora_A.scalar_type()), part.lora_A.t());
      y = (y + at::matmul(low, part.lora_B.t()) * part.scaling).to(flat.scalar_type());
    }
    parts.push_back(y);
  }
  std::vector<int64_t> shape = x.sizes().vec();
  shape.back() = segments.out;
  return at::cat(parts, 1).view(shape);
}

at::Tensor linear_gelu_reference(const at::Tensor& x, at::TensorList weight, at::TensorList bias,
                                 const OptionalTensors& lora_A, const OptionalTensors& lora_B,
                                 at::ArrayRef<double> scaling, double dropout_p, const Optional& seed) {
  return at::gelu(linear_reference(x, weight, bias, lora_A, lora_B, scaling, dropout_p, seed));
}

at::Tensor dropout_add_layer_norm_reference(const at::Tensor& x, const at::Tensor& residual, const at::Tensor& weight,
                                            const at::Tensor& bias, double dropout_p, double eps,
                                            const Optional& seed) {
  check_layer_norm(x, residual, weight, bias, dropout_p, seed);
  return at::layer_norm(residual + dropped(x, dropout_p, seed), {x.size(-1)}, weight, bias, eps);
}

at::Tensor dropout_reference(const at::Tensor& x, double p, const Optional& seed) { return dropped(x, p, seed); }

}  // namespace

at::Tensor varlen_attention_reference(const at::Tensor& qkv, const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen,
                                      double dropout_p, std::optional<double> scale, const Optional& seed,
                                      int64_t window_left, int64_t window_right) {
  constexpr int64_t kWindowRows = 256;  // query rows that share their keys' scores where they see a window alone
  const Window window{window_left, window_right};
  check_attention("varlen_attention_reference", qkv, cu_seqlens, max_seqlen, dropout_p, seed);
  check_window("varlen_attention_reference", window);
  const auto bounds = sequence_bounds("varlen_attention_reference", cu_seqlens, max_seqlen, qkv.size(0));
  const double factor = attention_scale(scale, qkv.size(3));
  at::Tensor mask;
  if (dropout_p > 0.0) {
    mask = dropout_mask(seed.has_value() ? *seed : draw_seed(), {qkv.size(2), qkv.size(0), longest_of(bounds)},
                        dropout_p, qkv);
  }
  std::vector<at::Tensor> parts{at::empty({0, qkv.size(2), qkv.size(3)}, qkv.options())};
  for (size_t b = 0; b + 1 < bounds.size(); ++b) {
    const int64_t start = bounds[b], length = bounds[b + 1] - start;
    const int64_t before = window.before(length), behind = window.behind(length);
    const int64_t step = window.all() ? std::max<int64_t>(length, 1) : kWindowRows;
    const at::Tensor part = qkv.narrow(0, start, length).permute({1, 2, 0, 3});  // [3, N, L, D]
    for (int64_t q = 0; q < length; q += step) {
      const int64_t rows = std::min(step, length - q), first = std::max<int64_t>(0, q - before);
      const int64_t count = std::min(length, q + rows + behind) - first;
      const at::Tensor keys = part[1].narrow(1, first, count), values = part[2].narrow(1, first, count);
      at::Tensor scores = at::matmul(part[0].narrow(1, q, rows) * factor, keys.transpose(1, 2));  // [N, rows, count]
      if (!window.all()) {
        const auto whole = qkv.options().dtype(at::kLong);
        const at::Tensor distance =
            at::arange(first, first + count, whole) - at::arange(q, q + rows, whole).unsqueeze(1);
        scores = scores.masked_fill(distance.lt(-before).logical_or(distance.gt(behind)),
                                    -std::numeric_limits<double>::infinity());
      }
      at::Tensor weights = scores.softmax(-1);
      if (mask.defined()) weights = weights * mask.narrow(1, start + q, rows).narrow(2, first, count);
      parts.push_back(at::matmul(weights, values).transpose(0, 1));  // [rows, N, D]
    }
  }
  return at::cat(parts);
}

TORCH_LIBRARY_FRAGMENT(lora, m) {
  const std::string linear =
      "(Tensor x, Tensor[] weight, Tensor[] bias, Tensor?[] lora_A, Tensor?[] lora_B, float[] scaling, "
      "float dropout_p=0.0, Tensor? seed=None) -> Tensor";
  const std::vector<at::Tag> random{at::Tag::nondeterministic_seeded};
  m.def(("linear_reference" + linear).c_str(), random);
  m.def(("linear_gelu_reference" + linear).c_str(), random);
  m.def(
      "varlen_attention_reference(Tensor qkv, Tensor cu_seqlens, Tensor max_seqlen, float dropout_p=0.0, "
      "float? scale=None, Tensor? seed=None, int window_left=-1, int window_right=-1) -> Tensor",
      random);
  m.def(
      "dropout_add_layer_norm_reference(Tensor x, Tensor residual, Tensor weight, Tensor bias, float dropout_p, "
      "float eps, Tensor? seed=None) -> Tensor",
      random);
  m.def("dropout_reference(Tensor x, float p, Tensor? seed=None) -> Tensor", random);
}
TORCH_LIBRARY_IMPL(lora, CompositeImplicitAutograd, m) {
  m.impl("linear_reference", linear_reference);
  m.impl("linear_gelu_reference", linear_gelu_reference);
  m.impl("varlen_attention_reference", varlen_attention_reference);
  m.impl("dropout_add_layer_norm_reference", dropout_add_layer_norm_reference);
  m.impl("dropout_reference", dropout_reference);
}

}  // namespace torch_lora
