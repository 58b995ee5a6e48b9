// Rows of bfloat16 against the few rows of an adapter, in float (see bf16.h): dropout passes over x as it is read.
// Included once an instruction set, see simd.h.

namespace torch_lora {
namespace TORCH_LORA_ISA {

#if defined(__AVX512F__)
constexpr int kSkinnyRanks = 8;
#else
constexpr int kSkinnyRanks = 4;
#endif

// Columns [n, n + there) of row t, dropped; lanes beyond are zero.
TORCH_LORA_INLINE vfloat skinny_row(const Skinny& s, RowKey key, int64_t t, int64_t n, int64_t there) {
  const bf16* const x = s.x + t * s.x_row + n;
  const vfloat value = there >= Simd<float>::lanes ? load(x) : load_partial(x, there);
  return s.dropout.active ? value * keep_at(key, n, s.dropout) : value;
}

template <int Ranks, int Tokens>
TORCH_LORA_INLINE void project_tile(const Skinny& s, const float* matrix, float* low, int64_t low_row, int64_t t,
                                    int64_t r) {
  constexpr int lanes = Simd<float>::lanes;
  RowKey keys[Tokens];
  vfloat sum[Tokens][Ranks];
  TORCH_LORA_UNROLL
  for (int i = 0; i < Tokens; ++i) {
    keys[i] = key_of(s.dropout, t + i);
    TORCH_LORA_UNROLL
    for (int q = 0; q < Ranks; ++q) sum[i][q] = vfloat{};
  }
  const float* const rows = matrix + r * s.columns;
  for (int64_t n = 0; n < s.columns; n += lanes) {
    const int64_t there = s.columns - n;
    vfloat x[Tokens];
    TORCH_LORA_UNROLL
    for (int i = 0; i < Tokens; ++i) x[i] = skinny_row(s, keys[i], t + i, n, there);
    TORCH_LORA_UNROLL
    for (int q = 0; q < Ranks; ++q) {
      const float* const row = rows + q * s.columns + n;
      const vfloat value = there >= lanes ? load(row) : load_partial(row, there);
      TORCH_LORA_UNROLL
      for (int i = 0; i < Tokens; ++i) sum[i][q] += x[i] * value;
    }
  }
  for (int i = 0; i < Tokens; ++i) {
    for (int q = 0; q < Ranks; ++q) low[(t + i) * low_row + r + q] = s.alpha * reduce_add<float>(sum[i][q]);
  }
}

inline void skinny_project(const Skinny& s, const float* matrix, float* low, int64_t low_row, int64_t t0, int64_t t1) {
  in_tiles<kSkinnyRanks>(0, s.rank, [&](auto ranks, int64_t r) TORCH_LORA_LAMBDA {
    constexpr int count = decltype(ranks)::value;
    int64_t t = t0;
    for (; t + 2 <= t1; t += 2) project_tile<count, 2>(s, matrix, low, low_row, t, r);
    if (t < t1) project_tile<count, 1>(s, matrix, low, low_row, t, r);
  });
}

template <int Ranks, int Vectors>
TORCH_LORA_INLINE void gather_tile(const Skinny& s, const float* low, int64_t low_row, float* sum, int64_t r, int64_t n,
                                   int64_t there) {
  constexpr int lanes = Simd<float>::lanes;
  vfloat total[Ranks][Vectors];
  TORCH_LORA_UNROLL
  for (int q = 0; q < Ranks; ++q) {
    TORCH_LORA_UNROLL
    for (int j = 0; j < Vectors; ++j) total[q][j] = vfloat{};
  }
  for (int64_t t = 0; t < s.tokens; ++t) {
    const RowKey key = key_of(s.dropout, t);
    vfloat x[Vectors];
    TORCH_LORA_UNROLL
    for (int j = 0; j < Vectors; ++j) x[j] = skinny_row(s, key, t, n + j * lanes, there - j * lanes);
    TORCH_LORA_UNROLL
    for (int q = 0; q < Ranks; ++q) {
      const vfloat value = splat<float>(low[t * low_row + r + q]);
      TORCH_LORA_UNROLL
      for (int j = 0; j < Vectors; ++j) total[q][j] += value * x[j];
    }
  }
  for (int q = 0; q < Ranks; ++q) {
    for (int j = 0; j < Vectors; ++j) {
      float* const out = sum + (r + q) * s.columns + n + j * lanes;
      const vfloat value = total[q][j] * s.alpha;
      if (there - j * lanes >= lanes) {
        store(out, value);
      } else {
        store_partial(out, value, there - j * lanes);
      }
    }
  }
}

inline void skinny_gather(const Skinny& s, const float* low, int64_t low_row, float* sum, int64_t n0, int64_t n1) {
  constexpr int lanes = Simd<float>::lanes;
  in_tiles<kSkinnyRanks>(0, s.rank, [&](auto ranks, int64_t r) TORCH_LORA_LAMBDA {
    constexpr int count = decltype(ranks)::value;
    int64_t n = n0;
    for (; n + 2 * lanes <= n1; n += 2 * lanes) gather_tile<count, 2>(s, low, low_row, sum, r, n, 2 * lanes);
    for (; n < n1; n += lanes) {
      gather_tile<count, 1>(s, low, low_row, sum, r, n, n1 - n < lanes ? n1 - n : lanes);
    }
  });
}

}  // namespace TORCH_LORA_ISA
}  // namespace torch_lora
