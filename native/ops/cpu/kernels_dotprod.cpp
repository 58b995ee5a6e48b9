// The 8-bit kernels for arm64 with SDOT (see int8.h); CMakeLists.txt gives this file its instruction set.
#define TORCH_LORA_ISA dotprod
#define TORCH_LORA_INT8_ALONE
#include "ops/cpu/all_kernels.h"
