#pragma once
// Whose rank is whose in the skinny products of lora::linear: every segment of a call has a dropout mask of its own.
#include "cuda/device.h"

namespace torch_lora::cuda {

constexpr int kMostParts = 8;  // segments of a call

// Segment i has the ranks from begin(i) to ends[i], and rows i T to (i + 1) T of the mask.
struct RankParts {
  int count;
  int64_t ends[kMostParts];  // non-decreasing; the last is the padded rank

  TORCH_LORA_DEVICE int64_t begin(int i) const { return i == 0 ? 0 : ends[i - 1]; }
  // Whether segment i has any of the ranks from `first` on.
  TORCH_LORA_DEVICE bool meets(int i, int64_t first, int64_t ranks) const {
    return begin(i) < ends[i] && begin(i) < first + ranks && ends[i] > first;
  }
  TORCH_LORA_DEVICE bool has(int i, int64_t rank) const { return rank >= begin(i) && rank < ends[i]; }
};

}  // namespace torch_lora::cuda
