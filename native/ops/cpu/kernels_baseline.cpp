// The kernels for any machine (see kernels.h): the compiler's default instruction set.
#define TORCH_LORA_ISA baseline
#include "ops/cpu/all_kernels.h"
