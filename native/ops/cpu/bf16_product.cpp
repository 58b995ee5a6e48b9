// Cuts products of bfloat16 into parts for several threads.
#include "ops/cpu/bf16_product.h"

#include "ops/cpu/gemm.h"
#include "ops/cpu/scratch.h"
#include "ops/parallel.h"

namespace torch_lora::cpu {
namespace {

constexpr int64_t kSmallestTask = 1 << 18;  // multiply-adds below which a thread costs more than it brings
constexpr int64_t kSkinnyGrain = 1 << 15;   // elements of x, likewise
constexpr int64_t kSkinnyColumns = 64;      // columns that are summed together

}  // namespace

void bf16_gemm(Bf16Call& call) {
  const Bf16Kernels& k = bf16_kernels();
  std::vector<GemmPanel> panels;
  int64_t work = 0;
  for (size_t r = 0; r < call.ranges.size(); ++r) {
    auto& range = call.ranges[r];
    range.terms = call.terms[r].data();
    range.term_count = static_cast<int64_t>(call.terms[r].size());
    range.low = call.low[r].data();
    range.low_count = static_cast<int64_t>(call.low[r].size());
    append_panels(gemm_kernels<float>().panel, static_cast<int32_t>(r), range.count, panels);
    for (const auto& term : call.terms[r]) work += call.m * range.count * term.k;
  }
  const Bf16Gemm g{call.m,
                   call.c,
                   call.c_row,
                   call.activated,
                   call.activated_row,
                   call.ranges.data(),
                   panels.data(),
                   static_cast<int64_t>(panels.size()),
                   call.dropped.data(),
                   static_cast<int64_t>(call.dropped.size())};
  share_product(call.m, g.panel_count, work, kSmallestTask,
                [&](int64_t m0, int64_t m1, int64_t p0, int64_t p1, int64_t own) {
                  Bf16Gemm part = g;
                  part.panel_count = own;
                  k.gemm(part, m0, m1, p0, p1, thread_scratch(k.gemm_scratch(part)));
                });
}

void bf16_project(const Skinny& skinny, const float* matrix, float* low, int64_t low_row) {
  const int64_t grain = std::max<int64_t>(2, kSkinnyGrain / std::max<int64_t>(1, skinny.columns));
  parallel("adapter product", 0, skinny.tokens, grain,
           [&](int64_t begin, int64_t end) { bf16_kernels().project(skinny, matrix, low, low_row, begin, end); });
}

// Every column is the sum over all tokens in their order, whoever forms it.
void bf16_gather(const Skinny& skinny, const float* low, int64_t low_row, float* sum) {
  const int64_t blocks = (skinny.columns + kSkinnyColumns - 1) / kSkinnyColumns;
  const int64_t grain = std::max<int64_t>(1, kSkinnyGrain / std::max<int64_t>(1, skinny.tokens * kSkinnyColumns));
  parallel("adapter gradient", 0, blocks, grain, [&](int64_t begin, int64_t end) {
    bf16_kernels().gather(skinny, low, low_row, sum, begin * kSkinnyColumns,
                          std::min(skinny.columns, end * kSkinnyColumns));
  });
}

}  // namespace torch_lora::cpu
