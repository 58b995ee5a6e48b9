// Matrix product: tiles over panels of B, pass by pass through k. Included once an instruction set, see simd.h.
//
// A is read where it lies (rows of activations are contiguous); B is packed a panel at a time into scratch that
// stays in the L2 cache, so weights need no second copy in memory and may be transposed for free. The order of
// additions into one element of C depends only on k, never on how rows and panels are shared among threads.

namespace torch_lora {
namespace TORCH_LORA_ISA {

constexpr int64_t kDepth = 1024;            // k of one pass: a row tile of A then fits the L1 cache
constexpr int64_t kGroupBytes = 600 << 10;  // packed panels of one pass, in L2
constexpr int64_t kGroupColumns = 512;
constexpr int64_t kFewRowsBytes = 448 << 10;  // rows of A that stay in L2 while the panels of B pass by once
constexpr int kMaxStretches = 16;

// Elements of scratch for the panels of one pass: the budget, or a single panel where that is more.
template <class T>
TORCH_LORA_INLINE int64_t group_elements() {
  const int64_t budget = kGroupBytes / int64_t(sizeof(T));
  const int64_t one = kDepth * kMaxPanelVectors * Simd<T>::lanes;
  return budget > one ? budget : one;
}

// Depth of all dropped terms together.
template <class T>
TORCH_LORA_INLINE int64_t dropped_depth(const Gemm<T>& g) {
  int64_t depth = 0;
  for (int64_t d = 0; d < g.dropped_count; ++d) depth += g.dropped[d].term.k;
  return depth;
}

template <class T>
int64_t gemm_scratch(const Gemm<T>& g) {
  return (group_elements<T>() + dropped_depth(g) * kGroupColumns) * int64_t(sizeof(T));
}

template <class T>
TORCH_LORA_INLINE void add_dropped(const Gemm<T>& g, const DroppedTerm<T>& d, const GemmPanel& panel, const T* packed,
                                   int64_t row, int64_t rows, T* c) {
  constexpr int lanes = Simd<T>::lanes;
  T product[16 * kMaxPanelVectors * lanes];
  const Stretch<T> stretch{d.term.a + row * d.term.a_row, d.term.a_row, d.term.a_k, packed, d.term.k};
  panel_product<T>(&stretch, 1, 0, rows, product, panel.width, false, nullptr, panel.width, panel.width);
  for (int64_t i = 0; i < rows; ++i) {
    const RowKey key = key_of(d.dropout, row + i);
    for (int64_t n = 0; n < panel.count; n += lanes) {
      const Vec<T> add = load(product + i * panel.width + n) * keep_at(key, panel.column + n, d.dropout);
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

// The part [k0, ...) of a packed panel, of one pass at most, as rows [row0, row1) fetch it.
template <class T>
TORCH_LORA_INLINE Ahead fetch_panel(const Gemm<T>& g, int64_t panel_index, int64_t term, int64_t k0, int64_t row0,
                                    int64_t row1) {
  const GemmPanel& panel = g.panels[panel_index];
  const GemmColumns<T>& range = g.ranges[panel.range];
  if (term >= range.term_count || !range.terms[term].packed) return {};
  const GemmTerm<T>& t = range.terms[term];
  const int64_t depth = t.k - k0 < kDepth ? t.k - k0 : kDepth;
  return fetch_ahead(t.packed + panel.column * t.k + k0 * panel.width, depth * panel.width * int64_t(sizeof(T)), row0,
                     row1);
}

template <class T>
void gemm(const Gemm<T>& g, int64_t m0, int64_t m1, int64_t p0, int64_t p1, void* scratch) {
  T* const buffer = static_cast<T*>(scratch);
  T* const dropped_buffer = buffer + group_elements<T>();
  Stretch<T> stretches[kMaxStretches];
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
      if (last) {
        T* target = dropped_buffer;
        for (int64_t p = group; p < group_end; ++p) {
          for (int64_t d = 0; d < g.dropped_count; ++d) {
            const GemmTerm<T>& t = g.dropped[d].term;
            pack_panel(t, g.panels[p], 0, t.k, target);
            target += t.k * g.panels[p].width;
          }
        }
      }
      for (int64_t m = m0; m < m1;) {
        // Few rows: every panel of B meets all of them while it is in cache, so that B is read from memory once.
        const bool few = g.dropped_count == 0 && (m1 - m0) * depth * int64_t(sizeof(T)) <= kFewRowsBytes;
        const int64_t full = few ? m1 - m0 : rows_for<T>(g.panels[group].width);
        const int64_t rows = m1 - m < full ? m1 - m : full;
        const T* packed = buffer;
        const T* packed_dropped = dropped_buffer;
        for (int64_t p = group; p < group_end; ++p) {
          const GemmPanel& panel = g.panels[p];
          for (int s = 0; s < count; ++s) {
            const GemmTerm<T>& t = range.terms[pieces[s].term];
            const T* b = t.packed ? t.packed + panel.column * t.k + pieces[s].k0 * panel.width
                                  : packed + pieces[s].offset * panel.width;
            stretches[s] = {t.a + pieces[s].k0 * t.a_k, t.a_row, t.a_k, b, pieces[s].k1 - pieces[s].k0};
            if (!t.packed) continue;
            // What comes next: with few rows the next panel, else the group's next pass, or the next group.
            const bool more = pieces[s].k1 < t.k;
            if (few && p + 1 < group_end) {
              stretches[s].ahead = fetch_panel(g, p + 1, pieces[s].term, pieces[s].k0, m0, m1);
            } else if (more) {
              stretches[s].ahead = fetch_panel(g, few ? group : p, pieces[s].term, pieces[s].k1, m0, m1);
            } else if ((few ? group_end : p + group_end - group) < g.panel_count) {
              stretches[s].ahead = fetch_panel(g, few ? group_end : p + group_end - group, 0, 0, m0, m1);
            }
          }
          T* c = g.c + range.begin + panel.column;
          const T* bias = range.bias ? range.bias + panel.column : nullptr;
          panel_product<T>(stretches, count, m, m + rows, c, g.c_row, g.accumulate || !first, bias, panel.width,
                           panel.count);
          for (int64_t d = 0; last && d < g.dropped_count; ++d) {
            add_dropped(g, g.dropped[d], panel, packed_dropped, m, rows, c + m * g.c_row);
            packed_dropped += g.dropped[d].term.k * panel.width;
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
