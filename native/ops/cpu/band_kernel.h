// Products of small matrices, whole or along a band: what attention is made of. They run on the tiles of tile_kernel.h.
// Included once an instruction set, see simd.h.

namespace torch_lora {
namespace TORCH_LORA_ISA {

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

// Which keys a block of query rows sees: of `count` keys row i sees those at most `left` before it and `right` behind
// it, where row i stands at key i + at.
template <class T>
struct Band {
  static constexpr int64_t kStep = 2 * tile_rows(kPanelVectors);  // rows that share one range of keys
  int64_t rows, count, at, left, right;

  TORCH_LORA_INLINE int64_t low(int64_t i) const { return at + i > left ? at + i - left : 0; }
  TORCH_LORA_INLINE int64_t high(int64_t i) const { return at + i + right + 1 < count ? at + i + right + 1 : count; }
  // The rows that see one of keys [k0, k1).
  TORCH_LORA_INLINE int64_t first_row(int64_t k0) const { return k0 > at + right ? k0 - right - at : 0; }
  TORCH_LORA_INLINE int64_t end_row(int64_t k1) const { return k1 + left - at < rows ? k1 + left - at : rows; }
  TORCH_LORA_INLINE bool whole() const { return low(rows - 1) == 0 && high(0) == count; }

  // C [rows, count] = A [rows, k] * packed, where a row sees the key; other elements are undefined.
  TORCH_LORA_INLINE void scores(const T* a, int64_t a_row, const T* packed, int64_t k, T* c, int64_t c_row) const {
    for (int64_t column = 0; column < count;) {
      const int64_t width = next_panel<T>(column, count);
      const int64_t there = count - column < width ? count - column : width;
      const Stretch<T> stretch{a, a_row, 1, packed + column * k, k};
      panel_product<T>(&stretch, 1, first_row(column), end_row(column + there), c + column, c_row, false, nullptr,
                       width, there);
      column += width;
    }
  }

  // Zeroes what `row`, the i-th, holds for keys that it does not see and a row that it shares a step with does.
  TORCH_LORA_INLINE void clear(T* row, int64_t i) const {
    for (int64_t j = low(0); j < low(i); ++j) row[j] = T(0);
    for (int64_t j = high(i); j < high(rows - 1); ++j) row[j] = T(0);
  }

  // C [rows, columns] (+)= W [rows, count] * packed.
  TORCH_LORA_INLINE void sum(const T* w, int64_t w_row, const T* packed, int64_t columns, T* c, int64_t c_row,
                             bool accumulate) const {
    const int64_t step = whole() ? rows : kStep;
    for (int64_t column = 0; column < columns;) {
      const int64_t width = next_panel<T>(column, columns);
      const int64_t there = columns - column < width ? columns - column : width;
      for (int64_t i = 0; i < rows; i += step) {
        const int64_t end = rows - i < step ? rows : i + step, k0 = low(i), k1 = high(end - 1);
        const Stretch<T> stretch{w + k0, w_row, 1, packed + column * count + k0 * width, k1 - k0};
        panel_product<T>(&stretch, 1, i, end, c + column, c_row, accumulate, nullptr, width, there);
      }
      column += width;
    }
  }

  // C [count, columns] (+)= W^T * packed, for W [rows, count] and packed rows.
  TORCH_LORA_INLINE void sum_by_key(const T* w, int64_t w_row, const T* packed, int64_t columns, T* c, int64_t c_row,
                                    bool accumulate) const {
    const int64_t begin = low(0), last = high(rows - 1), step = whole() ? count : kStep;
    for (int64_t column = 0; column < columns;) {
      const int64_t width = next_panel<T>(column, columns);
      const int64_t there = columns - column < width ? columns - column : width;
      for (int64_t key = begin; key < last; key += step) {
        const int64_t end = last - key < step ? last : key + step, i0 = first_row(key), i1 = end_row(end);
        const Stretch<T> stretch{w + i0 * w_row, 1, w_row, packed + column * rows + i0 * width, i1 - i0};
        panel_product<T>(&stretch, 1, key, end, c + column, c_row, accumulate, nullptr, width, there);
      }
      column += width;
    }
  }
};

}  // namespace TORCH_LORA_ISA
}  // namespace torch_lora
