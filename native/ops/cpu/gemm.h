#pragma once
// Matrix products on this machine's kernels: what the operator files call.
#include <vector>

#include "ops/cpu/kernels.h"

namespace torch_lora::cpu {

// How `columns` columns are cut into panels: the layout of packed weights and the unit of parallel work.
template <class T>
void append_panels(const Kernels<T>& kernels, int32_t range, int64_t columns, std::vector<GemmPanel>& panels);

// Everything of Gemm<T> but the panels, which gemm() derives from the ranges.
template <class T>
struct GemmCall {
  int64_t m = 0;
  T* c = nullptr;
  int64_t c_row = 0;
  bool accumulate = false;
  std::vector<std::vector<GemmTerm<T>>> terms;  // one list a range
  std::vector<GemmColumns<T>> ranges;           // terms/term_count are filled in by gemm()
  std::vector<DroppedTerm<T>> dropped;
  Epilogue epilogue = Epilogue::none;
  T* extra = nullptr;
  int64_t extra_row = 0;
};

// Runs on ATen's intra-op threads. The result does not depend on how many there are.
template <class T>
void gemm(GemmCall<T>& call);

}  // namespace torch_lora::cpu
