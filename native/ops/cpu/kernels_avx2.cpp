// The kernels for avx2 (see kernels.h); CMakeLists.txt gives this file its instruction set.
#define TORCH_LORA_ISA avx2
#include "ops/cpu/all_kernels.h"
