#pragma once
// The CPU kernels as a table of plain functions, one table an instruction set, chosen once at run time.
// Only pointers and integers cross this border: no ATen inside the kernel files (see simd.h for why).
#include <cstdint>

namespace torch_lora::cpu {

// An element of bfloat16 as it lies in memory: the upper half of a float. Kernels compute with it in float.
struct bf16 {
  uint16_t bits;
};

// What a kernel computes in for elements of T, and keeps its sums in.
template <class T>
struct Arithmetic {
  using type = T;
};
template <>
struct Arithmetic<bf16> {
  using type = float;
};
template <class T>
using Real = typename Arithmetic<T>::type;

// What a kernel needs to regenerate a dropout mask (see random.h).
template <class T>
struct Dropout {
  bool active;
  uint64_t seed;
  uint32_t bound;
  T keep_scale;
  uint64_t first_row;  // of the mask, for row 0 of the operand
};

// A matrix of float in four bits a number, as bitsandbytes lays it out (Dettmers et al., QLoRA, 2023): codes of
// nf4_levels, row after row, of two neighbours the first in the upper half of a byte; 64 neighbours share a scale.
struct Nf4 {
  const uint8_t* codes;
  const float* absmax;
};
constexpr int64_t kNf4Block = 64;

// One product that is added to a range of columns of C: alpha * A [M, k] * B [k, columns].
template <class T>
struct GemmTerm {
  const T* a;
  int64_t a_row, a_k;  // A[m][k] is a[m * a_row + k * a_k]
  const T* b;
  int64_t b_k, b_column;  // B[k][n] is b[k * b_k + n * b_column]; one of the two is 1
  int64_t k;
  T alpha;
  const T* packed;           // B already as panels (see gemm.h), or null; then alpha is 1
  const Nf4* nf4 = nullptr;  // B in four bits, whose places b_k and b_column count, or null; then alpha is 1, b unread
};

// A range of columns of C and all that is summed into it.
template <class T>
struct GemmColumns {
  int64_t begin, count;
  const T* bias;  // [count] or null
  const GemmTerm<T>* terms;
  int64_t term_count;
};

// A panel: up to `width` columns of one range, the unit in which B is packed and work is shared.
struct GemmPanel {
  int32_t range;
  int32_t width;   // columns in the packed panel, a multiple of the vector length
  int64_t column;  // first column within its range
  int64_t count;   // columns that exist (the rest of width is padding)
};

enum class Epilogue : int32_t {
  none,
  gelu,           // C keeps the sum; extra[m][n] = gelu(C)
  gelu_in_place,  // C = gelu(C)
  gelu_backward,  // C = C * gelu'(extra[m][n])
};

// The part of a product that passes through dropout on its way into C: C += keep(m, n) * (A B).
template <class T>
struct DroppedTerm {
  GemmTerm<T> term;
  Dropout<T> dropout;
};

template <class T>
struct Gemm {
  int64_t m;
  T* c;
  int64_t c_row;
  bool accumulate;  // C += instead of C =
  const GemmColumns<T>* ranges;
  const GemmPanel* panels;
  int64_t panel_count;
  const DroppedTerm<T>* dropped;  // [dropped_count]; one range only
  int64_t dropped_count;
  Epilogue epilogue;
  T* extra;
  int64_t extra_row;
};

template <class T>
struct Attention {
  const T* qkv;  // [T, 3, N, D]
  int64_t token_stride, part_stride, head_stride;
  T* out;              // [T, N, D] (forward: written; backward: read)
  int64_t out_row;     // elements from a token to the next in out; dqkv has three such rows a token
  Real<T>* logsumexp;  // [N, T]
  const T* dout;
  int64_t dout_token_stride, dout_head_stride;
  T* dqkv;  // [T, 3, N, D]
  int64_t tokens, heads, head_size;
  int64_t left, right;  // keys that a query sees before and behind itself, at most `tokens`
  Real<T> scale;
  Dropout<Real<T>> dropout;
};

// Position tables of disentangled attention, as rows of [P, N, D].
template <class T>
struct Positions {
  const T* key;  // PK, or null without the content-to-position term
  int64_t key_row, key_head;
  const T* query;  // PQ, or null without the position-to-content term
  int64_t query_row, query_head;
  const int32_t* index;           // index[d]: the row for distance d = i - j, any sign; non-decreasing
  int64_t exact_low, exact_high;  // distances within which index[d] is d + span
  int64_t span;
  T *dkey, *dquery;  // [P, N, D] contiguous, added to; null where no gradient is asked for
};

template <class T>
struct Norm {
  const T *x, *residual, *weight, *bias;
  T* y;
  T* normalized;  // null when no gradient will be asked for
  Real<T>* rstd;
  int64_t hidden;
  Real<T> eps;
  Dropout<Real<T>> dropout;
};

template <class T>
struct NormBackward {
  const T *grad, *normalized, *weight;
  const Real<T>* rstd;
  T *dx, *dresidual;        // each may be null
  Real<T>*dweight, *dbias;  // sums over the rows of one call, [hidden], each may be null
  int64_t hidden;
  Dropout<Real<T>> dropout;
};

template <class T>
struct Rotary {
  const T* qkv;  // [T, 3, N, D]
  int64_t token_stride, part_stride, head_stride;
  T* y;                    // [T, 3, N, D] contiguous
  const T *cosine, *sine;  // [T, D / 2] contiguous
  int64_t heads, head_size;
};

// How columns are cut into panels.
struct PanelShape {
  int32_t lanes;        // columns of a vector
  int32_t vectors;      // vectors in a full panel
  int32_t max_vectors;  // a last panel may be this wide instead of leaving a sliver
};

// Products of float and double; those of bfloat16 and of 8-bit codes have tables of their own (bf16.h, int8.h).
template <class T>
struct GemmKernels {
  PanelShape panel;
  // Bytes of scratch that gemm needs for one thread.
  int64_t (*gemm_scratch)(const Gemm<T>&);
  // Rows [m0, m1) of panels [p0, p1).
  void (*gemm)(const Gemm<T>&, int64_t m0, int64_t m1, int64_t p0, int64_t p1, void* scratch);
  // One panel of alpha * B, as [k][width].
  void (*pack_panel)(const GemmTerm<T>&, const GemmPanel&, int64_t k0, int64_t k1, T* out);
};

// All else, for bfloat16 too.
template <class T>
struct Kernels {
  // Bytes of scratch for a task of `rows` query rows; backward takes a whole sequence.
  int64_t (*attention_scratch)(const Attention<T>&, int64_t length, int64_t rows, bool backward);
  // Query rows [q0, q1) of one head of the sequence that starts at token `start`.
  void (*attention_forward)(const Attention<T>&, int64_t start, int64_t length, int64_t head, int64_t q0, int64_t q1,
                            void* scratch);
  void (*attention_backward)(const Attention<T>&, int64_t start, int64_t length, int64_t head, void* scratch);

  int64_t (*disentangled_scratch)(int64_t length, int64_t head_size, int64_t positions, bool backward);
  void (*disentangled_forward)(const Attention<T>&, const Positions<Real<T>>&, int64_t start, int64_t length,
                               int64_t head, int64_t q0, int64_t q1, void* scratch);
  void (*disentangled_backward)(const Attention<T>&, const Positions<Real<T>>&, int64_t start, int64_t length,
                                int64_t head, void* scratch);

  void (*norm_forward)(const Norm<T>&, int64_t row0, int64_t row1);
  void (*norm_backward)(const NormBackward<T>&, int64_t row0, int64_t row1);

  // y = x * mask over rows of `columns`; x == null writes the mask itself.
  void (*dropout)(const T* x, T* y, int64_t columns, const Dropout<Real<T>>&, int64_t row0, int64_t row1);
  void (*gelu)(const T* x, T* y, int64_t count);
  void (*gelu_backward)(const T* grad, const T* x, T* dx, int64_t count);

  void (*rotary)(const Rotary<T>&, int64_t token0, int64_t token1);
  // x [rows, 2 width] -> y [rows, width], rows [row0, row1) of it.
  void (*geglu)(const T* x, T* y, int64_t width, int64_t row0, int64_t row1);
  void (*geglu_backward)(const T* grad, const T* x, T* dx, int64_t width, int64_t row0, int64_t row1);
};

// The tables for this machine. ATEN_CPU_CAPABILITY (default, avx2) lowers them, as it does ATen's own kernels.
template <class T>
const Kernels<T>& kernels();
template <>
const Kernels<float>& kernels<float>();
template <>
const Kernels<double>& kernels<double>();
template <>
const Kernels<bf16>& kernels<bf16>();

template <class T>
const GemmKernels<T>& gemm_kernels();
template <>
const GemmKernels<float>& gemm_kernels<float>();
template <>
const GemmKernels<double>& gemm_kernels<double>();

// One each from kernels_<isa>.cpp.
#define TORCH_LORA_DECLARE_KERNELS(isa)         \
  const Kernels<float>& isa##_float();          \
  const Kernels<double>& isa##_double();        \
  const Kernels<bf16>& isa##_bf16();            \
  const GemmKernels<float>& isa##_float_gemm(); \
  const GemmKernels<double>& isa##_double_gemm();
TORCH_LORA_DECLARE_KERNELS(baseline)
#if defined(__x86_64__)
TORCH_LORA_DECLARE_KERNELS(avx2)
TORCH_LORA_DECLARE_KERNELS(avx512)
#endif
#undef TORCH_LORA_DECLARE_KERNELS

}  // namespace torch_lora::cpu
