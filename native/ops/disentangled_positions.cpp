// Relative positions in logarithmic buckets, and disentangled attention as a composition of ATen operators.
#include "ops/pch.h"

#include <cmath>
#include <map>
#include <mutex>

#include "ops/attention.h"
#include "ops/check.h"
#include "ops/disentangled.h"
#include "ops/random_ops.h"

namespace torch_lora {
namespace {

at::Tensor compute_rows(int64_t length, const RelativePositions& positions) {
  const int64_t span = positions.span(), mid = positions.buckets / 2;
  at::Tensor distance = at::arange(1 - length, length, at::kLong);  // i - j
  if (positions.buckets > 0) {
    // Distances up to mid keep a bucket each; beyond, buckets grow as powers. Types and order of operations follow
    // transformers: one rounding of a logarithm more or less would move a distance to the next bucket.
    const at::Tensor size = distance.abs();
    const at::Tensor base = at::scalar_tensor(static_cast<double>(positions.max_position - 1) / mid, at::kFloat).log();
    const at::Tensor far = (at::div(size.clamp_min(mid - 1), mid).log() / base * (mid - 1)).ceil() + mid;
    distance = at::where(size.le(mid), distance.to(at::kFloat), far * distance.sign()).to(at::kLong);
  }
  return (distance + span).clamp(0, 2 * span - 1).to(at::kInt);
}

}  // namespace

void check_positions(const RelativePositions& positions) {
  constexpr int64_t most = kLongestSequence;
  TORCH_CHECK_VALUE(positions.max_position > 0 && positions.max_position <= most,
                    "disentangled_attention: expected max_position above 0 and at most ", most, ", received ",
                    positions.max_position);
  TORCH_CHECK_VALUE(positions.buckets <= 0 || (positions.buckets > 1 && positions.buckets <= most &&
                                               positions.max_position - 1 > positions.buckets / 2),
                    "disentangled_attention: expected at least 2 position_buckets and max_position above half of ",
                    "them plus 1, received ", positions.buckets, " and ", positions.max_position);
}

namespace {

void check_tables(const char* op, const at::Tensor& qkv, const std::optional<at::Tensor>& pos_key,
                  const std::optional<at::Tensor>& pos_query, const RelativePositions& positions) {
  check_positions(positions);
  for (const auto* table : {&pos_key, &pos_query}) {
    if (!table->has_value()) continue;
    const at::Tensor& t = **table;
    check_strided(op, "pos_key and pos_query", t);
    // How many of the rows there must be depends on max_seqlen's value: see first_row.
    TORCH_CHECK_VALUE(t.dim() == 3 && t.sym_size(0) > 0 && t.sym_size(0) <= 2 * positions.span() &&
                          t.sym_size(1) == qkv.sym_size(2) && t.sym_size(2) == qkv.sym_size(3),
                      op, ": expected pos_key and pos_query [", 2 * positions.span(), ", ", qkv.sym_size(2), ", ",
                      qkv.sym_size(3), "] for qkv ", qkv.sym_sizes(), ", received ", t.sym_sizes());
    TORCH_CHECK_TYPE(t.scalar_type() == qkv.scalar_type() && t.device() == qkv.device(), op,
                     ": expected pos_key and pos_query of ", qkv.scalar_type(), " on ", qkv.device(),
                     " like qkv, received ", t.scalar_type(), " on ", t.device());
  }
  TORCH_CHECK_VALUE(!pos_key.has_value() || !pos_query.has_value() || pos_key->sym_size(0) == pos_query->sym_size(0),
                    op, ": expected as many rows in pos_key as in pos_query, received ", pos_key->sym_sizes(), " and ",
                    pos_query->sym_sizes());
}

}  // namespace

void check_disentangled(const char* op, const at::Tensor& qkv, const std::optional<at::Tensor>& pos_key,
                        const std::optional<at::Tensor>& pos_query, const at::Tensor& cu_seqlens,
                        const at::Tensor& max_seqlen, const RelativePositions& positions, double dropout_p,
                        const std::optional<at::Tensor>& seed) {
  check_attention(op, qkv, cu_seqlens, max_seqlen, dropout_p, seed);
  check_tables(op, qkv, pos_key, pos_query, positions);
}

void check_disentangled_backward(const at::Tensor& grad, const at::Tensor& qkv,
                                 const std::optional<at::Tensor>& pos_key, const std::optional<at::Tensor>& pos_query,
                                 const at::Tensor& out, const at::Tensor& logsumexp, const at::Tensor& cu_seqlens,
                                 const at::Tensor& max_seqlen, const RelativePositions& positions, double dropout_p,
                                 const std::optional<at::Tensor>& seed, at::IntArrayRef needs) {
  const char* op = "_disentangled_attention_backward";
  check_attention_backward(op, grad, qkv, out, logsumexp, cu_seqlens, max_seqlen, dropout_p, seed);
  check_tables(op, qkv, pos_key, pos_query, positions);
  TORCH_CHECK_VALUE(
      needs.size() == 2 && (needs[0] == 0 || pos_key.has_value()) && (needs[1] == 0 || pos_query.has_value()), op,
      ": expected needs to hold 2 numbers, 0 for a table that is not given, received ", needs);
}

// What a distance maps to does not depend on the length: one table serves every shorter one.
at::Tensor relative_position_rows(int64_t length, const RelativePositions& positions) {
  check_positions(positions);
  TORCH_CHECK_VALUE(length >= 1 && length <= kLongestSequence, "relative_position_rows: expected a length from 1 to ",
                    kLongestSequence, ", received ", length);
  static std::mutex mutex;
  static auto& tables =
      *new std::map<std::pair<int64_t, int64_t>, at::Tensor>();  // never destroyed: threads may outlive
  const std::lock_guard<std::mutex> lock(mutex);
  at::Tensor& table = tables[{positions.buckets, positions.max_position}];
  if (!table.defined() || table.numel() < 2 * length - 1) {
    int64_t longest = 512;
    while (longest < length) longest *= 2;
    table = compute_rows(longest, positions);
  }
  return table.narrow(0, table.numel() / 2 - (length - 1), 2 * length - 1);
}

int64_t first_row(const at::Tensor& table, const at::Tensor& rows, const RelativePositions& positions) {
  if (table.size(0) == 2 * positions.span()) return 0;
  const auto* row = rows.const_data_ptr<int32_t>();
  const int64_t first = row[0], reached = row[rows.numel() - 1] - first + 1;
  TORCH_CHECK_VALUE(table.size(0) == reached, "disentangled_attention: expected pos_key and pos_query of ",
                    2 * positions.span(), " rows, or of the ", reached, " that max_seqlen reaches, received ",
                    table.size(0));
  return first;
}

// The rows of a position table that distances within max_seqlen reach, so that the rest is not even projected.
at::Tensor reachable_positions(const at::Tensor& table, const at::Tensor& max_seqlen, int64_t position_buckets,
                               int64_t max_position) {
  const RelativePositions positions{position_buckets, max_position};
  check_strided("reachable_positions", "table", table);
  const int64_t longest = longest_sequence("reachable_positions", max_seqlen);
  const at::Tensor rows = relative_position_rows(std::max<int64_t>(longest, 1), positions);
  TORCH_CHECK_VALUE(table.dim() >= 1 && table.size(0) == 2 * positions.span(),
                    "reachable_positions: expected a table of ", 2 * positions.span(), " rows, received ",
                    table.sizes());
  const auto* row = rows.const_data_ptr<int32_t>();
  return table.narrow(0, row[0], row[rows.numel() - 1] - row[0] + 1);
}

double disentangled_scale(std::optional<double> scale, int64_t head_size, bool has_key, bool has_query) {
  return scale.value_or(1.0 / std::sqrt(static_cast<double>(head_size * (1 + has_key + has_query))));
}

at::Tensor disentangled_attention_reference(const at::Tensor& qkv, const std::optional<at::Tensor>& pos_key,
                                            const std::optional<at::Tensor>& pos_query, const at::Tensor& cu_seqlens,
                                            const at::Tensor& max_seqlen, int64_t position_buckets,
                                            int64_t max_position, double dropout_p, std::optional<double> scale,
                                            const std::optional<at::Tensor>& seed) {
  const char* name = "disentangled_attention_reference";
  const RelativePositions positions{position_buckets, max_position};
  check_disentangled(name, qkv, pos_key, pos_query, cu_seqlens, max_seqlen, positions, dropout_p, seed);
  const auto bounds = sequence_bounds(name, cu_seqlens, max_seqlen, qkv.size(0));
  const int64_t heads = qkv.size(2), longest = longest_sequence(name, max_seqlen);
  const double factor = disentangled_scale(scale, qkv.size(3), pos_key.has_value(), pos_query.has_value());
  const at::Tensor whole = relative_position_rows(std::max<int64_t>(longest, 1), positions);
  const auto rows_of = [&](const std::optional<at::Tensor>& table) {
    return table.has_value() ? (whole - first_row(*table, whole, positions)).to(qkv.device(), at::kLong) : at::Tensor();
  };
  const at::Tensor key_rows = rows_of(pos_key), query_rows = rows_of(pos_query);
  at::Tensor mask;
  if (dropout_p > 0.0) {
    mask =
        dropout_mask(seed.has_value() ? *seed : draw_seed(), {heads, qkv.size(0), longest_of(bounds)}, dropout_p, qkv);
  }
  std::vector<at::Tensor> parts{at::empty({0, heads, qkv.size(3)}, qkv.options())};
  for (size_t b = 0; b + 1 < bounds.size(); ++b) {
    const int64_t start = bounds[b], length = bounds[b + 1] - start;
    const at::Tensor part = qkv.narrow(0, start, length).permute({1, 2, 0, 3});  // [3, N, L, D]
    const at::Tensor at_i = at::arange(length, qkv.options().dtype(at::kLong));
    const at::Tensor distance = at_i.unsqueeze(1) - at_i.unsqueeze(0) + (whole.size(0) / 2);
    at::Tensor scores = at::matmul(part[0], part[1].transpose(1, 2));  // [N, L, L]
    if (pos_key.has_value()) {
      scores = scores + at::matmul(part[0], pos_key->permute({1, 2, 0}))
                            .gather(2, key_rows.index({distance}).expand({heads, length, length}));
    }
    if (pos_query.has_value()) {
      const at::Tensor by_key = at::matmul(part[1], pos_query->permute({1, 2, 0}));  // [N, L (keys), P]
      const at::Tensor index = query_rows.index({distance.t()}).expand({heads, length, length});
      scores = scores + by_key.gather(2, index).transpose(1, 2);
    }
    at::Tensor weights = (scores * factor).softmax(-1);
    if (mask.defined()) weights = weights * mask.narrow(1, start, length).narrow(2, 0, length);
    parts.push_back(at::matmul(weights, part[2]).transpose(0, 1));  // [L, N, D]
  }
  return at::cat(parts);
}

TORCH_LIBRARY_FRAGMENT(lora, m) {
  m.def(
      "disentangled_attention_reference(Tensor qkv, Tensor? pos_key, Tensor? pos_query, Tensor cu_seqlens, "
      "Tensor max_seqlen, int position_buckets, int max_position, float dropout_p=0.0, float? scale=None, "
      "Tensor? seed=None) -> Tensor",
      {at::Tag::nondeterministic_seeded});
  m.def("relative_position_rows(int length, int position_buckets, int max_position) -> Tensor");
  m.def("reachable_positions(Tensor(a) table, Tensor max_seqlen, int position_buckets, int max_position) -> Tensor(a)");
}
TORCH_LIBRARY_IMPL(lora, CompositeImplicitAutograd, m) {
  m.impl("disentangled_attention_reference", disentangled_attention_reference);
  m.impl("relative_position_rows", [](int64_t length, int64_t position_buckets, int64_t max_position) {
    return relative_position_rows(length, {position_buckets, max_position}).clone();
  });
  m.impl("reachable_positions", reachable_positions);
}

}  // namespace torch_lora
