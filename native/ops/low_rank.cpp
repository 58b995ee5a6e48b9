// The skinny products of lora::linear (low_rank.h) as operators, composed of ATen's.
#include "ops/low_rank.h"

#include "ops/pch.h"

#include "ops/check.h"
#include "ops/dispatch.h"
#include "ops/random_ops.h"

namespace torch_lora {
namespace {

using Optional = std::optional<at::Tensor>;

using UpdateSignature = at::Tensor(const Optional&, const at::Tensor&, at::TensorList, const OptionalTensors&,
                                   const OptionalTensors&, at::ArrayRef<double>, double, const Optional&, bool, bool);
using GradientsSignature = std::vector<at::Tensor>(const Optional&, const Optional&, const Optional&, const Optional&,
                                                   at::TensorList, const OptionalTensors&, const OptionalTensors&,
                                                   at::ArrayRef<double>, double, const Optional&, at::IntArrayRef);

Optional given(const at::Tensor& tensor) { return tensor.defined() ? Optional(tensor) : Optional(); }

// drop_i(x)
at::Tensor dropped(const at::Tensor& x, const LinearSegment& part, double dropout_p, const Optional& seed) {
  return seed.has_value() ? apply_dropout(x, *seed, dropout_p, mask_row(part, x.size(0))) : x;
}

// A call's adapters as the operators take them.
struct Adapters {
  std::vector<at::Tensor> weight;
  OptionalTensors a, b;
  std::vector<double> scaling;

  explicit Adapters(const LinearSegments& segments) {
    for (const auto& part : segments.parts) {
      weight.push_back(part.weight);
      a.push_back(given(part.lora_A));
      b.push_back(given(part.lora_B));
      scaling.push_back(part.scaling);
    }
  }
};

}  // namespace

LinearSegments check_low_rank_update(const Optional& y, const at::Tensor& x, at::TensorList weight,
                                     const OptionalTensors& lora_A, const OptionalTensors& lora_B,
                                     at::ArrayRef<double> scaling, double dropout_p, const Optional& seed,
                                     bool backward) {
  const char* name = "_low_rank_update";
  check_dropout(name, dropout_p);
  LinearSegments segments = linear_segments(weight, lora_A, lora_B, scaling);
  const Checks checks(name, "x", x);
  checks.dims(2, backward ? "[T, out]" : "[T, in]");
  TORCH_CHECK_VALUE(segments.rank > 0, name, ": expected at least one adapter, received none");
  checks.tensor("weight", weight[0], weight[0].sym_sizes());
  TORCH_CHECK_VALUE(x.size(1) == (backward ? segments.out : segments.in), name, ": expected x [T, ",
                    backward ? segments.out : segments.in, "], received ", x.sizes());
  checks.optional("y", y, {x.size(0), backward ? segments.in : segments.out});
  TORCH_CHECK_VALUE(!y.has_value() || y->is_contiguous(), name, ": expected y to be contiguous");
  checks.seed(seed);
  return segments;
}

LinearSegments check_low_rank_gradients(const Optional& x, const Optional& low, const Optional& dy,
                                        const Optional& skinny, at::TensorList weight, const OptionalTensors& lora_A,
                                        const OptionalTensors& lora_B, at::ArrayRef<double> scaling, double dropout_p,
                                        const Optional& seed, at::IntArrayRef needs) {
  const char* name = "_low_rank_gradients";
  check_dropout(name, dropout_p);
  LinearSegments segments = linear_segments(weight, lora_A, lora_B, scaling);
  const size_t count = segments.parts.size();
  const Checks checks(name, "weight", weight[0]);
  checks.needs(needs, 2 * count);
  bool of_A = false, of_B = false;
  for (size_t i = 0; i < count; ++i) {
    TORCH_CHECK_VALUE(segments.parts[i].rank > 0 || (needs[i] == 0 && needs[count + i] == 0), name,
                      ": expected no gradient to be asked for where segment ", i, " has no adapter");
    of_A |= needs[i] != 0;
    of_B |= needs[count + i] != 0;
  }
  const auto& first = low.has_value() ? low : skinny;
  const bool matrix = first.has_value() && first->defined() && first->dim() == 2;
  const int64_t tokens = matrix ? first->size(0) : 0;
  checks.needed("x", x, of_A, {tokens, segments.in});
  checks.needed("low", low, of_A, {tokens, segments.rank});
  checks.needed("dy", dy, of_B, {tokens, segments.out});
  checks.needed("skinny", skinny, of_B, {tokens, segments.rank});
  checks.seed(seed);
  return segments;
}

at::Tensor low_rank_update_composed(const Optional& y, const at::Tensor& x, at::TensorList weight,
                                    const OptionalTensors& lora_A, const OptionalTensors& lora_B,
                                    at::ArrayRef<double> scaling, double dropout_p, const Optional& seed, bool backward,
                                    bool fresh) {
  const LinearSegments segments =
      check_low_rank_update(y, x, weight, lora_A, lora_B, scaling, dropout_p, seed, backward);
  if (fresh && y.has_value()) y->zero_();
  at::Tensor low = at::empty({x.size(0), segments.rank}, x.options());
  for (const auto& part : segments.parts) {
    if (part.rank == 0) continue;
    const at::Tensor a = part.lora_A.to(x.scalar_type()), b = (part.lora_B * part.scaling).to(x.scalar_type());
    at::Tensor own = low.narrow(1, part.rank_offset, part.rank);
    if (backward) {
      at::mm_out(own, x.narrow(1, part.offset, part.out), b);
      if (y.has_value()) y->add_(dropped(at::mm(own, a), part, dropout_p, seed));
    } else {
      at::mm_out(own, dropped(x, part, dropout_p, seed), a.t());
      if (y.has_value()) y->narrow(1, part.offset, part.out).addmm_(own, b.t());
    }
  }
  return low;
}

std::vector<at::Tensor> low_rank_gradients_composed(const Optional& x, const Optional& low, const Optional& dy,
                                                    const Optional& skinny, at::TensorList weight,
                                                    const OptionalTensors& lora_A, const OptionalTensors& lora_B,
                                                    at::ArrayRef<double> scaling, double dropout_p,
                                                    const Optional& seed, at::IntArrayRef needs) {
  const LinearSegments segments =
      check_low_rank_gradients(x, low, dy, skinny, weight, lora_A, lora_B, scaling, dropout_p, seed, needs);
  const size_t count = segments.parts.size();
  std::vector<at::Tensor> result;
  for (const auto& part : segments.parts) {
    if (needs[part.index] == 0) continue;
    const at::Tensor own = low->narrow(1, part.rank_offset, part.rank);
    result.push_back(at::mm(own.t(), dropped(*x, part, dropout_p, seed)).to(part.lora_A.scalar_type()));
  }
  for (const auto& part : segments.parts) {
    if (needs[count + part.index] == 0) continue;
    const at::Tensor own = skinny->narrow(1, part.rank_offset, part.rank);
    const at::Tensor product = at::mm(dy->narrow(1, part.offset, part.out).t(), own);
    result.push_back(product.to(part.lora_B.scalar_type()).mul_(part.scaling));
  }
  return result;
}

at::Tensor low_rank_update(const LinearSegments& segments, const at::Tensor& y, const at::Tensor& x, double dropout_p,
                           const Optional& seed, bool backward, bool fresh) {
  static const auto op = find_operator<UpdateSignature>("lora::_low_rank_update");
  const Adapters adapters(segments);
  return op.call(given(y), x, adapters.weight, adapters.a, adapters.b, adapters.scaling, dropout_p, seed, backward,
                 fresh);
}

std::vector<at::Tensor> low_rank_gradients(const LinearSegments& segments, const AdapterProducts& products,
                                           const std::vector<bool>& needs) {
  static const auto op = find_operator<GradientsSignature>("lora::_low_rank_gradients");
  const Adapters adapters(segments);
  const std::vector<int64_t> asked(needs.begin() + 1 + 2 * segments.parts.size(), needs.end());
  return op.call(given(products.x), given(products.low), given(products.dy), given(products.skinny), adapters.weight,
                 adapters.a, adapters.b, adapters.scaling, products.dropout_p, products.seed, asked);
}

TORCH_LIBRARY_FRAGMENT(lora, m) {
  m.def(
      "_low_rank_update(Tensor(a!)? y, Tensor x, Tensor[] weight, Tensor?[] lora_A, Tensor?[] lora_B, float[] scaling, "
      "float dropout_p, Tensor? seed, bool backward, bool fresh) -> Tensor");
  m.def(
      "_low_rank_gradients(Tensor? x, Tensor? low, Tensor? dy, Tensor? skinny, Tensor[] weight, Tensor?[] lora_A, "
      "Tensor?[] lora_B, float[] scaling, float dropout_p, Tensor? seed, int[] needs) -> Tensor[]");
}
TORCH_LIBRARY_IMPL(lora, CompositeExplicitAutograd, m) {
  m.impl("_low_rank_update", low_rank_update_composed);
  m.impl("_low_rank_gradients", low_rank_gradients_composed);
}

}  // namespace torch_lora
