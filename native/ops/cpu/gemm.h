#pragma once
// Matrix products on this machine's kernels: what the operator files call.

#include <algorithm>
#include <vector>

#include "ops/cpu/kernels.h"
#include "ops/parallel.h"

namespace torch_lora::cpu {

// How `columns` columns are cut into panels: the layout of packed weights and the unit of parallel work.
void append_panels(const PanelShape& shape, int32_t range, int64_t columns, std::vector<GemmPanel>& panels);

// How m rows and a number of panels are shared among threads: body(m0, m1, p0, p1, own) for each part. `work` is what
// the product costs, of which a part should have `least`. Panels behind a part, up to `own`, are of the same thread's
// next parts: it may fetch them ahead.
template <class Body>
void share_product(int64_t m, int64_t panels, int64_t work, int64_t least, const Body& body) {
  constexpr int64_t fewest_rows = 48;  // rows that a part should have, so that packing B again is worth it
  if (m == 0 || panels == 0) return;
  const int64_t most = std::max<int64_t>(1, work / least), threads = std::min(most, threads_here());
  const int64_t wanted = threads == 1 ? 1 : std::min(most, kPartsPerThread * threads);
  const int64_t column_parts = std::min(wanted, panels);
  const int64_t row_parts = std::clamp<int64_t>(m / fewest_rows, 1, (threads + column_parts - 1) / column_parts);
  const int64_t parts = column_parts * row_parts;
  share("product", parts, threads, [&](int64_t part) {
    const int64_t column = part % column_parts, row = part / column_parts;
    const int64_t last = std::min(share_end(part, parts, threads), (row + 1) * column_parts) - row * column_parts;
    body(m * row / row_parts, m * (row + 1) / row_parts, panels * column / column_parts,
         panels * (column + 1) / column_parts, panels * last / column_parts);
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

// Runs on as many threads as ATen's operators. The result does not depend on how many there are.
template <class T>
void gemm(GemmCall<T>& call);

}  // namespace torch_lora::cpu
