#pragma once
// Attention over packed sequences on tensor cores (fragments.h), with the relative positions of disentangled attention
// or without, in squares of R queries and R keys, a warp for every sixteen. R is the power of two that the longest
// sequence fits into, 64 at most: a sequence within one square is one block's work, and its backward one pass that adds
// nothing up elsewhere but the gradients of the position tables. Longer ones take a block for every R queries, and in
// backward a second for every R keys.
//
// A score (i, j) of a square reads the products of queries and of keys with a band of 2 R - 1 distances, at
// t = i - j + R - 1. A warp forms those that its sixteen queries, or keys, need: R + 15 of them.
#include <cmath>

#include "cuda/disentangled_tiles.h"
#include "cuda/fragments.h"

namespace torch_lora::tiles {

using cuda::kRun;
using cuda::Lane;

constexpr int kMostRows = 64;              // of a square
constexpr int kMostHead = 64;              // that a head may have
constexpr int kMatrixRow = kMostHead + 8;  // of a matrix in shared memory: eight more, against bank conflicts
constexpr int kHeadTiles = kMostHead / 8;

template <int R, class T, class A>
struct Square {
  static constexpr int kBandRow = R + 16, kScoreRow = R + 8;
  T *queries, *keys, *values, *douts;  // [R, kMatrixRow]
  T *key_band, *query_band;            // [2 R, kMatrixRow], or null
  A *of_queries, *of_keys;             // [R, kBandRow]: products with the bands, or null
  T *kept, *dscores;                   // [R, kScoreRow]; where the products were, which have been read by then

  TORCH_LORA_DEVICE Square(unsigned char* memory, bool bands) {
    T* next = reinterpret_cast<T*>(memory);
    T** const matrices[] = {&queries, &keys, &values, &douts};
    for (T** matrix : matrices) {
      *matrix = next;
      next += R * kMatrixRow;
    }
    key_band = bands ? next : nullptr;
    query_band = bands ? next + 2 * R * kMatrixRow : nullptr;
    if (bands) next += 4 * R * kMatrixRow;
    of_queries = reinterpret_cast<A*>(next);
    of_keys = of_queries + R * kBandRow;
    kept = next;
    dscores = next + R * kScoreRow;
  }

  static TORCH_LORA_DEVICE constexpr int64_t bytes(bool bands) {
    const int64_t products = bands ? int64_t(2) * R * kBandRow * sizeof(A) : 0;
    const int64_t scores = int64_t(2) * R * kScoreRow * sizeof(T);
    return int64_t(bands ? 8 : 4) * R * kMatrixRow * sizeof(T) + (products > scores ? products : scores);
  }
};

// Whether four neighbours of any row may be loaded at once: of qkv and the tables, and of dout.
struct Vectors {
  bool inputs, dout;
};

// Row r of `rows` lies at from(r), zeros where that is null.
template <class Block, class T, class From>
TORCH_LORA_DEVICE void load_matrix(const Block& block, T* to, int rows, int head_size, bool vector, const From& from) {
  const int runs = (head_size + cuda::kDepth - 1) / cuda::kDepth * cuda::kDepth / kRun;
  for (int e = block.thread; e < rows * runs; e += block.threads) {
    const int row = e / runs, column = e % runs * kRun;
    const T* const source = from(row);
    T values[kRun];
    cuda::load_as(values, source == nullptr ? to : source + column, source == nullptr ? 0 : head_size - column, vector);
    TORCH_LORA_UNROLL
    for (int v = 0; v < kRun; ++v) to[row * kMatrixRow + column + v] = values[v];
  }
}

// The tokens from `first` on of a [T, N, D] view of the sequence, which begins at `from`.
template <int R, class Block, class T>
TORCH_LORA_DEVICE void load_span(const Block& block, T* to, const T* from, int64_t token_stride, int first,
                                 const Place& at, int head_size, bool vector) {
  load_matrix(block, to, R, head_size, vector,
              [&](int row) { return first + row < at.length ? from + (first + row) * token_stride : nullptr; });
}

template <int R, class Block, class T, class A>
TORCH_LORA_DEVICE void load_part(const Block& block, T* to, const Arguments<T, A>& a, const Place& at, int part,
                                 int first, const Vectors& vectors) {
  load_span<R>(block, to, part_of(a, at, part), a.token_stride, first, at, a.head_size, vectors.inputs);
}

template <int R, class Block, class T, class A>
TORCH_LORA_DEVICE void load_douts(const Block& block, T* to, const Arguments<T, A>& a, const Place& at, int first,
                                  const Vectors& vectors) {
  const T* const dout = a.dout + at.start * a.dout_token_stride + at.head * a.dout_head_stride;
  load_span<R>(block, to, dout, a.dout_token_stride, first, at, a.head_size, vectors.dout);
}

// The bands of the square whose first query and first key are `nearest` apart.
template <int R, class Block, class T, class A>
TORCH_LORA_DEVICE void load_bands(const Block& block, const Square<R, T, A>& s, const Arguments<T, A>& a,
                                  const Place& at, int nearest, const Vectors& vectors) {
  const auto load = [&](T* to, const T* table, int64_t row_stride) {
    load_matrix(block, to, 2 * R, a.head_size, vectors.inputs, [&](int row) -> const T* {
      const int distance = nearest + row - (R - 1);
      if (distance <= -at.length || distance >= at.length) return nullptr;
      return table + (a.row_of_distance[distance] - a.first_row) * row_stride;
    });
  };
  if (a.pos_key) load(s.key_band, a.pos_key + at.head * a.key_head_stride, a.key_row_stride);
  if (a.pos_query) load(s.query_band, a.pos_query + at.head * a.query_head_stride, a.query_row_stride);
}

// ---- fragments ----

// Of matrices in shared memory whose rows run along the depth of a product: sixteen rows, or eight.
template <class T>
TORCH_LORA_DEVICE void left_rows(T (&left)[2 * kRun], const Lane& lane, const T* matrix, int row, int column) {
  TORCH_LORA_UNROLL
  for (int h = 0; h < 2; ++h) {
    const auto run = cuda::load<kRun>(matrix + (row + lane.group + 8 * h) * kMatrixRow + column + lane.run * kRun);
    TORCH_LORA_UNROLL
    for (int v = 0; v < kRun; ++v) left[cuda::fragment_place(v) + 2 * h] = run.values[v];
  }
}
template <class T>
TORCH_LORA_DEVICE void right_rows(T (&right)[kRun], const Lane& lane, const T* matrix, int row, int column) {
  const auto run = cuda::load<kRun>(matrix + (row + lane.group) * kMatrixRow + column + lane.run * kRun);
  TORCH_LORA_UNROLL
  for (int v = 0; v < kRun; ++v) right[v] = run.values[v];
}

// A thread's steps of depth in all other fragments are mma's own, which are those of two of its sums side by side.
TORCH_LORA_DEVICE constexpr int own_step(int v) { return v % 2 + v / 2 * 8; }

// element(row, step) of sixteen rows.
template <class T, class Element>
TORCH_LORA_DEVICE void left_of(T (&left)[2 * kRun], const Lane& lane, const Element& element) {
  TORCH_LORA_UNROLL
  for (int e = 0; e < 2 * kRun; ++e) left[e] = element(lane.group + e / 2 % 2 * 8, lane.run * 2 + e % 2 + e / 4 * 8);
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
    TORCH_LORA_UNROLL
    for (int v = 0; v < kRun; ++v) {
      right[v] = matrix[(row + lane.run * 2 + own_step(v)) * kMatrixRow + n * 8 + lane.group];
    }
    block.multiply(sums[n], left, right);
  }
}

// products[n] += sixteen rows of the one matrix times R rows of the other.
template <int R, class Block, class T, class A>
TORCH_LORA_DEVICE void times_transposed(const Block& block, const Lane& lane, A (&products)[R / 8][4], const T* rows,
                                        int row, const T* others, int head_size) {
  for (int step = 0; step < head_size; step += cuda::kDepth) {
    T left[2 * kRun], right[kRun];
    left_rows(left, lane, rows, row, step);
    TORCH_LORA_UNROLL
    for (int n = 0; n < R / 8; ++n) {
      right_rows(right, lane, others, n * 8, step);
      block.multiply(products[n], left, right);
    }
  }
}

// The products of sixteen rows with those of a band that they need, into `to` [16, kBandRow].
template <int R, class Block, class T, class A>
TORCH_LORA_DEVICE void times_band(const Block& block, const Lane& lane, const T* rows, int row, const T* band,
                                  int first, int head_size, A* to) {
  constexpr int kBandRow = Square<R, T, A>::kBandRow;
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

// ---- a square ----

// The warp's scores, added to zeros: element q of scores[n] is query 16 warp + group + q / 2 * 8, key 8 n + 2 run + q
// % 2.
template <int R, class Block, class T, class A>
TORCH_LORA_DEVICE void square_scores(const Block& block, const Square<R, T, A>& s, const Arguments<T, A>& a,
                                     A (&scores)[R / 8][4]) {
  constexpr int kBandRow = Square<R, T, A>::kBandRow;
  const Lane lane(block.thread);
  const int row = block.thread / cuda::kWarp * 16;
  times_transposed<R>(block, lane, scores, s.queries, row, s.keys, a.head_size);
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

// Sixteen rows of a gradient or of the output: body(row, d, value) for the first `rows` of the square.
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

// Output and logsumexp of the R queries from at.first on, by R / 16 warps.
template <int R, class Block, class T, class A>
TORCH_LORA_DEVICE void fragment_forward(const Block& block, const Arguments<T, A>& a, const Place& at,
                                        const Vectors& vectors, unsigned char* memory) {
  const Square<R, T, A> s(memory, a.pos_key || a.pos_query);
  const Lane lane(block.thread);
  const int row = block.thread / cuda::kWarp * 16;
  load_part<R>(block, s.queries, a, at, 0, at.first, vectors);
  A sums[kHeadTiles][4] = {}, largest[2] = {-INFINITY, -INFINITY}, total[2] = {};
  for (int key_first = 0; key_first < at.length; key_first += R) {
    block.sync();  // the keys before these have been read
    load_part<R>(block, s.keys, a, at, 1, key_first, vectors);
    load_part<R>(block, s.values, a, at, 2, key_first, vectors);
    load_bands(block, s, a, at, at.first - key_first, vectors);
    block.sync();
    A p[R / 8][4] = {};
    square_scores(block, s, a, p);
    TORCH_LORA_UNROLL
    for (int h = 0; h < 2; ++h) {
      const RowKey mask = a.dropout.row(at.head * a.tokens + at.start + at.first + row + lane.group + 8 * h);
      A highest = largest[h];
      TORCH_LORA_UNROLL
      for (int n = 0; n < R / 8; ++n) {
        TORCH_LORA_UNROLL
        for (int c = 0; c < 2; ++c) {
          const bool inside = key_first + n * 8 + lane.run * 2 + c < at.length;
          if (inside && p[n][2 * h + c] > highest) highest = p[n][2 * h + c];
        }
      }
      highest = block.largest_of_four(highest);
      const A rescale = std::exp(largest[h] - highest);
      largest[h] = highest;
      total[h] *= rescale;
      TORCH_LORA_UNROLL
      for (int n = 0; n < kHeadTiles; ++n) {
        sums[n][2 * h] *= rescale;
        sums[n][2 * h + 1] *= rescale;
      }
      TORCH_LORA_UNROLL
      for (int n = 0; n < R / 8; ++n) {
        TORCH_LORA_UNROLL
        for (int c = 0; c < 2; ++c) {
          const int j = key_first + n * 8 + lane.run * 2 + c;
          const A e = j < at.length ? std::exp(p[n][2 * h + c] - highest) : A(0);
          total[h] += e;
          p[n][2 * h + c] = a.dropout.apply(mask, j, e);
        }
      }
    }
    TORCH_LORA_UNROLL
    for (int k = 0; k < R / 16; ++k) {
      T left[2 * kRun];
      left_of_sums(left, p[2 * k], p[2 * k + 1]);
      times_rows(block, lane, sums, left, s.values, k * 16, a.head_size);
    }
  }
  TORCH_LORA_UNROLL
  for (int h = 0; h < 2; ++h) {
    const int i = at.first + row + lane.group + 8 * h;
    total[h] = block.sum_of_four(total[h]);
    if (lane.run == 0 && i < at.length) {
      a.logsumexp[at.head * a.tokens + at.start + i] = largest[h] + std::log(total[h]);
    }
  }
  each_of_rows(lane, sums, row, at.length - at.first, a.head_size, [&](int i, int d, A sum) {
    const int64_t token = at.start + at.first + i;
    a.out[(token * a.heads + at.head) * a.head_size + d] = T(sum / total[(i - row) / 8]);
  });
}

// A square's probabilities as they met the values into s.kept, and the gradient of its scores into s.dscores; all that
// they are formed of is loaded. A probability's gradient needs delta_i = sum_j p_ij dp_ij over all keys: Whole, those
// of the square; else it is given.
template <int R, bool Whole, class Block, class T, class A>
TORCH_LORA_DEVICE void square_gradients(const Block& block, const Square<R, T, A>& s, const Arguments<T, A>& a,
                                        const Place& at, int query_first, int key_first) {
  constexpr int kScoreRow = Square<R, T, A>::kScoreRow;
  const Lane lane(block.thread);
  const int row = block.thread / cuda::kWarp * 16;
  A p[R / 8][4] = {}, dp[R / 8][4] = {};
  square_scores(block, s, a, p);
  times_transposed<R>(block, lane, dp, s.douts, row, s.values, a.head_size);
  block.sync();  // the products with the bands have been read
  TORCH_LORA_UNROLL
  for (int h = 0; h < 2; ++h) {
    const int own = row + lane.group + 8 * h, i = query_first + own;
    const int64_t token = at.start + i;
    const bool real = i < at.length;
    const A logsumexp = real ? a.logsumexp[at.head * a.tokens + token] : A(0);
    const RowKey mask = a.dropout.row(at.head * a.tokens + token);
    A delta = 0;
    TORCH_LORA_UNROLL
    for (int n = 0; n < R / 8; ++n) {
      TORCH_LORA_UNROLL
      for (int c = 0; c < 2; ++c) {
        const int column = n * 8 + lane.run * 2 + c, j = key_first + column;
        A &probability = p[n][2 * h + c], &gradient = dp[n][2 * h + c];
        probability = real && j < at.length ? std::exp(probability - logsumexp) : A(0);
        gradient = a.dropout.apply(mask, j, gradient);
        delta += probability * gradient;
        s.kept[own * kScoreRow + column] = T(a.dropout.apply(mask, j, probability));
      }
    }
    if constexpr (Whole) {
      delta = block.sum_of_four(delta);
    } else {
      delta = real ? a.delta[token * a.heads + at.head] : A(0);
    }
    TORCH_LORA_UNROLL
    for (int n = 0; n < R / 8; ++n) {
      TORCH_LORA_UNROLL
      for (int c = 0; c < 2; ++c) {
        const int column = n * 8 + lane.run * 2 + c;
        s.dscores[own * kScoreRow + column] = T(p[n][2 * h + c] * (dp[n][2 * h + c] - delta) * a.scale);
      }
    }
  }
  block.sync();
}

// A square's share of the gradient of its queries.
template <int R, class Block, class T, class A>
TORCH_LORA_DEVICE void add_to_queries(const Block& block, const Square<R, T, A>& s, const Arguments<T, A>& a,
                                      A (&dquery)[kHeadTiles][4]) {
  constexpr int kScoreRow = Square<R, T, A>::kScoreRow;
  const Lane lane(block.thread);
  const int row = block.thread / cuda::kWarp * 16;
  T left[2 * kRun];
  for (int k = 0; k < R; k += 16) {
    left_of(left, lane, [&](int i, int step) { return s.dscores[(row + i) * kScoreRow + k + step]; });
    times_rows(block, lane, dquery, left, s.keys, k, a.head_size);
  }
  for (int k = 0; a.pos_key && k < R + 16; k += 16) {
    left_of(left, lane, [&](int i, int step) {  // t = row + k + step
      const int j = i - (k + step) + R - 1;
      return j >= 0 && j < R ? s.dscores[(row + i) * kScoreRow + j] : T(0.0f);
    });
    times_rows(block, lane, dquery, left, s.key_band, row + k, a.head_size);
  }
}

// A square's share of the gradients of its keys and values.
template <int R, class Block, class T, class A>
TORCH_LORA_DEVICE void add_to_keys(const Block& block, const Square<R, T, A>& s, const Arguments<T, A>& a,
                                   A (&dkey)[kHeadTiles][4], A (&dvalue)[kHeadTiles][4]) {
  constexpr int kScoreRow = Square<R, T, A>::kScoreRow;
  const Lane lane(block.thread);
  const int row = block.thread / cuda::kWarp * 16;
  T left[2 * kRun];
  for (int k = 0; k < R; k += 16) {
    left_of(left, lane, [&](int j, int step) { return s.dscores[(k + step) * kScoreRow + row + j]; });
    times_rows(block, lane, dkey, left, s.queries, k, a.head_size);
    left_of(left, lane, [&](int j, int step) { return s.kept[(k + step) * kScoreRow + row + j]; });
    times_rows(block, lane, dvalue, left, s.douts, k, a.head_size);
  }
  for (int k = 0; a.pos_query && k < R + 16; k += 16) {
    left_of(left, lane, [&](int j, int step) {  // t = R - 16 - row + k + step
      const int i = k + step + j - 15;
      return i >= 0 && i < R ? s.dscores[i * kScoreRow + row + j] : T(0.0f);
    });
    times_rows(block, lane, dkey, left, s.query_band, R - 16 - row + k, a.head_size);
  }
}

// Adds a square's share of the gradient of a position table: for each distance the sum over the diagonal of dscores
// times the rows of the other side, queries where ByQuery, for the table that meets them, else keys.
template <int R, bool ByQuery, class Block, class T, class A>
TORCH_LORA_DEVICE void add_to_table(const Block& block, const Square<R, T, A>& s, const Arguments<T, A>& a,
                                    const Place& at, int nearest, A* table) {
  constexpr int kScoreRow = Square<R, T, A>::kScoreRow;
  const Lane lane(block.thread);
  for (int first = block.thread / cuda::kWarp * 16; first < 2 * R; first += block.threads / cuda::kWarp * 16) {
    A sums[kHeadTiles][4] = {};
    for (int k = 0; k < R; k += 16) {
      T left[2 * kRun];
      left_of(left, lane, [&](int row, int step) {
        const int own = k + step, other = ByQuery ? own - (first + row) + R - 1 : own + first + row - (R - 1);
        if (other < 0 || other >= R) return T(0.0f);
        return ByQuery ? s.dscores[own * kScoreRow + other] : s.dscores[other * kScoreRow + own];
      });
      times_rows(block, lane, sums, left, ByQuery ? s.queries : s.keys, k, a.head_size);
    }
    each_of_rows(lane, sums, first, 2 * R, a.head_size, [&](int t, int d, A sum) {
      const int distance = nearest + t - (R - 1);
      if (distance <= -at.length || distance >= at.length) return;
      const int64_t place = a.row_of_distance[distance] - a.first_row;
      block.add(table + (place * a.heads + at.head) * a.head_size + d, sum);
    });
  }
}

template <class Block, class T, class A>
TORCH_LORA_DEVICE void store_rows(const Block& block, const Arguments<T, A>& a, const Place& at,
                                  const A (&sums)[kHeadTiles][4], int part) {
  const int row = block.thread / cuda::kWarp * 16;
  each_of_rows(Lane(block.thread), sums, row, at.length - at.first, a.head_size, [&](int i, int d, A sum) {
    const int64_t token = at.start + at.first + i;
    a.dqkv[((token * 3 + part) * a.heads + at.head) * a.head_size + d] = T(sum);
  });
}

// ---- backward ----

// All gradients of a sequence and head that lie within one square.
template <int R, class Block, class T, class A>
TORCH_LORA_DEVICE void whole_backward(const Block& block, const Arguments<T, A>& a, const Place& at,
                                      const Vectors& vectors, unsigned char* memory) {
  const Square<R, T, A> s(memory, a.pos_key || a.pos_query);
  load_part<R>(block, s.queries, a, at, 0, 0, vectors);
  load_part<R>(block, s.keys, a, at, 1, 0, vectors);
  load_part<R>(block, s.values, a, at, 2, 0, vectors);
  load_douts<R>(block, s.douts, a, at, 0, vectors);
  load_bands(block, s, a, at, 0, vectors);
  block.sync();
  square_gradients<R, true>(block, s, a, at, 0, 0);
  {
    A dquery[kHeadTiles][4] = {};
    add_to_queries(block, s, a, dquery);
    store_rows(block, a, at, dquery, 0);
  }
  {
    A dkey[kHeadTiles][4] = {}, dvalue[kHeadTiles][4] = {};
    add_to_keys(block, s, a, dkey, dvalue);
    store_rows(block, a, at, dkey, 1);
    store_rows(block, a, at, dvalue, 2);
  }
  if (a.dkey) add_to_table<R, true>(block, s, a, at, 0, a.dkey);
  if (a.dquery) add_to_table<R, false>(block, s, a, at, 0, a.dquery);
}

// The gradient of the R queries from at.first on, and of the table that meets them.
template <int R, class Block, class T, class A>
TORCH_LORA_DEVICE void queries_backward(const Block& block, const Arguments<T, A>& a, const Place& at,
                                        const Vectors& vectors, unsigned char* memory) {
  const Square<R, T, A> s(memory, a.pos_key || a.pos_query);
  load_part<R>(block, s.queries, a, at, 0, at.first, vectors);
  load_douts<R>(block, s.douts, a, at, at.first, vectors);
  A dquery[kHeadTiles][4] = {};
  for (int key_first = 0; key_first < at.length; key_first += R) {
    block.sync();  // the keys before these, and their gradients, have been read
    load_part<R>(block, s.keys, a, at, 1, key_first, vectors);
    load_part<R>(block, s.values, a, at, 2, key_first, vectors);
    load_bands(block, s, a, at, at.first - key_first, vectors);
    block.sync();
    square_gradients<R, false>(block, s, a, at, at.first, key_first);
    add_to_queries(block, s, a, dquery);
    if (a.dkey) add_to_table<R, true>(block, s, a, at, at.first - key_first, a.dkey);
  }
  store_rows(block, a, at, dquery, 0);
}

// The gradients of the R keys and values from at.first on, and of the table that meets the keys.
template <int R, class Block, class T, class A>
TORCH_LORA_DEVICE void keys_backward(const Block& block, const Arguments<T, A>& a, const Place& at,
                                     const Vectors& vectors, unsigned char* memory) {
  const Square<R, T, A> s(memory, a.pos_key || a.pos_query);
  load_part<R>(block, s.keys, a, at, 1, at.first, vectors);
  load_part<R>(block, s.values, a, at, 2, at.first, vectors);
  A dkey[kHeadTiles][4] = {}, dvalue[kHeadTiles][4] = {};
  for (int query_first = 0; query_first < at.length; query_first += R) {
    block.sync();  // the queries before these, and their gradients, have been read
    load_part<R>(block, s.queries, a, at, 0, query_first, vectors);
    load_douts<R>(block, s.douts, a, at, query_first, vectors);
    load_bands(block, s, a, at, query_first - at.first, vectors);
    block.sync();
    square_gradients<R, false>(block, s, a, at, query_first, at.first);
    add_to_keys(block, s, a, dkey, dvalue);
    if (a.dquery) add_to_table<R, false>(block, s, a, at, query_first - at.first, a.dquery);
  }
  store_rows(block, a, at, dkey, 1);
  store_rows(block, a, at, dvalue, 2);
}

}  // namespace torch_lora::tiles
