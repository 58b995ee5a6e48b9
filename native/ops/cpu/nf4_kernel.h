// Panels of a matrix that lies in four bits a number (cpu::Nf4), made as a product packs them. Included once an
// instruction set, see simd.h.

namespace torch_lora {
namespace TORCH_LORA_ISA {

// NormalFloat's values as bitsandbytes has them in float (QLoRA, appendix E).
constexpr float kNf4Levels[16] = {
    -1.0f,
    -0.6961928009986877f,
    -0.5250730514526367f,
    -0.39491748809814453f,
    -0.28444138169288635f,
    -0.18477343022823334f,
    -0.09105003625154495f,
    0.0f,
    0.07958029955625534f,
    0.16093020141124725f,
    0.24611230194568634f,
    0.33791524171829224f,
    0.44070982933044434f,
    0.5626170039176941f,
    0.7229568362236023f,
    1.0f,
};

TORCH_LORA_INLINE float nf4_value(const Nf4& w, int64_t at) {
  const uint8_t byte = w.codes[at / 2];
  return kNf4Levels[at % 2 == 0 ? byte >> 4 : byte & 15] * w.absmax[at / cpu::kNf4Block];
}

// A vector of neighbours, the first of which is at a multiple of its lanes: one block holds them all.
TORCH_LORA_INLINE vfloat nf4_values(const Nf4& w, int64_t at) {
  constexpr int lanes = Simd<float>::lanes;
  const uint8_t* const bytes = w.codes + at / 2;
  const float scale = w.absmax[at / cpu::kNf4Block];
#if defined(__AVX2__)
  vint order{};
  vuint shifts{};
  TORCH_LORA_UNROLL
  for (int i = 0; i < lanes; ++i) {
    order[i] = i / 8;
    shifts[i] = static_cast<uint32_t>(i % 8 / 2 * 8 + (i % 2 == 0 ? 4 : 0));
  }
  int64_t both = 0;  // a word of eight codes, or two
  __builtin_memcpy(&both, bytes, lanes / 2);
  const vuint words = __builtin_shuffle((vuint)(both - vlong{}), order);
  const vint codes = (vint)((words >> shifts) & 15u);
#if defined(__AVX512F__)
  return __builtin_shuffle(load(kNf4Levels), codes) * scale;
#else
  return __builtin_shuffle(load(kNf4Levels), load(kNf4Levels + lanes), codes) * scale;
#endif
#else
  vfloat values;
  for (int i = 0; i < lanes; ++i) values[i] = kNf4Levels[i % 2 == 0 ? bytes[i / 2] >> 4 : bytes[i / 2] & 15];
  return values * scale;
#endif
}

// pack_panel for a term in four bits.
inline void pack_nf4_panel(const GemmTerm<float>& term, const GemmPanel& panel, int64_t k0, int64_t k1, float* out) {
  constexpr int lanes = Simd<float>::lanes;
  const int64_t width = panel.width;
  // Vectors of neighbours begin at multiples of their lanes where every row does.
  const bool whole = (term.b_k == 1 ? term.b_column : term.b_k) % lanes == 0;
  for (int64_t n0 = 0; n0 < width; n0 += lanes) {
    const int64_t there = panel.count - n0 < lanes ? panel.count - n0 : lanes;
    const int64_t b = (panel.column + n0) * term.b_column;
    float* const target = out + n0;
    int64_t k = k0;
    if (whole && there == lanes && term.b_column == 1) {
      for (; k < k1; ++k) store(target + (k - k0) * width, nf4_values(*term.nf4, b + k * term.b_k));
    } else if (whole && term.b_k == 1 && k0 % lanes == 0) {
      for (; k + lanes <= k1; k += lanes) {
        vfloat square[lanes];
        TORCH_LORA_UNROLL
        for (int i = 0; i < lanes; ++i) {
          square[i] = i < there ? nf4_values(*term.nf4, b + i * term.b_column + k) : vfloat{};
        }
        transpose_pass<float, 1>(square);
        TORCH_LORA_UNROLL
        for (int i = 0; i < lanes; ++i) store(target + (k - k0 + i) * width, square[i]);
      }
    }
    for (; k < k1; ++k) {
      for (int64_t l = 0; l < lanes; ++l) {
        target[(k - k0) * width + l] = l < there ? nf4_value(*term.nf4, b + k * term.b_k + l * term.b_column) : 0.0f;
      }
    }
  }
}

}  // namespace TORCH_LORA_ISA
}  // namespace torch_lora
