#pragma once
// The low-rank part of lora::linear, added to what y holds, or written there where it is fresh. Segment i drops by a
// mask of its own.
//   forward    low_i = drop_i(x) A_i^T,      y_i += s_i low_i B_i^T
//   backward   low_i = s_i dy_i B_i,         dx  += sum_i drop_i(low_i A_i)
// A block takes kTokens tokens and a strip of y's columns. It forms low for itself, since that is a small product whose
// operands lie in the cache, keeps it in shared memory, and adds or writes its strip; the blocks of the first strip
// write low down.
#include "cuda/low_rank_parts.h"

namespace torch_lora::cuda {

constexpr int kTokens = 16;       // of a block
constexpr int kColumns = 8;       // of y that a warp adds at a time
constexpr int kRanksAtOnce = 32;  // of low, in a thread's registers

template <class T, class P>
struct UpdateArguments {
  LowRankParts<P> parts;
  const T* x;  // forward [T, in], backward dy [T, out]; rows contiguous
  int64_t x_row, tokens;
  T* low;                   // [T, R], contiguous
  T* y;                     // forward [T, out], backward dx [T, in], contiguous; or null: low alone
  int64_t strip;            // columns of y of a block: a multiple of kColumns
  bool fresh;               // whether y holds nothing yet
  bool vector_x, vector_a;  // whether four neighbours of a row may be loaded at once
};

// Bytes of shared memory: a warp's share of low, then low itself.
template <class T, class A>
TORCH_LORA_DEVICE constexpr int64_t update_bytes(int warps, int64_t rank) {
  const int64_t width = (rank + kDepth - 1) / kDepth * kDepth;
  return int64_t(warps) * kTokens * kRanksAtOnce * sizeof(A) + kTokens * width * sizeof(T);
}

// s_i B_i: four ranks of a row, zeros for those of other segments.
template <class A, class T, class P>
TORCH_LORA_DEVICE void load_b(T (&to)[kRun], const LowRankParts<P>& parts, int64_t column, int64_t rank) {
  const LowRankPart<P>& part = parts.part[parts.of_column(column)];
  TORCH_LORA_UNROLL
  for (int v = 0; v < kRun; ++v) {
    const int64_t own = rank + v - part.rank_offset;
    const bool inside = column < parts.out && own >= 0 && own < part.rank;
    to[v] = inside ? T(A(part.b[(column - part.offset) * part.b_row + own]) * A(part.scaling)) : T(0.0f);
  }
}

template <class T>
TORCH_LORA_DEVICE void arrange(T (&left)[2 * kRun], const T (&above)[kRun], const T (&below)[kRun]) {
  TORCH_LORA_UNROLL
  for (int v = 0; v < kRun; ++v) {
    left[fragment_place(v)] = above[v];
    left[fragment_place(v) + 2] = below[v];
  }
}

// What is projected of two tokens, through the mask: four neighbours from `column` on, before `end`.
template <bool Backward, class T, class P, class A>
TORCH_LORA_DEVICE void load_tokens(T (&left)[2 * kRun], const UpdateArguments<T, P>& a, const Dropout<A>& dropout,
                                   int segment, int64_t token, int64_t column, int64_t end) {
  T rows[2][kRun];
  TORCH_LORA_UNROLL
  for (int h = 0; h < 2; ++h) {
    const int64_t row = token + 8 * h;
    load_as(rows[h], a.x + row * a.x_row + column, row < a.tokens ? end - column : 0, a.vector_x);
    if (Backward || !dropout.active) continue;
    const RowKey key = dropout.row(segment * a.tokens + row);
    TORCH_LORA_UNROLL
    for (int v = 0; v < kRun; ++v) {
      if (!dropout.keeps(key, column + v)) rows[h][v] = T(0.0f);
    }
  }
  arrange(left, rows[0], rows[1]);
}

// Four columns of one rank's row of the matrix that projects: A, or s_i B_i transposed.
template <bool Backward, class A, class T, class P>
TORCH_LORA_DEVICE void load_projection(T (&to)[kRun], const UpdateArguments<T, P>& a, int64_t rank, int64_t column,
                                       int64_t end) {
  const LowRankPart<P>& part = a.parts.part[a.parts.of_rank(rank)];
  const int64_t own = rank - part.rank_offset;
  if constexpr (Backward) {
    TORCH_LORA_UNROLL
    for (int v = 0; v < kRun; ++v) {
      const int64_t row = column + v - part.offset;
      to[v] = column + v < end ? T(A(part.b[row * part.b_row + own]) * A(part.scaling)) : T(0.0f);
    }
  } else {
    load_as(to, part.a + own * part.a_row + column, end - column, a.vector_a);
  }
}

// low of the block's tokens into `low` [kTokens, width]; `memory` holds a share a warp.
template <bool Backward, class Block, class T, class P, class A>
TORCH_LORA_DEVICE void project(const Block& block, const UpdateArguments<T, P>& a, const Dropout<A>& dropout,
                               int64_t first, int64_t width, bool writes, A* memory, T* low) {
  constexpr int kTiles = kRanksAtOnce / 8;
  const Lane lane(block.thread);
  const int warp = block.thread / kWarp, warps = block.threads / kWarp;
  const LowRankParts<P>& parts = a.parts;
  // One mask for all, or none: all ranks in one pass over x. Backward each segment has columns of its own.
  const bool together = !Backward && !dropout.active;
  for (int64_t from_rank = 0; from_rank < width; from_rank += kRanksAtOnce) {
    A sums[kTiles][4] = {};
    for (int i = 0; i < (together ? 1 : parts.count); ++i) {
      const LowRankPart<P>& part = parts.part[i];
      const int64_t lowest = together ? 0 : part.rank_offset;
      const int64_t highest = together ? parts.rank : part.rank_offset + part.rank;
      const int64_t begin = Backward ? part.offset : 0, end = Backward ? begin + part.out : parts.in;
      if (lowest >= highest || lowest >= from_rank + kRanksAtOnce || highest <= from_rank) continue;
      for (int64_t step = begin + warp * kDepth; step < end; step += int64_t(warps) * kDepth) {
        const int64_t column = step + lane.run * kRun;
        T left[2 * kRun];
        load_tokens<Backward>(left, a, dropout, i, first + lane.group, column, end);
        TORCH_LORA_UNROLL
        for (int tile = 0; tile < kTiles; ++tile) {
          const int64_t of_tile = from_rank + tile * 8, rank = of_tile + lane.group;
          if (of_tile >= highest || of_tile + 8 <= lowest) continue;
          T right[kRun] = {T(0.0f), T(0.0f), T(0.0f), T(0.0f)};
          if (rank >= lowest && rank < highest) load_projection<Backward, A>(right, a, rank, column, end);
          block.multiply(sums[tile], left, right);
        }
      }
    }
    block.sync();  // the sums before these have been read
    TORCH_LORA_UNROLL
    for (int tile = 0; tile < kTiles; ++tile) {
      TORCH_LORA_UNROLL
      for (int q = 0; q < 4; ++q) {
        const int token = warp * kTokens + lane.group + q / 2 * 8, rank = tile * 8 + lane.run * 2 + q % 2;
        memory[token * kRanksAtOnce + rank] = sums[tile][q];
      }
    }
    block.sync();
    for (int e = block.thread; e < kTokens * kRanksAtOnce; e += block.threads) {
      const int64_t row = e / kRanksAtOnce, rank = from_rank + e % kRanksAtOnce;
      if (rank >= width) continue;
      A sum = 0;
      for (int other = 0; other < warps; ++other) sum += memory[other * kTokens * kRanksAtOnce + e];
      if (!Backward && dropout.active) sum *= dropout.scale;  // the mask only selects
      low[row * width + rank] = T(sum);
      if (writes && first + row < a.tokens && rank < parts.rank) a.low[(first + row) * parts.rank + rank] = T(sum);
    }
  }
  block.sync();
}

// The matrix that low is multiplied with: four ranks, those of [lowest, highest), of one column of y.
template <bool Backward, class A, class T, class P>
TORCH_LORA_DEVICE void load_expansion(T (&to)[kRun], const LowRankParts<P>& parts, int64_t rank, int64_t column,
                                      int64_t lowest, int64_t highest) {
  if constexpr (Backward) {
    TORCH_LORA_UNROLL
    for (int v = 0; v < kRun; ++v) {
      to[v] = T(0.0f);
      if (column >= parts.in || rank + v < lowest || rank + v >= highest) continue;
      const LowRankPart<P>& part = parts.part[parts.of_rank(rank + v)];
      to[v] = T(part.a[(rank + v - part.rank_offset) * part.a_row + column]);
    }
  } else {
    load_b<A>(to, parts, column, rank);
  }
}

// sums += low matrix, for the ranks of [lowest, highest) and the eight columns of which this thread's is `column`.
template <bool Backward, class Block, class T, class P, class A>
TORCH_LORA_DEVICE void expand(const Block& block, const UpdateArguments<T, P>& a, const T* low, int64_t width,
                              int64_t column, int64_t lowest, int64_t highest, A (&sums)[4]) {
  const Lane lane(block.thread);
  for (int64_t step = lowest / kDepth * kDepth; step < highest; step += kDepth) {
    const int64_t rank = step + lane.run * kRun;
    T above[kRun], below[kRun], left[2 * kRun], right[kRun];
    TORCH_LORA_UNROLL
    for (int v = 0; v < kRun; ++v) {
      above[v] = low[lane.group * width + rank + v];
      below[v] = low[(lane.group + 8) * width + rank + v];
    }
    arrange(left, above, below);
    load_expansion<Backward, A>(right, a.parts, rank, column, lowest, highest);
    block.multiply(sums, left, right);
  }
}

// Tokens from `first` on, columns from `begin` on. `memory`: update_bytes, aligned for A.
template <bool Backward, class A, class Block, class T, class P>
TORCH_LORA_DEVICE void low_rank_update(const Block& block, const UpdateArguments<T, P>& a, const Dropout<A>& dropout,
                                       int64_t first, int64_t begin, unsigned char* memory) {
  const Lane lane(block.thread);
  const int warp = block.thread / kWarp, warps = block.threads / kWarp;
  const LowRankParts<P>& parts = a.parts;
  const int64_t width = (parts.rank + kDepth - 1) / kDepth * kDepth, columns = Backward ? parts.in : parts.out;
  A* const shares = reinterpret_cast<A*>(memory);
  T* const low = reinterpret_cast<T*>(shares + warps * kTokens * kRanksAtOnce);
  project<Backward>(block, a, dropout, first, width, begin == 0, shares, low);
  if (a.y == nullptr) return;
  const int64_t end = begin + a.strip < columns ? begin + a.strip : columns;
  for (int64_t tile = begin + warp * kColumns; tile < end; tile += int64_t(warps) * kColumns) {
    A sums[4] = {};
    if constexpr (Backward) {
      for (int i = 0; i < (dropout.active ? parts.count : 1); ++i) {
        const LowRankPart<P>& part = parts.part[i];
        const int64_t lowest = dropout.active ? part.rank_offset : 0;
        const int64_t highest = dropout.active ? lowest + part.rank : parts.rank;
        if (lowest >= highest) continue;
        A own[4] = {};
        expand<true>(block, a, low, width, tile + lane.group, lowest, highest, own);
        TORCH_LORA_UNROLL
        for (int q = 0; q < 4; ++q) {
          const RowKey key = dropout.row(i * a.tokens + first + lane.group + q / 2 * 8);
          sums[q] += dropout.apply(key, tile + lane.run * 2 + q % 2, own[q]);
        }
      }
    } else {
      const int64_t last = tile + kColumns < columns ? tile + kColumns - 1 : columns - 1;
      const LowRankPart<P>&front = parts.part[parts.of_column(tile)], &back = parts.part[parts.of_column(last)];
      expand<false>(block, a, low, width, tile + lane.group, front.rank_offset, back.rank_offset + back.rank, sums);
    }
    TORCH_LORA_UNROLL
    for (int h = 0; h < 2; ++h) {
      const int64_t token = first + lane.group + 8 * h, column = tile + lane.run * 2;
      if (token >= a.tokens) continue;
      T* const to = a.y + token * columns + column;
      for (int c = 0; c < 2 && column + c < columns; ++c) to[c] = T((a.fresh ? A(0) : A(to[c])) + sums[2 * h + c]);
    }
  }
}

}  // namespace torch_lora::cuda
