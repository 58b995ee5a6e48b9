// Matrix product: a register tile of rows x vectors over packed panels of B. Included once an instruction set.
//
// A is read where it lies (rows of activations are contiguous); B is packed a panel at a time into scratch that
// stays in the L2 cache, so weights need no second copy in memory and may be transposed for free. The order of
// additions into one element of C depends only on k, never on how rows and panels are shared among threads.

namespace torch_lora {
namespace TORCH_LORA_ISA {

// Accumulators of one tile: all but a few of the vector registers (32 with AVX-512, else 16).
#if defined(__AVX512F__)
constexpr int kPanelVectors = 3, kMaxPanelVectors = 4;
constexpr int tile_rows(int vectors) { return vectors == 1 ? 16 : vectors == 2 ? 12 : vectors == 3 ? 8 : 6; }
#else
constexpr int kPanelVectors = 2, kMaxPanelVectors = 2;
constexpr int tile_rows(int vectors) { return vectors == 1 ? 8 : 6; }
#endif

template <int Count>
struct Rows {
  static constexpr int value = Count;
};

// One stretch of k of one term, B already packed as [k][vectors * lanes].
template <class T>
struct Stretch {
  const T* a;
  int64_t a_row, a_k;
  const T* b;
  int64_t k;
};

template <class T, int Count, int Vectors>
TORCH_LORA_INLINE void tile_sum(const Stretch<T>* stretches, int stretch_count, int64_t first_row, Vec<T> (&sum)[Count][Vectors]) {
  constexpr int lanes = Simd<T>::lanes;
  for (int s = 0; s < stretch_count; ++s) {
    const int64_t row = stretches[s].a_row, step = stretches[s].a_k;
    const T* a = stretches[s].a + first_row * row;
    const T* b = stretches[s].b;
    for (int64_t k = stretches[s].k; k > 0; --k) {
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

// C [rows, columns] (+)= A B for one packed panel: the building block that attention uses too. Rows that do not fill
// a tile take the largest smaller tile that fits, again and again.
template <class T, int Vectors>
void panel_rows(const Stretch<T>* stretches, int count, int64_t row, int64_t end, T* c,
                                  int64_t c_row, bool accumulate, const T* bias, int64_t columns) {
  constexpr int full = tile_rows(Vectors);
  const auto run = [&](auto rows) TORCH_LORA_LAMBDA {
    constexpr int taken = decltype(rows)::value;
    tile<T, taken, Vectors>(stretches, count, row, c + row * c_row, c_row, accumulate, bias, columns);
    row += taken;
  };
  while (end - row >= full) run(Rows<full>{});
  if constexpr (full > 8) {
    if (end - row >= 8) run(Rows<8>{});
  }
  if (end - row >= 4) run(Rows<4>{});
  if (end - row >= 2) run(Rows<2>{});
  while (end - row >= 1) run(Rows<1>{});
}

template <class T>
void panel_product(const Stretch<T>* stretches, int count, int64_t row0, int64_t row1, T* c,
                                     int64_t c_row, bool accumulate, const T* bias, int64_t width, int64_t columns) {
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

// Rows [k0, k1) of B for one panel, scaled by alpha, as [k1 - k0][width]; missing columns become zero.
template <class T>
void pack_panel(const GemmTerm<T>& term, const GemmPanel& panel, int64_t k0, int64_t k1, T* out) {
  constexpr int lanes = Simd<T>::lanes;
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

constexpr int64_t kDepth = 1024;            // k of one pass: a row tile of A then fits the L1 cache
constexpr int64_t kGroupBytes = 600 << 10;  // packed panels of one pass, in L2
constexpr int64_t kGroupColumns = 512;
constexpr int kMaxStretches = 16;

// Elements of scratch for the panels of one pass: the budget, or a single panel where that is more.
template <class T>
TORCH_LORA_INLINE int64_t group_elements() {
  const int64_t budget = kGroupBytes / int64_t(sizeof(T));
  const int64_t one = kDepth * kMaxPanelVectors * Simd<T>::lanes;
  return budget > one ? budget : one;
}

template <class T>
int64_t gemm_scratch(const Gemm<T>& g) {
  const int64_t dropped = g.dropped ? g.dropped->term.k * kGroupColumns : 0;
  return (group_elements<T>() + dropped) * int64_t(sizeof(T));
}

template <class T>
TORCH_LORA_INLINE void add_dropped(const Gemm<T>& g, const GemmPanel& panel, const T* packed, int64_t row, int64_t rows,
                                   T* c) {
  constexpr int lanes = Simd<T>::lanes;
  const DroppedTerm<T>& d = *g.dropped;
  T product[16 * kMaxPanelVectors * lanes];
  const Stretch<T> stretch{d.term.a + row * d.term.a_row, d.term.a_row, d.term.a_k, packed, d.term.k};
  panel_product<T>(&stretch, 1, 0, rows, product, panel.width, false, nullptr, panel.width, panel.width);
  for (int64_t i = 0; i < rows; ++i) {
    const RowKey key = row_key(d.seed, static_cast<uint64_t>(row + i));
    for (int64_t n = 0; n < panel.count; n += lanes) {
      const auto columns = lane_numbers<T>() + static_cast<uint32_t>(panel.column + n);
      const Vec<T> add = load(product + i * panel.width + n) * keep_factor(key, columns, d.bound, d.keep_scale);
      T* out = c + i * g.c_row + n;
      if (panel.count - n >= lanes) {
        store(out, load(out) + add);
      } else {
        store_partial(out, load_partial(out, panel.count - n) + add, panel.count - n);
      }
    }
  }
}

template <class T>
TORCH_LORA_INLINE void finish(const Gemm<T>& g, int64_t row, int64_t rows, int64_t column, int64_t columns) {
  for (int64_t i = row; i < row + rows; ++i) {
    T* c = g.c + i * g.c_row + column;
    T* extra = g.extra + i * g.extra_row + column;
    if (g.epilogue == Epilogue::gelu) gelu(c, extra, columns);
    if (g.epilogue == Epilogue::gelu_in_place) gelu(c, c, columns);
    if (g.epilogue == Epilogue::gelu_backward) gelu_backward(c, extra, c, columns);
  }
}

template <class T>
void gemm(const Gemm<T>& g, int64_t m0, int64_t m1, int64_t p0, int64_t p1, void* scratch) {
  T* const buffer = static_cast<T*>(scratch);
  T* const dropped_buffer = buffer + group_elements<T>();
  for (int64_t group = p0; group < p1;) {
    const int range_index = g.panels[group].range;
    const GemmColumns<T>& range = g.ranges[range_index];
    int64_t total_depth = 0;
    for (int64_t t = 0; t < range.term_count; ++t) total_depth += range.terms[t].k;
    const int64_t pass_depth = total_depth < kDepth ? total_depth : kDepth;
    int64_t group_end = group + 1, width = g.panels[group].width;
    while (group_end < p1 && g.panels[group_end].range == range_index) {
      width += g.panels[group_end].width;
      if (width > kGroupColumns || width * pass_depth > group_elements<T>()) break;
      ++group_end;
    }
    int64_t term = 0, k = 0;
    bool first = true, last = false;
    while (!last) {
      // The next pass: stretches of k, across terms, of at most kDepth in all.
      struct Piece {
        int64_t term, k0, k1, offset;
      } pieces[kMaxStretches];
      int count = 0;
      int64_t depth = 0;
      while (term < range.term_count && depth < kDepth && count < kMaxStretches) {
        const int64_t left = range.terms[term].k - k, room = kDepth - depth;
        const int64_t take = left < room ? left : room;
        pieces[count++] = {term, k, k + take, depth};
        depth += take;
        k += take;
        if (k == range.terms[term].k) ++term, k = 0;
      }
      last = term == range.term_count;

      for (int s = 0; s < count; ++s) {
        const GemmTerm<T>& t = range.terms[pieces[s].term];
        if (t.packed) continue;
        // Rows of B that lie in memory as they are read are packed for all panels in step: one row gives one long read.
        const int64_t step = t.b_column == 1 ? 16 : pieces[s].k1 - pieces[s].k0;
        for (int64_t k0 = pieces[s].k0; k0 < pieces[s].k1; k0 += step) {
          const int64_t k1 = k0 + step < pieces[s].k1 ? k0 + step : pieces[s].k1;
          T* target = buffer;
          for (int64_t p = group; p < group_end; ++p) {
            const int64_t panel_width = g.panels[p].width;
            pack_panel(t, g.panels[p], k0, k1, target + (pieces[s].offset + k0 - pieces[s].k0) * panel_width);
            target += depth * panel_width;
          }
        }
      }
      if (last && g.dropped) {
        T* d = dropped_buffer;
        for (int64_t p = group; p < group_end; ++p) {
          pack_panel(g.dropped->term, g.panels[p], 0, g.dropped->term.k, d);
          d += g.dropped->term.k * g.panels[p].width;
        }
      }
      for (int64_t m = m0; m < m1;) {
        const int64_t full = rows_for<T>(g.panels[group].width), rows = m1 - m < full ? m1 - m : full;
        const T* packed = buffer;
        const T* packed_dropped = dropped_buffer;
        for (int64_t p = group; p < group_end; ++p) {
          const GemmPanel& panel = g.panels[p];
          Stretch<T> stretches[kMaxStretches];
          for (int s = 0; s < count; ++s) {
            const GemmTerm<T>& t = range.terms[pieces[s].term];
            const T* b = t.packed ? t.packed + panel.column * t.k + pieces[s].k0 * panel.width
                                  : packed + pieces[s].offset * panel.width;
            stretches[s] = {t.a + pieces[s].k0 * t.a_k, t.a_row, t.a_k, b, pieces[s].k1 - pieces[s].k0};
          }
          T* c = g.c + range.begin + panel.column;
          const T* bias = range.bias ? range.bias + panel.column : nullptr;
          panel_product<T>(stretches, count, m, m + rows, c, g.c_row, g.accumulate || !first, bias, panel.width,
                           panel.count);
          if (last && g.dropped) {
            add_dropped(g, panel, packed_dropped, m, rows, c + m * g.c_row);
            packed_dropped += g.dropped->term.k * panel.width;
          }
          packed += depth * panel.width;
        }
        if (last && g.epilogue != Epilogue::none) {
          const GemmPanel& final_panel = g.panels[group_end - 1];
          finish(g, m, rows, range.begin + g.panels[group].column,
                 final_panel.column + final_panel.count - g.panels[group].column);
        }
        m += rows;
      }
      first = false;
    }
    group = group_end;
  }
}

}  // namespace TORCH_LORA_ISA
}  // namespace torch_lora
