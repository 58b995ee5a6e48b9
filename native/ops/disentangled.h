#pragma once
// Pieces of disentangled attention shared by the operator, its kernels and its reference.
#include <ATen/core/Tensor.h>

#include <optional>

namespace torch_lora {

// How relative distances map to rows of the position tables.
struct RelativePositions {
  int64_t buckets;       // position_buckets; 0 or less: every distance has its own row
  int64_t max_position;  // max_relative_positions
  // Half the rows of a table: DeBERTa's att_span.
  int64_t span() const { return buckets > 0 ? buckets : max_position; }
  // Distances from -exact() to exact() - 1 lie in row distance + span().
  int64_t exact() const { return buckets > 0 ? buckets / 2 : max_position; }
};

// ValueError unless 1 <= max_position and, where there are buckets, they hold them; so that no table of them is too
// large to be laid out.
void check_positions(const RelativePositions& positions);

// The arguments of the operator; then of its derivative, and its two needs.
[[gnu::visibility("default")]] void check_disentangled(const char* op, const at::Tensor& qkv,
                                                       const std::optional<at::Tensor>& pos_key,
                                                       const std::optional<at::Tensor>& pos_query,
                                                       const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen,
                                                       const RelativePositions& positions, double dropout_p,
                                                       const std::optional<at::Tensor>& seed = std::nullopt);
[[gnu::visibility("default")]] void check_disentangled_backward(
    const at::Tensor& grad, const at::Tensor& qkv, const std::optional<at::Tensor>& pos_key,
    const std::optional<at::Tensor>& pos_query, const at::Tensor& out, const at::Tensor& logsumexp,
    const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen, const RelativePositions& positions, double dropout_p,
    const std::optional<at::Tensor>& seed, at::IntArrayRef needs);

// The functions with default visibility serve the library of CUDA kernels too.

// Row for each distance from -(length - 1) to length - 1, [2 length - 1] int32 on the CPU; not to be written to. Equals
// transformers' make_log_bucket_position, shifted by span and clamped to the table, in the same float arithmetic.
[[gnu::visibility("default")]] at::Tensor relative_position_rows(int64_t length, const RelativePositions& positions);

// The row of the whole tables that the first row of `table` is: 0 for a whole table, rows[0] for what
// reachable_positions leaves of one. `rows` is relative_position_rows of the longest sequence. ValueError for any
// other.
[[gnu::visibility("default")]] int64_t first_row(const at::Tensor& table, const at::Tensor& rows,
                                                 const RelativePositions& positions);

// 1 / sqrt(D * number of terms) unless given.
double disentangled_scale(std::optional<double> scale, int64_t head_size, bool has_key, bool has_query);

at::Tensor disentangled_attention_reference(const at::Tensor& qkv, const std::optional<at::Tensor>& pos_key,
                                            const std::optional<at::Tensor>& pos_query, const at::Tensor& cu_seqlens,
                                            const at::Tensor& max_seqlen, int64_t position_buckets,
                                            int64_t max_position, double dropout_p, std::optional<double> scale,
                                            const std::optional<at::Tensor>& seed);

}  // namespace torch_lora
