#pragma once
// What the chosen kernels use beyond ATen's own levels of instructions, by the names that people know.
#include <string>
#include <vector>

namespace torch_lora::cpu {

// Of AVX512-BF16 and AVX512-VNNI. Visible to the core too.
[[gnu::visibility("default")]] std::vector<std::string> instructions();

}  // namespace torch_lora::cpu
