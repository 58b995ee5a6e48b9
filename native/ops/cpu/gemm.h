#pragma once
// Matrix products on this machine's kernels: what the operator files call.

#include <algorithm>
#include <vector>

#include "ops/cpu/kernels.h"
#include "ops/parallel.h"

namespace torch_lora::cpu {

// How `columns` columns are cut into panels: the layout of packed weights and the unit of parallel work.
void append_panels(const PanelShape& shape, int32_t range, int64_t columns, std::vector<GemmPanel>& panels);

// How m rows and a number of panels are shared among ATen's threads: body(m0, m1, p0, p1) for each part. `work` is what
// the product costs, of which a thread should have `least`.
template <class Body>
void share_product(int64_t m, int64_t panels, int64_t work, int64_t least, const Body& body) {
  constexpr int64_t fewest_rows = 48;  // rows that a part should have, so that packing B again is worth it
  if (m == 0 || panels == 0) return;
  const int64_t threads = std::clamp<int64_t>(work / least, 1, at::get_num_threads());
  const int64_t column_parts = std::min(threads, panels);
  const int64_t row_parts = std::clamp<int64_t>(m / fewest_rows, 1, (threads + column_parts - 1) / column_parts);
  const auto run = [&](int64_t part) {
    const int64_t column = part % column_parts, row = part / column_parts;
    body(m * row / row_parts, m * (row + 1) / row_parts, panels * column / column_parts,
         panels * (column + 1) / column_parts);
  };
  const int64_t parts = column_parts * row_parts;
  if (parts == 1) return run(0);
  parallel("product", 0, parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) run(part);
  });
}

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
