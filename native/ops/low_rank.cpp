// The skinny products of lora::linear (low_rank.h) as operators, composed of ATen's.
#include "ops/low_rank.h"

#include "ops/pch.h"

#include "ops/dispatch.h"
#include "ops/random_ops.h"

namespace torch_lora {
namespace {

using Optional = std::optional<at::Tensor>;

using BlocksSignature = std::tuple<at::Tensor, at::Tensor>(at::TensorList, const OptionalTensors&,
                                                           const OptionalTensors&, at::ArrayRef<double>, bool);
using ProjectSignature = std::tuple<at::Tensor, at::Tensor>(const at::Tensor&, const at::Tensor&, at::IntArrayRef,
                                                            double, const Optional&, bool);
using ExpandSignature = at::Tensor(const at::Tensor&, const at::Tensor&, const Optional&, at::IntArrayRef, double,
                                   const Optional&);

using GradientsSignature = std::vector<at::Tensor>(const Optional&, const Optional&, at::TensorList,
                                                   const OptionalTensors&, const OptionalTensors&, at::ArrayRef<double>,
                                                   at::IntArrayRef);

// body(i, first rank, ranks) for every segment that has any.
template <class Body>
void for_each_adapter(at::IntArrayRef ranks, const Body& body) {
  int64_t offset = 0;
  for (size_t i = 0; i < ranks.size(); offset += ranks[i++]) {
    if (ranks[i] > 0) body(static_cast<int64_t>(i), offset, ranks[i]);
  }
}

}  // namespace

std::tuple<at::Tensor, at::Tensor> low_rank_project_composed(const at::Tensor& x, const at::Tensor& rows,
                                                             at::IntArrayRef ranks, double dropout_p,
                                                             const Optional& seed, bool joined) {
  const int64_t tokens = x.size(0);
  at::Tensor low;  // [T, pad]
  if (seed.has_value()) {
    low = at::zeros({tokens, rows.size(0)}, x.options());
    for_each_adapter(ranks, [&](int64_t i, int64_t offset, int64_t rank) {
      const at::Tensor dropped = apply_dropout(x, *seed, dropout_p, i * tokens);
      low.narrow(1, offset, rank).copy_(at::mm(dropped, rows.narrow(0, offset, rank).t()));
    });
  } else {
    low = at::mm(x, rows.t());
  }
  return {joined ? at::cat({x, low}, 1) : at::empty({0}, x.options()), low};
}

at::Tensor low_rank_expand_composed(const at::Tensor& low, const at::Tensor& matrix, const Optional& bias,
                                    at::IntArrayRef ranks, double dropout_p, const Optional& seed) {
  if (!seed.has_value()) return bias.has_value() ? at::addmm(*bias, low, matrix) : at::mm(low, matrix);
  const int64_t tokens = low.size(0);
  at::Tensor y = at::zeros({tokens, matrix.size(1)}, low.options());
  for_each_adapter(ranks, [&](int64_t i, int64_t offset, int64_t rank) {
    const at::Tensor own = at::mm(low.narrow(1, offset, rank), matrix.narrow(0, offset, rank));
    y.add_(apply_dropout(own, *seed, dropout_p, i * tokens));
  });
  return bias.has_value() ? y.add_(*bias) : y;
}

std::tuple<at::Tensor, at::Tensor> low_rank_blocks_composed(at::TensorList weight, const OptionalTensors& lora_A,
                                                            const OptionalTensors& lora_B, at::ArrayRef<double> scaling,
                                                            bool joined) {
  const int64_t in = weight[0].size(1);
  int64_t rank = 0, out = 0;
  for (size_t i = 0; i < weight.size(); ++i) {
    const Optional a = lora_A.empty() ? Optional() : lora_A.get(i);
    if (a.has_value()) rank += a->size(0);
    out += weight[i].size(0);
  }
  const int64_t pad = rank > 0 ? padded_rank(in, rank) : 0, before = joined ? in : 0;
  at::Tensor rows = at::zeros({pad, in}, weight[0].options());
  at::Tensor columns = at::zeros({out, before + pad}, weight[0].options());
  int64_t offset = 0, rank_offset = 0;
  for (size_t i = 0; i < weight.size(); ++i) {
    at::Tensor own = columns.narrow(0, offset, weight[i].size(0));
    if (joined) own.narrow(1, 0, in).copy_(weight[i]);
    offset += weight[i].size(0);
    const Optional a = lora_A.empty() ? Optional() : lora_A.get(i);
    if (!a.has_value()) continue;
    rows.narrow(0, rank_offset, a->size(0)).copy_(*a);
    own.narrow(1, before + rank_offset, a->size(0)).copy_(*lora_B.get(i) * scaling[i]);
    rank_offset += a->size(0);
  }
  return {rows, columns};
}

std::vector<at::Tensor> low_rank_gradients_composed(const Optional& all_A, const Optional& all_B, at::TensorList weight,
                                                    const OptionalTensors& lora_A, const OptionalTensors& lora_B,
                                                    at::ArrayRef<double> scaling, at::IntArrayRef needs) {
  // A copy for each: one of several segments must not keep the others' alive.
  const size_t count = weight.size();
  std::vector<at::Tensor> ofA, ofB;
  int64_t offset = 0, rank_offset = 0;
  for (size_t i = 0; i < count; offset += weight[i++].size(0)) {
    const Optional a = lora_A.get(i), b = lora_B.get(i);
    if (!a.has_value()) continue;
    const int64_t rank = a->size(0);
    if (needs[i]) ofA.push_back(all_A->narrow(0, rank_offset, rank).to(a->scalar_type(), false, true));
    if (needs[count + i]) {
      const at::Tensor own = all_B->narrow(0, offset, weight[i].size(0)).narrow(1, rank_offset, rank);
      ofB.push_back(own.to(b->scalar_type(), false, true, at::MemoryFormat::Contiguous).mul_(scaling[i]));
    }
    rank_offset += rank;
  }
  ofA.insert(ofA.end(), ofB.begin(), ofB.end());
  return ofA;
}

namespace {

// A call's adapters as the operators take them.
struct Adapters {
  std::vector<at::Tensor> weight;
  OptionalTensors a, b;
  std::vector<double> scaling;

  explicit Adapters(const LinearSegments& segments) {
    for (const auto& part : segments.parts) {
      weight.push_back(part.weight);
      a.push_back(part.rank > 0 ? Optional(part.lora_A) : Optional());
      b.push_back(part.rank > 0 ? Optional(part.lora_B) : Optional());
      scaling.push_back(part.scaling);
    }
  }
};

}  // namespace

std::vector<at::Tensor> low_rank_gradients(const LinearSegments& segments, const at::Tensor& all_A,
                                           const at::Tensor& all_B, const std::vector<bool>& needs) {
  static const auto op = find_operator<GradientsSignature>("lora::_low_rank_gradients");
  const auto given = [](const at::Tensor& tensor) { return tensor.defined() ? Optional(tensor) : Optional(); };
  const Adapters adapters(segments);
  const std::vector<int64_t> asked(needs.begin() + 1 + 2 * segments.parts.size(), needs.end());
  return op.call(given(all_A), given(all_B), adapters.weight, adapters.a, adapters.b, adapters.scaling, asked);
}

LowRankBlocks low_rank_blocks(const LinearSegments& segments, bool joined) {
  static const auto op = find_operator<BlocksSignature>("lora::_low_rank_blocks");
  const Adapters adapters(segments);
  auto [rows, columns] = op.call(adapters.weight, adapters.a, adapters.b, adapters.scaling, joined);
  return {rows, columns};
}

std::vector<int64_t> segment_ranks(const LinearSegments& segments) {
  std::vector<int64_t> ranks;
  for (const auto& part : segments.parts) ranks.push_back(part.rank);
  return ranks;
}

std::tuple<at::Tensor, at::Tensor> low_rank_project(const at::Tensor& x, const at::Tensor& rows, at::IntArrayRef ranks,
                                                    double dropout_p, const Optional& seed, bool joined) {
  static const auto op = find_operator<ProjectSignature>("lora::_low_rank_project");
  return op.call(x, rows, ranks, dropout_p, seed, joined);
}

at::Tensor low_rank_expand(const at::Tensor& low, const at::Tensor& matrix, const at::Tensor& bias,
                           at::IntArrayRef ranks, double dropout_p, const Optional& seed) {
  static const auto op = find_operator<ExpandSignature>("lora::_low_rank_expand");
  return op.call(low, matrix, bias.defined() ? Optional(bias) : Optional(), ranks, dropout_p, seed);
}

TORCH_LIBRARY_FRAGMENT(lora, m) {
  m.def(
      "_low_rank_blocks(Tensor[] weight, Tensor?[] lora_A, Tensor?[] lora_B, float[] scaling, bool joined) "
      "-> (Tensor, Tensor)");
  m.def(
      "_low_rank_project(Tensor x, Tensor rows, int[] ranks, float dropout_p, Tensor? seed, bool joined) "
      "-> (Tensor, Tensor)");
  m.def(
      "_low_rank_expand(Tensor low, Tensor matrix, Tensor? bias, int[] ranks, float dropout_p, Tensor? seed) "
      "-> Tensor");
  m.def(
      "_low_rank_gradients(Tensor? all_A, Tensor? all_B, Tensor[] weight, Tensor?[] lora_A, Tensor?[] lora_B, "
      "float[] scaling, int[] needs) -> Tensor[]");
}
TORCH_LIBRARY_IMPL(lora, CompositeExplicitAutograd, m) {
  m.impl("_low_rank_gradients", low_rank_gradients_composed);
  m.impl("_low_rank_blocks", low_rank_blocks_composed);
  m.impl("_low_rank_project", low_rank_project_composed);
  m.impl("_low_rank_expand", low_rank_expand_composed);
}

}  // namespace torch_lora
