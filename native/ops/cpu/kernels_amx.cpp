// Products of bfloat16 and of 8-bit codes by AMX (see amx_tiles.h); CMakeLists.txt gives this file its instruction set.
#define TORCH_LORA_ISA amx
#define TORCH_LORA_AMX
#include "ops/cpu/all_kernels.h"
