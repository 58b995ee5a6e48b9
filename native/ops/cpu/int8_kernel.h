// Products with 8-bit codes (see int8.h). Included once an instruction set, see simd.h.
//
// With VNNI one instruction multiplies 4 unsigned by 4 signed bytes a lane and adds them up, with AMX one does so for a
// square of 16 by 16 lanes; arm64's SDOT does so with signed bytes on both sides. Without them codes are multiplied as
// 16-bit numbers, two a lane: the 8-bit instructions of AVX2 saturate where two products add up to more than 32767,
// which full-range codes do.

namespace torch_lora {
namespace TORCH_LORA_ISA {

// Each set of instructions says how codes of x are held: `Code`, kLower below their value, `kGroup` neighbours a step.

// The 32 bits of codes at `a` that one step multiplies.
TORCH_LORA_INLINE int32_t group_at(const void* a) {
  int32_t group;
  __builtin_memcpy(&group, a, sizeof(group));
  return group;
}

#if defined(TORCH_LORA_AMX)
using Code = uint8_t;
constexpr int kGroup = 4, kLower = 0;
#elif defined(__AVX512VNNI__)
using Code = uint8_t;
constexpr int kGroup = 4, kLower = 0;
TORCH_LORA_INLINE __m512i int8_columns(const int8_t* b) { return _mm512_loadu_si512(b); }
TORCH_LORA_INLINE vint int8_step(vint sum, const Code* a, __m512i b) {
  return (vint)_mm512_dpbusd_epi32((__m512i)sum, _mm512_set1_epi32(group_at(a)), b);
}
#elif defined(__AVX512BW__)
using Code = int16_t;
constexpr int kGroup = 2, kLower = 0;
TORCH_LORA_INLINE __m512i int8_columns(const int8_t* b) {
  return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(b)));
}
TORCH_LORA_INLINE vint int8_step(vint sum, const Code* a, __m512i b) {
  return sum + (vint)_mm512_madd_epi16(_mm512_set1_epi32(group_at(a)), b);
}
#elif defined(__AVX2__)
using Code = int16_t;
constexpr int kGroup = 2, kLower = 0;
TORCH_LORA_INLINE __m256i int8_columns(const int8_t* b) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(b)));
}
TORCH_LORA_INLINE vint int8_step(vint sum, const Code* a, __m256i b) {
  return sum + (vint)_mm256_madd_epi16(_mm256_set1_epi32(group_at(a)), b);
}
#elif defined(__ARM_FEATURE_DOTPROD)
using Code = int8_t;
constexpr int kGroup = 4, kLower = 128;
TORCH_LORA_INLINE int8x16_t int8_columns(const int8_t* b) { return vld1q_s8(b); }
TORCH_LORA_INLINE vint int8_step(vint sum, const Code* a, int8x16_t b) {
  return (vint)vdotq_s32((int32x4_t)sum, b, vreinterpretq_s8_s32(vdupq_n_s32(group_at(a))));
}
#else
using Code = int16_t;
constexpr int kGroup = 1, kLower = 0;
TORCH_LORA_INLINE vint int8_columns(const int8_t* b) {
  vint columns;
  for (int i = 0; i < Simd<float>::lanes; ++i) columns[i] = b[i];
  return columns;
}
TORCH_LORA_INLINE vint int8_step(vint sum, const Code* a, vint b) { return sum + b * int32_t(*a); }
#endif

typedef Code vcode __attribute__((vector_size(sizeof(Code) * sizeof(vfloat) / 4)));

// To the nearest integer, ties to even, whatever the instruction set: codes must not depend on it.
TORCH_LORA_INLINE vint nearest(vfloat x) {
#if defined(__AVX512F__)
  return (vint)_mm512_maskz_cvtps_epi32(0xFFFF, (__m512)x);  // without a mask GCC 12 warns of its own header
#elif defined(__AVX2__)
  return (vint)_mm256_cvtps_epi32((__m256)x);
#elif defined(__aarch64__)
  return (vint)vcvtnq_s32_f32((float32x4_t)x);
#else
  vint rounded;
  for (int i = 0; i < Simd<float>::lanes; ++i) rounded[i] = int32_t(__builtin_lrintf(x[i]));
  return rounded;
#endif
}

// A row's range always holds zero, so that zero has a code of its own. A row with a value that is not finite gets a
// scale that is not a number, and so do its products.
inline void quantize_int8(const float* x, const float* factors, int64_t k, int64_t row0, int64_t row1, void* rows,
                          int64_t depth, float* row_scale, int32_t* row_zero) {
  constexpr int lanes = Simd<float>::lanes;
  for (int64_t row = row0; row < row1; ++row) {
    const float* const in = x + row * k;
    Code* const out = static_cast<Code*>(rows) + row * depth;
    const int64_t whole = k / lanes * lanes;
    vfloat low{}, high{}, poison{};
    const auto meet = [&](vfloat v) TORCH_LORA_LAMBDA {
      low = v < low ? v : low;
      high = v > high ? v : high;
      poison += v * 0.0f;
    };
    const auto value = [&](int64_t i) TORCH_LORA_LAMBDA {
      if (i < whole) return factors ? load(in + i) * load(factors + i) : load(in + i);
      const vfloat rest = load_partial(in + i, k - i);
      return factors ? rest * load_partial(factors + i, k - i) : rest;
    };
    for (int64_t i = 0; i < whole; i += lanes) meet(value(i));
    if (whole < k) meet(value(whole));
    const float least = -reduce_max<float>(-low), most = reduce_max<float>(high);
    const float inverse = most > least ? 255.0f / (most - least) : 0.0f;
    const int32_t zero = int32_t(__builtin_lrintf(-least * inverse));
    row_scale[row] = (most - least) / 255.0f + reduce_add<float>(poison);
    row_zero[row] = zero - kLower;
    const auto encode = [&](vfloat v) TORCH_LORA_LAMBDA {
      vint code = nearest(v * inverse) + zero;
      code = code < 0 ? vint{} : code;
      code = code > 255 ? vint{} + 255 : code;
      return __builtin_convertvector(code - kLower, vcode);
    };
    for (int64_t i = 0; i < whole; i += lanes) {
      const vcode codes = encode(value(i));
      __builtin_memcpy(out + i, &codes, sizeof(codes));
    }
    if (whole < k) {
      const vcode codes = encode(value(whole));
      for (int64_t i = whole; i < k; ++i) out[i] = codes[i - whole];
    }
    for (int64_t i = k; i < depth; ++i) out[i] = 0;
  }
}

// A vector of columns, and what stands between its exact sums and y.
struct Int8Columns {
  int64_t begin, left;  // its first column of y; columns from there to the panel's end
  vfloat scale, bias;
  vint total;

  TORCH_LORA_INLINE Int8Columns(const Int8Weight& w, const GemmPanel& panel, int vector)
      : begin(w.begin + panel.column + vector * Simd<float>::lanes), left(panel.count - vector * Simd<float>::lanes) {
    if (left <= 0) return;
    const int64_t column = panel.column + vector * Simd<float>::lanes;
    scale = load(w.scale + column);
    __builtin_memcpy(&total, w.sum + column, sizeof(total));
    bias = vfloat{};
    if (w.bias) bias = left >= Simd<float>::lanes ? load(w.bias + column) : load_partial(w.bias + column, left);
  }

  TORCH_LORA_INLINE void finish(const Int8Gemm& g, int64_t row, vint sum) const {
    const vint exact = sum - total * g.row_zero[row];
    vfloat y = __builtin_convertvector(exact, vfloat) * (scale * g.row_scale[row]) + bias;
    if (g.gelu) y = gelu_value(y);
    float* const out = g.y + row * g.y_row + begin;
    if (left >= Simd<float>::lanes) {
      store(out, y);
    } else {
      store_partial(out, y, left);
    }
  }
};

#if defined(TORCH_LORA_AMX)
template <int Vectors>
void int8_rows(const Int8Gemm& g, const Int8Weight& w, const GemmPanel& panel, int64_t first, int64_t end,
               const Ahead& ahead) {
  constexpr int lanes = Simd<float>::lanes, width = Vectors * lanes;
  AmxTiles tiles;
  in_amx_tiles<Vectors>(end - first, [&](auto tall, int64_t from, int64_t count) TORCH_LORA_LAMBDA {
    constexpr int blocks = decltype(tall)::value;
    const int64_t row = first + from;
    int32_t sums[blocks * kTileRows * width] = {};
    Fetch fetch(ahead, row, count, g.groups < kTileGroups ? 1 : g.groups / kTileGroups);
    amx_sum<ProductOfBytes, blocks, Vectors>(tiles, static_cast<const Code*>(g.rows) + row * g.depth, g.depth, g.depth,
                                             w.codes + panel.column * g.groups * kGroup, int(count) / blocks, fetch,
                                             sums);
    for (int j = 0; j < Vectors; ++j) {
      const Int8Columns columns(w, panel, j);
      if (columns.left <= 0) break;
      for (int64_t i = 0; i < count; ++i) {
        vint sum;
        __builtin_memcpy(&sum, sums + i * width + j * lanes, sizeof(sum));
        columns.finish(g, row + i, sum);
      }
    }
  });
}
#else
template <int Count, int Vectors>
TORCH_LORA_INLINE void int8_tile(const Int8Gemm& g, const Int8Weight& w, const GemmPanel& panel, int64_t row,
                                 const Ahead& ahead) {
  constexpr int lanes = Simd<float>::lanes;
  vint sum[Count][Vectors];
  TORCH_LORA_UNROLL
  for (int i = 0; i < Count; ++i) {
    TORCH_LORA_UNROLL
    for (int j = 0; j < Vectors; ++j) sum[i][j] = vint{};
  }
  const Code* a = static_cast<const Code*>(g.rows) + row * g.depth;
  const int8_t* b = w.codes + panel.column * g.groups * kGroup;
  Fetch fetch(ahead, row, Count, g.groups);
  for (int64_t k = g.groups; k > 0; --k) {
    fetch.next();
    decltype(int8_columns(b)) columns[Vectors];
    TORCH_LORA_UNROLL
    for (int j = 0; j < Vectors; ++j) columns[j] = int8_columns(b + j * lanes * kGroup);
    TORCH_LORA_UNROLL
    for (int i = 0; i < Count; ++i) {
      TORCH_LORA_UNROLL
      for (int j = 0; j < Vectors; ++j) sum[i][j] = int8_step(sum[i][j], a + i * g.depth, columns[j]);
    }
    a += kGroup;
    b += Vectors * lanes * kGroup;
  }
  TORCH_LORA_UNROLL
  for (int j = 0; j < Vectors; ++j) {
    const Int8Columns columns(w, panel, j);
    if (columns.left <= 0) continue;
    TORCH_LORA_UNROLL
    for (int i = 0; i < Count; ++i) columns.finish(g, row + i, sum[i][j]);
  }
}

// Even numbers of rows, which leave registers for the operands of more than one step.
constexpr int int8_tile_rows(int vectors) { return tile_rows(vectors) / 2 * 2; }

template <int Vectors>
void int8_rows(const Int8Gemm& g, const Int8Weight& w, const GemmPanel& panel, int64_t first, int64_t end,
               const Ahead& ahead) {
  in_tiles<int8_tile_rows(Vectors)>(first, end, [&](auto rows, int64_t row) TORCH_LORA_LAMBDA {
    int8_tile<decltype(rows)::value, Vectors>(g, w, panel, row, ahead);
  });
}
#endif

// A panel of weights meets all rows while it is in cache: weights are read from memory once.
inline void int8_gemm(const Int8Gemm& g, int64_t m0, int64_t m1, int64_t p0, int64_t p1) {
  for (int64_t p = p0; p < p1; ++p) {
    const GemmPanel& panel = g.panels[p];
    const Int8Weight& w = g.weights[panel.range];
    Ahead ahead{};
    if (p + 1 < g.panel_count && m1 > m0) {
      const GemmPanel& next = g.panels[p + 1];
      const int64_t depth = g.groups * kGroup;
      ahead = fetch_ahead(g.weights[next.range].codes + next.column * depth, next.width * depth, m0, m1);
    }
    switch (panel.width / Simd<float>::lanes) {
      case 1:
        int8_rows<1>(g, w, panel, m0, m1, ahead);
        break;
      case 2:
        int8_rows<2>(g, w, panel, m0, m1, ahead);
        break;
#if defined(__AVX512F__)
      case 3:
        int8_rows<3>(g, w, panel, m0, m1, ahead);
        break;
      case 4:
        int8_rows<4>(g, w, panel, m0, m1, ahead);
        break;
#endif
    }
  }
}

constexpr cpu::Int8Kernels kInt8Table{kGroup, sizeof(Code), &quantize_int8, &int8_gemm};

}  // namespace TORCH_LORA_ISA

namespace cpu {

#define TORCH_LORA_INT8_NAME2(isa) isa##_int8
#define TORCH_LORA_INT8_NAME(isa) TORCH_LORA_INT8_NAME2(isa)
const Int8Kernels& TORCH_LORA_INT8_NAME(TORCH_LORA_ISA)() { return TORCH_LORA_ISA::kInt8Table; }

}  // namespace cpu
}  // namespace torch_lora
