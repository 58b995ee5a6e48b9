// Cuts a product into tasks for ATen's threads.
#include "ops/cpu/gemm.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "ops/cpu/scratch.h"

namespace torch_lora::cpu {
namespace {

constexpr int64_t kSmallestTask = 1 << 17;  // multiply-adds below which a thread costs more than it brings
constexpr int64_t kFewestRows = 48;         // rows a task should have, so that packing B again is worth it

}  // namespace

template <class T>
void append_panels(const Kernels<T>& k, int32_t range, int64_t columns, std::vector<GemmPanel>& panels) {
  const int64_t lanes = k.lanes;
  for (int64_t column = 0; column < columns;) {
    const int64_t left = (columns - column + lanes - 1) / lanes;  // vectors
    const int64_t vectors = left <= k.max_panel_vectors ? left : k.panel_vectors;
    const int64_t width = vectors * lanes;
    panels.push_back({range, static_cast<int32_t>(width), column, std::min(width, columns - column)});
    column += width;
  }
}

template <class T>
void gemm(GemmCall<T>& call) {
  const Kernels<T>& k = kernels<T>();
  std::vector<GemmPanel> panels;
  int64_t work = 0;
  for (size_t r = 0; r < call.ranges.size(); ++r) {
    auto& range = call.ranges[r];
    range.terms = call.terms[r].data();
    range.term_count = static_cast<int64_t>(call.terms[r].size());
    append_panels(k, static_cast<int32_t>(r), range.count, panels);
    for (const auto& term : call.terms[r]) work += call.m * range.count * term.k;
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
  if (call.m == 0 || panels.empty()) return;
  const int64_t bytes = k.gemm_scratch(g);
  const int64_t threads = std::clamp<int64_t>(work / kSmallestTask, 1, at::get_num_threads());
  const int64_t column_parts = std::min(threads, g.panel_count);
  const int64_t row_parts = std::clamp<int64_t>(call.m / kFewestRows, 1, (threads + column_parts - 1) / column_parts);
  const int64_t tasks = column_parts * row_parts;
  const auto run = [&](int64_t task) {
    const int64_t column = task % column_parts, row = task / column_parts;
    k.gemm(g, call.m * row / row_parts, call.m * (row + 1) / row_parts, g.panel_count * column / column_parts,
           g.panel_count * (column + 1) / column_parts, thread_scratch(bytes));
  };
  if (tasks == 1) return run(0);
  at::parallel_for(0, tasks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) run(task);
  });
}

template void append_panels<float>(const Kernels<float>&, int32_t, int64_t, std::vector<GemmPanel>&);
template void append_panels<double>(const Kernels<double>&, int32_t, int64_t, std::vector<GemmPanel>&);
template void gemm<float>(GemmCall<float>&);
template void gemm<double>(GemmCall<double>&);

}  // namespace torch_lora::cpu
