// Everything one instruction set's file compiles. TORCH_LORA_ISA is its namespace.
#include "ops/cpu/kernels.h"
#include "ops/random.h"

// A lambda that must disappear into its loop.
#define TORCH_LORA_LAMBDA __attribute__((always_inline))

namespace torch_lora::TORCH_LORA_ISA {
using cpu::Attention;
using cpu::DroppedTerm;
using cpu::Dropout;
using cpu::Epilogue;
using cpu::Gemm;
using cpu::GemmColumns;
using cpu::GemmPanel;
using cpu::GemmTerm;
using cpu::Norm;
using cpu::NormBackward;
using cpu::Positions;
}  // namespace torch_lora::TORCH_LORA_ISA

#include "ops/cpu/simd.h"

#include "ops/cpu/gelu_kernel.h"
#include "ops/cpu/tile_kernel.h"

#include "ops/cpu/attention_kernel.h"
#include "ops/cpu/disentangled_kernel.h"
#include "ops/cpu/gemm_kernel.h"
#include "ops/cpu/row_kernels.h"

#include "ops/cpu/kernel_table.h"
