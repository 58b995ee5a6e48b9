#pragma once
// The adapters of the segments of one call of lora::linear, as they lie in memory. P: their type, float32 under half
// precision, if so given. T, where it is named: x's type; A: the type of all arithmetic.
#include "cuda/fragments.h"

namespace torch_lora::cuda {

constexpr int kMostParts = 8;  // segments of a call

template <class P>
struct LowRankPart {
  const P* a;            // [R, in], or null without an adapter
  const P* b;            // [out, R], or null
  int64_t a_row, b_row;  // strides
  int64_t out, offset, rank, rank_offset;
  double scaling;
};

template <class P>
struct LowRankParts {
  LowRankPart<P> part[kMostParts];
  int count;
  int64_t in, out, rank;

  // The segment that a column of the output belongs to.
  TORCH_LORA_DEVICE int of_column(int64_t column) const {
    int i = 0;
    while (i + 1 < count && column >= part[i].offset + part[i].out) ++i;
    return i;
  }
  // The segment that a rank belongs to; the last one's for those beyond all.
  TORCH_LORA_DEVICE int of_rank(int64_t rank) const {
    int i = 0;
    while (i + 1 < count && rank >= part[i].rank_offset + part[i].rank) ++i;
    return i;
  }
};

}  // namespace torch_lora::cuda
