// Disentangled attention of one head within one packed sequence (He et al., DeBERTa, 2021, equation 4). Included once
// an instruction set, see simd.h.
//
//   score[i][j] = scale (q_i . k_j  +  q_i . PK[c(i - j)]  +  k_j . PQ[c(i - j)])
//
// c maps a relative distance to a row of the position tables and depends on i - j alone. So q_i meets each distinct
// row once, in a product of [rows, M] with M rows in reach, and what the scores need of it is a window that slides by
// one column from row to row: wherever c is exact (c(d) = d + span) a plain unaligned vector load, else a lookup.
// The table that holds c is non-decreasing; the content-to-position table is reversed so that its window, too,
// advances with j.

namespace torch_lora {
namespace TORCH_LORA_ISA {

// Maps x = first, first + 1, ... to table[x]; within [exact_low, exact_high] table[x] is x + shift.
struct Window {
  const int32_t* table;
  int64_t exact_low, exact_high, shift;
};

// out[n] += source[table[x + n]]
template <class T>
TORCH_LORA_INLINE void add_window(T* out, const T* source, const Window& w, int64_t x, int64_t count) {
  constexpr int lanes = Simd<T>::lanes;
  int64_t n = 0;
  for (; n < count && x + n < w.exact_low; ++n) out[n] += source[w.table[x + n]];
  const int64_t end = w.exact_high + 1 - x < count ? w.exact_high + 1 - x : count;
  const T* const exact = source + x + w.shift;
  for (; n + lanes <= end; n += lanes) store(out + n, load(out + n) + load(exact + n));
  for (; n < count; ++n) out[n] += source[w.table[x + n]];
}

// target[table[x + n]] += in[n]
template <class T>
TORCH_LORA_INLINE void scatter_window(T* target, const T* in, const Window& w, int64_t x, int64_t count) {
  constexpr int lanes = Simd<T>::lanes;
  int64_t n = 0;
  for (; n < count && x + n < w.exact_low; ++n) target[w.table[x + n]] += in[n];
  const int64_t end = w.exact_high + 1 - x < count ? w.exact_high + 1 - x : count;
  T* const exact = target + x + w.shift;
  for (; n + lanes <= end; n += lanes) store(exact + n, load(exact + n) + load(in + n));
  for (; n < count; ++n) target[w.table[x + n]] += in[n];
}

// The positions that distances [low, high] reach, and both windows onto them.
template <class T>
struct Reach {
  int64_t first, count;  // rows first ... first + count - 1 of the tables
  Window forward;        // c(d) - first, over d = i - j: for keys, along i
  Window backward;       // last - c(-e), over e = j - i: for queries, along j
};

template <class T>
TORCH_LORA_INLINE Reach<T> reach(const Positions<T>& p, int64_t low, int64_t high, int32_t* tables) {
  Reach<T> r;
  r.first = p.index[low];
  const int64_t last = p.index[high];
  r.count = last - r.first + 1;
  int32_t* const ahead = tables;
  int32_t* const behind = tables + (high - low + 1);
  for (int64_t d = low; d <= high; ++d) {
    ahead[d - low] = static_cast<int32_t>(p.index[d] - r.first);
    behind[high - d] = static_cast<int32_t>(last - p.index[d]);
  }
  r.forward = {ahead - low, p.exact_low, p.exact_high, p.span - r.first};
  r.backward = {behind + high, -p.exact_high, -p.exact_low, last - p.span};
  return r;
}

// rows x keys block of scores += transposed windows of `by_key` [keys, stride]: through squares of lanes x lanes.
template <class T, bool Scatter>
TORCH_LORA_INLINE void exchange_by_key(T* scores, int64_t scores_row, int64_t q, int64_t rows, int64_t length,
                                       T* by_key, int64_t stride, const Window& w) {
  constexpr int lanes = Simd<T>::lanes;
  for (int64_t i = 0; i < rows; i += lanes) {
    const int64_t there = rows - i < lanes ? rows - i : lanes;
    for (int64_t j = 0; j < length; j += lanes) {
      const int64_t keys = length - j < lanes ? length - j : lanes;
      Vec<T> square[lanes];
      if constexpr (Scatter) {
        TORCH_LORA_UNROLL
        for (int l = 0; l < lanes; ++l) square[l] = l < there ? load(scores + (i + l) * scores_row + j) : Vec<T>{};
        transpose_pass<T, 1>(square);
        for (int64_t l = 0; l < keys; ++l) {
          T column[lanes];
          store(column, square[l]);
          scatter_window(by_key + (j + l) * stride, column, w, q + i - (j + l), there);
        }
      } else {
        for (int64_t l = 0; l < lanes; ++l) {
          T column[lanes] = {};
          if (l < keys) add_window(column, by_key + (j + l) * stride, w, q + i - (j + l), there);
          square[l] = load(column);
        }
        transpose_pass<T, 1>(square);
        TORCH_LORA_UNROLL
        for (int l = 0; l < lanes; ++l) {
          T* const row = scores + (i + l) * scores_row + j;
          if (l < there) store(row, load(row) + square[l]);
        }
      }
    }
  }
}

// Where the buffers of one task lie; null where a task has no use for one.
template <class T>
struct DisentangledScratch {
  int32_t* tables;
  T *key_columns, *value, *weights, *pos_key_columns, *by_query, *by_key, *pos_query_columns;
  // backward only
  T *key_rows, *dscores, *dout_rows, *query_rows, *pos_rows, *by_key_grad, *pos_grad;
};

// Lays the buffers out from `base`; returns their size in bytes. `base` may be null to learn the size only.
template <class T>
TORCH_LORA_INLINE int64_t lay_out(char* base, int64_t length, int64_t head_size, int64_t count, bool backward,
                                  DisentangledScratch<T>& s) {
  constexpr int64_t lanes = Simd<T>::lanes, block = kQueryBlock;
  const int64_t keys = round_up<T>(length), wide = round_up<T>(head_size), positions = round_up<T>(count);
  int64_t used = 0;
  const auto take = [&](int64_t elements, int64_t bytes_each) TORCH_LORA_LAMBDA {
    const int64_t at = used;
    used += (elements * bytes_each + 63) / 64 * 64;
    return base ? base + at : nullptr;
  };
  const auto floats = [&](int64_t elements)
                          TORCH_LORA_LAMBDA { return reinterpret_cast<T*>(take(elements + lanes, sizeof(T))); };
  s.tables = reinterpret_cast<int32_t*>(take(4 * length, 4));
  s.key_columns = floats(keys * head_size);
  s.value = floats((keys > length ? keys : length) * wide);
  s.weights = floats(block * keys);
  s.pos_key_columns = floats(positions * head_size);
  s.pos_query_columns = floats(positions * head_size);
  s.by_query = floats(block * positions);
  s.by_key = floats(length * positions);
  if (backward) {
    s.key_rows = floats(length * wide);
    s.dscores = floats(block * keys);
    s.dout_rows = floats(block * wide);
    s.query_rows = floats(block * wide);
    s.pos_rows = floats(count * wide);
    s.by_key_grad = floats(length * positions);
    s.pos_grad = floats(count * wide);
  }
  return used;
}
template <class T>
int64_t disentangled_scratch(int64_t length, int64_t head_size, int64_t positions, bool backward) {
  DisentangledScratch<T> ignored;
  return lay_out<T>(nullptr, length, head_size, positions, backward, ignored);
}

// What forward and backward share: packs the operands and fills by_key for all keys of the sequence.
template <class T>
struct Disentangled {
  const Attention<T>& a;
  const Positions<T>& p;
  int64_t start, length, head;
  DisentangledScratch<T> s;
  Reach<T> r;
  int64_t keys, positions;
  const T *query, *key, *value;

  TORCH_LORA_INLINE Disentangled(const Attention<T>& a, const Positions<T>& p, int64_t start, int64_t length,
                                 int64_t head, int64_t q0, int64_t q1, bool backward, void* scratch)
      : a(a), p(p), start(start), length(length), head(head) {
    const int64_t low = q0 - (length - 1), high = q1 - 1, size = a.head_size;
    const int64_t count = p.index[high] - p.index[low] + 1;
    lay_out<T>(static_cast<char*>(scratch), length, size, count, backward, s);
    r = reach(p, low, high, s.tables);
    keys = round_up<T>(length);
    positions = round_up<T>(count);
    query = a.qkv + start * a.token_stride + head * a.head_stride;
    key = query + a.part_stride;
    value = query + 2 * a.part_stride;
    pack_matrix<T>(key, 1, a.token_stride, size, length, a.scale, s.key_columns);
    if (p.key) {  // last row first: see Reach
      pack_matrix<T>(p.key + (r.first + count - 1) * p.key_row + head * p.key_head, 1, -p.key_row, size, count, a.scale,
                     s.pos_key_columns);
    }
    if (p.query) {
      pack_matrix<T>(p.query + r.first * p.query_row + head * p.query_head, 1, p.query_row, size, count, a.scale,
                     s.pos_query_columns);
      product(key, a.token_stride, int64_t(1), s.pos_query_columns, length, size, count, s.by_key, positions, false);
    }
  }

  // s.weights = scores of query rows [q, q + rows)
  TORCH_LORA_INLINE void scores(int64_t q, int64_t rows) {
    const T* const q_block = query + q * a.token_stride;
    product(q_block, a.token_stride, int64_t(1), s.key_columns, rows, a.head_size, length, s.weights, keys, false);
    if (p.key) {
      product(q_block, a.token_stride, int64_t(1), s.pos_key_columns, rows, a.head_size, r.count, s.by_query, positions,
              false);
      for (int64_t i = 0; i < rows; ++i) {
        add_window(s.weights + i * keys, s.by_query + i * positions, r.backward, -(q + i), length);
      }
    }
    if (p.query) {
      exchange_by_key<T, false>(s.weights, keys, q, rows, length, s.by_key, positions, r.forward);
    }
  }
};

template <class T>
void disentangled_forward(const Attention<T>& a, const Positions<Real<T>>& p, int64_t start, int64_t length,
                          int64_t head, int64_t q0, int64_t q1, void* scratch) {
  constexpr int lanes = Simd<T>::lanes;
  Disentangled<T> d(a, p, start, length, head, q0, q1, false, scratch);
  const int64_t size = a.head_size, out_row = a.out_row;
  pack_matrix<T>(d.value, a.token_stride, 1, length, size, T(1), d.s.value);
  for (int64_t q = q0; q < q1; q += kQueryBlock) {
    const int64_t rows = q1 - q < kQueryBlock ? q1 - q : kQueryBlock;
    d.scores(q, rows);
    for (int64_t i = 0; i < rows; ++i) {
      T* const row = d.s.weights + i * d.keys;
      const int64_t token = start + q + i;
      a.logsumexp[head * a.tokens + token] = softmax_row<T>(row, length, d.keys);
      if (!a.dropout.active) continue;
      const RowKey key = attention_key(a, head, token);
      for (int64_t j = 0; j < length; j += lanes) store(row + j, load(row + j) * keep_at(key, j, a.dropout));
    }
    product(d.s.weights, d.keys, int64_t(1), d.s.value, rows, length, size, a.out + (start + q) * out_row + head * size,
            out_row, false);
  }
}

// Also adds this sequence's part to p.dkey and p.dquery, where asked: tasks of one head must not run at once then.
template <class T>
void disentangled_backward(const Attention<T>& a, const Positions<Real<T>>& p, int64_t start, int64_t length,
                           int64_t head, void* scratch) {
  Disentangled<T> d(a, p, start, length, head, 0, length, true, scratch);
  const int64_t size = a.head_size, keys = d.keys, positions = d.positions, count = d.r.count;
  const int64_t out_row = a.out_row, part = a.out_row, grad_row = 3 * part;
  pack_matrix<T>(d.value, 1, a.token_stride, size, length, T(1), d.s.value);   // V^T, for dP
  pack_matrix<T>(d.key, a.token_stride, 1, length, size, T(1), d.s.key_rows);  // K, for dQ
  const int64_t last = d.r.first + count - 1;
  if (p.key) {  // PK in the order of by_query's columns, for dQ
    pack_matrix<T>(p.key + last * p.key_row + head * p.key_head, -p.key_row, 1, count, size, T(1), d.s.pos_rows);
  }
  if (p.query)
    __builtin_memset(d.s.by_key_grad, 0, static_cast<uint64_t>(length * positions + Simd<T>::lanes) * sizeof(T));
  T* const dquery = a.dqkv + start * grad_row + head * size;
  for (int64_t q = 0; q < length; q += kQueryBlock) {
    const int64_t rows = length - q < kQueryBlock ? length - q : kQueryBlock;
    const T* const q_block = d.query + q * a.token_stride;
    const T* const dout = a.dout + (start + q) * a.dout_token_stride + head * a.dout_head_stride;
    d.scores(q, rows);
    product(dout, a.dout_token_stride, int64_t(1), d.s.value, rows, size, length, d.s.dscores, keys, false);
    for (int64_t i = 0; i < rows; ++i) {
      const T* const out = a.out + (start + q + i) * out_row + head * size;
      softmax_grad_row<T>(a, head, start + q + i, d.s.weights + i * keys, d.s.dscores + i * keys,
                          dout + i * a.dout_token_stride, out, 0, length);
    }
    pack_matrix<T>(dout, a.dout_token_stride, 1, rows, size, T(1), d.s.dout_rows);
    pack_matrix<T>(q_block, a.token_stride, 1, rows, size, T(1), d.s.query_rows);
    product(d.s.dscores, keys, int64_t(1), d.s.key_rows, rows, length, size, dquery + q * grad_row, grad_row, false);
    product(d.s.dscores, int64_t(1), keys, d.s.query_rows, length, rows, size, dquery + part, grad_row, q > 0);
    product(d.s.weights, int64_t(1), keys, d.s.dout_rows, length, rows, size, dquery + 2 * part, grad_row, q > 0);
    if (p.key) {
      T* const by_query_grad = d.s.by_query;
      __builtin_memset(by_query_grad, 0, static_cast<uint64_t>(rows * positions) * sizeof(T));
      for (int64_t i = 0; i < rows; ++i) {
        scatter_window(by_query_grad + i * positions, d.s.dscores + i * keys, d.r.backward, -(q + i), length);
      }
      product(by_query_grad, positions, int64_t(1), d.s.pos_rows, rows, count, size, dquery + q * grad_row, grad_row,
              true);
      if (p.dkey) {
        product(by_query_grad, int64_t(1), positions, d.s.query_rows, count, rows, size, d.s.pos_grad, size, q > 0);
      }
    }
    if (p.query) {
      exchange_by_key<T, true>(d.s.dscores, keys, q, rows, length, d.s.by_key_grad, positions, d.r.forward);
    }
  }
  const auto add_rows = [&](T* target, int64_t first, int64_t step) TORCH_LORA_LAMBDA {
    for (int64_t m = 0; m < count; ++m) {
      T* const row = target + ((first + m * step) * a.heads + head) * size;
      for (int64_t n = 0; n < size; ++n) row[n] += d.s.pos_grad[m * size + n];
    }
  };
  if (p.key && p.dkey) add_rows(p.dkey, last, -1);
  if (!p.query) return;
  pack_matrix<T>(p.query + d.r.first * p.query_row + head * p.query_head, p.query_row, 1, count, size, T(1),
                 d.s.pos_rows);
  product(d.s.by_key_grad, positions, int64_t(1), d.s.pos_rows, length, count, size, dquery + part, grad_row, true);
  if (p.dquery) {
    product(d.s.by_key_grad, int64_t(1), positions, d.s.key_rows, count, length, size, d.s.pos_grad, size, false);
    add_rows(p.dquery, d.r.first, 1);
  }
}

}  // namespace TORCH_LORA_ISA
}  // namespace torch_lora
