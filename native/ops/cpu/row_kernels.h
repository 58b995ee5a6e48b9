// Row by row: dropout, and LayerNorm(residual + drop(x)) with its derivative. Included once an instruction set.

namespace torch_lora {
namespace TORCH_LORA_ISA {

// Calls body(column, count) for each vector of a row; count is less than a vector's lanes only at the end.
template <class T, class Body>
TORCH_LORA_INLINE void each_vector(int64_t columns, Body body) {
  constexpr int lanes = Simd<T>::lanes;
  int64_t n = 0;
  for (; n + lanes <= columns; n += lanes) body(n, int64_t(lanes));
  if (n < columns) body(n, columns - n);
}
template <class T>
TORCH_LORA_INLINE Vec<T> read(const T* p, int64_t count) {
  return count == Simd<T>::lanes ? load(p) : load_partial(p, count);
}
template <class T>
TORCH_LORA_INLINE void write(T* p, Vec<T> v, int64_t count) {
  if (count == Simd<T>::lanes) {
    store(p, v);
  } else {
    store_partial(p, v, count);
  }
}

template <class T>
void dropout(const T* x, T* y, int64_t columns, const Dropout<Real<T>>& dropout, int64_t row0, int64_t row1) {
  for (int64_t r = row0; r < row1; ++r) {
    const RowKey key = key_of(dropout, r);
    each_vector<T>(columns, [&](int64_t n, int64_t count) TORCH_LORA_LAMBDA {
      const Vec<T> keep = keep_at(key, n, dropout);
      const int64_t i = r * columns + n;
      write(y + i, x ? read(x + i, count) * keep : keep, count);
    });
  }
}

template <class T>
void norm_forward(const Norm<T>& a, int64_t row0, int64_t row1) {
  using R = Real<T>;
  const int64_t hidden = a.hidden;
  for (int64_t r = row0; r < row1; ++r) {
    const int64_t at = r * hidden;
    const RowKey key = key_of(a.dropout, r);
    T* const y = a.y + at;
    Vec<T> total{};
    each_vector<T>(hidden, [&](int64_t n, int64_t count) TORCH_LORA_LAMBDA {
      Vec<T> value = read(a.x + at + n, count);
      if (a.dropout.active) value = value * keep_at(key, n, a.dropout);
      value += read(a.residual + at + n, count);
      total += value;
      write(y + n, value, count);
    });
    const R mean = reduce_add<R>(total) / R(hidden);
    Vec<T> squares{};
    each_vector<T>(hidden, [&](int64_t n, int64_t count) TORCH_LORA_LAMBDA {
      Vec<T> centred = read(y + n, count) - mean;
      if (count < Simd<T>::lanes) {
        for (int64_t l = count; l < Simd<T>::lanes; ++l) centred[l] = 0;
      }
      squares += centred * centred;
    });
    const R rstd = R(1) / R(__builtin_sqrt(static_cast<double>(reduce_add<R>(squares) / R(hidden) + a.eps)));
    if (a.rstd) a.rstd[r] = rstd;
    each_vector<T>(hidden, [&](int64_t n, int64_t count) TORCH_LORA_LAMBDA {
      const Vec<T> normalized = (read(y + n, count) - mean) * rstd;
      if (a.normalized) write(a.normalized + at + n, normalized, count);
      write(y + n, normalized * read(a.weight + n, count) + read(a.bias + n, count), count);
    });
  }
}

template <class T>
void norm_backward(const NormBackward<T>& a, int64_t row0, int64_t row1) {
  using R = Real<T>;
  const int64_t hidden = a.hidden;
  for (int64_t r = row0; r < row1; ++r) {
    const int64_t at = r * hidden;
    const T* const grad = a.grad + at;
    const T* const normalized = a.normalized + at;
    if (a.dweight || a.dbias) {
      each_vector<T>(hidden, [&](int64_t n, int64_t count) TORCH_LORA_LAMBDA {
        const Vec<T> g = read(grad + n, count);
        if (a.dweight) write(a.dweight + n, read(a.dweight + n, count) + g * read(normalized + n, count), count);
        if (a.dbias) write(a.dbias + n, read(a.dbias + n, count) + g, count);
      });
    }
    if (!a.dx && !a.dresidual) continue;
    Vec<T> total{}, along{};
    each_vector<T>(hidden, [&](int64_t n, int64_t count) TORCH_LORA_LAMBDA {
      const Vec<T> g = read(grad + n, count) * read(a.weight + n, count);
      total += g;
      along += g * read(normalized + n, count);
    });
    const R mean = reduce_add<R>(total) / R(hidden), slope = reduce_add<R>(along) / R(hidden);
    const R rstd = a.rstd[r];
    const RowKey key = key_of(a.dropout, r);
    each_vector<T>(hidden, [&](int64_t n, int64_t count) TORCH_LORA_LAMBDA {
      const Vec<T> g = read(grad + n, count) * read(a.weight + n, count);
      const Vec<T> dsum = (g - mean - read(normalized + n, count) * slope) * rstd;
      if (a.dresidual) write(a.dresidual + at + n, dsum, count);
      if (a.dx) write(a.dx + at + n, a.dropout.active ? dsum * keep_at(key, n, a.dropout) : dsum, count);
    });
  }
}

}  // namespace TORCH_LORA_ISA
}  // namespace torch_lora
