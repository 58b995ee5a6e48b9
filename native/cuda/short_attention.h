#pragma once
// Attention over packed sequences of at most 64 tokens on tensor cores (fragments.h), with the relative positions of
// disentangled attention or without: a block for each sequence and head holds the whole of it, so backward is one pass
// that recomputes the probabilities and adds nothing up elsewhere but the gradients of the position tables.
//
// R rows: a power of two that the longest sequence fits into, a warp for every sixteen. With positions a score (i, j)
// reads the products of queries and of keys with a band of 2 R - 1 distances at t = i - j + R - 1. A warp forms those
// that its sixteen queries, or keys, need: R + 15 of them.
#include <cmath>

#include "cuda/disentangled_tiles.h"
#include "cuda/fragments.h"

namespace torch_lora::tiles {

using cuda::kRun;
using cuda::Lane;

constexpr int kShortHead = 64;             // the most that a head may have
constexpr int kShortRow = kShortHead + 8;  // of a matrix in shared memory: eight more, against bank conflicts
constexpr int kHeadTiles = kShortHead / 8;

template <int R, class T, class A>
struct ShortShared {
  static constexpr int kBandRow = R + 16, kSquareRow = R + 8;
  T *queries, *keys, *values, *douts;  // [R, kShortRow]
  T *key_band, *query_band;            // [2 R, kShortRow], or null
  A *of_queries, *of_keys;             // [R, kBandRow]: products with the bands, or null
  T *kept, *dscores;                   // [R, kSquareRow]; where the products were, which have been read by then

  TORCH_LORA_DEVICE ShortShared(unsigned char* memory, bool bands) {
    T* next = reinterpret_cast<T*>(memory);
    T** const matrices[] = {&queries, &keys, &values, &douts};
    for (T** matrix : matrices) {
      *matrix = next;
      next += R * kShortRow;
    }
    key_band = bands ? next : nullptr;
    query_band = bands ? next + 2 * R * kShortRow : nullptr;
    if (bands) next += 4 * R * kShortRow;
    of_queries = reinterpret_cast<A*>(next);
    of_keys = of_queries + R * kBandRow;
    kept = next;
    dscores = next + R * kSquareRow;
  }

  static TORCH_LORA_DEVICE constexpr int64_t bytes(bool bands) {
    const int64_t products = bands ? int64_t(2) * R * kBandRow * sizeof(A) : 0;
    const int64_t squares = int64_t(2) * R * kSquareRow * sizeof(T);
    return int64_t(bands ? 8 : 4) * R * kShortRow * sizeof(T) + (products > squares ? products : squares);
  }
};

// `rows` rows of a matrix, the rest of `all` zeros; row r lies at from(r).
template <class Block, class T, class From>
TORCH_LORA_DEVICE void load_short(const Block& block, T* to, int all, int head_size, bool vector, const From& from) {
  const int runs = (head_size + cuda::kDepth - 1) / cuda::kDepth * cuda::kDepth / kRun;
  for (int e = block.thread; e < all * runs; e += block.threads) {
    const int row = e / runs, column = e % runs * kRun;
    const T* const source = from(row);
    T values[kRun];
    cuda::load_as(values, source == nullptr ? to : source + column, source == nullptr ? 0 : head_size - column, vector);
    TORCH_LORA_UNROLL
    for (int v = 0; v < kRun; ++v) to[row * kShortRow + column + v] = values[v];
  }
}

template <int R, class Block, class T, class A>
TORCH_LORA_DEVICE void load_band_short(const Block& block, T* to, const Arguments<T, A>& a, const Place& at,
                                       const T* table, int64_t row_stride, bool vector) {
  load_short(block, to, 2 * R, a.head_size, vector, [&](int row) -> const T* {
    const int distance = row - (R - 1);
    if (distance <= -at.length || distance >= at.length) return nullptr;
    return table + (a.row_of_distance[distance] - a.first_row) * row_stride;
  });
}

template <int R, class Block, class T, class A>
TORCH_LORA_DEVICE void load_all_short(const Block& block, const ShortShared<R, T, A>& s, const Arguments<T, A>& a,
                                      const Place& at, bool vector) {
  T* const parts[] = {s.queries, s.keys, s.values};
  for (int part = 0; part < 3; ++part) {
    const T* const from = part_of(a, at, part);
    load_short(block, parts[part], R, a.head_size, vector,
               [&](int row) { return row < at.length ? from + row * a.token_stride : nullptr; });
  }
  if (a.pos_key) {
    load_band_short<R>(block, s.key_band, a, at, a.pos_key + at.head * a.key_head_stride, a.key_row_stride, vector);
  }
  if (a.pos_query) {
    load_band_short<R>(block, s.query_band, a, at, a.pos_query + at.head * a.query_head_stride, a.query_row_stride,
                       vector);
  }
}

// Fragments of matrices in shared memory whose rows run along the depth of a product: sixteen rows, or eight.
template <class T>
TORCH_LORA_DEVICE void left_rows(T (&left)[2 * kRun], const Lane& lane, const T* matrix, int row, int column) {
  TORCH_LORA_UNROLL
  for (int h = 0; h < 2; ++h) {
    const auto run = cuda::load<kRun>(matrix + (row + lane.group + 8 * h) * kShortRow + column + lane.run * kRun);
    TORCH_LORA_UNROLL
    for (int v = 0; v < kRun; ++v) left[cuda::fragment_place(v) + 2 * h] = run.values[v];
  }
}
template <class T>
TORCH_LORA_DEVICE void right_rows(T (&right)[kRun], const Lane& lane, const T* matrix, int row, int column) {
  const auto run = cuda::load<kRun>(matrix + (row + lane.group) * kShortRow + column + lane.run * kRun);
  TORCH_LORA_UNROLL
  for (int v = 0; v < kRun; ++v) right[v] = run.values[v];
}

// A thread's steps of depth in all other fragments are mma's own, which are those of two of its sums side by side.
TORCH_LORA_DEVICE constexpr int own_step(int v) { return v % 2 + v / 2 * 8; }

// left(row, step) of sixteen rows.
template <class T, class Element>
TORCH_LORA_DEVICE void left_of(T (&left)[2 * kRun], const Lane& lane, const Element& element) {
  TORCH_LORA_UNROLL
  for (int e = 0; e < 2 * kRun; ++e) left[e] = element(lane.group + e / 2 % 2 * 8, lane.run * 2 + e % 2 + e / 4 * 8);
}
template <class T>
TORCH_LORA_DEVICE void right_columns(T (&right)[kRun], const Lane& lane, const T* matrix, int row, int column) {
  TORCH_LORA_UNROLL
  for (int v = 0; v < kRun; ++v)
    right[v] = matrix[(row + lane.run * 2 + own_step(v)) * kShortRow + column + lane.group];
}
template <class T, class A>
TORCH_LORA_DEVICE void left_of_sums(T (&left)[2 * kRun], const A (&first)[4], const A (&second)[4]) {
  TORCH_LORA_UNROLL
  for (int q = 0; q < 4; ++q) {
    left[q] = T(first[q]);
    left[q + 4] = T(second[q]);
  }
}

// sums[n] += left times sixteen rows of a matrix [.., D], from `row` on.
template <class Block, class T, class A>
TORCH_LORA_DEVICE void times_rows(const Block& block, const Lane& lane, A (&sums)[kHeadTiles][4],
                                  const T (&left)[2 * kRun], const T* matrix, int row, int head_size) {
  TORCH_LORA_UNROLL
  for (int n = 0; n < kHeadTiles; ++n) {
    if (n * 8 >= head_size) break;
    T right[kRun];
    right_columns(right, lane, matrix, row, n * 8);
    block.multiply(sums[n], left, right);
  }
}

// The products of sixteen rows with those of a band that they need, into `to` [16, kBandRow].
template <int R, class Block, class T, class A>
TORCH_LORA_DEVICE void times_band(const Block& block, const Lane& lane, const T* rows, int row, const T* band,
                                  int first, int head_size, A* to) {
  constexpr int kBandRow = ShortShared<R, T, A>::kBandRow;
  for (int n = 0; n < kBandRow; n += 8) {
    A sums[4] = {};
    for (int step = 0; step < head_size; step += cuda::kDepth) {
      T left[2 * kRun], right[kRun];
      left_rows(left, lane, rows, row, step);
      right_rows(right, lane, band, first + n, step);
      block.multiply(sums, left, right);
    }
    TORCH_LORA_UNROLL
    for (int q = 0; q < 4; ++q) to[(lane.group + q / 2 * 8) * kBandRow + n + lane.run * 2 + q % 2] = sums[q];
  }
}

// The warp's scores: element q of sums[n] is query 16 warp + group + q / 2 * 8, key 8 n + 2 run + q % 2.
template <int R, class Block, class T, class A>
TORCH_LORA_DEVICE void short_scores(const Block& block, const ShortShared<R, T, A>& s, const Arguments<T, A>& a,
                                    A (&scores)[R / 8][4]) {
  constexpr int kBandRow = ShortShared<R, T, A>::kBandRow;
  const Lane lane(block.thread);
  const int row = block.thread / cuda::kWarp * 16;
  for (int step = 0; step < a.head_size; step += cuda::kDepth) {
    T left[2 * kRun], right[kRun];
    left_rows(left, lane, s.queries, row, step);
    TORCH_LORA_UNROLL
    for (int n = 0; n < R / 8; ++n) {
      right_rows(right, lane, s.keys, n * 8, step);
      block.multiply(scores[n], left, right);
    }
  }
  if (a.pos_key)
    times_band<R>(block, lane, s.queries, row, s.key_band, row, a.head_size, s.of_queries + row * kBandRow);
  if (a.pos_query) {
    times_band<R>(block, lane, s.keys, row, s.query_band, R - 16 - row, a.head_size, s.of_keys + row * kBandRow);
  }
  if (a.pos_key || a.pos_query) block.sync();
  TORCH_LORA_UNROLL
  for (int n = 0; n < R / 8; ++n) {
    TORCH_LORA_UNROLL
    for (int q = 0; q < 4; ++q) {
      const int i = row + lane.group + q / 2 * 8, j = n * 8 + lane.run * 2 + q % 2;
      if (a.pos_key) scores[n][q] += s.of_queries[i * kBandRow + i % 16 + R - 1 - j];
      if (a.pos_query) scores[n][q] += s.of_keys[j * kBandRow + i + 15 - j % 16];
      scores[n][q] *= a.scale;
    }
  }
}

// Sixteen rows of a gradient or of the output: body(row, d, value) for those within the sequence.
template <class A, class Body>
TORCH_LORA_DEVICE void each_of_rows(const Lane& lane, const A (&sums)[kHeadTiles][4], int row, int rows, int head_size,
                                    const Body& body) {
  TORCH_LORA_UNROLL
  for (int n = 0; n < kHeadTiles; ++n) {
    TORCH_LORA_UNROLL
    for (int q = 0; q < 4; ++q) {
      const int i = row + lane.group + q / 2 * 8, d = n * 8 + lane.run * 2 + q % 2;
      if (i < rows && d < head_size) body(i, d, sums[n][q]);
    }
  }
}

// Output and logsumexp of one sequence and head; at.first is 0. R / 16 warps.
template <int R, class Block, class T, class A>
TORCH_LORA_DEVICE void short_forward(const Block& block, const Arguments<T, A>& a, const Place& at, bool vector,
                                     unsigned char* memory) {
  const ShortShared<R, T, A> s(memory, a.pos_key || a.pos_query);
  const Lane lane(block.thread);
  const int row = block.thread / cuda::kWarp * 16;
  load_all_short(block, s, a, at, vector);
  block.sync();
  A p[R / 8][4] = {};
  short_scores(block, s, a, p);
  A inverse[2];
  TORCH_LORA_UNROLL
  for (int h = 0; h < 2; ++h) {
    const int i = row + lane.group + 8 * h;
    A largest = -INFINITY;
    TORCH_LORA_UNROLL
    for (int n = 0; n < R / 8; ++n) {
      TORCH_LORA_UNROLL
      for (int c = 0; c < 2; ++c) {
        const int j = n * 8 + lane.run * 2 + c;
        if (j < at.length && p[n][2 * h + c] > largest) largest = p[n][2 * h + c];
      }
    }
    largest = block.largest_of_four(largest);
    const RowKey mask = a.dropout.row(at.head * a.tokens + at.start + i);
    A total = 0;
    TORCH_LORA_UNROLL
    for (int n = 0; n < R / 8; ++n) {
      TORCH_LORA_UNROLL
      for (int c = 0; c < 2; ++c) {
        const int j = n * 8 + lane.run * 2 + c;
        const A e = j < at.length ? std::exp(p[n][2 * h + c] - largest) : A(0);
        total += e;
        p[n][2 * h + c] = a.dropout.apply(mask, j, e);
      }
    }
    total = block.sum_of_four(total);
    inverse[h] = A(1) / total;
    if (lane.run == 0 && i < at.length) {
      a.logsumexp[at.head * a.tokens + at.start + i] = largest + std::log(total);
    }
  }
  A sums[kHeadTiles][4] = {};
  TORCH_LORA_UNROLL
  for (int k = 0; k < R / 16; ++k) {
    T left[2 * kRun];
    left_of_sums(left, p[2 * k], p[2 * k + 1]);
    times_rows(block, lane, sums, left, s.values, k * 16, a.head_size);
  }
  each_of_rows(lane, sums, row, at.length, a.head_size, [&](int i, int d, A sum) {
    a.out[((at.start + i) * a.heads + at.head) * a.head_size + d] = T(sum * inverse[(i - row) / 8]);
  });
}

// The gradient of a position table: for each distance the sum over the square's diagonal of dscores times the rows of
// the other side, queries where Of_keys' partner is the query.
template <int R, bool ByQuery, class Block, class T, class A>
TORCH_LORA_DEVICE void add_band_short(const Block& block, const ShortShared<R, T, A>& s, const Arguments<T, A>& a,
                                      const Place& at, A* table) {
  constexpr int kSquareRow = ShortShared<R, T, A>::kSquareRow;
  const Lane lane(block.thread);
  for (int first = block.thread / cuda::kWarp * 16; first < 2 * R; first += block.threads / cuda::kWarp * 16) {
    A sums[kHeadTiles][4] = {};
    for (int k = 0; k < R; k += 16) {
      T left[2 * kRun];
      left_of(left, lane, [&](int row, int step) {
        const int own = k + step, other = ByQuery ? own - (first + row) + R - 1 : own + first + row - (R - 1);
        if (other < 0 || other >= R) return T(0.0f);
        return ByQuery ? s.dscores[own * kSquareRow + other] : s.dscores[other * kSquareRow + own];
      });
      times_rows(block, lane, sums, left, ByQuery ? s.queries : s.keys, k, a.head_size);
    }
    each_of_rows(lane, sums, first, 2 * R, a.head_size, [&](int t, int d, A sum) {
      const int distance = t - (R - 1);
      if (distance <= -at.length || distance >= at.length) return;
      const int64_t place = a.row_of_distance[distance] - a.first_row;
      block.add(table + (place * a.heads + at.head) * a.head_size + d, sum);
    });
  }
}

// All gradients of one sequence and head. A probability's gradient needs delta_i = sum_j p_ij dp_ij, of the row itself.
template <int R, class Block, class T, class A>
TORCH_LORA_DEVICE void short_backward(const Block& block, const Arguments<T, A>& a, const Place& at, bool vector,
                                      bool vector_dout, unsigned char* memory) {
  constexpr int kSquareRow = ShortShared<R, T, A>::kSquareRow;
  const ShortShared<R, T, A> s(memory, a.pos_key || a.pos_query);
  const Lane lane(block.thread);
  const int row = block.thread / cuda::kWarp * 16;
  load_all_short(block, s, a, at, vector);
  const T* const dout = a.dout + at.start * a.dout_token_stride + at.head * a.dout_head_stride;
  load_short(block, s.douts, R, a.head_size, vector_dout,
             [&](int i) { return i < at.length ? dout + i * a.dout_token_stride : nullptr; });
  block.sync();
  A p[R / 8][4] = {}, dp[R / 8][4] = {};
  short_scores(block, s, a, p);
  for (int step = 0; step < a.head_size; step += cuda::kDepth) {
    T left[2 * kRun], right[kRun];
    left_rows(left, lane, s.douts, row, step);
    TORCH_LORA_UNROLL
    for (int n = 0; n < R / 8; ++n) {
      right_rows(right, lane, s.values, n * 8, step);
      block.multiply(dp[n], left, right);
    }
  }
  block.sync();  // the products with the bands have been read
  TORCH_LORA_UNROLL
  for (int h = 0; h < 2; ++h) {
    const int i = row + lane.group + 8 * h;
    const A logsumexp = i < at.length ? a.logsumexp[at.head * a.tokens + at.start + i] : A(0);
    const RowKey mask = a.dropout.row(at.head * a.tokens + at.start + i);
    A delta = 0;
    TORCH_LORA_UNROLL
    for (int n = 0; n < R / 8; ++n) {
      TORCH_LORA_UNROLL
      for (int c = 0; c < 2; ++c) {
        const int j = n * 8 + lane.run * 2 + c;
        A &own = p[n][2 * h + c], &gradient = dp[n][2 * h + c];
        own = i < at.length && j < at.length ? std::exp(own - logsumexp) : A(0);
        gradient = a.dropout.apply(mask, j, gradient);
        delta += own * gradient;
        s.kept[i * kSquareRow + j] = T(a.dropout.apply(mask, j, own));
      }
    }
    delta = block.sum_of_four(delta);
    TORCH_LORA_UNROLL
    for (int n = 0; n < R / 8; ++n) {
      TORCH_LORA_UNROLL
      for (int c = 0; c < 2; ++c) {
        const int j = n * 8 + lane.run * 2 + c;
        s.dscores[i * kSquareRow + j] = T(p[n][2 * h + c] * (dp[n][2 * h + c] - delta) * a.scale);
      }
    }
  }
  block.sync();
  const auto store = [&](const A(&sums)[kHeadTiles][4], int part) {
    each_of_rows(lane, sums, row, at.length, a.head_size, [&](int i, int d, A sum) {
      a.dqkv[(((at.start + i) * 3 + part) * a.heads + at.head) * a.head_size + d] = T(sum);
    });
  };
  {
    A dquery[kHeadTiles][4] = {};
    T left[2 * kRun];
    for (int k = 0; k < R; k += 16) {
      left_of(left, lane, [&](int i, int step) { return s.dscores[(row + i) * kSquareRow + k + step]; });
      times_rows(block, lane, dquery, left, s.keys, k, a.head_size);
    }
    for (int k = 0; a.pos_key && k < R + 16; k += 16) {
      left_of(left, lane, [&](int i, int step) {  // t = row + k + step
        const int j = i - (k + step) + R - 1;
        return j >= 0 && j < R ? s.dscores[(row + i) * kSquareRow + j] : T(0.0f);
      });
      times_rows(block, lane, dquery, left, s.key_band, row + k, a.head_size);
    }
    store(dquery, 0);
  }
  {
    A dkey[kHeadTiles][4] = {}, dvalue[kHeadTiles][4] = {};
    T left[2 * kRun];
    for (int k = 0; k < R; k += 16) {
      left_of(left, lane, [&](int j, int step) { return s.dscores[(k + step) * kSquareRow + row + j]; });
      times_rows(block, lane, dkey, left, s.queries, k, a.head_size);
      left_of(left, lane, [&](int j, int step) { return s.kept[(k + step) * kSquareRow + row + j]; });
      times_rows(block, lane, dvalue, left, s.douts, k, a.head_size);
    }
    for (int k = 0; a.pos_query && k < R + 16; k += 16) {
      left_of(left, lane, [&](int j, int step) {  // t = R - 16 - row + k + step
        const int i = k + step + j - 15;
        return i >= 0 && i < R ? s.dscores[i * kSquareRow + row + j] : T(0.0f);
      });
      times_rows(block, lane, dkey, left, s.query_band, R - 16 - row + k, a.head_size);
    }
    store(dkey, 1);
    store(dvalue, 2);
  }
  if (a.dkey) add_band_short<R, true>(block, s, a, at, a.dkey);
  if (a.dquery) add_band_short<R, false>(block, s, a, at, a.dquery);
}

}  // namespace torch_lora::tiles
