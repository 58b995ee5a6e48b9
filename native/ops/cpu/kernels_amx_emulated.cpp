// The code of kernels_amx.cpp on registers that are memory, for tests on a processor without AMX.
#define TORCH_LORA_ISA amx_emulated
#define TORCH_LORA_AMX
#define TORCH_LORA_AMX_EMULATED
#include "ops/cpu/all_kernels.h"
