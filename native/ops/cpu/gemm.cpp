// Cuts a product into parts for several threads.
#include "ops/cpu/gemm.h"

#include "ops/cpu/scratch.h"

namespace torch_lora::cpu {
namespace {

constexpr int64_t kSmallestTask = 1 << 17;  // multiply-adds below which a thread costs more than it brings
constexpr int64_t kEpilogue = 16;           // multiply-adds that GELU of an element costs

}  // namespace

void append_panels(const PanelShape& shape, int32_t range, int64_t columns, std::vector<GemmPanel>& panels) {
  const int64_t lanes = shape.lanes;
  for (int64_t column = 0; column < columns;) {
    const int64_t left = (columns - column + lanes - 1) / lanes;  // vectors
    const int64_t vectors = left <= shape.max_vectors ? left : shape.vectors;
    const int64_t width = vectors * lanes;
    panels.push_back({range, static_cast<int32_t>(width), column, std::min(width, columns - column)});
    column += width;
  }
}

template <class T>
void gemm(GemmCall<T>& call) {
  const GemmKernels<T>& k = gemm_kernels<T>();
  std::vector<GemmPanel> panels;
  int64_t work = 0;
  for (size_t r = 0; r < call.ranges.size(); ++r) {
    auto& range = call.ranges[r];
    range.terms = call.terms[r].data();
    range.term_count = static_cast<int64_t>(call.terms[r].size());
    append_panels(k.panel, static_cast<int32_t>(r), range.count, panels);
    for (const auto& term : call.terms[r]) work += call.m * range.count * term.k;
    for (const auto& dropped : call.dropped) work += call.m * range.count * dropped.term.k;
    if (call.epilogue != Epilogue::none) work += call.m * range.count * kEpilogue;
  }
  const Gemm<T> g{call.m,
                  call.c,
                  call.c_row,
                  call.accumulate,
                  call.ranges.data(),
                  panels.data(),
                  static_cast<int64_t>(panels.size()),
                  call.dropped.data(),
                  static_cast<int64_t>(call.dropped.size()),
                  call.epilogue,
                  call.extra,
                  call.extra_row};
  share_product(call.m, g.panel_count, work, kSmallestTask,
                [&](int64_t m0, int64_t m1, int64_t p0, int64_t p1, int64_t own) {
                  Gemm<T> part = g;
                  part.panel_count = own;
                  k.gemm(part, m0, m1, p0, p1, thread_scratch(k.gemm_scratch(part)));
                });
}

template void gemm<float>(GemmCall<float>&);
template void gemm<double>(GemmCall<double>&);

}  // namespace torch_lora::cpu
