// Everything one instruction set's file compiles. TORCH_LORA_ISA is its namespace; TORCH_LORA_INT8_ALONE is defined
// where it has products of 8-bit codes and no others, TORCH_LORA_BF16_ALONE where it has those of bfloat16, and
// TORCH_LORA_AMX where it has both and nothing else, multiplied by AMX.
#include "glibc_2_28.h"

#include "ops/cpu/bf16.h"
#include "ops/cpu/int8.h"
#include "ops/cpu/kernels.h"
#include "ops/random.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

// A lambda that must disappear into its loop.
#define TORCH_LORA_LAMBDA __attribute__((always_inline))

namespace torch_lora::TORCH_LORA_ISA {
using cpu::Attention;
using cpu::bf16;
using cpu::Bf16Columns;
using cpu::Bf16Gemm;
using cpu::Bf16Term;
using cpu::Dropout;
using cpu::DroppedTerm;
using cpu::Epilogue;
using cpu::Gemm;
using cpu::GemmColumns;
using cpu::GemmPanel;
using cpu::GemmTerm;
using cpu::Int8Gemm;
using cpu::Int8Weight;
using cpu::Nf4;
using cpu::Norm;
using cpu::NormBackward;
using cpu::Positions;
using cpu::Real;
using cpu::Rotary;
using cpu::Skinny;
}  // namespace torch_lora::TORCH_LORA_ISA

#include "ops/cpu/simd.h"

#include "ops/cpu/gelu_kernel.h"
#include "ops/cpu/tile_kernel.h"

#include "ops/cpu/nf4_kernel.h"
#if defined(TORCH_LORA_AMX)
#include "ops/cpu/amx_tiles.h"
#endif

#if !defined(TORCH_LORA_BF16_ALONE)
#include "ops/cpu/int8_kernel.h"
#endif
#if !defined(TORCH_LORA_INT8_ALONE)
#include "ops/cpu/bf16_gemm_kernel.h"
#include "ops/cpu/bf16_skinny_kernel.h"
#include "ops/cpu/bf16_table.h"
#endif

#if !defined(TORCH_LORA_INT8_ALONE) && !defined(TORCH_LORA_BF16_ALONE) && !defined(TORCH_LORA_AMX)
#include "ops/cpu/band_kernel.h"
#include "ops/cpu/attention_kernel.h"
#include "ops/cpu/disentangled_kernel.h"
#include "ops/cpu/bf16_attention_kernel.h"
#include "ops/cpu/gemm_kernel.h"
#include "ops/cpu/row_kernels.h"
#include "ops/cpu/rotary_kernel.h"

#include "ops/cpu/kernel_table.h"
#endif
