// Attention of one head within one packed sequence. Included once an instruction set, see simd.h.
//
// A block of query rows meets all keys of its sequence at once, so the softmax is exact in one pass and nothing of
// size L x L is ever stored: forward keeps logsumexp, and backward recomputes the weights from it
// (Dao et al., FlashAttention, 2022, sections 3.1 and B). Products run on the tiles of gemm_kernel.h.

namespace torch_lora {
namespace TORCH_LORA_ISA {

constexpr int64_t kQueryBlock = 64;

template <class T>
TORCH_LORA_INLINE int64_t round_up(int64_t n) {
  constexpr int64_t lanes = Simd<T>::lanes;
  return (n + lanes - 1) / lanes * lanes;
}

// Splits n columns into panels as the GEMM driver does, at most kMaxPanelVectors wide.
template <class T>
TORCH_LORA_INLINE int64_t next_panel(int64_t column, int64_t n) {
  constexpr int64_t lanes = Simd<T>::lanes;
  const int64_t left = (n - column + lanes - 1) / lanes;
  if (left <= kMaxPanelVectors) return left * lanes;
  return kPanelVectors * lanes;
}

// A whole small matrix as panels: what every product below takes as its right operand.
template <class T>
TORCH_LORA_INLINE void pack_matrix(const T* b, int64_t b_k, int64_t b_column, int64_t k, int64_t columns, T alpha,
                                   T* out) {
  const GemmTerm<T> term{nullptr, 0, 0, b, b_k, b_column, k, alpha, nullptr};
  for (int64_t column = 0; column < columns;) {
    const int64_t width = next_panel<T>(column, columns);
    const int64_t count = columns - column < width ? columns - column : width;
    pack_panel(term, GemmPanel{0, static_cast<int32_t>(width), column, count}, 0, k, out + column * k);
    column += width;
  }
}

// C [rows, columns] (+)= A [rows, k] * packed.
template <class T>
TORCH_LORA_INLINE void product(const T* a, int64_t a_row, int64_t a_k, const T* packed, int64_t rows, int64_t k,
                               int64_t columns, T* c, int64_t c_row, bool accumulate) {
  for (int64_t column = 0; column < columns;) {
    const int64_t width = next_panel<T>(column, columns);
    const int64_t count = columns - column < width ? columns - column : width;
    const Stretch<T> stretch{a, a_row, a_k, packed + column * k, k};
    panel_product<T>(&stretch, 1, 0, rows, c + column, c_row, accumulate, nullptr, width, count);
    column += width;
  }
}

// Scratch: K^T and V panels, and one block of weights. Rows of weights are padded to whole vectors.
template <class T>
TORCH_LORA_INLINE int64_t attention_elements(int64_t length, int64_t head_size, bool backward) {
  const int64_t keys = round_up<T>(length), size = round_up<T>(head_size), block = kQueryBlock;
  const int64_t forward = keys * head_size + length * size + block * keys;
  return backward ? forward + keys * head_size + block * keys + 2 * block * size + block : forward;
}
template <class T>
int64_t attention_scratch(int64_t length, int64_t head_size, bool backward) {
  return attention_elements<T>(length, head_size, backward) * int64_t(sizeof(T));
}

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

// From scores and dP of one row to what dropout leaves of P, in `weights`, and scale * dS, in `dscores`.
template <class T>
TORCH_LORA_INLINE void softmax_grad_row(const Attention<T>& a, int64_t head, int64_t token, T* weights, T* dscores,
                                        const T* dout, const T* out, int64_t length) {
  constexpr int lanes = Simd<T>::lanes;
  T delta = 0;  // dO . O, which is also the sum over keys of P dP
  for (int64_t d = 0; d < a.head_size; ++d) delta += dout[d] * out[d];
  const T logsumexp = a.logsumexp[head * a.tokens + token];
  const RowKey key = attention_key(a, head, token);
  for (int64_t j = 0; j < length; j += lanes) {
    const Vec<T> weight = exponential(load(weights + j) - logsumexp);
    Vec<T> dropped = weight, dweight = load(dscores + j);
    if (a.dropout.active) {
      const Vec<T> keep = keep_at(key, j, a.dropout);
      dropped = weight * keep;
      dweight = dweight * keep;
    }
    store(weights + j, dropped);
    store(dscores + j, weight * (dweight - delta) * a.scale);
  }
}

template <class T>
void attention_forward(const Attention<T>& a, int64_t start, int64_t length, int64_t head, int64_t q0, int64_t q1,
                       void* scratch) {
  constexpr int lanes = Simd<T>::lanes;
  const int64_t size = a.head_size, keys = round_up<T>(length);
  T* const key_panels = static_cast<T*>(scratch);
  T* const value_panels = key_panels + keys * size;
  T* const weights = value_panels + length * round_up<T>(size);
  const T* const query = a.qkv + start * a.token_stride + head * a.head_stride;
  pack_matrix<T>(query + a.part_stride, 1, a.token_stride, size, length, a.scale, key_panels);
  pack_matrix<T>(query + 2 * a.part_stride, a.token_stride, 1, length, size, T(1), value_panels);
  const int64_t out_row = a.heads * size;
  for (int64_t q = q0; q < q1; q += kQueryBlock) {
    const int64_t rows = q1 - q < kQueryBlock ? q1 - q : kQueryBlock;
    product(query + q * a.token_stride, a.token_stride, int64_t(1), key_panels, rows, size, length, weights, keys,
            false);
    for (int64_t i = 0; i < rows; ++i) {
      T* const row = weights + i * keys;
      const int64_t token = start + q + i;
      a.logsumexp[head * a.tokens + token] = softmax_row<T>(row, length, keys);
      if (!a.dropout.active) continue;
      const RowKey key = attention_key(a, head, token);
      for (int64_t j = 0; j < length; j += lanes) {
        store(row + j, load(row + j) * keep_at(key, j, a.dropout));
      }
    }
    product(weights, keys, int64_t(1), value_panels, rows, length, size, a.out + (start + q) * out_row + head * size,
            out_row, false);
  }
}

template <class T>
void attention_backward(const Attention<T>& a, int64_t start, int64_t length, int64_t head, void* scratch) {
  const int64_t size = a.head_size, keys = round_up<T>(length), wide = round_up<T>(size);
  T* const key_columns = static_cast<T*>(scratch);     // K^T, for scores
  T* const value_columns = key_columns + keys * size;  // V^T, for dP
  T* const key_rows = value_columns + keys * size;     // K, for dQ
  T* const weights = key_rows + length * wide;         // P, then what dropout leaves of it
  T* const dscores = weights + kQueryBlock * keys;
  T* const dout_rows = dscores + kQueryBlock * keys;     // dO of the block, for dV
  T* const query_rows = dout_rows + kQueryBlock * wide;  // Q of the block, for dK
  const T* const query = a.qkv + start * a.token_stride + head * a.head_stride;
  const T* const key = query + a.part_stride;
  const T* const value = query + 2 * a.part_stride;
  pack_matrix<T>(key, 1, a.token_stride, size, length, a.scale, key_columns);
  pack_matrix<T>(value, 1, a.token_stride, size, length, T(1), value_columns);
  pack_matrix<T>(key, a.token_stride, 1, length, size, T(1), key_rows);
  const int64_t out_row = a.heads * size, part = a.heads * size, grad_row = 3 * part;
  T* const dquery = a.dqkv + start * grad_row + head * size;
  for (int64_t q = 0; q < length; q += kQueryBlock) {
    const int64_t rows = length - q < kQueryBlock ? length - q : kQueryBlock;
    const T* const q_block = query + q * a.token_stride;
    const T* const dout = a.dout + (start + q) * a.dout_token_stride + head * a.dout_head_stride;
    const T* const out = a.out + (start + q) * out_row + head * size;
    product(q_block, a.token_stride, int64_t(1), key_columns, rows, size, length, weights, keys, false);
    product(dout, a.dout_token_stride, int64_t(1), value_columns, rows, size, length, dscores, keys, false);
    for (int64_t i = 0; i < rows; ++i) {
      softmax_grad_row<T>(a, head, start + q + i, weights + i * keys, dscores + i * keys,
                          dout + i * a.dout_token_stride, out + i * out_row, length);
    }
    pack_matrix<T>(dout, a.dout_token_stride, 1, rows, size, T(1), dout_rows);
    pack_matrix<T>(q_block, a.token_stride, 1, rows, size, T(1), query_rows);
    product(dscores, keys, int64_t(1), key_rows, rows, length, size, dquery + q * grad_row, grad_row, false);
    product(dscores, int64_t(1), keys, query_rows, length, rows, size, dquery + part, grad_row, q > 0);
    product(weights, int64_t(1), keys, dout_rows, length, rows, size, dquery + 2 * part, grad_row, q > 0);
  }
}

}  // namespace TORCH_LORA_ISA
}  // namespace torch_lora
