// The 8-bit kernels for avx512 with VNNI (see int8.h); CMakeLists.txt gives this file its instruction set.
#define TORCH_LORA_ISA avx512_vnni
#define TORCH_LORA_INT8_ALONE
#include "ops/cpu/all_kernels.h"
