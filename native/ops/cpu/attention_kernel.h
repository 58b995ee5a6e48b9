// Attention of one head within one packed sequence. Included once an instruction set, see simd.h.
//
// A block of query rows meets all keys that it sees at once, so the softmax is exact in one pass and nothing of
// size L x L is ever stored: forward keeps logsumexp, and backward recomputes the weights from it, a tile of keys at a
// time (Dao et al., FlashAttention, 2022, sections 3.1 and B). Where rows see a window of keys, products run on the
// band of pairs that see each other alone (band_kernel.h).

namespace torch_lora {
namespace TORCH_LORA_ISA {

constexpr int64_t kQueryBlock = 64;
constexpr int64_t kKeyTile = 256;  // of backward: its packed keys and weights stay in the second cache

// weights[row] = softmax(scores[row]) with its logsumexp; padding beyond `length` becomes zero.
template <class T>
TORCH_LORA_INLINE T softmax_row(T* row, int64_t length, int64_t padded) {
  constexpr int lanes = Simd<T>::lanes;
  constexpr T lowest = T(-__builtin_huge_val());
  for (int64_t j = length; j < padded; ++j) row[j] = lowest;
  Vec<T> best = load(row);
  for (int64_t j = lanes; j < padded; j += lanes) best = maximum<T>(best, load(row + j));
  const T top = reduce_max<T>(best);
  Vec<T> total{};
  for (int64_t j = 0; j < padded; j += lanes) {
    const Vec<T> e = exponential(load(row + j) - top);
    total += e;
    store(row + j, e);
  }
  const T sum = reduce_add<T>(total), inverse = T(1) / sum;
  for (int64_t j = 0; j < padded; j += lanes) store(row + j, load(row + j) * inverse);
  return top + T(__builtin_log(static_cast<double>(sum)));
}

template <class T>
TORCH_LORA_INLINE RowKey attention_key(const Attention<T>& a, int64_t head, int64_t token) {
  return key_of(a.dropout, head * a.tokens + token);
}

// From scores and dP of one row to what dropout leaves of P, in `weights`, and scale * dS, in `dscores`. Element 0
// belongs to key `first` of the sequence.
template <class T>
TORCH_LORA_INLINE void softmax_grad_row(const Attention<T>& a, int64_t head, int64_t token, T* weights, T* dscores,
                                        const T* dout, const T* out, int64_t first, int64_t length) {
  constexpr int lanes = Simd<T>::lanes;
  T delta = 0;  // dO . O, which is also the sum over keys of P dP
  for (int64_t d = 0; d < a.head_size; ++d) delta += dout[d] * out[d];
  const T logsumexp = a.logsumexp[head * a.tokens + token];
  const RowKey key = attention_key(a, head, token);
  for (int64_t j = 0; j < length; j += lanes) {
    const Vec<T> weight = exponential(load(weights + j) - logsumexp);
    Vec<T> dropped = weight, dweight = load(dscores + j);
    if (a.dropout.active) {
      const Vec<T> keep = keep_at(key, first + j, a.dropout);
      dropped = weight * keep;
      dweight = dweight * keep;
    }
    store(weights + j, dropped);
    store(dscores + j, weight * (dweight - delta) * a.scale);
  }
}

// Scratch: K^T and V panels of the keys that the task's rows see, and one block of weights; in backward of one tile of
// keys. Rows of weights are padded to whole vectors.
template <class T>
TORCH_LORA_INLINE int64_t keys_at_hand(const Attention<T>& a, int64_t length, int64_t rows) {
  const int64_t seen = rows + a.left + a.right;
  return seen < length ? seen : length;
}
template <class T>
TORCH_LORA_INLINE int64_t key_tile(int64_t length) {
  const int64_t tiles = (length + kKeyTile - 1) / kKeyTile;
  return tiles <= 1 ? length : round_up<T>((length + tiles - 1) / tiles);
}
template <class T>
int64_t attention_scratch(const Attention<T>& a, int64_t length, int64_t rows, bool backward) {
  const int64_t size = a.head_size, wide = round_up<T>(size), block = kQueryBlock;
  const int64_t count = backward ? key_tile<T>(length) : keys_at_hand(a, length, rows), keys = round_up<T>(count);
  const int64_t forward = keys * size + count * wide + block * keys;
  return (backward ? forward + keys * size + block * keys + 2 * block * wide : forward) * int64_t(sizeof(T));
}

template <class T>
void attention_forward(const Attention<T>& a, int64_t start, int64_t length, int64_t head, int64_t q0, int64_t q1,
                       void* scratch) {
  constexpr int lanes = Simd<T>::lanes;
  const int64_t first = q0 > a.left ? q0 - a.left : 0, end = q1 + a.right < length ? q1 + a.right : length;
  const int64_t size = a.head_size, count = end - first, keys = round_up<T>(count);
  T* const key_panels = static_cast<T*>(scratch);
  T* const value_panels = key_panels + keys * size;
  T* const weights = value_panels + count * round_up<T>(size);
  const T* const query = a.qkv + start * a.token_stride + head * a.head_stride;
  const T* const key = query + a.part_stride + first * a.token_stride;
  pack_matrix<T>(key, 1, a.token_stride, size, count, a.scale, key_panels);
  pack_matrix<T>(key + a.part_stride, a.token_stride, 1, count, size, T(1), value_panels);
  const int64_t out_row = a.out_row;
  for (int64_t q = q0; q < q1; q += kQueryBlock) {
    const int64_t rows = q1 - q < kQueryBlock ? q1 - q : kQueryBlock;
    const Band<T> band{rows, count, q - first, a.left, a.right};
    band.scores(query + q * a.token_stride, a.token_stride, key_panels, size, weights, keys);
    for (int64_t i = 0; i < rows; ++i) {
      T* const row = weights + i * keys;
      const int64_t low = band.low(i), high = band.high(i), from = low - low % lanes;
      const int64_t token = start + q + i;
      for (int64_t j = from; j < low; ++j) row[j] = T(-__builtin_huge_val());
      a.logsumexp[head * a.tokens + token] = softmax_row<T>(row + from, high - from, round_up<T>(high) - from);
      if (a.dropout.active) {
        const RowKey mask = attention_key(a, head, token);
        for (int64_t j = from; j < high; j += lanes) {
          store(row + j, load(row + j) * keep_at(mask, first + j, a.dropout));
        }
      }
      band.clear(row, i);
    }
    band.sum(weights, keys, value_panels, size, a.out + (start + q) * out_row + head * size, out_row, false);
  }
}

// Keys [k0, k0 + count) of the sequence against all query rows that see one of them.
template <class T>
TORCH_LORA_INLINE void attention_backward_tile(const Attention<T>& a, int64_t start, int64_t length, int64_t head,
                                               int64_t k0, int64_t count, T* scratch, bool whole) {
  const int64_t size = a.head_size, keys = round_up<T>(count), wide = round_up<T>(size);
  T* const key_columns = scratch;                      // K^T, for scores
  T* const value_columns = key_columns + keys * size;  // V^T, for dP
  T* const key_rows = value_columns + keys * size;     // K, for dQ
  T* const weights = key_rows + count * wide;          // P, then what dropout leaves of it
  T* const dscores = weights + kQueryBlock * keys;
  T* const dout_rows = dscores + kQueryBlock * keys;     // dO of the block, for dV
  T* const query_rows = dout_rows + kQueryBlock * wide;  // Q of the block, for dK
  const T* const query = a.qkv + start * a.token_stride + head * a.head_stride;
  const T* const key = query + a.part_stride + k0 * a.token_stride;
  const T* const value = key + a.part_stride;
  pack_matrix<T>(key, 1, a.token_stride, size, count, a.scale, key_columns);
  pack_matrix<T>(value, 1, a.token_stride, size, count, T(1), value_columns);
  pack_matrix<T>(key, a.token_stride, 1, count, size, T(1), key_rows);
  const int64_t out_row = a.out_row, part = a.out_row, grad_row = 3 * part;
  T* const dquery = a.dqkv + start * grad_row + head * size;
  T* const dkey = dquery + part + k0 * grad_row;
  const int64_t begin = k0 > a.right ? k0 - a.right : 0;
  const int64_t end = k0 + count + a.left < length ? k0 + count + a.left : length;
  for (int64_t q = begin; q < end; q += kQueryBlock) {
    const int64_t rows = end - q < kQueryBlock ? end - q : kQueryBlock;
    const Band<T> band{rows, count, q - k0, a.left, a.right};
    const T* const q_block = query + q * a.token_stride;
    const T* const dout = a.dout + (start + q) * a.dout_token_stride + head * a.dout_head_stride;
    const T* const out = a.out + (start + q) * out_row + head * size;
    band.scores(q_block, a.token_stride, key_columns, size, weights, keys);
    band.scores(dout, a.dout_token_stride, value_columns, size, dscores, keys);
    for (int64_t i = 0; i < rows; ++i) {
      const int64_t low = band.low(i), from = low - low % Simd<T>::lanes;
      T* const row = weights + i * keys;
      T* const drow = dscores + i * keys;
      softmax_grad_row<T>(a, head, start + q + i, row + from, drow + from, dout + i * a.dout_token_stride,
                          out + i * out_row, k0 + from, band.high(i) - from);
      band.clear(row, i);
      band.clear(drow, i);
    }
    pack_matrix<T>(dout, a.dout_token_stride, 1, rows, size, T(1), dout_rows);
    pack_matrix<T>(q_block, a.token_stride, 1, rows, size, T(1), query_rows);
    band.sum(dscores, keys, key_rows, size, dquery + q * grad_row, grad_row, !whole || k0 > 0);
    band.sum_by_key(dscores, keys, query_rows, size, dkey, grad_row, !whole || q > 0);
    band.sum_by_key(weights, keys, dout_rows, size, dkey + part, grad_row, !whole || q > 0);
  }
}

template <class T>
void attention_backward(const Attention<T>& a, int64_t start, int64_t length, int64_t head, void* scratch) {
  const bool whole = a.left >= length - 1 && a.right >= length - 1;
  if (!whole) {  // a row of the gradient is the sum of what its tiles and blocks add
    const int64_t part = a.out_row;
    for (int64_t row = 3 * start; row < 3 * (start + length); ++row) {
      __builtin_memset(a.dqkv + row * part + head * a.head_size, 0, static_cast<uint64_t>(a.head_size) * sizeof(T));
    }
  }
  const int64_t tile = key_tile<T>(length);
  for (int64_t k0 = 0; k0 < length; k0 += tile) {
    attention_backward_tile(a, start, length, head, k0, length - k0 < tile ? length - k0 : tile,
                            static_cast<T*>(scratch), whole);
  }
}

}  // namespace TORCH_LORA_ISA
}  // namespace torch_lora
