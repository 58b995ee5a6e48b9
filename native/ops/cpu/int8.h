#pragma once
// Products with 8-bit codes: the border between lora::linear_int8 and the kernel files, as kernels.h is for the others.
//
//   x[t][k] ~ row_scale[t] (u[t][k] - row_zero[t])     u in 0..255, a scale and a zero a row, found as x comes
//   W[n][k] ~ scale[n] q[n][k]                         q in -127..127, a scale an output channel
//   y[t][n] = row_scale[t] scale[n] (sum_k u q - row_zero[t] sum_k q) + bias[n]
//
// The sums are exact in 32 bits, so that every instruction set and every number of threads finds the same ones. Where
// the instruction wants signed numbers, u and row_zero are both held 128 lower: the sums stay what they are.
#include "ops/cpu/kernels.h"

namespace torch_lora::cpu {

// One weight, packed: `codes` holds panels of [k / group][width][group], k padded with zeros.
struct Int8Weight {
  int64_t begin, count;  // its columns of y
  const float* bias;     // [count] or null
  const float* scale;    // [columns of its panels]
  const int32_t* sum;    // sum_k q, likewise
  const int8_t* codes;
};

struct Int8Gemm {
  const void* rows;  // u as `code_bytes` wide integers
  int64_t depth;     // codes of a row, k padded with zeros to whole groups
  int64_t groups;    // depth / group
  const float* row_scale;
  const int32_t* row_zero;
  float* y;
  int64_t y_row;
  const Int8Weight* weights;
  const GemmPanel* panels;  // `range` is the number of the weight
  int64_t panel_count;
  bool gelu;
};

struct Int8Kernels {
  int32_t group;       // neighbouring k that one instruction adds up
  int32_t code_bytes;  // of one code of x
  // Rows [row0, row1) of x [*, k], contiguous, as codes; of x times `factors` [k] where there are any.
  void (*quantize)(const float* x, const float* factors, int64_t k, int64_t row0, int64_t row1, void* rows,
                   int64_t depth, float* row_scale, int32_t* row_zero);
  // Rows [m0, m1) of panels [p0, p1).
  void (*gemm)(const Int8Gemm&, int64_t m0, int64_t m1, int64_t p0, int64_t p1);
};

// The table for this machine, limited by ATEN_CPU_CAPABILITY as the others are.
const Int8Kernels& int8_kernels();

const Int8Kernels& baseline_int8();
#if defined(__x86_64__)
const Int8Kernels& avx2_int8();
const Int8Kernels& avx512_int8();
const Int8Kernels& avx512_vnni_int8();
const Int8Kernels& amx_int8();
const Int8Kernels& amx_emulated_int8();
#elif defined(__aarch64__)
const Int8Kernels& dotprod_int8();
#endif

}  // namespace torch_lora::cpu
