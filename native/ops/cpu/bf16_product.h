#pragma once
// Products of bfloat16 on this machine's kernels: what lora::linear calls.
#include <vector>

#include "ops/cpu/bf16.h"

namespace torch_lora::cpu {

// Everything of Bf16Gemm but the panels, which bf16_gemm() derives from the ranges.
struct Bf16Call {
  int64_t m = 0;
  bf16* c = nullptr;
  int64_t c_row = 0;
  bf16* activated = nullptr;
  int64_t activated_row = 0;
  std::vector<std::vector<Bf16Term>> terms;       // one list a range
  std::vector<std::vector<GemmTerm<float>>> low;  // likewise
  std::vector<Bf16Columns> ranges;                // the lists are filled in by bf16_gemm()
  std::vector<DroppedTerm<float>> dropped;
};

// Runs on as many threads as ATen's operators. The result does not depend on how many there are.
void bf16_gemm(Bf16Call& call);

// Skinny products, likewise: low [tokens, low_row], matrix and sum [rank, columns].
void bf16_project(const Skinny& skinny, const float* matrix, float* low, int64_t low_row);
void bf16_gather(const Skinny& skinny, const float* low, int64_t low_row, float* sum);

}  // namespace torch_lora::cpu
