// Products of bfloat16 for avx512 with BF16 (see bf16.h); CMakeLists.txt gives this file its instruction set.
#define TORCH_LORA_ISA avx512_bf16
#define TORCH_LORA_BF16_ALONE
#include "ops/cpu/all_kernels.h"
