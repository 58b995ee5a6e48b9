// The kernels for avx512 (see kernels.h); CMakeLists.txt gives this file its instruction set.
#define TORCH_LORA_ISA avx512
#include "ops/cpu/all_kernels.h"
