#pragma once
// Disentangled attention over packed sequences in tiles, as flash attention does it: scores are never in memory, and
// the rows of the position tables that a tile of scores needs are a band of consecutive distances, loaded beside keys
// and values.
//
// Every function is the work of one block of threads: loops run from `block.thread` in steps of `block.threads`, with
// `block.sync()` where one loop reads what another wrote. With one thread and no barrier it is plain C++, and so the
// processor can run the very code of the GPU: test/python/test_disentangled_tiles.py does.
#include <cmath>
#include <cstdint>

#include "cuda/device.h"

namespace torch_lora::tiles {

constexpr int kTile = 16;             // queries and keys of a tile
constexpr int kBand = 2 * kTile - 1;  // distances within it

// T: the element type in memory; A: the type of all arithmetic.
template <class T, class A>
struct Arguments {
  const T* qkv;  // [T, 3, N, D], the last dimension contiguous
  int64_t token_stride, part_stride, head_stride;
  const T* pos_key;    // [P, N, D], or null
  const T* pos_query;  // [P, N, D], or null
  int64_t key_row_stride, key_head_stride, query_row_stride, query_head_stride;
  const int32_t* row_of_distance;  // at 0 the table's row for distance 0
  int32_t first_row;               // what the tables' first row is called there
  const int32_t* cu_seqlens;       // [B + 1]
  int64_t tokens;
  int heads, head_size;
  A scale;
  cuda::Dropout<A> dropout;

  T* out;        // [T, N, D]
  A* logsumexp;  // [N, T]

  // Backward:
  const T* dout;  // [T, N, D]
  int64_t dout_token_stride, dout_head_stride;
  const A* delta;  // [T, N]: sum of dout * out over D
  T* dqkv;         // [T, 3, N, D], contiguous
  A* dkey;         // [P, N, D] zeros to add to, or null
  A* dquery;       // [P, N, D] zeros to add to, or null
};

// Where a tile is: sequence, head, and the first of its rows.
struct Place {
  int64_t start;  // the sequence's first token
  int length;
  int head;
  int first;
};

template <class A>
struct Shared {
  A* queries;     // [kTile, D]
  A* keys;        // [kTile, D]
  A* values;      // [kTile, D]
  A* douts;       // [kTile, D]; backward only
  A* key_band;    // [kBand, D]: pos_key's rows of the tile's distances
  A* query_band;  // [kBand, D]: pos_query's
  A* sums;        // [kTile, D]
  A* others;      // [kTile, D]; backward only
  A* scores;      // [kTile, kTile]: scores, then probabilities
  A* dscores;     // [kTile, kTile]: in forward, probabilities that nothing has dropped
  A* largest;     // [kTile]
  A* total;       // [kTile]
  A* rescale;     // [kTile]
  RowKey* masks;  // [kTile]: of the queries' rows
  int stride;     // of a row of D: one more, against bank conflicts

  TORCH_LORA_DEVICE Shared(A* memory, int head_size) : stride(head_size + 1) {
    A** const rows[] = {&queries, &keys, &values, &douts, &sums, &others};
    for (A** part : rows) {
      *part = memory;
      memory += kTile * stride;
    }
    for (A** part : {&key_band, &query_band}) {
      *part = memory;
      memory += kBand * stride;
    }
    for (A** part : {&scores, &dscores}) {
      *part = memory;
      memory += kTile * kTile;
    }
    for (A** part : {&largest, &total, &rescale}) {
      *part = memory;
      memory += kTile;
    }
    masks = reinterpret_cast<RowKey*>(memory);
  }

  static TORCH_LORA_DEVICE constexpr int64_t elements(int head_size) {
    constexpr int kNumbers = (sizeof(RowKey) + sizeof(A) - 1) / sizeof(A);
    return (6 * kTile + 2 * kBand) * int64_t(head_size + 1) + 2 * kTile * kTile + (3 + kNumbers) * kTile;
  }
};

// Rows first..first + kTile - 1 of a [T, N, D] view of the sequence; zeros beyond its end.
template <class Block, class T, class A>
TORCH_LORA_DEVICE void load_rows(const Block& block, A* to, int stride, int head_size, const T* from,
                                 int64_t token_stride, int first, int length) {
  for (int e = block.thread; e < kTile * head_size; e += block.threads) {
    const int row = e / head_size, d = e % head_size;
    to[row * stride + d] = first + row < length ? A(from[(first + row) * token_stride + d]) : A(0);
  }
}

// The band of a tile: element t holds the row for distance i - j = query_first - key_first + t - (kTile - 1).
template <class Block, class T, class A>
TORCH_LORA_DEVICE void load_band(const Block& block, A* to, int stride, const Arguments<T, A>& a, const T* table,
                                 int64_t row_stride, int nearest, int length) {
  for (int e = block.thread; e < kBand * a.head_size; e += block.threads) {
    const int t = e / a.head_size, d = e % a.head_size, distance = nearest + t - (kTile - 1);
    const bool real = distance > -length && distance < length;
    to[t * stride + d] = real ? A(table[(a.row_of_distance[distance] - a.first_row) * row_stride + d]) : A(0);
  }
}

template <class Block, class T, class A>
TORCH_LORA_DEVICE void load_bands(const Block& block, const Shared<A>& s, const Arguments<T, A>& a, const Place& at,
                                  int query_first, int key_first) {
  const int nearest = query_first - key_first;
  if (a.pos_key) {
    load_band(block, s.key_band, s.stride, a, a.pos_key + at.head * a.key_head_stride, a.key_row_stride, nearest,
              at.length);
  }
  if (a.pos_query) {
    load_band(block, s.query_band, s.stride, a, a.pos_query + at.head * a.query_head_stride, a.query_row_stride,
              nearest, at.length);
  }
}

template <class T, class A>
TORCH_LORA_DEVICE const T* part_of(const Arguments<T, A>& a, const Place& at, int part) {
  return a.qkv + at.start * a.token_stride + part * a.part_stride + at.head * a.head_stride;
}

template <class Block, class T, class A>
TORCH_LORA_DEVICE void load_queries(const Block& block, const Shared<A>& s, const Arguments<T, A>& a, const Place& at,
                                    int first) {
  load_rows(block, s.queries, s.stride, a.head_size, part_of(a, at, 0), a.token_stride, first, at.length);
  for (int i = block.thread; i < kTile; i += block.threads) {
    s.masks[i] = a.dropout.row(at.head * a.tokens + at.start + first + i);
  }
}

// Keys and their values.
template <class Block, class T, class A>
TORCH_LORA_DEVICE void load_keys(const Block& block, const Shared<A>& s, const Arguments<T, A>& a, const Place& at,
                                 int first) {
  load_rows(block, s.keys, s.stride, a.head_size, part_of(a, at, 1), a.token_stride, first, at.length);
  load_rows(block, s.values, s.stride, a.head_size, part_of(a, at, 2), a.token_stride, first, at.length);
}

// scale (q_i k_j + q_i PK[c(i - j)] + k_j PQ[c(i - j)]), i and j within the tile.
template <class T, class A>
TORCH_LORA_DEVICE A score(const Shared<A>& s, const Arguments<T, A>& a, int i, int j) {
  const A* q = s.queries + i * s.stride;
  const A* k = s.keys + j * s.stride;
  const A* pk = s.key_band + (i - j + kTile - 1) * s.stride;
  const A* pq = s.query_band + (i - j + kTile - 1) * s.stride;
  A sum = 0;
  for (int d = 0; d < a.head_size; ++d) {
    sum += q[d] * k[d];
    if (a.pos_key) sum += q[d] * pk[d];
    if (a.pos_query) sum += k[d] * pq[d];
  }
  return sum * a.scale;
}

// 0 for a dropped probability, 1 / (1 - p) for a kept one: the mask of random.h, [N * T, longest]. i within the tile,
// j within the sequence.
template <class T, class A>
TORCH_LORA_DEVICE A kept(const Shared<A>& s, const Arguments<T, A>& a, int i, int j) {
  return a.dropout.apply(s.masks[i], j, A(1));
}

// Output and logsumexp of the queries from at.first on.
template <class Block, class T, class A>
TORCH_LORA_DEVICE void forward(const Block& block, const Arguments<T, A>& a, const Place& at, A* memory) {
  const Shared<A> s(memory, a.head_size);
  load_queries(block, s, a, at, at.first);
  for (int e = block.thread; e < kTile * s.stride; e += block.threads) s.sums[e] = 0;
  for (int i = block.thread; i < kTile; i += block.threads) {
    s.largest[i] = -INFINITY;
    s.total[i] = 0;
  }
  for (int key_first = 0; key_first < at.length; key_first += kTile) {
    block.sync();
    load_keys(block, s, a, at, key_first);
    load_bands(block, s, a, at, at.first, key_first);
    block.sync();
    for (int e = block.thread; e < kTile * kTile; e += block.threads) {
      const int i = e / kTile, j = e % kTile;
      s.scores[e] = key_first + j < at.length ? score(s, a, i, j) : A(-INFINITY);
    }
    block.sync();
    for (int i = block.thread; i < kTile; i += block.threads) {
      const A* row = s.scores + i * kTile;
      A largest = s.largest[i];
      for (int j = 0; j < kTile; ++j) largest = row[j] > largest ? row[j] : largest;
      s.rescale[i] = std::exp(s.largest[i] - largest);
      s.largest[i] = largest;
    }
    block.sync();
    for (int e = block.thread; e < kTile * kTile; e += block.threads) {
      const int i = e / kTile, j = e % kTile;
      const A p = std::exp(s.scores[e] - s.largest[i]);
      s.dscores[e] = p;
      s.scores[e] = p * kept(s, a, i, key_first + j);
    }
    block.sync();
    for (int i = block.thread; i < kTile; i += block.threads) {
      A total = s.total[i] * s.rescale[i];
      for (int j = 0; j < kTile; ++j) total += s.dscores[i * kTile + j];
      s.total[i] = total;
    }
    for (int e = block.thread; e < kTile * a.head_size; e += block.threads) {
      const int i = e / a.head_size, d = e % a.head_size;
      A sum = s.sums[i * s.stride + d] * s.rescale[i];
      for (int j = 0; j < kTile; ++j) sum += s.scores[i * kTile + j] * s.values[j * s.stride + d];
      s.sums[i * s.stride + d] = sum;
    }
  }
  block.sync();
  for (int e = block.thread; e < kTile * a.head_size; e += block.threads) {
    const int i = e / a.head_size, d = e % a.head_size;
    if (at.first + i >= at.length) continue;
    const int64_t token = at.start + at.first + i;
    a.out[(token * a.heads + at.head) * a.head_size + d] = T(s.sums[i * s.stride + d] / s.total[i]);
    if (d == 0) a.logsumexp[at.head * a.tokens + token] = s.largest[i] + std::log(s.total[i]);
  }
}

// Probabilities as they met the values (dropped and scaled) into s.scores, and the gradient of the scores before
// scaling into s.dscores. The tile's queries, keys, values, douts and bands are loaded.
template <class Block, class T, class A>
TORCH_LORA_DEVICE void score_gradients(const Block& block, const Shared<A>& s, const Arguments<T, A>& a,
                                       const Place& at, int query_first, int key_first) {
  for (int e = block.thread; e < kTile * kTile; e += block.threads) {
    const int i = e / kTile, j = e % kTile;
    s.scores[e] = s.dscores[e] = 0;
    if (query_first + i >= at.length || key_first + j >= at.length) continue;
    const int64_t token = at.start + query_first + i;
    const A p = std::exp(score(s, a, i, j) - a.logsumexp[at.head * a.tokens + token]);
    const A mask = kept(s, a, i, key_first + j);
    A dp = 0;
    for (int d = 0; d < a.head_size; ++d) dp += s.douts[i * s.stride + d] * s.values[j * s.stride + d];
    s.scores[e] = p * mask;
    s.dscores[e] = p * (dp * mask - a.delta[token * a.heads + at.head]) * a.scale;
  }
}

// Adds the gradient of a table's band: the sum along each diagonal of dscores, times the rows of the other side.
template <class Block, class T, class A>
TORCH_LORA_DEVICE void add_band_gradient(const Block& block, const Shared<A>& s, const Arguments<T, A>& a,
                                         const Place& at, A* table, const A* rows, bool by_query, int nearest) {
  for (int e = block.thread; e < kBand * a.head_size; e += block.threads) {
    const int t = e / a.head_size, d = e % a.head_size, distance = nearest + t - (kTile - 1);
    if (distance <= -at.length || distance >= at.length) continue;
    A sum = 0;
    for (int i = 0; i < kTile; ++i) {
      const int j = i - t + kTile - 1;
      if (j >= 0 && j < kTile) sum += s.dscores[i * kTile + j] * rows[(by_query ? i : j) * s.stride + d];
    }
    const int64_t row = a.row_of_distance[distance] - a.first_row;
    block.add(table + (row * a.heads + at.head) * a.head_size + d, sum);
  }
}

template <class Block, class T, class A>
TORCH_LORA_DEVICE void store_gradient(const Block& block, const Shared<A>& s, const Arguments<T, A>& a, const Place& at,
                                      const A* sums, int part) {
  for (int e = block.thread; e < kTile * a.head_size; e += block.threads) {
    const int i = e / a.head_size, d = e % a.head_size;
    if (at.first + i >= at.length) continue;
    const int64_t token = at.start + at.first + i;
    a.dqkv[((token * 3 + part) * a.heads + at.head) * a.head_size + d] = T(sums[i * s.stride + d]);
  }
}

// The sum of dout * out over D for one token and head, by the threads of `row`, for both halves of backward.
template <class Row, class T, class A>
TORCH_LORA_DEVICE void row_product(const Row& row, const Arguments<T, A>& a, int64_t token, int head, A* delta) {
  const T* const dout = a.dout + token * a.dout_token_stride + head * a.dout_head_stride;
  const T* const out = a.out + (token * a.heads + head) * a.head_size;
  A sum = 0;
  for (int d = row.thread; d < a.head_size; d += row.threads) sum += A(dout[d]) * A(out[d]);
  sum = row.sum(sum);
  if (row.thread == 0) delta[token * a.heads + head] = sum;
}

template <class Block, class T, class A>
TORCH_LORA_DEVICE void load_dout(const Block& block, const Shared<A>& s, const Arguments<T, A>& a, const Place& at,
                                 int query_first) {
  const T* dout = a.dout + at.start * a.dout_token_stride + at.head * a.dout_head_stride;
  load_rows(block, s.douts, s.stride, a.head_size, dout, a.dout_token_stride, query_first, at.length);
}

// The gradient of the queries from at.first on, and pos_key's share of them.
template <class Block, class T, class A>
TORCH_LORA_DEVICE void backward_queries(const Block& block, const Arguments<T, A>& a, const Place& at, A* memory) {
  const Shared<A> s(memory, a.head_size);
  load_queries(block, s, a, at, at.first);
  load_dout(block, s, a, at, at.first);
  for (int e = block.thread; e < kTile * s.stride; e += block.threads) s.sums[e] = 0;
  for (int key_first = 0; key_first < at.length; key_first += kTile) {
    block.sync();
    load_keys(block, s, a, at, key_first);
    load_bands(block, s, a, at, at.first, key_first);
    block.sync();
    score_gradients(block, s, a, at, at.first, key_first);
    block.sync();
    for (int e = block.thread; e < kTile * a.head_size; e += block.threads) {
      const int i = e / a.head_size, d = e % a.head_size;
      A sum = s.sums[i * s.stride + d];
      for (int j = 0; j < kTile; ++j) {
        A key = s.keys[j * s.stride + d];
        if (a.pos_key) key += s.key_band[(i - j + kTile - 1) * s.stride + d];
        sum += s.dscores[i * kTile + j] * key;
      }
      s.sums[i * s.stride + d] = sum;
    }
    if (a.dkey) add_band_gradient(block, s, a, at, a.dkey, s.queries, true, at.first - key_first);
  }
  block.sync();
  store_gradient(block, s, a, at, s.sums, 0);
}

// The gradients of the keys and values from at.first on, and pos_query's share of them.
template <class Block, class T, class A>
TORCH_LORA_DEVICE void backward_keys(const Block& block, const Arguments<T, A>& a, const Place& at, A* memory) {
  const Shared<A> s(memory, a.head_size);
  load_keys(block, s, a, at, at.first);
  for (int e = block.thread; e < kTile * s.stride; e += block.threads) s.sums[e] = s.others[e] = 0;
  for (int query_first = 0; query_first < at.length; query_first += kTile) {
    block.sync();
    load_queries(block, s, a, at, query_first);
    load_dout(block, s, a, at, query_first);
    load_bands(block, s, a, at, query_first, at.first);
    block.sync();
    score_gradients(block, s, a, at, query_first, at.first);
    block.sync();
    for (int e = block.thread; e < kTile * a.head_size; e += block.threads) {
      const int j = e / a.head_size, d = e % a.head_size;
      A dkey = s.sums[j * s.stride + d], dvalue = s.others[j * s.stride + d];
      for (int i = 0; i < kTile; ++i) {
        A query = s.queries[i * s.stride + d];
        if (a.pos_query) query += s.query_band[(i - j + kTile - 1) * s.stride + d];
        dkey += s.dscores[i * kTile + j] * query;
        dvalue += s.scores[i * kTile + j] * s.douts[i * s.stride + d];
      }
      s.sums[j * s.stride + d] = dkey;
      s.others[j * s.stride + d] = dvalue;
    }
    if (a.dquery) add_band_gradient(block, s, a, at, a.dquery, s.keys, false, query_first - at.first);
  }
  block.sync();
  store_gradient(block, s, a, at, s.sums, 1);
  store_gradient(block, s, a, at, s.others, 2);
}

}  // namespace torch_lora::tiles
