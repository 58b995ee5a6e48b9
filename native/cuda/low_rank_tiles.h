#pragma once
// The skinny products of lora::linear:
//   project  low = cat_i( drop_i(x) A_i^T ), and where asked [x | low], the left operand of one product for everything
//   expand   low M, or sum_i drop_i(low_i M_i), or with a bias, for a product to accumulate onto
// Segment i drops by a mask of its own; without dropout all ranks are one part. expand writes its large operand once,
// project reads it once a part, from the cache after the first.
// A tile is the work of one block; see device.h. T: the element type in memory; A: the type of all arithmetic.
#include "cuda/low_rank_parts.h"

namespace torch_lora::cuda {

template <class T>
struct ProjectArguments {
  const T* x;  // [T, in], rows contiguous
  int64_t x_row;
  const T* rows;  // [pad, in], contiguous
  T* low;         // [T, pad]
  T* joined;      // [T, in + pad], or null
  int64_t tokens, in, pad;
  RankParts parts;
};

template <class T>
struct ExpandArguments {
  const T* low;     // [T, pad]
  const T* matrix;  // [pad, out] of any strides
  int64_t rank_stride, column_stride;
  const T* bias;  // [out], or null
  T* y;           // [T, out]
  int64_t tokens, out, pad;
  RankParts parts;
};

// ---- project ----

// A tile of Side tokens and Side ranks by (Side / 2)^2 threads, four numbers each; `memory` holds
// project_memory(Side) numbers. The mask only selects; its factor follows the sum.
TORCH_LORA_DEVICE constexpr int project_memory(int side) { return 2 * side * (side + 1); }

template <int Side, class Block, class T, class A>
TORCH_LORA_DEVICE void project(const Block& block, const ProjectArguments<T>& a, const Dropout<A>& dropout,
                               int64_t first, A* memory) {
  constexpr int kHalf = Side / 2, kStride = Side + 1;
  A *const xs = memory, *const rows = memory + Side * kStride;
  const int i = block.thread / kHalf, j = block.thread % kHalf;
  const int64_t width = a.in + a.pad;
  for (int64_t first_rank = 0; first_rank < a.pad; first_rank += Side) {
    A sums[2][2] = {};
    for (int part = 0; part < a.parts.count; ++part) {
      if (!a.parts.meets(part, first_rank, Side)) continue;
      const bool copies = a.joined != nullptr && first_rank == 0 && a.parts.has(part, 0);
      for (int64_t from = 0; from < a.in; from += Side) {
        block.sync();
        for (int e = block.thread; e < Side * Side; e += block.threads) {
          const int row = e / Side, k = e % Side;
          const int64_t token = first + row, column = from + k, rank = first_rank + row;
          A x = 0;
          if (token < a.tokens && column < a.in) {
            const T value = a.x[token * a.x_row + column];
            if (copies) a.joined[token * width + column] = value;
            if (dropout.keeps(dropout.row(part * a.tokens + token), column)) x = A(value);
          }
          xs[row * kStride + k] = x;
          rows[row * kStride + k] = a.parts.has(part, rank) && column < a.in ? A(a.rows[rank * a.in + column]) : A(0);
        }
        block.sync();
        for (int k = 0; k < Side; ++k) {
          TORCH_LORA_UNROLL
          for (int q = 0; q < 4; ++q) {
            sums[q / 2][q % 2] += xs[(i + q / 2 * kHalf) * kStride + k] * rows[(j + q % 2 * kHalf) * kStride + k];
          }
        }
      }
    }
    TORCH_LORA_UNROLL
    for (int q = 0; q < 4; ++q) {
      const int64_t token = first + i + q / 2 * kHalf, rank = first_rank + j + q % 2 * kHalf;
      if (token >= a.tokens || rank >= a.pad) continue;
      const T low = T(dropout.active ? sums[q / 2][q % 2] * dropout.scale : sums[q / 2][q % 2]);
      a.low[token * a.pad + rank] = low;
      if (a.joined != nullptr) a.joined[token * width + a.in + rank] = low;
    }
  }
}

// The same on tensor cores, for half and bfloat16: kFragmentTokens tokens a block, its warps sharing out the depth, in
// float32. For `in` a multiple of kRun and aligned rows; `memory` holds warps * kFragmentTokens * kFragmentRanks.
//
// block.multiply(sums, left, right) is mma.m16n8k16. Which of a fragment's sixteen steps of depth is which column of x
// is free as long as both operands agree, so a thread loads kRun neighbours of a row and they serve two products.
constexpr int kRun = 8;
constexpr int kFragmentTokens = 16;
constexpr int kFragmentRanks = 64;  // at a time: a thread's sums of eight products

template <class Block, class T>
TORCH_LORA_DEVICE void project_fragments(const Block& block, const ProjectArguments<T>& a,
                                         const Dropout<float>& dropout, int64_t first, float* memory) {
  constexpr int kTiles = kFragmentRanks / 8;
  const int lane = block.thread % kWarp, warp = block.thread / kWarp, warps = block.threads / kWarp;
  const int group = lane / 4, run = lane % 4;  // a row of either operand; a run of its columns
  const int64_t width = a.in + a.pad;
  const int64_t tokens[2] = {first + group, first + group + 8};
  for (int64_t first_rank = 0; first_rank < a.pad; first_rank += kFragmentRanks) {
    const int ranks = static_cast<int>(a.pad - first_rank < kFragmentRanks ? a.pad - first_rank : kFragmentRanks);
    float sums[kTiles][4] = {};
    for (int part = 0; part < a.parts.count; ++part) {
      if (!a.parts.meets(part, first_rank, ranks)) continue;
      const bool copies = a.joined != nullptr && first_rank == 0 && a.parts.has(part, 0);
      RowKey keys[2];
      for (int h = 0; h < 2; ++h) keys[h] = dropout.row(part * a.tokens + tokens[h]);
      for (int64_t from = int64_t(warp) * 4 * kRun; from < a.in; from += int64_t(warps) * 4 * kRun) {
        const int64_t column = from + run * kRun;
        const bool inside = column < a.in;
        Vector<T, kRun> x[2] = {};
        TORCH_LORA_UNROLL
        for (int h = 0; h < 2; ++h) {
          if (!inside || tokens[h] >= a.tokens) continue;
          x[h] = load<kRun>(a.x + tokens[h] * a.x_row + column);
          if (copies) store(a.joined + tokens[h] * width + column, x[h]);
          TORCH_LORA_UNROLL
          for (int v = 0; v < kRun; ++v) {
            if (!dropout.keeps(keys[h], column + v)) x[h].values[v] = T(0.0f);
          }
        }
        TORCH_LORA_UNROLL
        for (int tile = 0; tile < kTiles; ++tile) {
          if (tile * 8 >= ranks) break;
          if (!a.parts.meets(part, first_rank + tile * 8, 8)) continue;
          Vector<T, kRun> row = {};
          const int64_t rank = first_rank + tile * 8 + group;
          if (inside && a.parts.has(part, rank)) row = load<kRun>(a.rows + rank * a.in + column);
          TORCH_LORA_UNROLL
          for (int half = 0; half < kRun; half += 4) {
            const T left[8] = {x[0].values[half],     x[0].values[half + 1], x[1].values[half],
                               x[1].values[half + 1], x[0].values[half + 2], x[0].values[half + 3],
                               x[1].values[half + 2], x[1].values[half + 3]};
            block.multiply(sums[tile], left, row.values + half);
          }
        }
      }
    }
    block.sync();  // the sums before these have been read
    TORCH_LORA_UNROLL
    for (int tile = 0; tile < kTiles; ++tile) {
      for (int q = 0; q < 4; ++q) {
        const int token = warp * kFragmentTokens + group + q / 2 * 8, rank = tile * 8 + run * 2 + q % 2;
        memory[token * kFragmentRanks + rank] = sums[tile][q];
      }
    }
    block.sync();
    for (int e = block.thread; e < kFragmentTokens * kFragmentRanks; e += block.threads) {
      const int64_t token = first + e / kFragmentRanks, rank = first_rank + e % kFragmentRanks;
      if (token >= a.tokens || rank >= a.pad) continue;
      float sum = 0;
      for (int other = 0; other < warps; ++other) sum += memory[other * kFragmentTokens * kFragmentRanks + e];
      const T low = T(dropout.active ? sum * dropout.scale : sum);
      a.low[token * a.pad + rank] = low;
      if (a.joined != nullptr) a.joined[token * width + a.in + rank] = low;
    }
  }
}

// ---- expand ----

// A tile of 4 * Lanes tokens and 4 * Groups columns by Groups * Lanes threads, sixteen numbers each; `memory` holds
// expand_memory(Groups, Lanes) numbers.
constexpr int kRankSteps = 32;  // ranks in shared memory at a time
TORCH_LORA_DEVICE constexpr int expand_memory(int groups, int lanes) { return 4 * (groups + lanes) * kRankSteps; }

template <int Groups, int Lanes, class Block, class T, class A>
TORCH_LORA_DEVICE void expand(const Block& block, const ExpandArguments<T>& a, const Dropout<A>& dropout, int64_t first,
                              int64_t first_column, A* memory) {
  constexpr int kColumns = 4 * Groups, kTokens = 4 * Lanes;
  A *const matrix = memory, *const low = memory + kColumns * kRankSteps;
  const int group = block.thread % Groups, lane = block.thread / Groups;
  const int64_t column = first_column + group * 4;
  A sums[4][4] = {};
  for (int64_t first_rank = 0; first_rank < a.pad; first_rank += kRankSteps) {
    const int ranks = static_cast<int>(a.pad - first_rank < kRankSteps ? a.pad - first_rank : kRankSteps);
    block.sync();
    for (int e = block.thread; e < kColumns * ranks; e += block.threads) {
      const int64_t column = first_column + e % kColumns, rank = first_rank + e / kColumns;
      matrix[e] = column < a.out ? A(a.matrix[rank * a.rank_stride + column * a.column_stride]) : A(0);
    }
    for (int e = block.thread; e < kTokens * ranks; e += block.threads) {
      const int64_t token = first + e / ranks;
      low[e / ranks * kRankSteps + e % ranks] =
          token < a.tokens ? A(a.low[token * a.pad + first_rank + e % ranks]) : A(0);
    }
    block.sync();
    for (int part = 0; part < a.parts.count; ++part) {
      if (!a.parts.meets(part, first_rank, ranks)) continue;
      const int64_t begin = a.parts.begin(part) - first_rank, end = a.parts.ends[part] - first_rank;
      A own[4][4] = {};
      for (int rank = begin > 0 ? int(begin) : 0; rank < ranks && rank < end; ++rank) {
        const auto m = load<4>(matrix + rank * kColumns + group * 4);
        TORCH_LORA_UNROLL
        for (int row = 0; row < 4; ++row) {
          const A factor = low[(lane + row * Lanes) * kRankSteps + rank];
          TORCH_LORA_UNROLL
          for (int c = 0; c < 4; ++c) own[row][c] += factor * m.values[c];
        }
      }
      TORCH_LORA_UNROLL
      for (int row = 0; row < 4; ++row) {
        const RowKey key = dropout.row(part * a.tokens + first + lane + row * Lanes);
        TORCH_LORA_UNROLL
        for (int c = 0; c < 4; ++c) sums[row][c] += dropout.apply(key, column + c, own[row][c]);
      }
    }
  }
  TORCH_LORA_UNROLL
  for (int row = 0; row < 4; ++row) {
    const int64_t token = first + lane + row * Lanes;
    if (token >= a.tokens) continue;
    Vector<T, 4> y;
    TORCH_LORA_UNROLL
    for (int c = 0; c < 4; ++c) {
      A value = sums[row][c];
      if (a.bias != nullptr && column + c < a.out) value += A(a.bias[column + c]);
      y.values[c] = T(value);
    }
    T* const to = a.y + token * a.out + column;
    if (a.out % 4 == 0) {
      if (column < a.out) store(to, y);
    } else {
      for (int c = 0; c < 4 && column + c < a.out; ++c) to[c] = y.values[c];
    }
  }
}

}  // namespace torch_lora::cuda
