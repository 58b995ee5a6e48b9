// The register tile: some rows of A times a packed panel of B, and the packing of panels. Included once an instruction
// set, see simd.h.

namespace torch_lora {
namespace TORCH_LORA_ISA {

// Accumulators of one tile: all but a few of the vector registers (32 with AVX-512, else 16).
#if defined(__AVX512F__)
constexpr int kPanelVectors = 3, kMaxPanelVectors = 4;
constexpr int tile_rows(int vectors) { return vectors == 1 ? 16 : vectors == 2 ? 12 : vectors == 3 ? 9 : 6; }
#else
constexpr int kPanelVectors = 2, kMaxPanelVectors = 2;
constexpr int tile_rows(int vectors) { return vectors == 1 ? 8 : 6; }
#endif

template <int Count>
struct Rows {
  static constexpr int value = Count;
};

// Memory that will be read next, brought into the cache a share a row while other rows are computed: without it the
// first rows that meet a panel wait for memory, and memory waits while the others are computed.
struct Ahead {
  int64_t address;  // of what row 0 fetches
  int64_t row;      // bytes a row, 0 for none
};

// `bytes` at `start`, shared out to rows [row0, row1).
TORCH_LORA_INLINE Ahead fetch_ahead(const void* start, int64_t bytes, int64_t row0, int64_t row1) {
  const int64_t row = bytes / (row1 - row0);
  return {reinterpret_cast<int64_t>(start) - row0 * row, row};
}

// The share of some rows, step by step.
struct Fetch {
  int64_t at, step;
  TORCH_LORA_INLINE Fetch(const Ahead& ahead, int64_t first_row, int64_t rows, int64_t steps)
      : at(ahead.address + first_row * ahead.row), step(rows * ahead.row / steps) {}
  TORCH_LORA_INLINE void next() {
    for (int64_t i = 0; i < step; i += 64) __builtin_prefetch(reinterpret_cast<const void*>(at + i), 0, 2);
    at += step;
  }
};

// One stretch of k of one term, B already packed as [k][vectors * lanes].
template <class T>
struct Stretch {
  const T* a;
  int64_t a_row, a_k;
  const T* b;
  int64_t k;
  Ahead ahead = {};
};

template <class T, int Count, int Vectors>
TORCH_LORA_INLINE void tile_sum(const Stretch<T>* stretches, int stretch_count, int64_t first_row,
                                Vec<T> (&sum)[Count][Vectors]) {
  constexpr int lanes = Simd<T>::lanes;
  for (int s = 0; s < stretch_count; ++s) {
    const int64_t row = stretches[s].a_row, step = stretches[s].a_k;
    const T* a = stretches[s].a + first_row * row;
    const T* b = stretches[s].b;
    if (stretches[s].k == 0) continue;
    Fetch fetch(stretches[s].ahead, first_row, Count, stretches[s].k);
    for (int64_t k = stretches[s].k; k > 0; --k) {
      fetch.next();
      Vec<T> column[Vectors];
      TORCH_LORA_UNROLL
      for (int j = 0; j < Vectors; ++j) column[j] = load(b + j * lanes);
      TORCH_LORA_UNROLL
      for (int i = 0; i < Count; ++i) {
        const Vec<T> value = splat<T>(a[i * row]);
        TORCH_LORA_UNROLL
        for (int j = 0; j < Vectors; ++j) sum[i][j] += value * column[j];
      }
      a += step;
      b += Vectors * lanes;
    }
  }
}

// C[rows][columns] = (or +=) sum of stretches + bias. `columns` may be less than the panel holds.
template <class T, int Count, int Vectors>
void tile(const Stretch<T>* stretches, int count, int64_t first_row, T* c, int64_t c_row, bool accumulate,
          const T* bias, int64_t columns) {
  constexpr int lanes = Simd<T>::lanes;
  Vec<T> sum[Count][Vectors];
  TORCH_LORA_UNROLL
  for (int i = 0; i < Count; ++i) {
    TORCH_LORA_UNROLL
    for (int j = 0; j < Vectors; ++j) sum[i][j] = Vec<T>{};
  }
  tile_sum<T, Count, Vectors>(stretches, count, first_row, sum);
  if (columns == Vectors * lanes) {
    TORCH_LORA_UNROLL
    for (int j = 0; j < Vectors; ++j) {
      const Vec<T> start = bias ? load(bias + j * lanes) : Vec<T>{};
      TORCH_LORA_UNROLL
      for (int i = 0; i < Count; ++i) {
        T* out = c + i * c_row + j * lanes;
        store(out, accumulate ? load(out) + sum[i][j] : start + sum[i][j]);
      }
    }
    return;
  }
  T buffer[Count * Vectors * lanes];
  TORCH_LORA_UNROLL
  for (int i = 0; i < Count; ++i) {
    TORCH_LORA_UNROLL
    for (int j = 0; j < Vectors; ++j) store(buffer + (i * Vectors + j) * lanes, sum[i][j]);
  }
  for (int i = 0; i < Count; ++i) {
    for (int64_t n = 0; n < columns; ++n) {
      T* out = c + i * c_row + n;
      *out = (accumulate ? *out : bias ? bias[n] : T(0)) + buffer[i * Vectors * lanes + n];
    }
  }
}

// Rows of one pass over a panel of this width.
template <class T>
TORCH_LORA_INLINE int64_t rows_for(int64_t width) {
  return tile_rows(static_cast<int>(width / Simd<T>::lanes));
}

// Calls tile(Rows<n>, row) for the rows from `row` to `end`, in tiles as tall as fit: rows that do not fill a tile take
// the largest smaller one that fits, again and again.
template <int Full, class Tile>
TORCH_LORA_INLINE void in_tiles(int64_t row, int64_t end, const Tile& tile) {
  const auto run = [&](auto rows) TORCH_LORA_LAMBDA {
    tile(rows, row);
    row += decltype(rows)::value;
  };
  while (end - row >= Full) run(Rows<Full>{});
  if constexpr (Full > 8) {
    if (end - row >= 8) run(Rows<8>{});
  }
  if (end - row >= 4) run(Rows<4>{});
  if (end - row >= 2) run(Rows<2>{});
  while (end - row >= 1) run(Rows<1>{});
}

// C [rows, columns] (+)= A B for one packed panel: the building block that attention uses too.
template <class T, int Vectors>
void panel_rows(const Stretch<T>* stretches, int count, int64_t first, int64_t end, T* c, int64_t c_row,
                bool accumulate, const T* bias, int64_t columns) {
  in_tiles<tile_rows(Vectors)>(first, end, [&](auto rows, int64_t row) TORCH_LORA_LAMBDA {
    tile<T, decltype(rows)::value, Vectors>(stretches, count, row, c + row * c_row, c_row, accumulate, bias, columns);
  });
}

template <class T>
void panel_product(const Stretch<T>* stretches, int count, int64_t row0, int64_t row1, T* c, int64_t c_row,
                   bool accumulate, const T* bias, int64_t width, int64_t columns) {
  switch (width / Simd<T>::lanes) {
    case 1:
      return panel_rows<T, 1>(stretches, count, row0, row1, c, c_row, accumulate, bias, columns);
    case 2:
      return panel_rows<T, 2>(stretches, count, row0, row1, c, c_row, accumulate, bias, columns);
#if defined(__AVX512F__)
    case 3:
      return panel_rows<T, 3>(stretches, count, row0, row1, c, c_row, accumulate, bias, columns);
    case 4:
      return panel_rows<T, 4>(stretches, count, row0, row1, c, c_row, accumulate, bias, columns);
#endif
  }
}

// One butterfly pass of a transpose: swaps the off-diagonal halves of every square of 2 * Half rows.
template <class T, int Half>
TORCH_LORA_INLINE void transpose_pass(Vec<T> (&rows)[Simd<T>::lanes]) {
  constexpr int lanes = Simd<T>::lanes;
  typename Simd<T>::Mask first{}, second{};
  TORCH_LORA_UNROLL
  for (int l = 0; l < lanes; ++l) {
    first[l] = (l & Half) ? lanes + l - Half : l;
    second[l] = (l & Half) ? lanes + l : l + Half;
  }
  TORCH_LORA_UNROLL
  for (int i = 0; i < lanes; ++i) {
    if ((i & Half) == 0) {
      const Vec<T> low = rows[i], high = rows[i + Half];
      rows[i] = __builtin_shuffle(low, high, first);
      rows[i + Half] = __builtin_shuffle(low, high, second);
    }
  }
  if constexpr (2 * Half < lanes) transpose_pass<T, 2 * Half>(rows);
}

// out[k][n] = alpha * in[n][k] for a square of lanes x lanes, of which only the first `there` rows n exist.
template <class T>
TORCH_LORA_INLINE void transpose_block(const T* in, int64_t in_row, int64_t there, T* out, int64_t out_row, T alpha) {
  constexpr int lanes = Simd<T>::lanes;
  Vec<T> rows[lanes];
  TORCH_LORA_UNROLL
  for (int i = 0; i < lanes; ++i) rows[i] = i < there ? load(in + i * in_row) : Vec<T>{};
  transpose_pass<T, 1>(rows);
  TORCH_LORA_UNROLL
  for (int i = 0; i < lanes; ++i) store(out + i * out_row, rows[i] * alpha);
}

inline void pack_nf4_panel(const GemmTerm<float>& term, const GemmPanel& panel, int64_t k0, int64_t k1, float* out);

// Rows [k0, k1) of B for one panel, scaled by alpha, as [k1 - k0][width]; missing columns become zero.
template <class T>
void pack_panel(const GemmTerm<T>& term, const GemmPanel& panel, int64_t k0, int64_t k1, T* out) {
  constexpr int lanes = Simd<T>::lanes;
  if constexpr (lanes == Simd<float>::lanes) {
    if (term.nf4) return pack_nf4_panel(term, panel, k0, k1, out);
  }
  const int64_t width = panel.width;
  for (int64_t n0 = 0; n0 < width; n0 += lanes) {
    const int64_t there = panel.count - n0 < lanes ? panel.count - n0 : lanes;
    const T* b = term.b + (panel.column + n0) * term.b_column;
    T* target = out + n0;
    int64_t k = k0;
    if (there == lanes && term.b_column == 1) {
      for (; k < k1; ++k) store(target + (k - k0) * width, load(b + k * term.b_k) * term.alpha);
    } else if (term.b_k == 1) {
      for (; k + lanes <= k1; k += lanes) {
        transpose_block(b + k, term.b_column, there, target + (k - k0) * width, width, term.alpha);
      }
    }
    for (; k < k1; ++k) {
      for (int64_t l = 0; l < lanes; ++l) {
        target[(k - k0) * width + l] = l < there ? b[k * term.b_k + l * term.b_column] * term.alpha : T(0);
      }
    }
  }
}

}  // namespace TORCH_LORA_ISA
}  // namespace torch_lora
