// Products of bfloat16 with float sums (see bf16.h). Included once an instruction set, see simd.h.
//
// One pass goes through all of k, since what lies between passes would have to be rounded: the sums of a tile stay in
// registers until adapters, bias and GELU are added to them. B is packed a group of panels at a time into scratch that
// stays in the L2 cache, as in gemm_kernel.h.

namespace torch_lora {
namespace TORCH_LORA_ISA {

#if defined(__AVX512BF16__) || defined(TORCH_LORA_AMX)
#define TORCH_LORA_BF16_PAIRS
#endif

#if defined(TORCH_LORA_BF16_PAIRS)
using Bf16Unit = bf16;  // of a panel as the tile reads it
constexpr int kPair = 2;
#else
using Bf16Unit = float;
constexpr int kPair = 1;
#endif

constexpr int64_t kBf16GroupBytes = 600 << 10;  // packed panels of one group, in L2
constexpr int64_t kBf16GroupColumns = 512;
constexpr int64_t kBf16FewRowsBytes = 448 << 10;  // rows of A that stay in L2 while the panels of B pass by once
#if defined(TORCH_LORA_AMX)
constexpr int64_t kBf16TallestTile = kTallTile;
#else
constexpr int64_t kBf16TallestTile = 16;
#endif

TORCH_LORA_INLINE int64_t paired(int64_t k) { return (k + kPair - 1) / kPair * kPair; }

TORCH_LORA_INLINE int64_t bf16_depth(const Bf16Columns& range) {
  int64_t depth = 0;
  for (int64_t t = 0; t < range.term_count; ++t) depth += paired(range.terms[t].k);
  return depth;
}

// Depth of all that adapters add to a range, dropped or not.
TORCH_LORA_INLINE int64_t low_depth(const Bf16Gemm& g, const Bf16Columns& range) {
  int64_t depth = 0;
  for (int64_t t = 0; t < range.low_count; ++t) depth += range.low[t].k;
  for (int64_t d = 0; d < g.dropped_count; ++d) depth += g.dropped[d].term.k;
  return depth;
}

// How the scratch of one thread is divided: packed panels, panels of adapters, and where rows are widened those.
struct Bf16Scratch {
  int64_t panels, low, rows;  // elements

  TORCH_LORA_INLINE explicit Bf16Scratch(const Bf16Gemm& g) {
    int64_t depth = 0, adapters = 0;
    for (int64_t p = 0; p < g.panel_count; ++p) {
      if (p > 0 && g.panels[p].range == g.panels[p - 1].range) continue;
      const Bf16Columns& range = g.ranges[g.panels[p].range];
      if (bf16_depth(range) > depth) depth = bf16_depth(range);
      if (low_depth(g, range) > adapters) adapters = low_depth(g, range);
    }
    const int64_t budget = kBf16GroupBytes / int64_t(sizeof(Bf16Unit));
    const int64_t one = depth * kMaxPanelVectors * Simd<float>::lanes;
    panels = budget > one ? budget : one;
    low = adapters * kBf16GroupColumns;
    rows = 0;
    if (kPair == 1) {
      const int64_t few = kBf16FewRowsBytes / int64_t(sizeof(Bf16Unit)), tile = kBf16TallestTile * depth;
      rows = few > tile ? few : tile;
    }
  }
};

inline int64_t bf16_gemm_scratch(const Bf16Gemm& g) {
  const Bf16Scratch s(g);
  return s.panels * int64_t(sizeof(Bf16Unit)) + (s.low + s.rows) * int64_t(sizeof(float)) + 3 * 64;
}

#if defined(TORCH_LORA_BF16_PAIRS)
TORCH_LORA_INLINE vuint widened_bits(const bf16* p) {
  vhalf half;
  __builtin_memcpy(&half, p, sizeof(half));
  return __builtin_convertvector(half, vuint);
}

// Rows [k0, k1) of B for one panel, as [(k1 - k0) / 2][width][2]; k0 is even, missing columns and rows become zero.
inline void bf16_pack(const Bf16Term& term, const GemmPanel& panel, int64_t k0, int64_t k1, bf16* out) {
  constexpr int lanes = Simd<float>::lanes;
  const int64_t width = panel.width;
  for (int64_t n0 = 0; n0 < width; n0 += lanes) {
    const int64_t there = panel.count - n0 < lanes ? panel.count - n0 : lanes;
    const bf16* const b = term.b + (panel.column + n0) * term.b_column;
    bf16* const target = out + n0 * kPair;
    int64_t k = k0;
    if (there == lanes && term.b_column == 1) {
      for (; k + kPair <= k1; k += kPair) {
        const vuint pairs = widened_bits(b + k * term.b_k) | (widened_bits(b + (k + 1) * term.b_k) << 16);
        __builtin_memcpy(target + (k - k0) * width, &pairs, sizeof(pairs));
      }
    } else if (term.b_k == 1) {  // a pair is one element of a square that is transposed
      for (; k + kPair * lanes <= k1; k += kPair * lanes) {
        vfloat square[lanes];
        TORCH_LORA_UNROLL
        for (int i = 0; i < lanes; ++i) {
          square[i] = vfloat{};
          if (i < there) __builtin_memcpy(&square[i], b + i * term.b_column + k, sizeof(square[i]));
        }
        transpose_pass<float, 1>(square);
        TORCH_LORA_UNROLL
        for (int i = 0; i < lanes; ++i) {
          __builtin_memcpy(target + (k - k0 + kPair * i) * width, &square[i], sizeof(square[i]));
        }
      }
    }
    for (; k < k1; k += kPair) {
      for (int64_t l = 0; l < lanes; ++l) {
        for (int64_t half = 0; half < kPair; ++half) {
          const bool exists = l < there && k + half < k1;
          target[(k - k0) * width + kPair * l + half] = exists ? b[(k + half) * term.b_k + l * term.b_column] : bf16{0};
        }
      }
    }
  }
}

inline void bf16_pack_all(const Bf16Term& term, const GemmPanel& panel, bf16* out) {
  bf16_pack(term, panel, 0, term.k, out);
}

#if !defined(TORCH_LORA_AMX)
// sum += what two neighbouring elements of a row multiply.
TORCH_LORA_INLINE vfloat bf16_step(vfloat sum, int32_t pair, __m512i columns) {
  return (vfloat)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_epi32(pair), (__m512bh)columns);
}

template <int Count, int Vectors>
TORCH_LORA_INLINE void bf16_sum(const bf16* a, int64_t a_row, const bf16* b, int64_t depth, Fetch& fetch,
                                vfloat (&sum)[Count][Vectors]) {
  constexpr int lanes = Simd<float>::lanes;
  const auto step = [&](auto pair_of) TORCH_LORA_LAMBDA {
    __m512i columns[Vectors];
    TORCH_LORA_UNROLL
    for (int j = 0; j < Vectors; ++j) columns[j] = _mm512_loadu_si512(b + j * lanes * kPair);
    TORCH_LORA_UNROLL
    for (int i = 0; i < Count; ++i) {
      const int32_t pair = pair_of(a + i * a_row);
      TORCH_LORA_UNROLL
      for (int j = 0; j < Vectors; ++j) sum[i][j] = bf16_step(sum[i][j], pair, columns[j]);
    }
  };
  for (int64_t k = depth / kPair; k > 0; --k) {
    fetch.next();
    step([](const bf16* at) TORCH_LORA_LAMBDA {
      int32_t pair;
      __builtin_memcpy(&pair, at, sizeof(pair));
      return pair;
    });
    a += kPair;
    b += Vectors * lanes * kPair;
  }
  if (depth % kPair != 0) {  // what lies behind the row's end is not its own
    step([](const bf16* at) TORCH_LORA_LAMBDA { return int32_t(at->bits); });
  }
}
#endif
#else
TORCH_LORA_INLINE void put(float* p, bf16 value) {
  const uint32_t bits = uint32_t(value.bits) << 16;
  __builtin_memcpy(p, &bits, sizeof(bits));
}
TORCH_LORA_INLINE void put(bf16* p, bf16 value) { *p = value; }

// Rows [k0, k1) of B for one panel, as [k1 - k0][width]; missing columns become zero.
template <class Out>
inline void bf16_pack(const Bf16Term& term, const GemmPanel& panel, int64_t k0, int64_t k1, Out* out) {
  constexpr int lanes = Simd<float>::lanes;
  const int64_t width = panel.width;
  for (int64_t n0 = 0; n0 < width; n0 += lanes) {
    const int64_t there = panel.count - n0 < lanes ? panel.count - n0 : lanes;
    const bf16* const b = term.b + (panel.column + n0) * term.b_column;
    Out* const target = out + n0;
    int64_t k = k0;
    if (there == lanes && term.b_column == 1) {
      for (; k < k1; ++k) store(target + (k - k0) * width, load(b + k * term.b_k));
    } else if (term.b_k == 1) {
      for (; k + lanes <= k1; k += lanes) {
        vfloat square[lanes];
        TORCH_LORA_UNROLL
        for (int i = 0; i < lanes; ++i) square[i] = i < there ? load(b + i * term.b_column + k) : vfloat{};
        transpose_pass<float, 1>(square);
        TORCH_LORA_UNROLL
        for (int i = 0; i < lanes; ++i) store(target + (k - k0 + i) * width, square[i]);
      }
    }
    for (; k < k1; ++k) {
      for (int64_t l = 0; l < lanes; ++l) {
        put(target + (k - k0) * width + l, l < there ? b[k * term.b_k + l * term.b_column] : bf16{0});
      }
    }
  }
}

inline void bf16_pack_all(const Bf16Term& term, const GemmPanel& panel, bf16* out) {
  bf16_pack<bf16>(term, panel, 0, term.k, out);
}

TORCH_LORA_INLINE void widen(const bf16* from, int64_t count, float* to) {
  constexpr int lanes = Simd<float>::lanes;
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) store(to + i, load(from + i));
  for (; i < count; ++i) put(to + i, from[i]);
}
#endif

// One panel and where all that it meets lies.
struct Bf16Panel {
  const GemmPanel& panel;
  const Bf16Columns& range;
  const Bf16Unit* packed;  // [depth][width], but for terms that are packed already
  const float* low;        // panels of the range's low terms, then of the dropped ones
  int64_t depth;
  const float* rows;  // the rows of the block, widened: [rows][depth], or null
  Ahead ahead;
#if defined(TORCH_LORA_AMX)
  AmxTiles& tiles;
#endif
};

// What stands between the sums of `count` rows [count][width], of which `token` is the first, and C: the products that
// pass through dropout, whose panels begin at `low`, bias and GELU.
template <int Vectors>
TORCH_LORA_INLINE void bf16_finish(const Bf16Gemm& g, const Bf16Panel& at, int64_t token, int64_t count,
                                   const float* low, float* values) {
  constexpr int lanes = Simd<float>::lanes, width = Vectors * lanes;
  const GemmPanel& panel = at.panel;
  const Bf16Columns& range = at.range;
  for (int64_t d = 0; d < g.dropped_count; ++d) {
    const DroppedTerm<float>& dropped = g.dropped[d];
    const GemmTerm<float>& term = dropped.term;
    float product[kBf16TallestTile * width];
    const Stretch<float> stretch{term.a + token * term.a_row, term.a_row, term.a_k, low, term.k};
    panel_product<float>(&stretch, 1, 0, count, product, width, false, nullptr, width, width);
    for (int64_t i = 0; i < count; ++i) {
      const RowKey key = key_of(dropped.dropout, token + i);
      for (int64_t n = 0; n < width; n += lanes) {
        float* const value = values + i * width + n;
        store(value, load(value) + load(product + i * width + n) * keep_at(key, panel.column + n, dropped.dropout));
      }
    }
    low += term.k * width;
  }
  for (int64_t n = 0; n < panel.count; n += lanes) {
    const int64_t left = panel.count - n, column = panel.column + n;
    vfloat bias{};
    if (range.bias) bias = left >= lanes ? load(range.bias + column) : load_partial(range.bias + column, left);
    const auto write = [&](bf16* to, vfloat value) TORCH_LORA_LAMBDA {
      if (left >= lanes) {
        store(to, value);
      } else {
        store_partial(to, value, left);
      }
    };
    for (int64_t i = 0; i < count; ++i) {
      const vfloat value = load(values + i * width + n) + bias;
      const int64_t place = range.begin + column;
      if (g.c) write(g.c + (token + i) * g.c_row + place, value);
      if (g.activated) write(g.activated + (token + i) * g.activated_row + place, gelu_value(value));
    }
  }
}

#if defined(TORCH_LORA_AMX)
template <int Vectors>
void bf16_rows(const Bf16Gemm& g, const Bf16Panel& at, int64_t m, int64_t rows) {
  constexpr int width = Vectors * Simd<float>::lanes;
  const Bf16Columns& range = at.range;
  in_amx_tiles<Vectors>(rows, [&](auto tall, int64_t row, int64_t count) TORCH_LORA_LAMBDA {
    constexpr int blocks = decltype(tall)::value;
    const int64_t token = m + row;
    float values[blocks * kTileRows * width] = {};
    int64_t offset = 0;
    for (int64_t t = 0; t < range.term_count; ++t) {
      const Bf16Term& term = range.terms[t];
      const bf16* const b = term.packed ? term.packed + at.panel.column * paired(term.k) : at.packed + offset * width;
      Fetch fetch(at.ahead, row, count, term.k < kPair * kTileGroups ? 1 : term.k / (kPair * kTileGroups));
      amx_sum<ProductOfBf16, blocks, Vectors>(at.tiles, term.a + token * term.a_row, term.a_row * int64_t(sizeof(bf16)),
                                              term.k * int64_t(sizeof(bf16)), b, int(count) / blocks, fetch, values);
      offset += paired(term.k);
    }
    const float* low = at.low;
    for (int64_t t = 0; t < range.low_count; ++t) {
      const GemmTerm<float>& term = range.low[t];
      const Stretch<float> stretch{term.a + token * term.a_row, term.a_row, term.a_k, low, term.k};
      panel_product<float>(&stretch, 1, 0, count, values, width, true, nullptr, width, width);
      low += term.k * width;
    }
    bf16_finish<Vectors>(g, at, token, count, low, values);
  });
}
#else
// Rows [m + row, m + row + Count) of C, in one panel; m is the first row of the block.
template <int Count, int Vectors>
TORCH_LORA_INLINE void bf16_tile(const Bf16Gemm& g, const Bf16Panel& at, int64_t m, int64_t row) {
  constexpr int lanes = Simd<float>::lanes, width = Vectors * lanes;
  const Bf16Columns& range = at.range;
  vfloat sum[Count][Vectors];
  TORCH_LORA_UNROLL
  for (int i = 0; i < Count; ++i) {
    TORCH_LORA_UNROLL
    for (int j = 0; j < Vectors; ++j) sum[i][j] = vfloat{};
  }
  int64_t offset = 0;
  for (int64_t t = 0; t < range.term_count; ++t) {
    const Bf16Term& term = range.terms[t];
#if defined(TORCH_LORA_BF16_PAIRS)
    const bf16* const b = term.packed ? term.packed + at.panel.column * paired(term.k) : at.packed + offset * width;
    Fetch fetch(at.ahead, row, Count, term.k < kPair ? 1 : term.k / kPair);
    bf16_sum<Count, Vectors>(term.a + (m + row) * term.a_row, term.a_row, b, term.k, fetch, sum);
#else
    const Stretch<float> stretch{at.rows + offset, at.depth, 1, at.packed + offset * width, term.k};
    tile_sum<float, Count, Vectors>(&stretch, 1, row, sum);
#endif
    offset += paired(term.k);
  }
  const float* low = at.low;
  for (int64_t t = 0; t < range.low_count; ++t) {
    const GemmTerm<float>& term = range.low[t];
    const Stretch<float> stretch{term.a, term.a_row, term.a_k, low, term.k};
    tile_sum<float, Count, Vectors>(&stretch, 1, m + row, sum);
    low += term.k * width;
  }
  float values[Count * width];
  TORCH_LORA_UNROLL
  for (int i = 0; i < Count; ++i) {
    TORCH_LORA_UNROLL
    for (int j = 0; j < Vectors; ++j) store(values + i * width + j * lanes, sum[i][j]);
  }
  bf16_finish<Vectors>(g, at, m + row, Count, low, values);
}

template <int Vectors>
void bf16_rows(const Bf16Gemm& g, const Bf16Panel& at, int64_t m, int64_t rows) {
  in_tiles<tile_rows(Vectors)>(0, rows, [&](auto count, int64_t row) TORCH_LORA_LAMBDA {
    bf16_tile<decltype(count)::value, Vectors>(g, at, m, row);
  });
}
#endif

inline void bf16_block(const Bf16Gemm& g, const Bf16Panel& at, int64_t m, int64_t rows) {
  switch (at.panel.width / Simd<float>::lanes) {
    case 1:
      return bf16_rows<1>(g, at, m, rows);
    case 2:
      return bf16_rows<2>(g, at, m, rows);
#if defined(__AVX512F__)
    case 3:
      return bf16_rows<3>(g, at, m, rows);
    case 4:
      return bf16_rows<4>(g, at, m, rows);
#endif
  }
}

// Panels [group, group_end) of one range, packed into scratch: those of weights, then those of adapters.
TORCH_LORA_INLINE void bf16_pack_group(const Bf16Gemm& g, int64_t group, int64_t group_end, int64_t depth,
                                       Bf16Unit* packed, float* low) {
  const Bf16Columns& range = g.ranges[g.panels[group].range];
  int64_t offset = 0;
  for (int64_t t = 0; t < range.term_count; ++t) {
    const Bf16Term& term = range.terms[t];
    if (!term.packed) {
      // Rows of B that lie in memory as they are read are packed for all panels in step: see gemm_kernel.h.
      const int64_t step = term.b_column == 1 ? 16 : term.k;
      for (int64_t k0 = 0; k0 < term.k; k0 += step) {
        const int64_t k1 = k0 + step < term.k ? k0 + step : term.k;
        Bf16Unit* target = packed;
        for (int64_t p = group; p < group_end; ++p) {
          const int64_t width = g.panels[p].width;
          bf16_pack(term, g.panels[p], k0, k1, target + (offset + k0) * width);
          target += depth * width;
        }
      }
    } else if constexpr (kPair == 1) {
#if !defined(TORCH_LORA_BF16_PAIRS)
      Bf16Unit* target = packed;
      for (int64_t p = group; p < group_end; ++p) {
        const GemmPanel& panel = g.panels[p];
        widen(term.packed + panel.column * term.k, term.k * panel.width, target + offset * panel.width);
        target += depth * panel.width;
      }
#endif
    }
    offset += paired(term.k);
  }
  for (int64_t p = group; p < group_end; ++p) {
    const GemmPanel& panel = g.panels[p];
    const auto pack = [&](const GemmTerm<float>& term) TORCH_LORA_LAMBDA {
      pack_panel<float>(term, panel, 0, term.k, low);
      low += term.k * panel.width;
    };
    for (int64_t t = 0; t < range.low_count; ++t) pack(range.low[t]);
    for (int64_t d = 0; d < g.dropped_count; ++d) pack(g.dropped[d].term);
  }
}

// The panel behind p, where its weights are packed already, as the rows of this one fetch it.
TORCH_LORA_INLINE Ahead bf16_fetch(const Bf16Gemm& g, int64_t p, int64_t rows) {
  if (p + 1 >= g.panel_count || g.ranges[g.panels[p].range].term_count != 1) return {};
  const GemmPanel& next = g.panels[p + 1];
  const Bf16Term& term = g.ranges[next.range].terms[0];
  if (!term.packed) return {};
  const int64_t depth = paired(term.k);
  return fetch_ahead(term.packed + next.column * depth, next.width * depth * int64_t(sizeof(bf16)), 0, rows);
}

// Rows of one pass over a panel of this width.
TORCH_LORA_INLINE int64_t bf16_rows_for([[maybe_unused]] int64_t width) {
#if defined(TORCH_LORA_AMX)
  return kTallTile;
#else
  return rows_for<float>(width);
#endif
}

inline void bf16_gemm(const Bf16Gemm& g, int64_t m0, int64_t m1, int64_t p0, int64_t p1, void* scratch) {
  const Bf16Scratch sizes(g);
  Bf16Unit* const packed = static_cast<Bf16Unit*>(scratch);
  float* const low =
      reinterpret_cast<float*>(static_cast<char*>(scratch) + (sizes.panels * int64_t(sizeof(Bf16Unit)) + 63) / 64 * 64);
  [[maybe_unused]] float* const widened = low + (sizes.low + 15) / 16 * 16;
#if defined(TORCH_LORA_AMX)
  AmxTiles tiles;
#endif
  for (int64_t group = p0; group < p1;) {
    const int range_index = g.panels[group].range;
    const Bf16Columns& range = g.ranges[range_index];
    const int64_t depth = bf16_depth(range), adapters = low_depth(g, range);
    int64_t group_end = group + 1, width = g.panels[group].width;
    while (group_end < p1 && g.panels[group_end].range == range_index) {
      width += g.panels[group_end].width;
      if (width > kBf16GroupColumns || width * depth > sizes.panels) break;
      ++group_end;
    }
    bf16_pack_group(g, group, group_end, depth, packed, low);
    // Few rows: every panel of B meets all of them while it is in cache, so that B is read from memory once.
    const bool few = (m1 - m0) * depth * int64_t(sizeof(Bf16Unit)) <= kBf16FewRowsBytes;
    const int64_t full = few ? m1 - m0 : bf16_rows_for(g.panels[group].width);
    for (int64_t m = m0; m < m1; m += full) {
      const int64_t rows = m1 - m < full ? m1 - m : full;
#if !defined(TORCH_LORA_BF16_PAIRS)
      int64_t offset = 0;
      for (int64_t t = 0; t < range.term_count; ++t) {
        const Bf16Term& term = range.terms[t];
        for (int64_t i = 0; i < rows; ++i) {
          widen(term.a + (m + i) * term.a_row, term.k, widened + i * depth + offset);
        }
        offset += term.k;
      }
#endif
      const Bf16Unit* panels = packed;
      const float* low_panels = low;
      for (int64_t p = group; p < group_end; ++p) {
        const GemmPanel& panel = g.panels[p];
        const Bf16Panel at {
          panel, range, panels, low_panels, depth, widened, few ? bf16_fetch(g, p, rows) : Ahead{},
#if defined(TORCH_LORA_AMX)
              tiles,
#endif
        };
        bf16_block(g, at, m, rows);
        panels += depth * panel.width;
        low_panels += adapters * panel.width;
      }
    }
    group = group_end;
  }
}

}  // namespace TORCH_LORA_ISA
}  // namespace torch_lora
