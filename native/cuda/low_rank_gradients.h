#pragma once
// The gradients of the adapters of every segment of lora::linear, in the adapters' own type:
//   dA_i = low_i^T drop_i(x)          for low_i = s_i dy_i B_i
//   dB_i = s_i dy_i^T skinny_i        for skinny_i = drop_i(x) A_i^T
// Both are sums over tokens of sixteen ranks times columns of x or dy. A block takes kStripColumns columns and sixteen
// ranks of one segment; its warps share out the tokens, and their sums are added up in one order.
#include "cuda/low_rank_parts.h"

namespace torch_lora::cuda {

constexpr int kStripColumns = 32;
constexpr int kStripRanks = 16;

template <class T, class P>
struct AdapterGradients {
  LowRankParts<P> parts;  // of which the sizes and factors are read
  P* a[kMostParts];       // [R, in], or null where it is not asked for
  P* b[kMostParts];       // [out, R], or null
  int64_t tokens;
  const T* x;  // [T, in], rows contiguous
  int64_t x_row;
  const T* dy;  // [T, out]
  int64_t dy_row;
  const T *low, *skinny;     // [T, R], contiguous
  bool vector_x, vector_dy;  // whether four neighbours of a row may be loaded at once
};

// Numbers of shared memory.
TORCH_LORA_DEVICE constexpr int gradients_memory(int warps) { return warps * kStripRanks * kStripColumns; }

// dA where Of_A, else dB: the columns of strip `strip` and the ranks from `first` on of segment i.
template <bool OfA, class Block, class T, class P, class A>
TORCH_LORA_DEVICE void adapter_gradients(const Block& block, const AdapterGradients<T, P>& a, const Dropout<A>& dropout,
                                         int i, int64_t strip, int64_t first, A* memory) {
  const LowRankPart<P>& part = a.parts.part[i];
  const int64_t columns = OfA ? a.parts.in : part.out, from = strip * kStripColumns;
  P* const to = OfA ? a.a[i] : a.b[i];
  if (to == nullptr || from >= columns || first >= part.rank) return;
  const T* const wide = OfA ? a.x : a.dy + part.offset;
  const T* const narrow = (OfA ? a.low : a.skinny) + part.rank_offset;
  const int64_t row_of_wide = OfA ? a.x_row : a.dy_row;
  const bool masked = OfA && dropout.active;
  const Lane lane(block.thread);
  const int warp = block.thread / kWarp, warps = block.threads / kWarp;
  const int64_t column = from + lane.group * kRun;  // column 4 g + j is column g of product j
  A sums[kRun][4] = {};
  for (int64_t step = warp * kDepth; step < a.tokens; step += int64_t(warps) * kDepth) {
    T left[2 * kRun], right[kRun][kRun];
    TORCH_LORA_UNROLL
    for (int v = 0; v < kRun; ++v) {
      const int64_t token = step + lane.run * kRun + v;
      const bool real = token < a.tokens;
      T values[kRun];
      load_as(values, wide + token * row_of_wide + column, real ? columns - column : 0, OfA ? a.vector_x : a.vector_dy);
      const RowKey key = masked ? dropout.row(i * a.tokens + token) : RowKey{};
      TORCH_LORA_UNROLL
      for (int j = 0; j < kRun; ++j) {
        right[j][v] = masked && !dropout.keeps(key, column + j) ? T(0.0f) : values[j];
      }
      TORCH_LORA_UNROLL
      for (int h = 0; h < 2; ++h) {
        const int64_t rank = first + lane.group + 8 * h;
        left[fragment_place(v) + 2 * h] = real && rank < part.rank ? narrow[token * a.parts.rank + rank] : T(0.0f);
      }
    }
    TORCH_LORA_UNROLL
    for (int j = 0; j < kRun; ++j) block.multiply(sums[j], left, right[j]);
  }
  TORCH_LORA_UNROLL
  for (int j = 0; j < kRun; ++j) {
    TORCH_LORA_UNROLL
    for (int q = 0; q < 4; ++q) {
      const int rank = lane.group + q / 2 * 8, own = (lane.run * 2 + q % 2) * kRun + j;
      memory[(warp * kStripRanks + rank) * kStripColumns + own] = sums[j][q];
    }
  }
  block.sync();
  const A factor = OfA ? (masked ? dropout.scale : A(1)) : A(part.scaling);
  for (int e = block.thread; e < kStripRanks * kStripColumns; e += block.threads) {
    const int64_t rank = first + e / kStripColumns, own = from + e % kStripColumns;
    if (rank >= part.rank || own >= columns) continue;
    A sum = 0;
    for (int other = 0; other < warps; ++other) sum += memory[other * kStripRanks * kStripColumns + e];
    to[OfA ? rank * columns + own : own * part.rank + rank] = P(sum * factor);
  }
}

}  // namespace torch_lora::cuda
