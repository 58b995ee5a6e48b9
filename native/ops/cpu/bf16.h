#pragma once
// Products of bfloat16 rows with bfloat16 weights, summed in float: the border between lora::linear and the kernel
// files, as kernels.h is for the others.
//
// A product of two bfloat16 numbers is exact in float, so that every instruction set finds the same ones. Where the
// processor multiplies pairs of them (AVX512-BF16, AMX) weights are laid out in pairs of neighbouring k; elsewhere rows
// and panels are widened as they are used and meet on the tiles of float.
#include "ops/cpu/kernels.h"

namespace torch_lora::cpu {

// A [M, k] * B [k, columns].
struct Bf16Term {
  const bf16* a;
  int64_t a_row;  // A[m][k] is a[m * a_row + k]
  const bf16* b;
  int64_t b_k, b_column;  // B[k][n] is b[k * b_k + n * b_column]; one of the two is 1
  int64_t k;
  const bf16* packed;  // B already as panels (Bf16Kernels::pack), or null
};

// A range of columns of C and all that is summed into it.
struct Bf16Columns {
  int64_t begin, count;
  const bf16* bias;  // [count] or null
  const Bf16Term* terms;
  int64_t term_count;
  const GemmTerm<float>* low;  // what adapters add: products of float matrices
  int64_t low_count;
};

struct Bf16Gemm {
  int64_t m;
  bf16* c;  // the sum, or null
  int64_t c_row;
  bf16* activated;  // gelu of the sum, or null
  int64_t activated_row;
  const Bf16Columns* ranges;
  const GemmPanel* panels;
  int64_t panel_count;
  const DroppedTerm<float>* dropped;  // [dropped_count]; one range only
  int64_t dropped_count;
};

// Rows of bfloat16 against a few rows of float: the products of adapters.
struct Skinny {
  const bf16* x;  // [tokens, columns]
  int64_t x_row;
  int64_t tokens, columns, rank;
  float alpha;
  Dropout<float> dropout;  // of x
};

struct Bf16Kernels {
  int32_t pair;  // neighbouring k that lie together in a packed panel
  // Bytes of scratch that gemm needs for one thread.
  int64_t (*gemm_scratch)(const Bf16Gemm&);
  // Rows [m0, m1) of panels [p0, p1).
  void (*gemm)(const Bf16Gemm&, int64_t m0, int64_t m1, int64_t p0, int64_t p1, void* scratch);
  // One panel of B, as [k / pair][width][pair], k padded with zeros.
  void (*pack)(const Bf16Term&, const GemmPanel&, bf16* out);
  // low[t][r] = alpha sum_n drop(x)[t][n] matrix[r][n], for tokens [t0, t1); matrix [rank, columns]
  void (*project)(const Skinny&, const float* matrix, float* low, int64_t low_row, int64_t t0, int64_t t1);
  // sum[r][n] = alpha sum_t low[t][r] drop(x)[t][n], for columns [n0, n1); sum [rank, columns]
  void (*gather)(const Skinny&, const float* low, int64_t low_row, float* sum, int64_t n0, int64_t n1);
};

// The table for this machine, limited by ATEN_CPU_CAPABILITY as the others are.
const Bf16Kernels& bf16_kernels();

const Bf16Kernels& baseline_bf16_products();
#if defined(__x86_64__)
const Bf16Kernels& avx2_bf16_products();
const Bf16Kernels& avx512_bf16_products();
const Bf16Kernels& avx512_bf16_bf16_products();
const Bf16Kernels& amx_bf16_products();
const Bf16Kernels& amx_emulated_bf16_products();
#endif

}  // namespace torch_lora::cpu
