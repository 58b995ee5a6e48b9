// The skinny products of lora::linear (low_rank.h) as operators, composed of ATen's.
#include "ops/low_rank.h"

#include "ops/pch.h"

#include "ops/check.h"
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

// Segments' ranks lie within the columns of the skinny product.
void check_ranks(const char* op, at::IntArrayRef ranks, int64_t pad) {
  int64_t left = pad;
  for (const int64_t rank : ranks) {
    TORCH_CHECK_VALUE(rank >= 0 && rank <= left, op, ": expected ranks of at least 0 that add up to at most ", pad,
                      ", received ", ranks);
    left -= rank;
  }
}

}  // namespace

void check_low_rank_project(const at::Tensor& x, const at::Tensor& rows, at::IntArrayRef ranks, double dropout_p,
                            const Optional& seed) {
  const char* name = "_low_rank_project";
  check_dropout(name, dropout_p);
  const Checks checks(name, "x", x);
  checks.dims(2, "[T, in]");
  check_strided(name, "rows", rows);
  TORCH_CHECK_VALUE(rows.dim() == 2, name, ": expected rows [pad, in], received ", rows.sizes());
  checks.tensor("rows", rows, {rows.size(0), x.size(1)});
  check_ranks(name, ranks, rows.size(0));
  checks.seed(seed);
}

void check_low_rank_expand(const at::Tensor& low, const at::Tensor& matrix, const Optional& bias, at::IntArrayRef ranks,
                           double dropout_p, const Optional& seed) {
  const char* name = "_low_rank_expand";
  check_dropout(name, dropout_p);
  const Checks checks(name, "low", low);
  checks.dims(2, "[T, pad]");
  check_strided(name, "matrix", matrix);
  TORCH_CHECK_VALUE(matrix.dim() == 2, name, ": expected matrix [pad, out], received ", matrix.sizes());
  checks.tensor("matrix", matrix, {low.size(1), matrix.size(1)});
  checks.optional("bias", bias, {matrix.size(1)});
  check_ranks(name, ranks, low.size(1));
  checks.seed(seed);
}

void check_low_rank_gradients(const Optional& all_A, const Optional& all_B, at::TensorList weight,
                              const OptionalTensors& lora_A, const OptionalTensors& lora_B,
                              at::ArrayRef<double> scaling, at::IntArrayRef needs) {
  const char* name = "_low_rank_gradients";
  const LinearSegments segments = linear_segments(weight, lora_A, lora_B, scaling);
  const size_t count = segments.parts.size();
  const Checks checks(name, "weight", weight[0]);
  TORCH_CHECK_VALUE(!lora_A.empty(), name, ": expected lora_A and lora_B with one entry a weight, received none");
  checks.needs(needs, 2 * count);
  bool of_A = false, of_B = false;
  for (size_t i = 0; i < count; ++i) {
    TORCH_CHECK_VALUE(segments.parts[i].rank > 0 || (needs[i] == 0 && needs[count + i] == 0), name,
                      ": expected no gradient to be asked for where segment ", i, " has no adapter");
    of_A |= needs[i] != 0;
    of_B |= needs[count + i] != 0;
  }
  // The ranks may be padded.
  const auto ranks = [&](const Optional& all, int64_t dim) {
    const bool has = all.has_value() && all->defined() && all->dim() == 2;
    return has ? std::max(all->size(dim), segments.rank) : segments.rank;
  };
  checks.needed("all_A", all_A, of_A, {ranks(all_A, 0), segments.in});
  checks.needed("all_B", all_B, of_B, {segments.out, ranks(all_B, 1)});
}

std::tuple<at::Tensor, at::Tensor> low_rank_project_composed(const at::Tensor& x, const at::Tensor& rows,
                                                             at::IntArrayRef ranks, double dropout_p,
                                                             const Optional& seed, bool joined) {
  check_low_rank_project(x, rows, ranks, dropout_p, seed);
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
  check_low_rank_expand(low, matrix, bias, ranks, dropout_p, seed);
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
  const LinearSegments segments = linear_segments(weight, lora_A, lora_B, scaling);
  const int64_t in = segments.in, rank = segments.rank, out = segments.out;
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
  check_low_rank_gradients(all_A, all_B, weight, lora_A, lora_B, scaling, needs);
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
