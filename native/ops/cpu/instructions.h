#pragma once
// What the chosen kernels use beyond ATen's own levels of instructions, by the names that people know.
#include <string>
#include <vector>

namespace torch_lora::cpu {

// Of AVX512-BF16, AVX512-VNNI, AMX-BF16 and AMX-INT8. Visible to the core too.
[[gnu::visibility("default")]] std::vector<std::string> instructions();

}  // namespace torch_lora::cpu
